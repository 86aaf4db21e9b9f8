"""A service refuses by itself whom the table of policy keeps out: a token that the gateway signed in error opens nothing there."""

import re

import flask
import pytest

from gateway import policy
from gateway.api import docs
from services.chassis import actor
from services.cli.registry import service_class
from tests.architecture.source import assert_none
from tests.architecture.test_services import rest_of_settings  # noqa: F401 - a fixture.

SERVICES = sorted({route.service for route in docs.ROUTES})
#: The service lets these roles ask and judges the person inside: by rank in the directory, or by whose it is.
JUDGED_INSIDE = {
    "GET /staff/team",
    "POST /staff/reply-templates",
    "PUT /staff/reply-templates/{}",
    "POST /staff/reply-templates/{}/withdraw",
}


@pytest.fixture(params=SERVICES)
def app(request, environment, rest_of_settings) -> flask.Flask:  # noqa: F811 - the fixture.
    environment(rest_of_settings)
    return service_class(request.param).web.create()


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}|<[^>]*>", "{}", path)


def wider_or_narrower(app: flask.Flask, rows=policy.POLICY) -> list[str]:
    """Where a service lets in whom the table does not, or the other way round."""
    asks = {
        f"{method} {shape(path)}": needed
        for method, path, needed in policy.routes(app)
        if policy.PUBLIC not in needed
    }
    found = []
    for route in docs.ROUTES:
        needed = asks.get(f"{route.method} {shape(route.target)}")
        if route.service != app.name or needed is None:
            continue
        row = rows[route.method, route.path]
        for role in policy.STAFF_ROLES:
            may, named = (
                not needed.isdisjoint(policy.expanded({role})),
                f"{route.method} {shape(route.target)}",
            )
            if may != (row.cells[role] != policy.NO) and not (may and named in JUDGED_INSIDE):
                found.append(f"{named}: {role}")
    return found


def test_services_ask_for_the_roles_of_the_table(app):
    assert_none(wider_or_narrower(app))


def test_everything_else_of_a_service_is_the_gateway_s_own(app):
    routed = {f"{route.method} {shape(route.target)}" for route in docs.ROUTES if route.service == app.name}
    own = {
        f"{method} {path}"
        for method, path, needed in policy.routes(app)
        if f"{method} {shape(path)}" not in routed and needed != {"gateway"}
    }
    # Answered from memory (tests/architecture/test_services.py says why).
    assert own == {"GET /health/live", "GET /health/ready", "GET /metrics", "GET /openapi.json"}


def test_the_guard_sees_a_service_that_asks_for_less():
    made = flask.Flask("routing", static_folder=None)
    made.add_url_rule(
        "/staff/unowned", view_func=actor.require("coordinator", "officer")(lambda: ""), methods=["GET"]
    )
    assert wider_or_narrower(made) == ["GET /staff/unowned: officer", "GET /staff/unowned: main_officer"]
