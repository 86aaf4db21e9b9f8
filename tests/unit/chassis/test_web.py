"""The server as a whole: who is admitted, and how it stops."""

import eventlet
import pytest
import requests
from nameko.containers import ServiceContainer
from prometheus_client import REGISTRY

from services.chassis.settings import SettingError
from services.chassis.web import Web
from tests.support import raw_http
from tests.support.poll import until


def get(server, path: str, headers: dict[str, str]) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.address[1]}{path}", headers=headers, timeout=10)


def in_progress() -> float:
    return REGISTRY.get_sample_value("bekhedmetkom_http_in_progress", {"service": "things"})


def test_a_few_run_at_once_and_the_rest_wait(serve, bearer, doors):
    server = serve(HTTP_ADMITTED=2, HTTP_ADMISSION_SECONDS=5)
    calls = [eventlet.spawn(get, server, "/slow", bearer()) for _ in range(5)]
    until(lambda: len(server._connections) == 5)
    until(lambda: doors.entered == 2)
    assert in_progress() == 2
    doors.open.send(True)
    assert [call.wait().status_code for call in calls] == [200] * 5
    assert doors.entered == 5
    until(lambda: in_progress() == 0)


def test_waiting_for_a_turn_is_part_of_the_time_that_is_measured(serve, bearer, doors):
    def seconds() -> float:
        labels = {"service": "things", "route": "/things"}
        return REGISTRY.get_sample_value("bekhedmetkom_http_request_seconds_sum", labels) or 0

    server = serve(HTTP_ADMITTED=1, HTTP_ADMISSION_SECONDS=5)
    before = seconds()
    first = eventlet.spawn(get, server, "/slow", bearer())
    until(lambda: doors.entered == 1)
    second = eventlet.spawn(get, server, "/things", bearer())
    until(lambda: len(server._connections) == 2)
    eventlet.spawn_after(0.2, doors.open.send, True)
    assert (first.wait().status_code, second.wait().status_code) == (200, 200)
    assert seconds() - before > 0.15


def test_who_waits_too_long_is_told_to_come_back(serve, bearer, doors):
    server = serve(HTTP_ADMITTED=1, HTTP_ADMISSION_SECONDS=0.1)
    first = eventlet.spawn(get, server, "/slow", bearer())
    until(lambda: doors.entered == 1)
    answer = get(server, "/things", {**bearer(), "Accept-Language": "en", "X-Correlation-Id": "abc-12345"})
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert (answer.headers["Content-Language"], answer.headers["Vary"]) == ("en", "Accept-Language")
    assert answer.json()["correlation_id"] == answer.headers["X-Correlation-Id"] == "abc-12345"
    assert int(answer.headers["Retry-After"]) > 0
    # Whoever watches the service must get through just then.
    assert get(server, "/health/live", {}).status_code == 200
    assert get(server, "/metrics", {}).status_code == 200
    doors.open.send(True)
    assert first.wait().status_code == 200
    assert get(server, "/things", bearer()).status_code == 200


def test_a_handler_that_hangs_gives_its_place_back(serve, bearer, doors):
    server = serve(HTTP_ADMITTED=1, HTTP_HANDLER_SECONDS=0.2)
    answer = get(server, "/slow", bearer())
    assert (answer.status_code, answer.json()["code"]) == (503, "too_slow")
    assert (answer.headers["Content-Language"], answer.headers["Vary"]) == ("ar", "Accept-Language")
    assert get(server, "/things", bearer()).status_code == 200


def test_connections_above_the_limit_push_out_idle_ones(serve):
    server = serve(HTTP_CONNECTIONS=3)
    idle = [raw_http.connect(server.address) for _ in range(3)]
    until(lambda: len(server._connections) == 3)
    assert get(server, "/health/live", {}).status_code == 200
    assert raw_http.read_all(idle[0]) == b""
    idle[1].sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
    assert raw_http.read_one(idle[1]).status == 200


def test_connections_above_the_limit_are_closed_when_all_work(serve, bearer, doors):
    server = serve(HTTP_CONNECTIONS=2)
    calls = [eventlet.spawn(get, server, "/slow", bearer()) for _ in range(2)]
    until(lambda: doors.entered == 2)
    with raw_http.connect(server.address) as connection:
        assert raw_http.read_all(connection) == b""
    doors.open.send(True)
    assert [call.wait().status_code for call in calls] == [200, 200]


def test_stopping_lets_running_requests_finish(serve, bearer, doors):
    server = serve(HTTP_DRAIN_SECONDS=5)
    idle = raw_http.connect(server.address)
    call = eventlet.spawn(get, server, "/slow", bearer())
    until(lambda: doors.entered == 1)
    stopping = eventlet.spawn(server.stop)
    assert raw_http.read_all(idle) == b""
    with pytest.raises(OSError):  # noqa: PT011 - refused, or reset: what matters is that nobody listens.
        raw_http.connect(server.address)
    assert not stopping.dead
    doors.open.send(True)
    answer = call.wait()
    assert (answer.status_code, answer.headers["Connection"]) == (200, "close")
    stopping.wait()


def test_stopping_does_not_wait_for_ever(serve, bearer, doors):
    server = serve(HTTP_DRAIN_SECONDS=0.2)
    call = eventlet.spawn(get, server, "/slow", bearer())
    until(lambda: doors.entered == 1)
    server.stop()
    with pytest.raises(requests.ConnectionError):
        call.wait()
    doors.open.send(True)


def test_serves_inside_a_container(app, environment):
    environment({"THINGS_PORT": "0"})

    class Things:
        name = "things"
        web = Web(lambda: app)

    container = ServiceContainer(Things)
    container.start()
    (extension,) = container.dependencies
    address = extension.server.address
    assert get(extension.server, "/health/live", {}).status_code == 200
    container.stop()
    with pytest.raises(ConnectionRefusedError):
        raw_http.connect(address)


@pytest.mark.parametrize("name", ["THINGS_PORT", "ACTOR_VERIFY_KEY"])
def test_a_missing_setting_stops_the_start(app, environment, name):
    environment({"THINGS_PORT": "0"})
    environment({name: None})

    class Things:
        name = "things"
        web = Web(lambda: app)

    with pytest.raises(SettingError, match=name):
        ServiceContainer(Things).start()


def test_a_port_that_is_taken_stops_the_start(app, environment, serve):
    taken = serve()
    environment({"THINGS_PORT": str(taken.address[1])})

    class Things:
        name = "things"
        web = Web(lambda: app)

    with pytest.raises(OSError, match="in use"):
        ServiceContainer(Things).start()
