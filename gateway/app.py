"""The app of the gateway: the JSON API and the pages, on the chassis' app with staff tokens in place of actor tokens."""

import flask

from gateway import admission, auth, limits
from gateway.api import forward, public, staff
from gateway.settings import Settings
from services.chassis import settings
from services.chassis.http import create_app as chassis_app

# Answered from memory, and asked by machines of our own: probes, Prometheus.
UNLIMITED = ("chassis_live", "chassis_ready", "chassis_metrics_page", "chassis_openapi")


def create_app() -> flask.Flask:
    """The WSGI app. Raises SettingError, UnguardedRoute or UnlimitedRoute rather than start half open."""
    chosen = settings.load(Settings)
    auth.check_key(chosen.staff_token_key)
    limits.current()
    app = chassis_app(
        "gateway",
        forward.blueprint("public", public.ROUTES),
        forward.blueprint("staff", staff.ROUTES),
        title="Bekhedmetkom",
        description="Public complaints of Jordan.",
        authenticate=admission.authenticate,
        database=False,
        max_body_bytes=chosen.body_limit_bytes,
    )
    admission.check_views(app, UNLIMITED)
    return app
