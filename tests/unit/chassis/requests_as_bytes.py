"""What the tests of the wire send."""

from tests.support import raw_http

HOST = b"Host: things\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /things HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


def statuses(server, *parts: bytes) -> list[int]:
    """The status of each answer to the parts, sent one after the other."""
    return [answer.status for answer in raw_http.exchange(server.address, *parts)]
