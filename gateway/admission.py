"""The first thing that happens to a request: may it be asked so often, and who asks?

Runs before the body is read. Every view says by `limited` what counts it; `check_views` refuses to start with one that does not.
"""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import flask

from gateway import auth, limits, metrics, problems, sessions
from gateway.settings import Settings
from services.chassis import clock, settings
from services.chassis.actor import Actor, required_roles

_MARK = "_limit"
_BY_PERSON = "staff"
#: The one page that is open to who must change the password first.
PASSWORD_PAGE = "/staff/password"  # noqa: S105 - an address.

F = TypeVar("F", bound=Callable[..., Any])


class UnlimitedRoute(Exception):
    """A route says nothing about how often it may be called."""


def limited(kind: str) -> Callable[[F], F]:
    """Marks a view with the kind of limit (limits.KINDS) that counts its requests."""
    if kind not in limits.KINDS:
        raise ValueError(f"{kind} is no kind of limit")

    def decorate(view: F) -> F:
        setattr(view, _MARK, kind)
        return view

    return decorate


def check_views(app: flask.Flask, exempt: Collection[str] = ()) -> None:
    """Raises UnlimitedRoute for a view that nothing limits. `exempt` are endpoints whose answers come from memory."""
    for endpoint, view in app.view_functions.items():
        if endpoint not in exempt and not hasattr(view, _MARK):
            raise UnlimitedRoute(endpoint)


def authenticate(request: flask.Request) -> Actor:
    """Who asks, once it is clear that they may ask now. Raises Problem 401 or 429."""
    view = flask.current_app.view_functions[request.endpoint or ""]
    kind = getattr(view, _MARK)
    if kind != _BY_PERSON:
        count(kind)
    if "public" in (required_roles(view) or ()):
        return auth.PUBLIC
    return _staff(request, kind)


def _staff(request: flask.Request, kind: str) -> Actor:
    who = None if request.path.startswith("/v1/") else _of_session(request)
    if who is None:
        who = _of_token(request)
    if kind == _BY_PERSON:
        _refuse(kind, limits.current().take(kind, who.id))
    return who


def _of_session(request: flask.Request) -> Actor | None:
    """Who signed in. Not refused for what went wrong at the address: that may have been somebody else in the same office."""
    session = sessions.of_request(request)
    if session is None:
        return None
    if session.must_change and request.path.removeprefix("/en") != PASSWORD_PAGE:
        raise problems.password_change_needed()
    flask.g.session = session
    return session.actor


def _of_token(request: flask.Request) -> Actor:
    """Who shows a token. A good one is not refused for the bad ones of others behind the same address: keys are too long to be guessed
    at whatever rate, and who has none yet is sent to the page of signing in.
    """
    try:
        if request.path.startswith("/v1/"):
            who = auth.from_header(request.headers.get("Authorization"), clock.now())
        else:
            token = request.cookies.get(auth.COOKIE)
            who = auth.verify(token, clock.now()) if token else None
    except auth.TokenRefused:
        # Counted per address, and said when it is too often: whoever tries has a programme to mend, or none of our tokens.
        count("sign_in")
        raise problems.token_refused() from None
    if who is None:
        raise problems.token_missing()
    return who


def count(kind: str) -> None:
    """Counts this request against its address. Raises Problem 429 when that was one too many."""
    _refuse(kind, limits.current().take(kind, address()))


def refuse_if_spent(kind: str) -> None:
    """Raises Problem 429 when this address has used up what it has of `kind`. Counts nothing."""
    _refuse(kind, limits.current().spent(kind, address()))


def spent(kind: str) -> bool:
    """Whether this address has used up what it has of `kind`. Counts nothing."""
    return bool(limits.current().spent(kind, address()))


def note(kind: str) -> None:
    """Counts this request against its address, and refuses nothing."""
    limits.current().take(kind, address())


def address() -> str:
    """The address that this request is counted for."""
    if "address" not in flask.g:
        request = flask.request
        flask.g.address = limits.client_address(
            request.remote_addr,
            request.headers.get("X-Forwarded-For"),
            settings.load(Settings).trusted_proxies,
        )
    return flask.g.address


def _refuse(kind: str, seconds: int) -> None:
    if seconds:
        metrics.refused_total.labels(kind).inc()
        raise problems.too_many(seconds)
