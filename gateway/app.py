"""The app of the gateway: the JSON API and the pages, on the chassis' app with staff tokens in place of actor tokens."""

import flask
from werkzeug.wrappers import Response

from gateway import admission, auth, clients, limits, policy, sessions
from gateway.api import desk, docs, forward, identity, public, staff
from gateway.settings import Settings
from gateway.web import names, offered, pages
from services.chassis import settings
from services.chassis.http import create_app as chassis_app

# Answered from memory, and asked by machines of our own: probes, Prometheus.
UNLIMITED = ("chassis_live", "chassis_ready", "chassis_metrics_page", "chassis_openapi")


def create_app() -> flask.Flask:
    """The WSGI app. Raises SettingError, UnguardedRoute, UnlimitedRoute or NotInPolicy rather than start half open."""
    prepare()
    app = chassis_app(
        "gateway",
        forward.blueprint("public", public.ROUTES),
        forward.blueprint("staff", (*staff.ROUTES, *desk.ROUTES, *identity.ROUTES)),
        *pages.blueprints(),
        title="Bekhedmetkom",
        description="Public complaints of Jordan.",
        authenticate=admission.authenticate,
        database=False,
    )
    # The chassis would show the document of this app alone; ours is composed from the services'.
    app.view_functions["chassis_openapi"] = docs.serve
    _refuse_by_page(app)
    admission.check_views(app, UNLIMITED)
    policy.check(app)
    return app


def prepare() -> None:
    """Checks the settings, and lets go of what the process kept under others, in tests. Raises SettingError."""
    auth.check_key(settings.load(Settings).staff_token_key)
    clients.forget()
    auth.forget()
    sessions.forget()
    names.forget()
    offered.forget()
    limits.current.cache_clear()
    limits.current()


def _refuse_by_page(app: flask.Flask) -> None:
    """An address that is not there is refused by a page where a person asked, and by problem+json elsewhere."""
    by_problem = app.error_handler_spec[None][None][Exception]

    def refuse(error: Exception) -> Response:
        request = flask.request
        machine = request.path.startswith(("/v1/", "/health/", "/metrics", "/openapi.json"))
        if (
            not machine
            and request.accept_mimetypes.accept_html
            and "text/html" in request.headers.get("Accept", "")
        ):
            return pages.refusal(error)
        return by_problem(error)  # type: ignore[return-value]

    app.register_error_handler(Exception, refuse)
