"""Turns on call: who is asked first about what is urgent, of a body or at the coordinator's desk; new turns, and taking one off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import flask
from werkzeug.wrappers import Response

from gateway import policy
from gateway.admission import limited
from gateway.web import desk, kept, names, render, team_pages
from gateway.web.render import N_
from services.chassis.actor import current_actor, require
from services.chassis.clock import AMMAN

PATH = "/staff/on-call"
FIELDS = ("officer_id", "starts_at", "ends_at", "position")
DONE = {
    "recorded": N_("The turn is entered."),
    "withdrawn": N_("The turn is taken off."),
}
_MISSING = {
    "officer_id": N_("Choose an officer."),
    "starts_at": N_("Say when the turn begins."),
    "ends_at": N_("Say when the turn ends."),
}
MOST_ROWS = 50

Errors = list[dict[str, str]]


@limited("staff")
@require(*team_pages.PLANNERS)
def show() -> flask.Response:
    """Who is on call now, the turns ahead, and the form for a new one where it is for the reader to enter them."""
    return _page({}, [])


@kept.comes_back
@limited("staff")
@require("coordinator")
def record() -> Response:
    """Enters a turn, or takes one off."""
    given = flask.request.form
    if given.get("go") == "withdraw":
        reply = desk.ask(
            "POST", f"/staff/directory/on-call/{quote(given.get('duty', ''), safe='')}/withdraw", {}
        )
        # One that is not there any more is off.
        if reply.status not in (204, 404):
            raise desk.refused(reply)
        return _back("withdrawn")
    typed = {name: given.get(name, "").strip() for name in FIELDS}
    if kept.restored():
        return _page(typed, [])
    say = render.words()
    errors = [{"field": name, "message": say(text)} for name, text in _MISSING.items() if not typed[name]]
    if errors:
        return _page(typed, errors, 422)
    reply = desk.ask("POST", "/staff/directory/on-call", _body(typed))
    if reply.status == 201:
        return _back("recorded")
    if reply.status in (409, 422):
        places = {name: name for name in FIELDS}
        return _page(typed, team_pages.refusals(reply, places, "officer_id"), reply.status)
    raise desk.refused(reply)


def _body(typed: Mapping[str, str]) -> dict[str, Any]:
    position = typed["position"] or "1"
    return {
        "institution": _rota(),
        "officer_id": typed["officer_id"],
        **{name: _in_amman(typed[name]) for name in ("starts_at", "ends_at")},
        # What is no number goes on as it is, and routing says that it is none.
        "position": int(position) if position.isascii() and position.isdecimal() else position,
    }


def _in_amman(text: str) -> str:
    """What a field for day and time holds, by the clock in Amman; what is none goes on as it is, for routing to refuse."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=AMMAN).isoformat()
    except ValueError:
        return text


def _rota() -> str | None:
    """Whose turns: one's own body's; for the coordinator those that are asked for, of the coordinator's desk without a body."""
    if not desk.has("coordinator"):
        return desk.institution()
    return flask.request.values.get("institution", "").strip() or None


def _of() -> str | None:
    """Whose officers are offered: the body's; for the coordinator's desk those of a body that is asked for."""
    return _rota() or flask.request.values.get("of", "").strip() or None


def _page(typed: Mapping[str, str], errors: Errors, status: int = 200) -> flask.Response:
    rota, of = _rota(), _of()
    found = desk.get(desk.target("/staff/directory/on-call", institution=rota))
    may_plan = policy.allows("POST", PATH, current_actor().roles)
    people = (
        desk.items(desk.attempt("GET", desk.target("/staff/directory/officers", institution=of)))
        if of and may_plan
        else []
    )
    officers = [
        (str(each["id"]), render.name_of(each["name"]))
        for each in people
        if each["valid_to"] is None or each["valid_to"] > team_pages.today()
    ]
    done = flask.request.args.get("done")
    bodies = names.by_code("bodies")
    return desk.page(
        "staff/on_call.html",
        status,
        errors=errors,
        typed=typed,
        rota=rota,
        rota_name=render.name_of(bodies.get(rota)) or rota if rota else "",
        of=of,
        bodies=team_pages.bodies(),
        now=[render.name_of(found["people"].get(str(each))) for each in found["officers"]],
        rows=[
            {**each, "who": render.name_of(found["people"].get(str(each["officer_id"])))}
            for each in found["rota"][:MOST_ROWS]
        ],
        more=max(0, len(found["rota"]) - MOST_ROWS),
        may_plan=may_plan,
        officers=sorted(officers, key=lambda each: each[1]),
        done=render.words()(DONE[done]) if done in DONE else "",
    )


def _back(done: str) -> Response:
    asked = {name: flask.request.form.get(name, "") for name in ("institution", "of")}
    query = {**{name: value for name, value in asked.items() if value}, "done": done}
    return flask.redirect(render.url(PATH) + "?" + urlencode(query), 303)
