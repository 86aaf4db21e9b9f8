"""Slow, broken and vanishing clients against a real listening server. After each of them it must still answer."""

import threading

import pytest
from prometheus_client import REGISTRY

from tests.support import raw_http
from tests.support.poll import until
from tests.unit.chassis.requests_as_bytes import HOST, LIVE, POST, statuses


def rejected(reason: str) -> float:
    labels = {"service": "things", "reason": reason}
    return REGISTRY.get_sample_value("bekhedmetkom_http_rejected_total", labels) or 0


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost",
        POST + b"Content-Length: 100\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
)
def test_half_a_request_is_not_answered(server, request_bytes):
    assert statuses(server, request_bytes) == []


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\n", "slow_header"),
        (b"GET / HTTP/1.1\r\n" + HOST, "slow_header"),
        (POST + b"Content-Length: 100\r\n\r\n", "slow_body"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", "slow_body"),
    ],
)
def test_a_slow_client_is_cut_off_however_steadily_it_drips(server, sent, reason):
    before = rejected(reason)
    with raw_http.connect(server.address) as connection:
        connection.sendall(sent)
        # A byte every twentieth of a second: each wait of the server is short, the whole is not.
        received = drip(connection)
    (answer,) = raw_http.answers(received)
    assert answer.status == 408
    assert rejected(reason) == before + 1


def drip(connection) -> bytes:
    """Sends one byte again and again until the server says something; returns all that it says."""
    connection.settimeout(0.05)
    received = b""

    def answered() -> bool:
        nonlocal received
        try:
            connection.sendall(b"1")
            received += connection.recv(65536)
        except TimeoutError:
            pass
        return bool(received)

    until(answered)
    connection.settimeout(30)
    return received + raw_http.read_all(connection)


def test_slow_clients_take_no_place_from_others(serve):
    server = serve(HTTP_ADMITTED=1, HTTP_REQUEST_SECONDS=5)
    slow = [raw_http.connect(server.address) for _ in range(20)]
    for connection in slow:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\n{")
    until(lambda: len(server._connections) == 20)
    assert statuses(server, b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n") == [404]
    for connection in slow:
        connection.close()


def test_an_idle_connection_is_ended(server):
    with raw_http.connect(server.address) as connection:
        connection.sendall(LIVE)
        assert raw_http.read_one(connection).status == 200
        assert raw_http.read_all(connection) == b""


def test_a_reset_at_any_moment_harms_nobody(server, bearer):
    body = b'{"kind": "x"}'
    token = bearer()["Authorization"].encode()
    whole = POST + b"Authorization: %s\r\nContent-Length: %d\r\n\r\n%s" % (token, len(body), body)
    for length in range(0, len(whole) + 1, 13):
        connection = raw_http.connect(server.address)
        connection.sendall(whole[:length])
        raw_http.reset(connection)
    assert statuses(server, whole) == [201]


def test_a_reset_while_the_answer_is_made_harms_nobody(server, bearer, doors):
    token = bearer()["Authorization"].encode()
    connection = raw_http.connect(server.address)
    connection.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"Authorization: " + token + b"\r\n\r\n")
    until(lambda: doors.entered == 1)
    raw_http.reset(connection)
    doors.open.send(True)


def test_many_hostile_clients_at_once(server):
    junk = [b"\x00" * 500, b"GET / HTTP/1.1\r\n" + HOST, POST + b"Content-Length: 9\r\n\r\n", LIVE * 3]
    threads = [
        threading.Thread(target=raw_http.exchange, args=(server.address, junk[number % len(junk)]))
        for number in range(60)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
