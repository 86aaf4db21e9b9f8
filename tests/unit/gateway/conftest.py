"""A gateway app, and services for it to ask: intake's own app, and one that writes down what it is asked."""

import html
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import eventlet
import eventlet.wsgi
import pytest

from gateway.settings import Settings
from services.chassis import settings
from tests.support.apps import app_of
from tests.unit.gateway.at_ministry import ministry, mwi, process, settings_of  # noqa: F401 - fixtures.
from tests.unit.gateway.said import NUMBER, Intake
from tests.unit.gateway.signing_in import rania, staff  # noqa: F401 - fixtures.

BODIES = [
    {"code": "MWI", "name": {"ar": "وزارة المياه والري", "en": "Ministry of Water and Irrigation"}},
    {"code": "PSD", "name": {"ar": "مديرية الأمن العام", "en": "Public Security Directorate"}},
]
UNITS = [{"code": "MWI-METERS", "name": {"ar": "قسم العدادات", "en": "Meters Department"}}]
WAY_OUT = "postgresql+psycopg2://nobody@127.0.0.1:1/nothing"


@dataclass
class Asked:
    """One request as a service saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """A server in the place of a service: keeps what it was asked, answers as `answer` says."""

    asked: list[Asked] = field(default_factory=list)
    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b"{}"
    url: str = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        }
        target = environ["RAW_PATH_INFO"] if "RAW_PATH_INFO" in environ else environ["PATH_INFO"]
        if environ.get("QUERY_STRING"):
            target += "?" + environ["QUERY_STRING"]
        body = environ["wsgi.input"].read()
        self.asked.append(Asked(environ["REQUEST_METHOD"], target, headers, body))
        given = [("Content-Type", "application/json"), ("Content-Length", str(len(self.body))), *self.headers]
        start_response(self.status, given)
        return [self.body]


@pytest.fixture(scope="session")
def database_template(database_template):
    """The database of an installation that begins now."""
    from services.chassis.clock import now
    from tests.support.filled import fill_routing

    return database_template.filled("now", lambda databases: fill_routing(databases, now()))


@pytest.fixture
def serve():
    """Serves a WSGI app on a free port and returns its address."""
    running = []

    def start(app: Callable[..., Iterable[bytes]]) -> str:
        listener = eventlet.listen(("127.0.0.1", 0))
        running.append(eventlet.spawn(eventlet.wsgi.server, listener, app, log_output=False))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for each in running:
        each.kill()


@pytest.fixture
def service(serve):
    """A service that keeps what it is asked."""
    kept = Service()
    kept.url = serve(kept)
    return kept


@pytest.fixture
def gateway(environment):
    """Builds the gateway's app with changed settings and returns a client of it."""
    from gateway.app import create_app, prepare

    def build(**changes: str):
        # Unless a test is about that, a service that a busy machine slows down is waited for.
        patient = {"SERVICE_TIMEOUT_SECONDS": "60", **changes}
        environment({name: str(value) for name, value in patient.items()})
        prepare()
        return app_of(create_app).test_client()

    return build


@pytest.fixture
def recording(gateway, service):
    """A client of a gateway behind which every service is `service`."""
    urls = {f"{name}_URL": service.url for name in ("INTAKE", "ROUTING", "NOTIFICATION", "REPORTING")}
    return gateway(**urls)


@pytest.fixture
def pages(gateway, environment, serve):
    """A client of a gateway in front of intake's own app, which has no database."""
    environment({"DATABASE_URL_INTAKE": WAY_OUT})
    from services.intake.api import create_intake_app

    return gateway(INTAKE_URL=serve(app_of(create_intake_app)), ROUTING_URL="http://127.0.0.1:1")


@pytest.fixture
def behind(pages, gateway, serve):
    """A client in front of intake's own app, and of a routing that knows two bodies, one of them with a unit."""

    def routing(environ, start_response):
        answers = {
            "/institutions": BODIES,
            "/institutions/MWI/units": {"items": UNITS, "next": None},
            "/institutions/PSD/units": {"items": [], "next": None},
        }
        raw = json.dumps(answers[environ["PATH_INFO"]]).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(raw)))])
        return [raw]

    return gateway(INTAKE_URL=settings.load(Settings).intake_url[0], ROUTING_URL=serve(routing))


@pytest.fixture
def intake():
    """An intake that says of one complaint what a test wants it to say."""
    return Intake()


@pytest.fixture
def client(gateway, serve, intake):
    """A client of a gateway in front of it."""
    return gateway(INTAKE_URL=serve(intake), ROUTING_URL="http://127.0.0.1:1")


@pytest.fixture
def look(client, intake):
    """The page of a complaint as a reader gets it: the number by POST, then the page that follows."""

    def open_page(found, prefix="", **more):
        intake.found = found
        sent = client.post(prefix + "/track", data={"number": NUMBER, **more})
        assert (sent.status_code, sent.location) == (303, prefix + "/track/standing")
        answer = client.get(sent.location)
        assert answer.status_code == 200
        return html.unescape(answer.get_data(as_text=True))

    return open_page


def problem(answer) -> dict[str, Any]:
    """The problem of an answer."""
    assert answer.content_type == "application/problem+json"
    return json.loads(answer.data)
