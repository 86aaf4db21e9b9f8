"""The coordinator's figures."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import flask

from gateway.admission import limited
from gateway.api import forward
from gateway.web import charts, desk, names, render
from gateway.web.file_pages import KIND_NAMES
from gateway.web.render import N_
from services.chassis.actor import current_actor, require
from services.chassis.problems import Problem

FILTERS = ("from", "to", "institution", "governorate", "category", "kind")
#: breakdown → (caption, heading of the first column), in the order of the page.
BREAKDOWNS = {
    "institution": (N_("By body"), N_("Body")),
    "category": (N_("By category"), N_("Category")),
    "governorate": (N_("By governorate"), N_("Governorate")),
    "status": (N_("By status"), N_("Status")),
    "kind": (N_("By type"), N_("Type")),
    "channel": (N_("By channel"), N_("Channel")),
    "flag": (N_("By service and rights; one complaint may be both"), N_("It is about")),
    "rights_code": (N_("By right; one complaint may be about several"), N_("Right")),
}
#: Figures in which more is worse.
_BAD = frozenset({"unowned", "overdue", "notices_failed"})
# A page stays below 60 KB; the rest of a long table is a filter away.
MOST_ROWS = 60
MOST_OPEN = 12


@limited("staff")
@require("coordinator")
def dashboard() -> flask.Response:
    """The figures of a period, each with its definition, its table and a way to narrow it."""
    chosen = {name: value for name in FILTERS if (value := flask.request.args.get(name, "").strip())}
    target = "/dashboard" + ("?" + urlencode(chosen) if chosen else "")
    answer = forward.ask(current_actor(), "reporting", "GET", target, language=render.language())
    errors: list[dict[str, str]] = []
    if answer.status == 422:
        refused = json.loads(answer.body).get("errors", [])
        errors = [{"field": each["field"], "message": each["message"]} for each in refused]
        answer = forward.ask(current_actor(), "reporting", "GET", "/dashboard", language=render.language())
    if answer.status != 200:
        raise Problem(503, "busy", headers={"Retry-After": "5"})
    found = json.loads(answer.body)
    return desk.page(
        "staff/dashboard.html",
        422 if errors else 200,
        errors=errors,
        found=found,
        chosen=chosen,
        filtered=any(found["filters"].values()),
        definitions=found["definitions"],
        bad=_BAD,
        most_open=MOST_OPEN,
        days=charts.columns([row["received"] for row in found["by_day"]]),
        tables=[_table(found, name) for name in BREAKDOWNS if found.get(f"by_{name}")],
        bodies=names.by_code("bodies"),
        governorates=names.by_code("governorates"),
        categories=names.by_code("categories"),
        kinds=KIND_NAMES,
    )


def _table(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    caption, heading = BREAKDOWNS[name]
    lists = {
        "category": "categories",
        "governorate": "governorates",
        "institution": "bodies",
        "rights_code": "rights",
    }
    known = names.by_code(lists[name]) if name in lists else {}
    rows = [
        {
            **row,
            "label": render.name_of(row["name"])
            or render.name_of(known.get(row["code"]))
            or row["code"]
            or "–",
        }
        for row in found[f"by_{name}"]
        if row["received"]
    ]
    rows.sort(key=lambda row: -row["received"])
    return {
        "name": name,
        "caption": render.words()(caption),
        "heading": render.words()(heading),
        "rows": rows[:MOST_ROWS],
        "more": max(0, len(rows) - MOST_ROWS),
        "most": max((row["received"] for row in rows), default=0),
    }
