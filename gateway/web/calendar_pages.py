"""Circulars about the working calendar: what holds, what a new one would do to open promises, and taking one back."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import flask
from werkzeug.wrappers import Response

from gateway.admission import limited
from gateway.web import desk, kept, names, render, team_pages
from gateway.web.render import N_
from services.chassis.actor import require

SCOPES = {
    "nation": N_("The whole country"),
    "governorate": N_("One governorate"),
    "institution": N_("One body"),
}
EFFECTS = {
    "closed": N_("Nobody works"),
    "hours": N_("Work has other hours"),
    "open": N_("Days off are worked"),
}
FIELDS = (
    "scope",
    "governorate",
    "institution",
    "effect",
    "first_day",
    "last_day",
    "opens",
    "closes",
    "reference",
    "note_ar",
    "note_en",
)
#: field of routing → field of the page
_PLACES = {
    **{name: name for name in FIELDS},
    "note": "note_ar",
    "note.ar": "note_ar",
    "note.en": "note_en",
}
DONE = {
    "recorded": N_("The circular holds. Promises are being counted again; who is concerned is told."),
    "withdrawn": N_("The circular holds no longer. Promises are being counted again."),
}
_MISSING = {
    "first_day": N_("Say the first day."),
    "last_day": N_("Say the last day."),
    "reference": N_("Write the number of the circular."),
    "note_ar": N_("Write in Arabic why."),
    "note_en": N_("Write in English why."),
}
MOST_ROWS = 50
#: In the place of a circular's number: what the calendar begins with, behind which there is none so far. Its note says so.
ESTIMATE = "estimate"

Errors = list[dict[str, str]]


@limited("staff")
@require("coordinator")
def show() -> flask.Response:
    """The circulars, the newest first, and the form for a new one."""
    return _page({}, [])


@kept.comes_back
@limited("staff")
@require("coordinator")
def record() -> Response:
    """Shows what a circular would do; when that was seen, records it. Or has one hold no longer."""
    given = flask.request.form
    if given.get("go") == "withdraw":
        return _withdraw(given.get("override", ""))
    typed = {name: given.get(name, "").strip()[:400] for name in (*FIELDS, "confirmed", "seen")}
    if kept.restored():
        return _page(typed, [])
    say = render.words()
    errors = [{"field": name, "message": say(text)} for name, text in _MISSING.items() if not typed[name]]
    if errors:
        return _page(typed, errors, 422)
    # What was tried is what is recorded: a change in between is tried again.
    tried = given.get("go") == "record" and typed["seen"] == _fingerprint(typed)
    reply = desk.ask("POST", "/staff/calendar/overrides" + ("" if tried else "/dry-run"), _body(typed))
    if reply.status == 200 and tried:
        return flask.redirect(render.url("/staff/calendar") + "?done=recorded", 303)
    if reply.status == 200:
        return _page(typed, [], found=reply.data)
    if reply.status == 422:
        code = "governorate" if typed["scope"] == "governorate" else "institution"
        errors = team_pages.refusals(reply, {**_PLACES, "code": code}, "scope")
        month = any(each.get("code") == "closes_a_month" for each in reply.data.get("errors", []))
        return _page(typed, errors, 422, month=month)
    raise desk.refused(reply)


def _withdraw(wanted: str) -> Response:
    reply = desk.ask("POST", f"/staff/calendar/overrides/{quote(wanted, safe='')}/withdraw", {})
    if reply.status != 200:
        raise desk.refused(reply)
    return flask.redirect(render.url("/staff/calendar") + "?done=withdrawn", 303)


def _fingerprint(typed: Mapping[str, str]) -> str:
    return "|".join(typed[name] for name in (*FIELDS, "confirmed"))


def _body(typed: Mapping[str, str]) -> dict[str, Any]:
    scope = typed["scope"]
    plain = ("effect", "first_day", "last_day", "reference")
    return {
        "scope": scope,
        "code": (typed.get(scope) or None) if scope in ("governorate", "institution") else None,
        **{name: typed[name] for name in plain},
        **{name: typed[name] or None for name in ("opens", "closes") if typed["effect"] != "closed"},
        "note": {"ar": typed["note_ar"], "en": typed["note_en"]},
        "confirmed": typed["confirmed"] == "yes",
    }


def _page(
    typed: Mapping[str, str],
    errors: Errors,
    status: int = 200,
    *,
    found: Mapping[str, Any] | None = None,
    month: bool = False,
) -> flask.Response:
    say = render.words()
    rows = [_row(each) for each in desk.get("/staff/calendar/overrides")]
    rows.sort(key=lambda each: (each["holds"], each["first_day"]), reverse=True)
    everything = "all" in flask.request.args
    done = flask.request.args.get("done")
    return desk.page(
        "staff/calendar.html",
        status,
        errors=errors,
        typed=typed,
        found=found,
        effect=_effect(found),
        fingerprint=_fingerprint(typed) if found else "",
        month=month or typed.get("confirmed") == "yes",
        rows=rows if everything else rows[:MOST_ROWS],
        more=0 if everything else max(0, len(rows) - MOST_ROWS),
        scopes=[(code, say(text)) for code, text in SCOPES.items()],
        effects=[(code, say(text)) for code, text in EFFECTS.items()],
        governorates=names.choices("governorates"),
        bodies=names.choices("bodies"),
        done=say(DONE[done]) if done in DONE else "",
    )


def _effect(found: Mapping[str, Any] | None) -> str:
    """What a dry run found, in a sentence."""
    if found is None:
        return ""
    say, number = render.words(), render.number
    values = {name: number(found[name]) for name in ("concerned", "tried", "would_move")}
    if not found["concerned"]:
        return say(N_("It concerns no open promise."))
    if found["tried"] == found["concerned"]:
        return (
            say(N_("It concerns %(concerned)s open promises, of which %(would_move)s would move.")) % values
        )
    return (
        say(
            N_(
                "It concerns %(concerned)s open promises. Of %(tried)s that were tried, %(would_move)s would move."
            )
        )
        % values
    )


def _row(each: Mapping[str, Any]) -> dict[str, Any]:
    say, job = render.words(), each["recomputation"]
    place = say(SCOPES.get(each["scope"], each["scope"]))
    if each["code"]:
        known = names.by_code("governorates" if each["scope"] == "governorate" else "bodies")
        place = render.name_of(known.get(each["code"])) or each["code"]
    counted = ""
    if job:
        counts = {"seen": render.number(job["seen"]), "moved": render.number(job["moved"])}
        ended = N_("%(moved)s of %(seen)s promises moved.")
        running = N_("Counting goes on: %(moved)s of %(seen)s promises moved so far.")
        counted = say(ended if job["finished_at"] else running) % counts
    return {
        **each,
        "place": place,
        "what": say(EFFECTS.get(each["effect"], each["effect"])),
        "note": render.name_of(each["note"]),
        "circular": each["reference"] if each["reference"] != ESTIMATE else "",
        "counted": counted,
        "holds": each["withdrawn_at"] is None,
    }
