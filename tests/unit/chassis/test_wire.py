"""Hostile and broken clients against a real listening server. After each of them it must still answer."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support import raw_http
from tests.unit.chassis.requests_as_bytes import HOST, LIVE, POST, statuses


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET / HTTP/1.1\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: things\n\r\n",
        b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.10\r\n" + HOST + b"\r\n",
        b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / \r\n" + HOST + b"\r\n",
        b"GET /\r\n\r\n",
        b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /\xd9\x85 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT things:80 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Name : value\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"No colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b": empty name\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A: b\x00c\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A: b\rc\r\n\r\n",
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"POST /things HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Content-Length: 2, 2\r\n\r\n{}",
        POST + b"Content-Length: +2\r\n\r\n{}",
        POST + b"Content-Length: -2\r\n\r\n{}",
        POST + b"Content-Length: 0x2\r\n\r\n{}",
        POST + b"Content-Length: 2_0\r\n\r\n{}",
        POST + b"Content-Length: \xd9\xa2\r\n\r\n{}",
        POST + b"Content-Length: \r\n\r\n{}",
        POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"x" * 600 + b"\r\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 600 + b"\r\n\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(server, request_bytes):
    # A second request behind it must not be answered: that is how a request is smuggled.
    answers = raw_http.exchange(server.address, request_bytes + LIVE)
    assert [answer.status for answer in answers] == [400]
    (answer,) = answers
    assert answer.headers["connection"] == "close"
    assert answer.headers["content-type"] == "application/problem+json"
    found = json.loads(answer.body)
    assert (found["status"], found["code"]) == (400, "bad_request")
    assert found["correlation_id"] == answer.headers["x-correlation-id"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"x" * 100_000, 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"x" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + (b"A: " + b"x" * 4000 + b"\r\n") * 20 + b"\r\n", 431),
        (POST + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000, 413),
        (POST + b"Content-Length: 999999999999999\r\n\r\n", 413),
        (POST + b"Content-Length: 9999999999999999999999\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 65, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 200, 431),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_read(server, request_bytes, status):
    assert statuses(server, request_bytes) == [status]


@pytest.mark.parametrize(
    ("request_bytes", "title"),
    [
        (b"POST /things HTTP/1.1\r\nAccept-Language: en\r\n\r\n", "Bad request"),
        (POST + b"Accept-Language: en\r\nContent-Length: 300000\r\n\r\n", "Content too large"),
        # What was read before the part that is refused counts, too.
        (POST + b"Accept-Language: en\r\nA: " + b"x" * 9000 + b"\r\n\r\n", "Request header fields too large"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nAccept-Language: en\r\n" + HOST + b"\r\n", None),
    ],
    ids=["400", "413", "431", "414"],
)
def test_a_refusal_speaks_the_language_that_is_asked_for_and_says_which(server, request_bytes, title):
    (answer,) = raw_http.exchange(server.address, request_bytes)
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.headers["content-language"] == ("en" if title else "ar")
    assert json.loads(answer.body)["title"] == (title or "العنوان أطول من المسموح")


def test_pipelined_requests_are_answered_in_order(server):
    other = b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n"
    assert statuses(server, LIVE + other + LIVE) == [200, 404, 200]


def test_a_body_is_never_read_as_the_next_request(server):
    inner = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"
    request = b"DELETE /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(inner) + inner
    assert statuses(server, request) == [404]
    chunked = b"DELETE /nowhere HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    assert statuses(server, chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner) + LIVE) == [404, 200]


def test_a_chunked_body_is_read(server, bearer):
    token = bearer()["Authorization"].encode()
    head = POST + b"Authorization: " + token + b"\r\nTransfer-Encoding: Chunked\r\n\r\n"
    chunks = b'6;a="b"\r\n{"kind\r\n7\r\n": "x"}\r\n000\r\nTrailer: x\r\n\r\n'
    assert statuses(server, head + chunks + LIVE) == [201, 200]


def test_expecting_clients_are_told_to_go_on(server):
    with raw_http.connect(server.address) as connection:
        connection.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert raw_http.read_one(connection).status == 401
    head = POST + b"Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n"
    assert statuses(server, head) == [413]


@pytest.mark.parametrize(
    ("request_bytes", "closes"),
    [
        (LIVE, False),
        (LIVE[:-2] + b"Connection: close\r\n\r\n", True),
        (LIVE[:-2] + b"Connection: Close, X\r\n\r\n", True),
        (b"GET /health/live HTTP/1.0\r\n\r\n", True),
        (b"GET /health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False),
        (b"\r\n" + LIVE, False),
        (b"GET http://things/health/live HTTP/1.1\r\n" + HOST + b"\r\n", False),
    ],
)
def test_a_connection_is_kept_as_the_client_wants(server, request_bytes, closes):
    with raw_http.connect(server.address) as connection:
        connection.sendall(request_bytes)
        answer = raw_http.read_one(connection)
        assert answer.status == 200
        assert (answer.headers.get("connection") == "close") == closes
        if not closes:
            connection.sendall(LIVE)
            assert raw_http.read_one(connection).status == 200


def test_a_head_has_no_body(server):
    (first, second) = (
        raw_http.exchange(server.address, b"HEAD /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n", LIVE)[:1] * 2
    )
    assert first is second
    with raw_http.connect(server.address) as connection:
        connection.sendall(b"HEAD /health/live HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        head, _, body = raw_http.read_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""


def test_a_header_with_an_underscore_passes_for_no_other(server):
    request = b"GET /nowhere HTTP/1.1\r\n" + HOST + b"X_Correlation_Id: smuggled-id-1\r\n\r\n"
    (answer,) = raw_http.exchange(server.address, request)
    assert answer.headers["x-correlation-id"] != "smuggled-id-1"


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_are_a_500(server, junk, cut):
    whole = POST + b"Content-Length: 2\r\n\r\n{}"
    for request in (junk, whole[:cut] + junk + whole[cut:]):
        assert all(status < 500 for status in statuses(server, request))
