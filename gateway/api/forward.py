"""Carries a request to the service that owns the data, and its answer back: one hop, the bytes as they are.

Of the body the gateway looks at size, content type and the outermost bracket; the owning service reads the rest. Of the headers it passes
on those that are named here, so that nothing a client sends can pose as what the gateway says.
"""

from collections.abc import Callable
from urllib.parse import quote

import flask

from gateway import admission, clients, problems
from gateway.api.routes import Route
from gateway.asking import IDEMPOTENCY_KEY, WITH_BODY, ask
from services.chassis.actor import current_actor, require
from services.chassis.problems import Problem

# What of an answer reaches the client; what belongs to one connection or to the chassis of either side does not.
_PASSED_BACK = (
    "content-type",
    "content-language",
    "content-disposition",
    "cache-control",
    "etag",
    "last-modified",
    "link",
    "retry-after",
    "vary",
    "allow",
    IDEMPOTENCY_KEY.lower(),
)


def blueprint(name: str, routes: tuple[Route, ...]) -> flask.Blueprint:
    """The routes as a Flask blueprint."""
    made = flask.Blueprint(name, __name__)
    for route in routes:
        view = admission.limited(route.limit)(require(*route.roles)(_view(route)))
        made.add_url_rule(route.rule, route.name, view, methods=[route.method])
    return made


def _view(route: Route) -> Callable[..., flask.Response]:
    def view(**parameters: str) -> flask.Response:
        request = flask.request
        target = route.target.format_map({name: quote(value, safe="") for name, value in parameters.items()})
        if request.query_string:
            if not route.query:
                raise problems.unexpected_query()
            target += "?" + quote(request.query_string, safe="=&%+-._~:,")
        body = _body(request) if route.method in WITH_BODY else b""
        if route.misses:
            admission.refuse_if_spent("misses")
        answer = ask(
            current_actor(),
            route.service,
            route.method,
            target,
            body,
            language=_header("Accept-Language"),
            key=_header(IDEMPOTENCY_KEY),
            repeatable=route.repeatable,
        )
        if route.misses and answer.status == 404:
            admission.count("misses")
        return _response(answer)

    return view


def _header(name: str) -> str | None:
    """A header of the request that goes on. One with control characters would end in the next service's headers."""
    value = flask.request.headers.get(name)
    if value is not None and not value.isprintable():
        raise Problem(400, "bad_request")
    return value or None


def _body(request: flask.Request) -> bytes:
    if request.mimetype != "application/json" or request.mimetype_params.get(
        "charset", "utf-8"
    ).lower() not in (
        "utf-8",
        "utf8",
    ):
        raise Problem(415, "unsupported_media_type")
    if request.content_encoding:
        raise Problem(415, "unsupported_media_type")
    raw = problems.read(request)
    shape = raw.strip(b" \t\r\n")
    if not (shape.startswith(b"{") and shape.endswith(b"}")):
        raise Problem(400, "malformed_json")
    return raw


def _response(answer: clients.Answer) -> flask.Response:
    headers = [(name, answer.headers[name]) for name in _PASSED_BACK if name in answer.headers]
    location = answer.headers.get("location")
    if location:
        headers.append(("location", location if location.startswith("/v1/") else "/v1" + location))
    return flask.Response(answer.body, answer.status, headers)
