"""One service that hangs must not take the gateway with it."""

import json

import eventlet
import pytest

from gateway import auth
from gateway.app import create_app
from gateway.service import Edge, GatewayService
from gateway.web import names
from services.chassis import settings, web
from services.chassis.clock import now
from tests.support import raw_http


@pytest.fixture
def hanging():
    """The address of a service that takes connections and never answers."""
    listener = eventlet.listen(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


@pytest.fixture
def edge(environment, service, hanging):
    """The gateway on its real server; reporting hangs, the others answer."""
    environment(
        {
            "GATEWAY_PORT": "0",
            "INTAKE_URL": service.url,
            "REPORTING_URL": hanging,
            "SERVICE_TIMEOUT_SECONDS": "4",
            "SERVICE_WAIT_SECONDS": "1.5",
            "SERVICE_CONNECTIONS": "16",
            "LIMITS": "off",
        }
    )
    server = web.Server(create_app(), "gateway", Edge.limits(GatewayService.web, "gateway"))
    server.listen()
    thread = eventlet.spawn(server.accept_forever)
    yield server
    server.stop()
    thread.wait()


def request(server: web.Server, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> int:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return raw_http.exchange(server.address, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)[0].status


def test_complaints_are_taken_while_another_service_hangs(edge, service):
    staff = {"Authorization": f"Bearer {auth.issue('c', ['coordinator'], now())}"}
    stuck = [eventlet.spawn(request, edge, "GET", "/v1/dashboard", staff) for _ in range(40)]
    body = json.dumps({"text": "x"}).encode()
    filed = [
        eventlet.spawn(request, edge, "POST", "/v1/complaints", {"Content-Type": "application/json"}, body)
        for _ in range(20)
    ]
    assert {each.wait() for each in filed} == {200}
    assert sum(not each.dead for each in stuck) >= 16, "they waited for those who hang"
    # Who had a connection waited for its deadline; the others were told at once that it is busy.
    statuses = [each.wait() for each in stuck]
    assert set(statuses) == {503, 504}
    assert statuses.count(504) == 16


def test_the_gateway_admits_more_than_a_service(environment):
    environment({"GATEWAY_PORT": "0", "HTTP_ADMITTED": "3"})
    assert Edge.limits(GatewayService.web, "gateway").admitted == 128
    assert settings.load(web.Settings, service="gateway").admitted == 3


def test_pages_do_not_queue_up_behind_a_list_that_hangs(gateway, hanging, service):
    service.body = b'[{"code": "A", "name": {"ar": "a", "en": "a"}}]'
    gateway(INTAKE_URL=service.url)
    assert names.of("governorates")
    rows = names._kept["governorates"][1]
    gateway(INTAKE_URL=hanging, SERVICE_TIMEOUT_SECONDS="2")
    names._kept["governorates"] = (0.0, rows)
    asking = [eventlet.spawn(names.of, "governorates") for _ in range(20)]
    assert [each.wait() for each in asking[1:]] == [rows] * 19
    assert not asking[0].dead, "they waited for the one who asks anew"
    assert asking[0].wait() == rows
