"""Signing in with a ministry's own provider of identity: there, back, and out.

There and back are links and redirects, never forms: our policy for pages lets no form lead to another site. Whoever comes back shows the
ticket that their own browser kept, in a cookie of ten minutes. It is Lax: a browser that comes from another site sends no stricter one.
"""

from typing import Any
from urllib.parse import urlencode

import flask
from werkzeug.wrappers import Response

from gateway import admission, identity, provider, sessions
from gateway.admission import limited
from gateway.outgoing import NotReached
from gateway.provider import NotProved, Provider
from gateway.settings import Settings
from gateway.web import render, sign_in_forms, sign_in_pages
from services.chassis import settings
from services.chassis.actor import require
from services.chassis.problems import Problem

_TICKET_SECONDS = 600
_LONGEST = 2000
_LONGEST_CODE = 4000

_REASONS = {"no_second_factor": "factor"}


@limited("reading")
@require("public")
def leave(code: str) -> Response:
    """Sends somebody to a provider."""
    if flask.request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        # Nobody is signed in by a link on another site.
        return flask.redirect(render.url("/staff/sign-in"), 303)
    answer = sessions.say("/accounts/providers/begin", provider=code, language=render.language())
    flow = answer["flow"] if answer else None
    if flow is None:
        raise Problem(404, "not_found")
    who = provider.of(flow["provider"])
    try:
        address = identity.authorization_url(who, flow, _back(who))
    except NotReached:
        return _failed(code, "away")
    response = flask.redirect(address, 303)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    _keep(response, flow["ticket"], _TICKET_SECONDS)
    return response


@limited("reading")
@require("public")
def back(code: str) -> Response:
    """Takes who comes back from a provider: in, on to our code, or to the page of signing in with what is wrong."""
    given = flask.request.args
    ticket = flask.request.cookies.get(_cookie(), "")
    flow = None
    if 0 < len(ticket) <= _LONGEST:
        answer = sessions.say(
            "/accounts/providers/back", provider=code, ticket=ticket, state=given.get("state", "")[:255]
        )
        flow = answer["flow"] if answer else None
    if flow is None:
        admission.note("sign_in")
        return _failed(code, "again")
    flask.g.language = flow["language"]
    who = provider.of(flow["provider"])
    try:
        response = _proved(who, flow, given.get("code", "")[:_LONGEST_CODE], given.get("iss"))
    except NotReached:
        response = _failed(code, "away")
    except NotProved:
        admission.note("sign_in")
        response = _failed(code, "again")
    # Good once: whatever came of it, the next time begins anew.
    _keep(response, "", 0)
    return response


def _proved(who: Provider, flow: dict[str, Any], answered: str, issuer: str | None) -> Response:
    identity.check_issuer(who, issuer)
    if not answered:
        return _failed(who.code, "declined")
    vouched = identity.prove(who, answered, flow, _back(who))
    answer = sessions.say(
        "/accounts/providers/enter",
        **sessions.where(flask.request, admission.address()),
        ticket=flow["ticket"],
        vouched=vouched,
    )
    if answer is None or answer["outcome"] == "expired":
        return _failed(who.code, "again")
    if answer["outcome"] == "refused":
        return _failed(who.code, _REASONS.get(answer["reason"], "account"))
    if answer["outcome"] == "code":
        return sign_in_forms.code_page(
            answer["ticket"], answer.get("enrolment"), [], answer.get("anew", False)
        )
    # A page and not a redirect: a browser that came from elsewhere would not send the strict cookie along one.
    return sign_in_pages.let_in(answer, by_page=True)


@limited("reading")
@require("public")
def log_out(code: str) -> Response:
    """Ends what a provider opened, as its server asks (back-channel logout)."""
    answer = sessions.say("/accounts/providers/one", provider=code)
    row = answer["provider"] if answer else None
    ended = None
    if row is not None:
        try:
            asked = identity.log_out(provider.of(row), flask.request.form.get("logout_token", ""))
            said = sessions.say("/accounts/providers/log-out", provider=code, **asked)
            ended = said["ended"] if said else None
        except NotReached:
            raise Problem(503, "busy", headers={"Retry-After": "5"}) from None
        except NotProved:
            admission.note("sign_in")
    if ended is None:
        response = flask.jsonify(error="invalid_request")
        response.status_code = 400
    else:
        sessions.forget()
        response = flask.Response(status=200)
    response.headers["Cache-Control"] = "no-store"
    return response


@limited("reading")
@require("public")
def signed_out() -> Response:
    """Says that one is signed out here, and leads to the provider's page for signing out there."""
    answer = sessions.say("/accounts/providers/one", provider=flask.request.args.get("from", "")[:40] or "-")
    row = answer["provider"] if answer else None
    if row is None:
        return flask.redirect(render.url("/"), 303)
    page = None
    try:
        page = identity.end_session_url(provider.of(row), _public() + render.url("/"))
    except NotReached:
        # One is signed out here all the same.
        page = None
    return render.page("staff/signed_out.html", provider=row, page=page)


def _failed(code: str, fault: str) -> Response:
    """Back to the page of signing in: nothing of what the provider sent stays in the address."""
    target = render.url("/staff/sign-in") + "?" + urlencode({"from": code, "fault": fault})
    response = flask.redirect(target, 303)
    response.headers["Cache-Control"] = "no-store"
    return response


def _back(who: Provider) -> str:
    """Where this provider sends people back to; another provider's answers have no business there."""
    return f"{_public()}/staff/sign-in/with/{who.code}/back"


def _public() -> str:
    return (settings.load(Settings).public_url or flask.request.host_url).rstrip("/")


def _cookie() -> str:
    return "__Host-leaving" if sessions.secure() else "staff_leaving"


def _keep(response: Response, ticket: str, seconds: int) -> None:
    response.set_cookie(
        _cookie(), ticket, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=sessions.secure()
    )
