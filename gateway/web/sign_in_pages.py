"""Signing in and out: name and password, then a code of the phone; by a staff token; by the link that the embedded mode prints.

What is typed goes to routing, which judges it. The answer to a name that is not there is the answer to a wrong password.
"""

from datetime import timedelta
from typing import Any

import flask
from werkzeug.wrappers import Response

from gateway import admission, auth, policy, sessions
from gateway.admission import limited
from gateway.web import offered, render
from gateway.web import sign_in_forms as forms
from gateway.web.render import N_
from services.chassis import logs
from services.chassis.actor import current_actor, require
from services.chassis.clock import now
from services.chassis.problems import Problem

SESSION = timedelta(hours=12)
#: So few recovery codes are left that it is time for new ones.
FEW_CODES = 3
#: Where people start from, the first that is open to them.
_STARTS = ("/staff/desk", "/staff/coordinator", "/staff/dashboard")
_NOT_RIGHT = N_("The account or the password is not right.")
_WRONG_CODE = N_("The code is not right, or it was used before. Wait for the next one.")
_EXPIRED = N_("That took too long. Start again with your password.")

log = logs.get()


@limited("reading")
@require("public")
def form() -> flask.Response:
    """Asks for name and password, or for a staff token; and offers the providers of ministries."""
    given = flask.request.args
    fault = offered.FAULTS.get(given.get("fault", ""))
    return forms.asked([], tried=given.get("from") if fault else None, fault=fault)


@limited("reading")
@require("public")
def sign_in() -> flask.Response:
    """Takes name and password, and asks for a code; or takes a staff token, which is kept in a cookie of its own."""
    given = flask.request.form
    if "token" in given:
        return _by_token("".join(given["token"].split()))
    subject, password = given.get("subject", "").strip(), given.get("password", "")
    errors = []
    if not subject:
        errors.append(forms.error("subject", N_("Write the name of your account.")))
    if not password:
        errors.append(forms.error("password", N_("Write your password.")))
    if errors:
        return forms.asked(errors, subject)
    answer = sessions.say(
        "/accounts/sign-in",
        **sessions.where(flask.request, admission.address()),
        spent=admission.spent("sign_in"),
        subject=subject,
        password=password,
    )
    if answer is None or answer["outcome"] == "refused":
        admission.note("sign_in")
        return forms.asked([forms.error("password", _NOT_RIGHT)], subject)
    if answer["outcome"] == "wait":
        page = forms.asked([forms.wait_error("password", answer["seconds"])], subject)
        return forms.waiting(page, answer["seconds"])
    return forms.code_page(answer["ticket"], answer.get("enrolment"), [], answer.get("anew", False))


@limited("reading")
@require("public")
def code() -> Response:
    """Takes the code, and signs in. The first time it makes the phone known, and shows the recovery codes."""
    ticket, typed = flask.request.form.get("ticket", ""), flask.request.form.get("code", "").strip()
    anew = "anew" in flask.request.form
    answer = sessions.say(
        "/accounts/sign-in/code",
        **sessions.where(flask.request, admission.address()),
        ticket=ticket,
        # Nothing typed is a wrong code too: routing knows whether to show the secret of a new phone again.
        code=typed or "-",
    )
    if answer is None or answer["outcome"] == "expired":
        return forms.asked([forms.error("password", _EXPIRED)])
    if answer["outcome"] == "wait":
        page = forms.code_page(ticket, None, [forms.wait_error("code", answer["seconds"])], anew)
        return forms.waiting(page, answer["seconds"])
    if answer["outcome"] == "refused":
        admission.note("sign_in")
        return forms.code_page(
            ticket, answer.get("enrolment"), [forms.error("code", _WRONG_CODE)], answer.get("anew", False)
        )
    if answer["outcome"] == "enrol":
        return forms.code_page(answer["ticket"], answer["enrolment"], [])
    return let_in(answer)


def let_in(answer: dict[str, Any], *, by_page: bool = False) -> Response:
    """Leads on who is signed in as routing says; `by_page` by a page that goes on by itself."""
    session = sessions.opened(answer["session"], answer["account"])
    goes_on = admission.PASSWORD_PAGE if session.must_change else landing(session.actor.roles)
    left = answer.get("recovery_codes_left")
    if left is not None and left <= FEW_CODES and not session.must_change:
        # Where it is said, and new ones are made.
        goes_on = "/staff/sessions"
    _end_before(flask.request.cookies.get(sessions.cookie()))
    if answer.get("recovery_codes"):
        typed = forms.typed_by(session.actor.id)
        response: Response = forms.recovery_page(answer["recovery_codes"], goes_on, first=True, typed=typed)
    elif by_page:
        response = render.page("staff/entered.html", goes_on=goes_on)
    else:
        response = forms.onward(goes_on, session.actor.id)
    sessions.drop_token(response)
    sessions.keep(response, session.id, answer["mark"])
    return response


@limited("sign_in")
@require("public")
def enter() -> Response:
    """Signs in with a code that the embedded mode printed. Good once."""
    found = auth.entry_codes.redeem(flask.request.args.get("code", ""))
    if found is None:
        text = N_(
            "This link was used before, or it is too old. Start the programme again for a new one, or sign in with a token."
        )
        return forms.asked([forms.error("token", text)])
    # A page and not a redirect: a browser that came from elsewhere would not send the strict cookie along one.
    response = render.page("staff/entered.html", goes_on=landing(policy.expanded(found.roles)))
    token = auth.issue(found.subject, found.roles, now(), lifetime=SESSION, institution=found.institution)
    return _in_by_token(response, token)


@limited("reading")
@require("public")
def sign_out() -> Response:
    """Ends the session, and forgets the cookies."""
    ended = _end_before(flask.request.cookies.get(sessions.cookie()))
    provider = ended.get("provider") if ended else None
    target = f"{render.url('/staff/signed-out')}?from={provider}" if provider else render.url("/")
    response = flask.redirect(target, 303)
    sessions.drop(response)
    sessions.drop_token(response)
    return response


def drop_what_was_shown(response: Response) -> None:
    """Takes from the browser what it showed and what opened nothing.

    Only that: who follows a link from another site is signed in, and the browser sends no strict cookie along; taking it would sign out
    whoever opens a link in a mail.
    """
    if sessions.cookie() in flask.request.cookies:
        sessions.drop(response)
    if auth.COOKIE in flask.request.cookies:
        sessions.drop_token(response)


def _end_before(session_id: str | None) -> dict[str, Any] | None:
    """Ends the session that the browser had until now, and says what routing said."""
    if not session_id:
        return None
    sessions.forget(session_id)
    try:
        return sessions.say("/accounts/session/end", session=session_id[: sessions.LONGEST_ID])
    except Problem:
        # Nobody has the id any more; unused, it ends by itself.
        log.warning("session_not_ended")
        return None


def landing(roles: Any) -> str:
    """The page to start from: the first of these that is open to somebody."""
    for path in _STARTS:
        if ("GET", path) in policy.POLICY and policy.allows("GET", path, roles):
            return path
    return "/staff/sessions"


def signed_in_as() -> str:
    """Who is signed in, in words for themselves."""
    session = flask.g.get("session")
    return session.subject if session is not None else current_actor().id


def _by_token(token: str) -> Response:
    try:
        who = auth.verify(token, now())
    except auth.TokenRefused:
        admission.count("sign_in")
        text = N_("This token is not valid, or it has expired. Ask for a new one.")
        return forms.asked([forms.error("token", text)])
    return _in_by_token(forms.onward(landing(who.roles), who.id), token)


def _in_by_token(response: Response, token: str) -> Response:
    """Leads on who is signed in by a token, in place of what the browser had before."""
    _end_before(flask.request.cookies.get(sessions.cookie()))
    sessions.drop(response)
    sessions.keep_token(response, token, SESSION)
    return response
