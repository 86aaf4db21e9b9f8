"""Tracking: a number goes in by POST, so that it is in no address, no history and no log; how the complaint stands comes out."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import flask
from werkzeug.wrappers import Response

from gateway import admission, auth
from gateway.admission import limited
from gateway.api import contracts, forward
from gateway.web import conversation, names, once, render
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
    "answered": (N_("Answered"), N_("The answer is below. Say whether you are satisfied with it.")),
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
    "inadmissible": (N_("Not admissible"), N_("It cannot be taken up. The reason is below.")),
    "merged": (
        N_("Joined with others"),
        N_("It is handled together with similar ones. Your number stays yours."),
    ),
}
#: Why it is closed, for the reader.
CLOSED_BECAUSE = {
    "confirmed": N_("You rated the answer, and with that it is finished."),
    "not_confirmed": N_("Nobody said anything about the answer in the time for it, so it was closed."),
    "dispute_rejected": N_("Another authority looked at your dispute. The answer stands."),
}
_REPLIED = (N_("Your answer is with us"), N_("It goes to the officer in a moment."))
#: What was done just now, said once at the top.
DONE_NOW = {
    "message": N_("Your answer was sent."),
    "withdrawal": N_("You took it back. It shows here in a moment."),
    "rating": N_("Thank you. Your rating was sent."),
    "dispute": N_("Your dispute was sent. It shows here in a moment."),
}
#: What the history says beside the states.
RAISED = {
    "raised_main_officer": N_("Raised to the main officer of the body"),
    "raised_head": N_("Raised to the office of the secretary-general or minister"),
    "raised_coordinator": N_("Raised to the Government Coordinator for Human Rights"),
}
#: States in which no answer is owed any more.
DONE = frozenset({"answered", "closed", "referred", "withdrawn", "inadmissible", "merged"})
_IN_HISTORY = RAISED | {code: name for code, (name, _) in STATES.items()}
SOON = timedelta(days=2)
STANDING = "/track/standing"
WHOLE = "whole"
_LONGEST = 80
NO_NUMBER = N_("Write the tracking number.")
NO_SUCH = N_("There is no complaint with this number. Compare it with your receipt, character by character.")


@limited("reading")
@require("public")
def form() -> flask.Response:
    """Asks for the number."""
    return _asked()


@limited("lookups")
@require("public")
def show() -> Response:
    """Takes the number, and goes on to how the complaint stands."""
    typed = typed_number()
    if not typed:
        return again(typed, render.words()(NO_NUMBER), 422)
    found = look(typed)
    if found is None:
        return again(typed, render.words()(NO_SUCH), 404)
    whole = WHOLE if flask.request.form.get(WHOLE) else ""
    return once.send(STANDING, found["tracking_number"], whole)


@limited("reading")
@require("public")
def standing() -> flask.Response:
    """How the complaint stands whose number was just given. Looking a second time asks for the number again."""
    sent = once.take(flask.request)
    found = look(sent[0]) if sent else None
    if sent is None or found is None:
        return _asked(again=True)
    page = result(found, done=sent[1])
    once.forget(page, STANDING)
    return page


def typed_number() -> str:
    """The number as a form carries it."""
    return flask.request.form.get("number", "").strip()[: _LONGEST + 1]


def look(number: str) -> dict[str, Any] | None:
    """How the complaint stands, as intake says it; None for a number that is none. Raises Problem 429 or 503."""
    admission.refuse_if_spent("misses")
    answer = forward.ask(
        auth.PUBLIC, "intake", "GET", "/complaints/" + quote(number, safe=""), language=render.language()
    )
    # What cannot be a number at all (400 for a NUL, 422) is no number either, and is counted like one that is guessed.
    if answer.status in (400, 404, 414, 422):
        admission.count("misses")
        return None
    if answer.status != 200:
        raise Problem(503, "busy", headers={"Retry-After": "5"})
    return json.loads(answer.body)


def again(typed: str, message: str, status: int) -> flask.Response:
    """Asks for the number once more, and says why."""
    errors = [{"field": "number", "message": message}]
    return _asked(status, errors=errors, typed=typed.replace("\0", "")[:_LONGEST])


def _asked(status: int = 200, *, errors: Any = (), typed: str = "", again: bool = False) -> flask.Response:
    return render.page("track/form.html", status, errors=list(errors), typed=typed, again=again)


def result(
    found: Mapping[str, Any],
    status: int = 200,
    *,
    done: str = "",
    errors: Any = (),
    typed: Mapping[str, str] | None = None,
) -> flask.Response:
    """How it stands, what was said, and what may be said now. `typed` is what a form brought that could not be taken."""
    say = render.words()
    code = found["status"]["code"]
    talk = conversation.of(found, whole=done == WHOLE)
    history = [
        {
            "name": say(_IN_HISTORY[each["status"]]) if each["status"] in _IN_HISTORY else each["status"],
            "at": each["at"],
        }
        for each in sorted(found["history"], key=lambda each: each["at"], reverse=True)
    ]
    kind = KIND_NAMES.get(found["kind"])
    return render.page(
        "track/result.html",
        status,
        posted=True,
        found=found,
        standing=_standing(found, talk),
        history=history,
        talk=talk,
        done=say(DONE_NOW[done]) if done in DONE_NOW else "",
        errors=list(errors),
        typed=typed or {"kind": ""},
        key=(typed or {}).get("key") or secrets.token_urlsafe(12),
        bounds=bounds(),
        scores=conversation.SCORES,
        confirm_until=_confirm_until(found) if code == "answered" else None,
        promise=promise(found, now()) if found["due_at"] and code not in DONE else None,
        paused=code == "awaiting_complainant",
        waiting=not found["due_at"] and code not in DONE and found["kind"] != "praise",
        kind=say(kind[0]) if kind else found["kind"],
        category=_named("categories", found["category"]),
        governorate=_named("governorates", found["governorate"]),
    )


def bounds() -> dict[str, int]:
    """The longest text that may be said, and the shortest dispute, by intake's published schema."""
    said = contracts.schema("intake", "Message")["properties"]["text"]
    disputed = contracts.schema("intake", "Dispute")["properties"]["reason"]
    return {"most": said["maxLength"], "dispute": disputed["minLength"]}


def _confirm_until(found: Mapping[str, Any]) -> str | None:
    replies = [each for each in found["conversation"] if each["kind"] == "reply"]
    return max(replies, key=lambda each: each["at"])["facts"].get("confirm_until") if replies else None


def _standing(found: Mapping[str, Any], talk: conversation.Talk) -> tuple[str, str]:
    say, code = render.words(), found["status"]["code"]
    if talk.replied:
        return say(_REPLIED[0]), say(_REPLIED[1])
    if code not in STATES:
        return found["status"]["name"], ""
    name, meaning = STATES[code]
    if code == "closed":
        meaning = CLOSED_BECAUSE.get(found["reason"], meaning)
    return say(name), say(meaning)


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
