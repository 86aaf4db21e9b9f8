"""A small service of things, and its server on a real socket."""

from datetime import UTC, datetime

import eventlet
import eventlet.event
import marshmallow
import pytest

from services.chassis import actor, clock, database, settings, web
from services.chassis.web import Blueprint, Problem, create_app, current_actor, require
from tests.support import raw_http
from tests.support.poll import until
from tests.unit.chassis.requests_as_bytes import LIVE

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class ThingIn(marshmallow.Schema):
    """What a thing is made of."""

    kind = marshmallow.fields.String(required=True, validate=marshmallow.validate.OneOf(["x", "y"]))
    text = marshmallow.fields.String(validate=marshmallow.validate.Length(min=3, max=100))
    count = marshmallow.fields.Integer(strict=True, validate=marshmallow.validate.Range(min=1, max=5))
    parts = marshmallow.fields.List(marshmallow.fields.Dict(keys=marshmallow.fields.String()))


class ThingOut(marshmallow.Schema):
    """A thing."""

    kind = marshmallow.fields.String()
    text = marshmallow.fields.String()
    who = marshmallow.fields.String()


class PageIn(marshmallow.Schema):
    """A page of things."""

    word = marshmallow.fields.String()
    page = marshmallow.fields.Integer(load_default=1)


@pytest.fixture(scope="session")
def database_template(database_template):
    """A database with the schemas of the toys beside the others."""
    from tests.support.toy import make_schemas

    return database_template.filled("toys", make_schemas)


class Doors:
    """Events with which a test holds a running handler and lets it go."""

    def __init__(self) -> None:
        self.entered = 0
        self.open = eventlet.event.Event()


@pytest.fixture
def doors():
    return Doors()


@pytest.fixture
def things(doors):
    """The blueprint of the service "things"."""
    blueprint = Blueprint("things", __name__)

    @blueprint.route("/things", methods=["POST"])
    @require("public")
    @blueprint.arguments(ThingIn)
    @blueprint.response(201, ThingOut)
    def create(thing):
        return {**thing, "who": current_actor().id}

    @blueprint.route("/things", methods=["GET"])
    @require("public")
    @blueprint.arguments(PageIn, location="query")
    @blueprint.response(200, ThingOut(many=True))
    def find(page):
        return [{"kind": "x", "text": page.get("word", "")}]

    @blueprint.route("/secrets", methods=["GET"])
    @require("keeper")
    def secrets():
        return {"secret": True}

    @blueprint.route("/refused", methods=["GET"])
    @require("public")
    def refused():
        raise Problem(409, "taken", {"ar": "مأخوذ.", "en": "Taken."}, headers={"X-Extra": "1"})

    @blueprint.route("/broken", methods=["GET"])
    @require("public")
    def broken():
        raise ValueError("a secret: 0791234567")

    @blueprint.route("/away", methods=["GET"])
    @require("public")
    def away():
        raise database.DatabaseUnavailable("08006")

    @blueprint.route("/slow", methods=["GET"])
    @require("public")
    def slow():
        doors.entered += 1
        doors.open.wait()
        return {"done": True}

    return blueprint


@pytest.fixture
def app(things, environment):
    return create_app("things", things, title="Things", description="A service of things.", database=False)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def bearer(environment):
    """The header with which the gateway sends somebody with these roles."""

    def header(*roles: str) -> dict[str, str]:
        who = actor.Actor("somebody", frozenset(roles or ("public",)))
        return {"Authorization": "Bearer " + actor.sign(who, "things", clock.now())}

    return header


@pytest.fixture
def serve(app, environment):
    """Starts the server with the given HTTP_… settings; all are stopped at the end."""
    servers = []

    def start(**limits: object) -> web.Server:
        environment({"THINGS_PORT": "0", **{name: str(value) for name, value in limits.items()}})
        server = web.Server(app, "things", settings.load(web.Settings, service="things"))
        server.listen()
        server.thread = eventlet.spawn(server.accept_forever)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()
        server.thread.wait()


@pytest.fixture
def server(serve):
    """A server with short deadlines; whatever a test sent, it must still answer afterwards."""
    found = serve(HTTP_REQUEST_SECONDS=1, HTTP_IDLE_SECONDS=2)
    yield found
    assert raw_http.exchange(found.address, LIVE)[0].status == 200
    until(lambda: not found._connections)
