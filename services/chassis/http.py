"""The Flask app of a service: OpenAPI 3.1 by flask-smorest, actors verified before a body is read, problems,
metrics, health.

What every request passes is kept short on purpose: it is paid for twice per request, in the gateway and in
the service behind it.
"""

import json
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import eventlet
import flask
import flask_smorest
import marshmallow
import prometheus_client
import sqlalchemy
from werkzeug.exceptions import HTTPException

from services.chassis import actor, body, clock, logs, metrics, problems, settings, tracing
from services.chassis.actor import Actor
from services.chassis.problems import Problem, problem_of
from services.chassis.settings import setting
from services.chassis.storable import storable

CORRELATION_HEADER = "X-Correlation-Id"
READY_SECONDS = 2.0
SLOW_SECONDS = 1.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEAD_LIKE_GET = {"HEAD": "GET"}

log = logs.get()

Authenticate = Callable[[flask.Request], Actor]


@dataclass(frozen=True)
class Settings:
    """What the gateway and the services behind it must agree on: what one lets pass the next must take."""

    body_limit_bytes: int = setting(
        "BODY_LIMIT_BYTES",
        "Largest body of a request; the same in every process.",
        default=262_144,
        kind=int,
        least=1024,
    )


class App(flask.Flask):
    """Flask without asynchronous views: flask-smorest would ask of every view in every request whether it is
    one.
    """

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func


class UnguardedRoute(Exception):
    """A route says nothing about who may call it."""


class ProblemSchema(marshmallow.Schema):
    """The shape of every refusal (RFC 9457)."""

    class FieldError(marshmallow.Schema):
        """One field of a refusal."""

        field = marshmallow.fields.String(required=True)
        code = marshmallow.fields.String(required=True)
        message = marshmallow.fields.String(required=True)

    type = marshmallow.fields.String(required=True)
    title = marshmallow.fields.String(required=True)
    status = marshmallow.fields.Integer(required=True)
    code = marshmallow.fields.String(required=True)
    detail = marshmallow.fields.String(required=True)
    errors = marshmallow.fields.List(marshmallow.fields.Nested(FieldError))
    correlation_id = marshmallow.fields.String(allow_none=True)


class Api(flask_smorest.Api):
    """flask-smorest without its own errors: ours are problem+json."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """create_app registers one handler for everything."""

    def _register_responses(self) -> None:
        # The successful responses are registered by the views; these are what @arguments and the default
        # refer to.
        usual = self.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE = problems.CONTENT_TYPE
        try:
            super()._register_responses()
        finally:
            self.DEFAULT_RESPONSE_CONTENT_TYPE = usual


def create_app(
    service: str,
    *blueprints: body.Blueprint,
    title: str,
    description: str,
    authenticate: Authenticate | None = None,
    open_endpoints: Collection[str] = (),
    database: bool = True,
) -> flask.Flask:
    """The WSGI app of `service` with its blueprints and /health/live, /health/ready, /metrics, /openapi.json.

    Raises UnguardedRoute for a view without @require. `authenticate` says who sent a request (default: the
    actor token for this service);
    `open_endpoints` are the few Flask endpoints that anybody may fetch, such as static files. `database` has
    /health/ready ask PostgreSQL.
    """
    app = App(service, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.load(Settings).body_limit_bytes,
        MAX_FORM_PARTS=100,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
        API_TITLE=title,
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
    )
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.compact = True  # type: ignore[attr-defined]

    api = Api(app, spec_kwargs={"info": {"description": description}})
    api.spec.components.security_scheme("actor", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for blueprint in blueprints:
        if isinstance(blueprint, flask_smorest.Blueprint):
            if not isinstance(blueprint, body.Blueprint):
                raise TypeError(f"blueprint {blueprint.name} must be a services.chassis.web.Blueprint")
            api.register_blueprint(blueprint)
        else:
            app.register_blueprint(blueprint)
    own = _own_routes(app, service, api, database)
    roles = _roles(app, own | frozenset(open_endpoints))
    _add_hooks(app, service, roles, authenticate or _by_actor_token(service))
    app.extensions["chassis_settings"] = () if authenticate else (actor.VerifyingSettings,)
    app.wsgi_app = _in_context(app.wsgi_app, service)  # type: ignore[method-assign]
    return app


def _by_actor_token(service: str) -> Authenticate:
    def authenticate(request: flask.Request) -> Actor:
        return actor.from_header(request.headers.get("Authorization"), service, clock.now())

    return authenticate


def _roles(app: flask.Flask, exempt: frozenset[str]) -> dict[tuple[str, str], frozenset[str]]:
    """(endpoint, method) → roles of which one is needed, for every route that is not exempt."""
    roles: dict[tuple[str, str], frozenset[str]] = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in exempt:
            continue
        view = app.view_functions[rule.endpoint]
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            of_class = getattr(getattr(view, "view_class", None), method.lower(), None)
            needed = actor.required_roles(of_class) or actor.required_roles(view)
            if needed is None:
                raise UnguardedRoute(f"{method} {rule.rule} ({rule.endpoint}) has no @require")
            roles[rule.endpoint, method] = needed
    return roles


def _add_hooks(
    app: flask.Flask,
    service: str,
    roles: dict[tuple[str, str], frozenset[str]],
    authenticate: Authenticate,
) -> None:
    seconds: dict[str, Any] = {}
    totals: dict[tuple[str, str, int], Any] = {}

    @app.before_request
    def guard() -> None:
        # The object behind the proxy: each look through a proxy costs, and there are many.
        request = flask.request._get_current_object()
        flask.g.started = request.environ.get("bekhedmetkom.arrived") or time.perf_counter()
        if request.routing_exception is not None:
            return
        if not storable(request.path):
            raise Problem(400, "forbidden_character")
        method = _HEAD_LIKE_GET.get(request.method, request.method)
        needed = roles.get((request.endpoint or "", method))
        if needed is not None:
            flask.g.actor = who = authenticate(request)
            actor.check(who, needed)

    @app.after_request
    def finish(response: flask.Response) -> flask.Response:
        request = flask.request._get_current_object()
        rule = request.url_rule.rule if request.url_rule is not None else "unmatched"
        method = request.method if request.method in _METHODS else "OTHER"
        elapsed = time.perf_counter() - flask.g.get("started", time.perf_counter())
        if rule not in seconds:
            seconds[rule] = metrics.http_request_seconds.labels(service, rule)
        seconds[rule].observe(elapsed)
        key = (method, rule, response.status_code)
        if key not in totals:
            totals[key] = metrics.http_requests_total.labels(service, method, rule, str(response.status_code))
        totals[key].inc()
        tracing.describe(f"{method} {rule}", response.status_code)
        headers = response.headers
        headers.add("X-Content-Type-Options", "nosniff")
        headers.add(CORRELATION_HEADER, logs.correlation_id() or "")
        if response.mimetype.endswith("json") and "Cache-Control" not in headers:
            headers.add("Cache-Control", "no-store")
        notable = response.status_code >= 500 or elapsed > SLOW_SECONDS
        if notable or logs.verbose():
            line = log.warning if notable else log.debug
            line("http_request", method=method, route=rule, status=response.status_code, seconds=elapsed)
        return response

    def refuse(error: Exception) -> flask.Response:
        if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
            return error.get_response()  # type: ignore[return-value]
        problem = problem_of(error)
        content = problems.document(problem, problems.language(), logs.correlation_id())
        response = flask.Response(content, problem.status, content_type=problems.CONTENT_TYPE)
        response.headers["Content-Language"] = problems.language()
        response.headers["Vary"] = "Accept-Language"
        response.headers.update(problem.headers)
        return response

    app.register_error_handler(Exception, refuse)


def _in_context(wsgi_app: Callable[..., Iterable[bytes]], service: str) -> Callable[..., Iterable[bytes]]:
    """Runs each request with its correlation id and trace; an incoming id is taken over if it is harmless."""

    def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        given = logs.sane_correlation_id(environ.get("HTTP_X_CORRELATION_ID"))
        traceparent = environ.get("HTTP_TRACEPARENT")
        name = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in _METHODS else "OTHER"
        with (
            logs.context(given or clock.new_id(), service),
            tracing.continue_from(traceparent, f"HTTP {name}", service, server=True),
        ):
            return wsgi_app(environ, start_response)

    return run


def _own_routes(app: flask.Flask, service: str, api: Api, database: bool) -> frozenset[str]:
    documents: dict[str, bytes] = {}

    def live() -> flask.Response:
        return flask.jsonify(status="live", service=service)

    def ready() -> flask.Response:
        if database:
            _ask_database(service)
        return flask.jsonify(status="ready", service=service)

    def metrics_page() -> flask.Response:
        content = prometheus_client.generate_latest()
        return flask.Response(content, content_type=prometheus_client.CONTENT_TYPE_LATEST)

    def openapi() -> flask.Response:
        if not documents:
            documents["openapi"] = json.dumps(api.spec.to_dict(), ensure_ascii=False, indent=2).encode()
        return flask.Response(documents["openapi"], content_type="application/json")

    routes = {
        "/health/live": live,
        "/health/ready": ready,
        "/metrics": metrics_page,
        "/openapi.json": openapi,
    }
    for path, view in routes.items():
        app.add_url_rule(path, f"chassis_{view.__name__}", view, methods=["GET"])
    return frozenset(f"chassis_{view.__name__}" for view in routes.values())


def _ask_database(service: str) -> None:
    from services.chassis import database

    away = Problem(503, "database_unavailable", headers={"Retry-After": "5"})
    with eventlet.Timeout(READY_SECONDS, away), database.transaction(service) as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))
