"""Texts for replies: those of a body, which its main officer keeps, and those for all, which the coordinator keeps."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import flask
from werkzeug.wrappers import Response

from gateway.admission import limited
from gateway.web import case_words, conversation, desk, kept, names, render, team_pages
from gateway.web.render import N_
from services.chassis.actor import require
from services.chassis.problems import Problem

AUTHORS = ("main_officer", "coordinator")
#: part → rows of its field
PARTS = {"summary": 4, "found": 5, "remedy": 4, "legal_basis": 3}
FIELDS = ("name", "language", "category", "outcome", *PARTS)
LANGUAGES = (("ar", "العربية"), ("en", "English"))
DONE = {
    "written": N_("The text is kept. It is offered from now on."),
    "withdrawn": N_("The text is not offered any more."),
}
_QUICKER = N_("Somebody was quicker. What you typed is still here; compare it with the text as it is now.")
_LONGEST = 10_000
_PREVIEW = 160

Errors = list[dict[str, str]]


@limited("staff")
@require(*AUTHORS)
def show() -> flask.Response:
    """The texts that are offered, one's own first, and of these those in the language of the page."""
    done = flask.request.args.get("done")
    return desk.page(
        "staff/texts.html",
        rows=[_row(each) for each in _all()],
        done=render.words()(DONE[done]) if done in DONE else "",
    )


@limited("staff")
@require(*AUTHORS)
def form() -> flask.Response:
    """The form of a new text, or of the one that is to be changed."""
    wanted = flask.request.args.get("id")
    if not wanted:
        return _form({"language": render.language()}, [])
    found = next((each for each in _all() if str(each["id"]) == wanted and _own(each)), None)
    if found is None:
        raise Problem(404, "not_found")
    return _form({name: str(found[name] or "") for name in (*FIELDS, "id", "version")}, [])


@kept.comes_back
@limited("staff")
@require(*AUTHORS)
def write() -> Response:
    """Keeps a text, or takes it back."""
    given = flask.request.form
    typed = {
        name: given.get(name, "").strip()[:_LONGEST].replace("\r\n", "\n")
        for name in (*FIELDS, "id", "version")
    }
    if kept.restored():
        return _form(typed, [])
    path = "/staff/reply-templates" + (f"/{quote(typed['id'], safe='')}" if typed["id"] else "")
    if typed["id"] and given.get("go") == "withdraw":
        reply = desk.ask("POST", path + "/withdraw", {})
        if reply.status == 200:
            return _back("withdrawn")
        raise desk.refused(reply)
    body: dict[str, Any] = {name: typed[name] for name in ("name", "language", *PARTS)}
    body |= {name: typed[name] or None for name in ("category", "outcome")}
    if typed["id"]:
        body["version"] = int(typed["version"]) if typed["version"].isdecimal() else None
    reply = desk.ask("PUT" if typed["id"] else "POST", path, body)
    if reply.status in (200, 201):
        return _back("written")
    if reply.status == 422:
        return _form(typed, team_pages.refusals(reply, {name: name for name in FIELDS}, "name"), 422)
    if reply.status == 412:
        now = next((each for each in _all() if str(each["id"]) == typed["id"]), None)
        errors = [{"field": "name", "message": render.words()(_QUICKER)}]
        typed["version"] = str(now["version"]) if now else ""
        return _form(typed, errors, 412, now=now)
    raise desk.refused(reply)


def _all() -> list[dict[str, Any]]:
    found = [each for each in desk.items(desk.get("/staff/reply-templates")) if not each["withdrawn"]]
    return sorted(
        found, key=lambda each: (not _own(each), each["language"] != render.language(), each["name"])
    )


def _own(each: Mapping[str, Any]) -> bool:
    """Whether it is for the reader to change."""
    return each["institution"] == (None if desk.has("coordinator") else desk.institution())


def _row(each: Mapping[str, Any]) -> dict[str, Any]:
    say = render.words()
    words = " ".join(text for name in PARTS if (text := each[name]))
    category, outcome = each["category"], each["outcome"]
    return {
        **each,
        "own": _own(each),
        "spoken": dict(LANGUAGES).get(each["language"], each["language"]),
        "category": render.name_of(names.by_code("categories").get(category or "")) or category,
        "outcome": say(conversation.OUTCOMES[outcome]) if outcome in conversation.OUTCOMES else outcome,
        "begins": words if len(words) <= _PREVIEW else words[:_PREVIEW].rsplit(" ", 1)[0] + " …",
    }


def _form(
    typed: Mapping[str, str], errors: Errors, status: int = 200, now: Mapping[str, Any] | None = None
) -> flask.Response:
    say = render.words()
    labels = {name: [say(text) if text else "" for text in case_words.FIELDS[name]] for name in PARTS}
    return desk.page(
        "staff/text.html",
        status,
        errors=errors,
        typed=typed,
        now=[(labels[name][0], now[name]) for name in PARTS if now[name]] if now else [],
        parts=[(name, *labels[name], rows, case_words.MOST[name]) for name, rows in PARTS.items()],
        languages=LANGUAGES,
        categories=names.choices("categories"),
        outcomes=[(code, say(text)) for code, text in conversation.OUTCOMES.items()],
    )


def _back(done: str) -> Response:
    return flask.redirect(render.url("/staff/reply-templates") + f"?done={done}", 303)
