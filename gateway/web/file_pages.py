"""Filing: one question a page, each page a POST of the whole draft, so that it works without scripts, sessions or addresses that tell."""

import json
from collections.abc import Mapping
from typing import Any

import flask

from gateway import auth
from gateway.admission import count, limited
from gateway.api import forward
from gateway.web import file_flags, filing, names, render
from gateway.web.filing import Draft
from gateway.web.render import N_
from services.chassis.actor import require
from services.chassis.problems import Problem

KIND_NAMES = {
    "complaint": (
        N_("A complaint"),
        N_("A service was late, poor or refused, or a right was not respected."),
    ),
    "question": (N_("A question"), N_("You want to know something about a public service.")),
    "suggestion": (N_("A suggestion"), N_("You have an idea for a better service.")),
    "praise": (N_("Praise"), N_("Somebody served you well. No reply is sent.")),
    "report": (N_("A report of wrongdoing"), N_("You know of corruption or of a breach of the law.")),
}
PREFERENCE_NAMES = {
    "any": (N_("Any way"), N_("By text message, email or phone.")),
    "no_calls": (N_("Do not call me"), N_("By text message or email only.")),
    "portal_only": (N_("Send me nothing"), N_("You look it up here with your tracking number.")),
}
WHO_NAMES = {
    "named": (
        N_("Yes, tell me"),
        N_("Your contact details are sealed: the body you write about does not see them."),
    ),
    "anonymous": (
        N_("No, I want to stay anonymous"),
        N_(
            "You get a number of 16 digits. It is the only key to your complaint; nobody can send it to you again."
        ),
    ),
}
_MISSING = {
    "kind": N_("Choose what you want to send."),
    "group": N_("Choose what it is about."),
    "category": N_("Choose what fits best."),
    "governorate": N_("Choose a governorate."),
    "text": N_("Write what happened."),
    "who": N_("Choose whether we may tell you how it goes."),
    "name": N_("Write a phone number or an email address, so that we can reach you."),
}
_TOO_SHORT = N_("Write at least %(least)s characters, so that the officer understands what happened.")
_TOO_LONG = N_("The text has %(length)s characters; at most %(most)s fit.")
_EXPIRED = N_("This page was open for more than a day. Check your answers, then send them.")
_LOST = N_("This form could not be read any more. Please start again.")

Errors = list[dict[str, str]]


@limited("reading")
@require("public")
def start() -> flask.Response:
    """The first question."""
    return _show("kind", Draft.new(), [])


@limited("reading")
@require("public")
def answer() -> flask.Response:
    """Takes the answer of one page and shows the next, or the same with what must be mended."""
    form = flask.request.form
    sealed = form.get("draft", "")
    draft, fresh = filing.opened(sealed)
    step, go = form.get("step", ""), form.get("go", "next")
    if step not in filing.STEPS or (sealed and not fresh and not draft.get("group")):
        return _show("kind", draft, [_error("kind", _LOST)], status=422)
    draft.take(step, form)
    try:
        return _answered(draft, step, go, fresh)
    except Problem as problem:
        if problem.status != 503:
            raise
        page = render.page("file/away.html", 503, step=step, go=go, sealed=draft.seal() if fresh else sealed)
        page.headers["Retry-After"] = problem.headers.get("Retry-After", "5")
        return page


def _answered(draft: Draft, step: str, go: str, fresh: bool) -> flask.Response:
    groups = _groups()
    draft.settle(groups)
    if go == "stay":
        return _show(step, draft, [])
    if go == "back":
        return _show(_before(step, draft, groups), draft, [])
    if go.startswith("change-") and go.removeprefix("change-") in filing.STEPS:
        draft.review = True
        return _show(go.removeprefix("change-"), draft, [])
    if step == "more":
        shown = file_flags.changed(draft, go)
        if shown:
            return _show(shown, draft, [])
    if step == "unit" and file_flags.units_unseen(draft, flask.request.form):
        return _show(step, draft, [])
    if step == "person":
        file_flags.settle_workplace(draft)
        if go == "units":
            return _show(step, draft, [])
    if step == "check":
        if not fresh:
            return _show("check", draft, [_error("check", _EXPIRED)], status=422)
        return _send(draft, groups)
    errors = _errors(step, draft, groups)
    if errors:
        return _show(step, draft, errors, status=422)
    return _show(_after(step, draft, groups), draft, [])


def _after(step: str, draft: Draft, groups: Mapping[str, list[str]]) -> str:
    steps = draft.steps(groups)
    later = [each for each in steps if filing.STEPS.index(each) > filing.STEPS.index(step)]
    if not draft.review:
        return later[0]
    # Back to the answers, unless the change opened a question that has no answer yet.
    return next((each for each in later if not draft.asked(each) or _errors(each, draft, groups)), "check")


def _before(step: str, draft: Draft, groups: Mapping[str, list[str]]) -> str:
    if draft.review and step != "check":
        return "check"
    earlier = [each for each in draft.steps(groups) if filing.STEPS.index(each) < filing.STEPS.index(step)]
    return earlier[-1] if earlier else step


def _errors(step: str, draft: Draft, groups: Mapping[str, list[str]]) -> Errors:
    if step == "kind" and draft.get("kind") not in filing.KINDS:
        return [_error("kind", _MISSING["kind"])]
    if step == "group" and draft.get("group") not in groups:
        return [_error("group", _MISSING["group"])]
    if step == "category" and draft.get("category") not in groups.get(draft.get("group"), ()):
        return [_error("category", _MISSING["category"])]
    if step == "where" and draft.get("governorate") not in names.by_code("governorates"):
        return [_error("governorate", _MISSING["governorate"])]
    if step == "what":
        return _errors_of_text(draft.get("text"))
    if step == "who" and draft.get("who") not in WHO_NAMES:
        return [_error("who", _MISSING["who"])]
    if step == "contact" and not (draft.get("phone").strip() or draft.get("email").strip()):
        return [_error("phone", _MISSING["name"])]
    found = file_flags.wrong(step, draft)
    return [_error(*found)] if found else []


def _errors_of_text(text: str) -> Errors:
    length = len(text.strip())
    least, most = filing.bounds()
    if not length:
        return [_error("text", _MISSING["text"])]
    if length < least:
        return [_error("text", _TOO_SHORT, least=render.number(least))]
    if length > most:
        return [_error("text", _TOO_LONG, length=render.number(length), most=render.number(most))]
    return []


def _send(draft: Draft, groups: Mapping[str, list[str]]) -> flask.Response:
    for step in draft.steps(groups):
        errors = _errors(step, draft, groups)
        if errors:
            return _show(step, draft, errors, status=422)
    body = json.dumps(draft.body(), ensure_ascii=False).encode()
    try:
        count("complaints")
        given = forward.ask(
            auth.PUBLIC,
            "intake",
            "POST",
            "/complaints",
            body,
            language=render.language(),
            key=draft.idempotency_key(body),
            repeatable=True,
        )
    except Problem as problem:
        if problem.status not in (429, 503, 504):
            raise
        return _unsent(draft, problem.status, problem.headers.get("Retry-After"))
    answered = json.loads(given.body)
    if given.status == 201:
        return render.page(
            "file/done.html",
            201,
            receipt=answered,
            anonymous=draft.get("who") == "anonymous",
            kind=draft.get("kind"),
            urgent=bool(draft.urgent()),
            whole_body=file_flags.names_a_body(draft),
        )
    if given.status == 422 and answered.get("errors"):
        return _refused(draft, answered["errors"])
    if given.status in (429, 503, 504):
        return _unsent(draft, 503, given.headers.get("retry-after"))
    raise Problem(
        given.status,
        answered.get("code", "bad_request"),
        dict.fromkeys(render.LANGUAGES, answered.get("detail", "")),
    )


def _unsent(draft: Draft, status: int, retry_after: str | None) -> flask.Response:
    text = N_(
        "It could not be sent just now. Nothing you typed is lost: send it again in a moment. It will not be filed twice."
    )
    page = _show("check", draft, [_error("check", text)], status=status)
    page.headers["Retry-After"] = retry_after or "5"
    return page


def _refused(draft: Draft, refused: list[dict[str, Any]]) -> flask.Response:
    places = [file_flags.place(each["field"], draft) for each in refused]
    step = next((place[0] for place in places if place), "check")
    errors = [
        {"field": place[1] if place and place[0] == step else step, "message": each["message"]}
        for each, place in zip(refused, places, strict=True)
    ]
    draft.review = True
    file_flags.take_up_refused(draft, [each["field"] for each in refused])
    return _show(step, draft, errors, status=422)


def _error(field: str, text: str, **values: str) -> dict[str, str]:
    return {"field": field, "message": render.words()(text) % values if values else render.words()(text)}


def _groups() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for row in names.of("categories"):
        groups.setdefault(row["group"]["code"], []).append(row["code"])
    return groups


def _show(step: str, draft: Draft, errors: Errors, status: int = 200) -> flask.Response:
    categories = names.of("categories")
    group_names = {row["group"]["code"]: row["group"]["name"] for row in categories}
    governorates = names.of("governorates")
    steps = draft.steps(_groups())
    # The number of steps that lie ahead changes with the answers; the progress says what is known so far.
    return render.page(
        f"file/{step}.html",
        status,
        step=step,
        position=(steps.index(step) + 1) if step in steps else 1,
        total=len(steps),
        first=step == steps[0],
        draft=draft,
        sealed=draft.seal(),
        errors=errors,
        kinds=KIND_NAMES,
        preferences=PREFERENCE_NAMES,
        whos=WHO_NAMES,
        group_names=group_names,
        leaves=[row for row in categories if row["group"]["code"] == draft.get("group")],
        governorates=governorates,
        category_names={row["code"]: row["name"] for row in categories},
        governorate_names={row["code"]: row["name"] for row in governorates},
        most=filing.bounds()[1] if step == "what" else 0,
        **file_flags.shown(step, draft),
    )
