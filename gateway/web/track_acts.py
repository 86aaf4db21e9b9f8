"""What a complainant does after filing: answers a question, takes the complaint back, rates the answer or disputes it.

Each form carries the number and what was typed. What is taken leads on to a page of its own; what is not taken comes back as it was
typed. Whether something may be said now is for intake to say: it names what is open, and the page shows the forms for that alone.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import flask
from werkzeug.wrappers import Response

from gateway import admission, auth
from gateway.admission import limited
from gateway.api import forward
from gateway.web import once, render, track_pages
from gateway.web.render import N_
from services.chassis.actor import require
from services.chassis.problems import Problem

_LONGEST = 20_000
_KEY = re.compile(r"[A-Za-z0-9_-]{8,40}")


@dataclass(frozen=True, slots=True)
class Act:
    """One of the forms: what intake calls it, where the page and intake take it, and field of the page → field of intake."""

    kind: str
    path: str
    target: str
    fields: Mapping[str, str]


ANSWER = Act("message", "/track/answer", "messages", {"text": "text"})
WITHDRAW = Act("withdrawal", "/track/withdraw", "withdraw", {"withdrawal_reason": "reason"})
RATE = Act("rating", "/track/rate", "rating", {"score": "score", "rating_reason": "reason"})
DISPUTE = Act("dispute", "/track/dispute", "dispute", {"dispute_reason": "reason"})
_MISSING = {
    "text": N_("Write your answer."),
    "score": N_("Choose how satisfied you are."),
    "dispute_reason": N_("Write what is wrong with the answer, so that it can be decided."),
}


@limited("reading")
@require("public")
def answer() -> Response:
    """Answers the question that the officer asked."""
    return _take(ANSWER)


@limited("reading")
@require("public")
def withdraw() -> Response:
    """Asks whether it is really meant, then takes the complaint back."""
    if flask.request.form.get("sure") != "yes":
        return _sure(_typed(WITHDRAW), [])
    return _take(WITHDRAW)


@limited("reading")
@require("public")
def rate() -> Response:
    """Says how satisfied the complainant is."""
    return _take(RATE)


@limited("reading")
@require("public")
def dispute() -> Response:
    """Does not accept the answer."""
    return _take(DISPUTE)


def _take(act: Act) -> Response:
    number, typed = track_pages.typed_number(), _typed(act)
    missing = [name for name in act.fields if name in _MISSING and not typed[name].strip()]
    if not number:
        return track_pages.again(number, render.words()(track_pages.NO_NUMBER), 422)
    try:
        if missing:
            errors = [{"field": name, "message": render.words()(_MISSING[name])} for name in missing]
            return _again(act, number, typed, errors, 422)
        return _sent(act, number, typed)
    except Problem as problem:
        if problem.status not in (429, 503, 504):
            raise
        return _unsent(act, number, typed, problem)


def _sent(act: Act, number: str, typed: Mapping[str, str]) -> Response:
    body = json.dumps(_body(act, typed), ensure_ascii=False).encode()
    admission.count("lookups")
    admission.refuse_if_spent("misses")
    given = forward.ask(
        auth.PUBLIC,
        "intake",
        "POST",
        f"/complaints/{quote(number, safe='')}/{act.target}",
        body,
        language=render.language(),
        key=_idempotency_key(act, typed, body),
        repeatable=True,
    )
    if given.status == 202:
        return once.send(track_pages.STANDING, number, act.kind)
    if given.status in (400, 404, 414):
        admission.count("misses")
        return track_pages.again(number, render.words()(track_pages.NO_SUCH), 404)
    refused = json.loads(given.body) if given.status in (409, 422) else None
    if refused is None:
        raise Problem(503, "busy", headers={"Retry-After": given.headers.get("retry-after", "5")})
    return _again(act, number, typed, _errors(act, refused, given.status), given.status)


def _body(act: Act, typed: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {theirs: typed[ours] for ours, theirs in act.fields.items() if typed[ours].strip()}
    if body.get("score", "").isdecimal():
        body["score"] = int(body["score"])
    return body


def _typed(act: Act) -> dict[str, str]:
    form = flask.request.form
    # A line break of a form is two characters; what was typed is one.
    typed = {name: form.get(name, "")[:_LONGEST].replace("\r\n", "\n") for name in act.fields}
    key = form.get("key", "")
    return {**typed, "kind": act.kind, "key": key if _KEY.fullmatch(key) else ""}


def _idempotency_key(act: Act, typed: Mapping[str, str], body: bytes) -> str | None:
    """The same form with the same content is said once; changed after sending, it is something else."""
    if not typed["key"]:
        return None
    return f"page-{typed['key']}-{act.target}-{hashlib.sha256(body).hexdigest()[:20]}"


def _errors(act: Act, refused: Mapping[str, Any], status: int) -> list[dict[str, str]]:
    """What intake says is wrong, at the fields of the page."""
    first = next(iter(act.fields))
    if status == 409:
        return [{"field": "now", "message": refused.get("detail", "")}]
    places = {theirs: ours for ours, theirs in act.fields.items()}
    return [
        {"field": places.get(each["field"], first), "message": each["message"]}
        for each in refused.get("errors") or [{"field": first, "message": refused.get("detail", "")}]
    ]


def _again(
    act: Act, number: str, typed: Mapping[str, str], errors: list[dict[str, str]], status: int
) -> flask.Response:
    """The page with what was typed and what is wrong with it, as the complaint stands now."""
    if act is WITHDRAW and status == 422:
        return _sure(typed, errors)
    found = track_pages.look(number)
    if found is None:
        return track_pages.again(number, render.words()(track_pages.NO_SUCH), 404)
    return track_pages.result(found, status, errors=errors, typed=typed)


def _sure(typed: Mapping[str, str], errors: list[dict[str, str]]) -> flask.Response:
    return render.page(
        "track/withdraw.html",
        422 if errors else 200,
        posted=True,
        errors=errors,
        number=track_pages.typed_number(),
        typed=typed,
        bounds=track_pages.bounds(),
    )


def _unsent(act: Act, number: str, typed: Mapping[str, str], problem: Problem) -> flask.Response:
    page = render.page(
        "track/away.html",
        problem.status if problem.status != 504 else 503,
        posted=True,
        number=number,
        action=act.path,
        typed={**typed, **({"sure": "yes"} if act is WITHDRAW else {})},
        texts=[typed[name] for name in act.fields if name != "score" and typed[name].strip()],
    )
    page.headers["Retry-After"] = problem.headers.get("Retry-After", "5")
    return page
