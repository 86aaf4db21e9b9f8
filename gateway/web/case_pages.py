"""One case: its page, and each action on it as a form of its own. What was typed comes back with whatever stands against it."""

from collections.abc import Mapping
from typing import Any

import flask
from werkzeug.wrappers import Response

from gateway.admission import limited
from gateway.web import case_forms, case_view, case_words, desk, kept, render
from gateway.web.render import N_
from services.chassis.actor import require
from services.chassis.problems import Problem

READERS = ("officer", "approver", "head", "coordinator")
#: An approver decides with the complaint and the reply beside each other.
_SIDE_BY_SIDE = frozenset({"approve_reply", "return_reply"})
#: Taken by a button on the page of the case: they need no words, and the case can go on whichever way.
_AT_ONCE = frozenset({"accept"})
_QUICKER = N_("Somebody was quicker. What you typed is still here; look at what changed, then decide.")
_NOT_NOW = N_("This is not possible any more. What you typed is still here, to copy.")
_UNSENT = N_("It could not be sent just now. Nothing you typed is lost: send it again in a moment.")
_UNKNOWN = N_("It is not known whether it took effect. Look at the case before you send it again.")

Errors = list[dict[str, str]]


@limited("staff")
@require(*READERS)
def show(complaint_id: str) -> flask.Response:
    """The case: what was said, what happened, what is promised, and what may be done now."""
    case, complaint = _read(complaint_id)
    everything = "all" in flask.request.args
    lines = case_view.timeline(case)
    done = case_words.ACTIONS.get(flask.request.args.get("done", ""))
    return desk.page(
        "staff/case.html",
        case=case,
        complaint=complaint,
        about=case_view.described(case),
        conversation=case_view.conversation(complaint),
        lines=lines if everything else lines[: case_view.MOST_LINES],
        more=0 if everything else max(0, len(lines) - case_view.MOST_LINES),
        reply=case_view.reply(case),
        actions=case_forms.offered(case),
        at_once=_AT_ONCE,
        done=render.words()(done[1]) if done else "",
        looking=_say_looking(complaint_id),
    )


@limited("staff")
@require(*READERS)
def action_form(complaint_id: str, action: str) -> Response:
    """The form of an action. One that may not be taken any more leads back to the case."""
    case, complaint = _read(complaint_id)
    if not any(each["action"] == action for each in case["allowed_actions"]):
        return flask.redirect(render.url(desk.case_path(complaint_id)), 303)
    return _form(case, complaint, action, case_forms.begun(case, action), [])


@kept.comes_back
@limited("staff")
@require(*READERS)
def act(complaint_id: str, action: str) -> Response:
    """Takes the action, or shows the form again with what stands against it."""
    given = flask.request.form
    typed, version = case_forms.typed_of(given), _number(given.get("version", ""))
    case, complaint = _read(complaint_id)
    allowed = next((each for each in case["allowed_actions"] if each["action"] == action), None)
    if allowed and (kept.restored() or given.get("go") in ("reload", "template")):
        if given.get("go") == "template":
            typed = _with_template(case, given.get("template", ""), typed)
        return _form(case, complaint, action, typed, [], version=version)
    if allowed is None:
        return _too_late(case, complaint, action, typed, version)
    body = {"version": version, **case_forms.body(allowed, typed)}
    try:
        reply = desk.ask("POST", desk.case_path(complaint_id, f"actions/{action}"), body)
    except Problem as problem:
        if problem.status not in (429, 503, 504):
            raise
        text = _UNKNOWN if problem.status == 504 else _UNSENT
        page = _form(case, complaint, action, typed, [_error("act", text)], problem.status, version)
        page.headers["Retry-After"] = problem.headers.get("Retry-After", "5")
        return page
    if reply.status == 200:
        return flask.redirect(render.url(desk.case_path(complaint_id)) + f"?done={action}", 303)
    if reply.status in (409, 412):
        return _conflict(complaint_id, action, typed, version, reply)
    if reply.status == 422:
        return _form(case, complaint, action, typed, _refused(action, reply), 422, version)
    if reply.status >= 500:
        return _form(case, complaint, action, typed, [_error("act", _UNSENT)], 503, version)
    raise desk.refused(reply)


@limited("staff")
@require(*READERS)
def viewing(complaint_id: str) -> flask.Response:
    """For page.js: says again that the case is open here, and who else has it open."""
    return flask.jsonify({"words": _say_looking(complaint_id)})


def _read(complaint_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    case = desk.get(desk.case_path(complaint_id))
    complaint = desk.get(f"/staff/complaints/{case['complaint_id']}", "intake")
    return case, {**complaint, "answers": case_view.answers(complaint)}


def _say_looking(complaint_id: str) -> str:
    """Says that the case is open here; who else has it open, in words. A page is shown also where this cannot be had."""
    found = desk.attempt("POST", desk.case_path(complaint_id, "viewing"), {})
    return desk.looking(found["viewers"]) if found else ""


def _conflict(
    complaint_id: str, action: str, typed: Mapping[str, str], version: int, reply: desk.Reply
) -> Response:
    """Somebody was quicker, or the state has moved on: the case as it is now, with what was typed."""
    case, complaint = _read(complaint_id)
    if not any(each["action"] == action for each in case["allowed_actions"]):
        return _too_late(case, complaint, action, typed, version)
    if reply.status == 409:
        # Still allowed, and yet refused: routing says why, such as that nobody of the body is there.
        errors = [{"field": "act", "message": reply.data["detail"]}]
        return _form(case, complaint, action, typed, errors, 409)
    changes = case_view.quicker(case, version)
    return _form(case, complaint, action, typed, [_error("act", _QUICKER)], 412, changes=changes)


def _too_late(
    case: Mapping[str, Any],
    complaint: Mapping[str, Any],
    action: str,
    typed: Mapping[str, str],
    version: int,
) -> Response:
    return desk.page(
        "staff/too_late.html",
        409,
        case=case,
        about=case_view.described(case),
        complaint=complaint,
        errors=[_error("typed", _NOT_NOW)],
        changes=case_view.quicker(case, version) if version else [],
        texts=[
            (render.words()(case_words.FIELDS[name][0]), text)
            for name, text in typed.items()
            if name in case_words.MOST and text.strip()
        ],
    )


def _form(
    case: Mapping[str, Any],
    complaint: Mapping[str, Any],
    action: str,
    typed: Mapping[str, str],
    errors: Errors,
    status: int = 200,
    version: int = 0,
    changes: list[str] | None = None,
) -> flask.Response:
    reply = case_view.reply(case)
    together = action in _SIDE_BY_SIDE and reply is not None
    forms = [case_forms.form(case, action, typed)]
    if together:
        forms = [case_forms.form(case, each, typed) for each in ("approve_reply", "return_reply")]
    return desk.page(
        "staff/decide.html" if together else "staff/act.html",
        status,
        case=case,
        complaint=complaint,
        about=case_view.described(case),
        conversation=case_view.conversation(complaint),
        action=action,
        forms=[each for each in forms if each is not None],
        reply=reply,
        checks=case_view.checks(case, complaint) if together else [],
        errors=errors,
        changes=changes or [],
        # The version that was read, so that whoever was quicker since then is noticed; after a conflict the new one.
        version=version or case["version"],
        templates=_templates(case) if action == "propose_reply" else [],
        looking=_say_looking(case["complaint_id"]),
    )


def _templates(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The reply templates that fit a case. Without them a reply is written by hand."""
    return desk.items(desk.attempt("GET", desk.target("/staff/reply-templates", category=case["category"])))


def _with_template(case: Mapping[str, Any], wanted: str, typed: Mapping[str, str]) -> dict[str, str]:
    found = next((each for each in _templates(case) if str(each["id"]) == wanted), None)
    return case_forms.filled(typed, found) if found else dict(typed)


def _refused(action: str, reply: desk.Reply) -> Errors:
    """What stands against what was typed. A field that is missing is named: the same is said of each of them."""
    found = []
    for each in reply.data.get("errors", []):
        message = each["message"]
        if each["code"] == "required":
            message = f"{case_forms.label(action, each['field'])[0]}: {message}"
        found.append({"field": each["field"], "message": message})
    return found or [{"field": "act", "message": reply.data.get("detail", "")}]


def _error(field: str, text: str) -> dict[str, str]:
    return {"field": field, "message": render.words()(text)}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
