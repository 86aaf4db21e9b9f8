"""Tracking: a number goes in by POST, so that it is in no address, no history and no log; how the complaint stands comes out."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import flask

from gateway import admission, auth
from gateway.admission import limited
from gateway.api import forward
from gateway.web import names, render
from gateway.web.file_pages import KIND_NAMES
from gateway.web.render import N_
from services.chassis.actor import require
from services.chassis.clock import now
from services.chassis.problems import Problem

#: The public states: the name that the history shows, and what the state means for the reader.
STATES = {
    "received": (N_("Received"), N_("We have it. It is on its way to the body that must answer.")),
    "assigned": (N_("With an officer"), N_("An officer of the body that must answer has it.")),
    "accepted": (N_("Being worked on"), N_("The officer has taken it up.")),
    "reply_proposed": (N_("Answer being checked"), N_("An answer is written; a second officer checks it.")),
    "answered": (N_("Answered"), N_("The answer has been sent to you.")),
    "closed": (N_("Closed"), N_("It is finished.")),
    "awaiting_complainant": (
        N_("Waiting for you"),
        N_("The officer has asked you something and waits for your answer."),
    ),
    "in_transfer": (
        N_("Being passed on"),
        N_("Another body is better placed to answer; you lose no time by it."),
    ),
    "disputed": (N_("Disputed"), N_("You did not accept the answer; another authority decides.")),
    "referred": (N_("Referred"), N_("It has gone to an authority outside of government bodies.")),
    "withdrawn": (N_("Withdrawn"), N_("You took it back.")),
    "inadmissible": (N_("Not admissible"), N_("It cannot be taken up; the reason was sent to you.")),
    "merged": (
        N_("Joined with others"),
        N_("It is handled together with similar ones. Your number stays yours."),
    ),
}
#: States in which no answer is owed any more.
DONE = frozenset({"answered", "closed", "referred", "withdrawn", "inadmissible", "merged"})
SOON = timedelta(days=2)
_LONGEST = 80


@limited("reading")
@require("public")
def form() -> flask.Response:
    """Asks for the number."""
    return render.page("track/form.html", errors=[], typed="")


@limited("lookups")
@require("public")
def show() -> flask.Response:
    """How the complaint with the given number stands."""
    typed = flask.request.form.get("number", "").strip()[: _LONGEST + 1]
    if not typed:
        return _again(typed, render.words()(N_("Write the tracking number.")), 422)
    admission.refuse_if_spent("misses")
    answer = forward.ask(
        auth.PUBLIC, "intake", "GET", "/complaints/" + quote(typed, safe=""), language=render.language()
    )
    # What cannot be a number at all (400 for a NUL, 422) is no number either, and is counted like one that is guessed.
    if answer.status in (400, 404, 414, 422):
        admission.count("misses")
        text = N_(
            "There is no complaint with this number. Compare it with your receipt, character by character."
        )
        return _again(typed.replace("\0", ""), render.words()(text), 404)
    if answer.status != 200:
        raise Problem(503, "busy", headers={"Retry-After": "5"})
    return _result(json.loads(answer.body))


def _again(typed: str, message: str, status: int) -> flask.Response:
    errors = [{"field": "number", "message": message}]
    return render.page("track/form.html", status, errors=errors, typed=typed[:_LONGEST])


def _result(found: Mapping[str, Any]) -> flask.Response:
    say = render.words()
    code = found["status"]["code"]
    state = STATES.get(code)
    history = [
        {
            "name": say(STATES[each["status"]][0]) if each["status"] in STATES else each["status"],
            "at": each["at"],
        }
        for each in sorted(found["history"], key=lambda each: each["at"], reverse=True)
    ]
    kind = KIND_NAMES.get(found["kind"])
    return render.page(
        "track/result.html",
        found=found,
        standing=(say(state[0]), say(state[1])) if state else (found["status"]["name"], ""),
        history=history,
        promise=promise(found, now()) if found["due_at"] and code not in DONE else None,
        waiting=not found["due_at"] and code not in DONE and found["kind"] != "praise",
        kind=say(kind[0]) if kind else found["kind"],
        category=_named("categories", found["category"]),
        governorate=_named("governorates", found["governorate"]),
    )


def promise(found: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """The promise in words and as a bar: mood (fine, soon or late), sign, words, label, and `used`.

    `used` is how much of the time has gone, in percent.
    """
    say = render.words()
    received, due = _instant(found["received_at"]), _instant(found["due_at"])
    left = due - moment
    whole = max(due - received, timedelta(seconds=1))
    used = min(100, max(2, round(100 * (moment - received) / whole)))
    if left < timedelta(0):
        words = say(N_("The promised time passed %(time)s ago. Those above the officer see it.")) % {
            "time": render.span(-left)
        }
        return {"mood": "late", "sign": say(N_("Late")), "words": words, "label": words, "used": 100}
    words = say(N_("%(time)s left.")) % {"time": render.span(left)}
    label = say(N_("%(percent)s of the time has gone")) % {"percent": render.percent(used / 100)}
    soon = left < SOON
    return {
        "mood": "soon" if soon else "fine",
        "sign": say(N_("Soon")) if soon else say(N_("On time")),
        "words": words,
        "label": label,
        "used": used,
    }


def _named(kind: str, code: str) -> str:
    return render.name_of(names.by_code(kind).get(code)) or code


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
