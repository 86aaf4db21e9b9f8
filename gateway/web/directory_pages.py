"""The directory: the officers of a body with a search, files out of it, and files into it, tried before anything changes."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import flask
from werkzeug.wrappers import Response

from gateway.admission import limited
from gateway.api import contracts, forward
from gateway.web import desk, kept, render, team_pages
from gateway.web.render import N_
from services.chassis.actor import current_actor, require
from services.chassis.problems import Problem

READERS = ("main_officer", "coordinator")
KIND_NAMES = {
    "institutions": N_("Bodies"),
    "units": N_("Units"),
    "officers": N_("Officers"),
    "rules": N_("Rules: category to body"),
    "leave": N_("Leave"),
    "certificates": N_("Certificates"),
    "on_call": N_("On-call rota"),
}
ROWS = 50
_FORMATS = ("csv", "xlsx")
_PASSED = ("content-type", "content-disposition")
#: A file that was tried goes with the page that asks whether to carry it out, packed, where it is short enough; a longer one is chosen
#: again.
_MOST_CARRIED = 30_000
_MOST_FILE = 250_000
_MISSING = N_("Choose a file.")
_TOO_LARGE = N_("The file is larger than can be sent here. Divide it, or have operations read it in.")


@limited("staff")
@require(*READERS)
def show() -> flask.Response:
    """The officers of a body, and of them those whose name or address holds what is looked for."""
    args = flask.request.args
    body = (args.get("institution", "").strip() or None) if desk.has("coordinator") else desk.institution()
    words = args.get("name", "").strip()[:100]
    found = desk.items(desk.get(desk.target("/staff/directory/officers", institution=body))) if body else []
    rows = [_row(each) for each in found if _matches(each, words)]
    rows.sort(key=lambda each: (not each["serves"], each["name"]))
    first = _number(args.get("from", ""))
    return desk.page(
        "staff/directory.html",
        body=body,
        words=words,
        rows=rows[first : first + ROWS],
        total=len(rows),
        first=first,
        following=first + ROWS if first + ROWS < len(rows) else None,
        bodies=team_pages.bodies(),
        kinds=_kinds("ExportQuery"),
        imports=desk.has("coordinator"),
    )


@limited("staff")
@require(*READERS)
def export() -> Response:
    """Entries of the directory as a file that can be read in again."""
    args = flask.request.args
    query = {name: args.get(name, "").strip() for name in ("kind", "format", "institution")}
    answer = forward.ask(current_actor(), "routing", "GET", desk.target("/staff/directory/export", **query))
    if answer.status != 200:
        raise desk.refused(desk.Reply(answer.status, None))
    headers = {name: answer.headers[name] for name in _PASSED if name in answer.headers}
    return flask.Response(answer.body, 200, {**headers, "Cache-Control": "no-store"})


@limited("staff")
@require("coordinator")
def import_form() -> flask.Response:
    """Asks for a file."""
    return _form({}, [])


@kept.comes_back
@limited("staff")
@require("coordinator")
def import_file() -> Response:
    """Tries a file; when that was seen, carries it out whole."""
    given = flask.request.form
    typed = {name: given.get(name, "").strip() for name in ("kind", "format", "version")}
    if kept.restored():
        return _form(typed, [])
    sent = flask.request.files.get("file")
    raw = sent.read(_MOST_FILE + 1) if sent and sent.filename else _unpacked(given.get("packed", ""))
    if not raw:
        return _form(typed, [{"field": "file", "message": render.words()(_MISSING)}], 422)
    if len(raw) > _MOST_FILE:
        return _form(typed, [{"field": "file", "message": render.words()(_TOO_LARGE)}], 413)
    if sent and sent.filename:
        typed["format"] = "xlsx" if sent.filename.lower().endswith(".xlsx") else "csv"
    applies = given.get("go") == "apply" and typed["version"].isdecimal()
    body = {
        "kind": typed["kind"],
        "format": typed["format"] or "csv",
        "content": _content(raw, typed["format"]),
        "apply": applies,
        **({"version": int(typed["version"])} if applies else {}),
    }
    try:
        reply = desk.ask("POST", "/staff/directory/import", body)
    except Problem as problem:
        if problem.status not in (503, 504):
            raise
        text = N_(
            "It is not known whether it took effect. Try the file again: what is done already counts as unchanged."
        )
        return _form(typed, [{"field": "file", "message": render.words()(text)}], 503)
    if reply.status == 200:
        return _form(typed, [], plan=reply.data, packed="" if applies else _packed(raw))
    if reply.status in (409, 413, 422):
        return _form(typed, team_pages.refusals(reply, {"kind": "kind"}, "file"), reply.status)
    raise desk.refused(reply)


def _form(
    typed: Mapping[str, str],
    errors: list[dict[str, str]],
    status: int = 200,
    *,
    plan: Mapping[str, Any] | None = None,
    packed: str = "",
) -> flask.Response:
    return desk.page(
        "staff/import.html",
        status,
        errors=errors,
        typed=typed,
        plan=plan,
        packed=packed,
        wrong=[{**each, "text": render.name_of(each["message"])} for each in plan["errors"]] if plan else [],
        kinds=_kinds("Import"),
        kind_names=dict(_kinds("Import")),
    )


def _content(raw: bytes, kind: str) -> str:
    """A file as routing takes it. What is no UTF-8 is for routing to refuse, in its words: the mark says so."""
    if kind == "xlsx":
        return base64.b64encode(raw).decode()
    return raw.decode("utf-8-sig", "replace")


def _packed(raw: bytes) -> str:
    packed = base64.b64encode(zlib.compress(raw, 9)).decode()
    return packed if len(packed) <= _MOST_CARRIED else ""


def _unpacked(packed: str) -> bytes:
    """The file that a page carried; empty when it carried none. Never more than a file may hold."""
    if not packed or len(packed) > _MOST_CARRIED:
        return b""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), _MOST_FILE + 1)
    except (binascii.Error, zlib.error, ValueError):
        return b""


def _kinds(schema: str) -> list[tuple[str, str]]:
    """The kinds of entries that routing says it has."""
    if schema == "ExportQuery":
        known = next(
            each["schema"]["enum"]
            for each in contracts.document("routing")["paths"]["/staff/directory/export"]["get"]["parameters"]
            if each["name"] == "kind"
        )
    else:
        known = contracts.schema("routing", schema)["properties"]["kind"]["enum"]
    return [(code, render.words()(KIND_NAMES[code]) if code in KIND_NAMES else code) for code in known]


def _matches(each: Mapping[str, Any], words: str) -> bool:
    text = " ".join([*each["name"].values(), each["email"] or "", each["unit"] or ""]).casefold()
    return all(word in text for word in words.casefold().split())


def _row(each: Mapping[str, Any]) -> dict[str, Any]:
    say = render.words()
    serves = each["valid_to"] is None or each["valid_to"] > team_pages.today()
    return {
        **each,
        "name": render.name_of(each["name"]),
        "rank": say(team_pages.RANKS[each["rank"]]) if each["rank"] in team_pages.RANKS else each["rank"],
        "serves": serves,
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
