"""The request side of HTTP/1.1, strict: what two programs might read differently is refused (RFC 9112), and
nothing waits for ever.

A request is read completely, head and body, before the app sees it: a slow client holds a connection but
never one of the few
places in which requests are handled. The answer side is eventlet's.
"""

import io
import re
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi
from eventlet.green import socket

from services.chassis import clock, logs, problems
from services.chassis.problems import Problem

MAX_LINE = 8 * 1024
MAX_HEADERS = 100
MAX_HEAD = 32 * 1024
_LINGER_BYTES = 1024 * 1024
_LINGER_SECONDS = 1.0

_REQUEST_LINE = re.compile(rb"\A([A-Z]{1,20}) ([\x21-\x7e]+) HTTP/1\.([01])\r\n\Z")
_HEADER = re.compile(rb"\A([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\r\n\Z")
_LENGTH = re.compile(r"\A[0-9]{1,15}\Z")
_CHUNK = re.compile(rb"\A([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n\Z")
_ABSOLUTE = re.compile(r"\Ahttps?://[^/?#]+", re.IGNORECASE)


class Refused(Exception):
    """The request is answered with `problem` and the connection closed. `reason` is the label of the metric."""

    def __init__(self, status: int, code: str, reason: str):
        super().__init__(code)
        self.problem = Problem(status, code)
        self.reason = reason


class Gone(Exception):
    """The client left in the middle of a request; there is nobody to answer."""


@dataclass
class Head:
    """The parsed head of a request: header names in lower case, each with the values in order.

    `whole` says whether all of it was read; until then it holds what came so far.
    """

    method: str = ""
    target: str = ""
    version: str = ""
    headers: dict[str, list[str]] = field(default_factory=dict)
    whole: bool = False

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a header, repeated ones joined as RFC 9110 says."""
        values = self.headers.get(name.lower())
        return default if values is None else ",".join(values)


def read_head(rfile: Any, head: Head) -> None:
    """Reads a request line and headers into `head`, so that a refusal can use what came before it. Raises
    Refused or Gone.
    """
    line = rfile.readline(MAX_LINE)
    if line == b"\r\n":
        # RFC 9112 §2.2: one empty line before a request is forgiven.
        line = rfile.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        if len(line) >= MAX_LINE:
            raise Refused(414, "uri_too_long", "url")
        raise Gone
    match = _REQUEST_LINE.match(line)
    if match is None:
        raise Refused(400, "bad_request", "malformed")
    method, target, minor = match.groups()
    head.method, head.target, head.version = method.decode(), target.decode(), "HTTP/1." + minor.decode()
    size = len(line)
    for _ in range(MAX_HEADERS + 1):
        line = rfile.readline(MAX_LINE)
        if line == b"\r\n":
            _check(head)
            head.whole = True
            return
        size += len(line)
        if len(line) >= MAX_LINE or size > MAX_HEAD:
            raise Refused(431, "headers_too_large", "header")
        if not line.endswith(b"\n"):
            raise Gone
        match = _HEADER.match(line)
        if match is None:
            raise Refused(400, "bad_request", "malformed")
        name, value = match.groups()
        head.headers.setdefault(name.decode().lower(), []).append(value.decode("latin-1"))
    raise Refused(431, "headers_too_large", "header")


def _check(head: Head) -> None:
    """Refuses what proxies and servers are known to read differently."""
    headers = head.headers
    lengths, codings = headers.get("content-length", []), headers.get("transfer-encoding", [])
    bad = (
        (len(headers.get("host", [])) != 1 and (head.version == "HTTP/1.1" or "host" in headers))
        or len(lengths) > 1
        or (lengths and (codings or not _LENGTH.match(lengths[0])))
        or (codings and (head.version == "HTTP/1.0" or [each.lower() for each in codings] != ["chunked"]))
    )
    if bad:
        raise Refused(400, "bad_request", "malformed")
    head.target = _ABSOLUTE.sub("", head.target) or "/"
    if head.target.startswith("?"):
        head.target = "/" + head.target
    if not head.target.startswith("/"):
        raise Refused(400, "bad_request", "malformed")


def read_body(rfile: Any, head: Head, limit: int, go_on: Callable[[], None]) -> bytes:
    """Reads the body that the head announces, at most `limit` bytes. `go_on` sends 100 Continue. Raises
    Refused or Gone.
    """
    chunked = "transfer-encoding" in head.headers
    length = int(head.headers.get("content-length", ["0"])[0])
    if length > limit:
        raise Refused(413, "content_too_large", "body")
    if (length or chunked) and (head.get("expect") or "").lower() == "100-continue":
        go_on()
    if chunked:
        return b"".join(_chunks(rfile, limit))
    body = rfile.read(length) if length else b""
    if len(body) < length:
        raise Gone
    return body


def _chunks(rfile: Any, limit: int) -> Iterator[bytes]:
    total = 0
    while True:
        match = _CHUNK.match(_line(rfile))
        if match is None:
            raise Refused(400, "bad_request", "malformed")
        size = int(match.group(1), 16)
        if size == 0:
            break
        total += size
        if total > limit:
            raise Refused(413, "content_too_large", "body")
        data = rfile.read(size)
        if len(data) < size:
            raise Gone
        yield data
        if _line(rfile) != b"\r\n":
            raise Refused(400, "bad_request", "malformed")
    for _ in range(MAX_HEADERS):
        # Trailers are read and dropped: nothing here uses them, and merging them into the headers is a known
        # hole.
        if _line(rfile) == b"\r\n":
            return
    raise Refused(431, "headers_too_large", "header")


def _line(rfile: Any) -> bytes:
    line = rfile.readline(512)
    if not line:
        raise Gone
    if not line.endswith(b"\n"):
        raise Refused(400, "bad_request", "malformed")
    return line


class _Buffered:
    """What eventlet's answer side asks of the input: here it has been read already."""

    should_send_hundred_continue = False
    chunked_input = False
    content_length = 0
    position = 0
    headers_sent: list[int] | None = None


class Protocol(wsgi.HttpProtocol):
    """One connection. `server` is a web.Server."""

    def handle_one_request(self) -> None:
        """Reads one request and answers it; sets close_connection when it was the last."""
        self.protocol_version = self.server.max_http_version
        try:
            arrived = self._wait_for_request()
        except OSError:
            arrived = False
        self.conn_state[2] = wsgi.STATE_REQUEST
        if not arrived:
            self.close_connection = 1
            return
        head = Head()
        try:
            with eventlet.Timeout(self.server.limits.request_seconds):
                read_head(self.rfile, head)
                body = read_body(self.rfile, head, self.server.max_body, self._go_on)
        except Refused as refused:
            self._refuse(refused, head)
            return
        except eventlet.Timeout:
            self._refuse(Refused(408, "request_timeout", "slow_body" if head.whole else "slow_header"), head)
            return
        except (Gone, OSError):
            self.close_connection = 1
            self.server.rejected("gone")
            return
        self._answer(head, body)

    def _wait_for_request(self) -> bool:
        self.connection.settimeout(self.server.limits.idle_seconds)
        arrived = bool(self.rfile.peek(1))
        self.connection.settimeout(self.server.socket_timeout)
        return arrived

    def _go_on(self) -> None:
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()

    def _answer(self, head: Head, body: bytes) -> None:
        self.command, self.request_version, self.headers = head.method, head.version, head
        connection = (head.get("connection") or "").lower()
        self.close_connection = 0 if head.version == "HTTP/1.1" or connection == "keep-alive" else 1
        if "close" in connection:
            self.close_connection = 1
        self.environ = self._environ(head, body)
        self.application = self.server.app
        try:
            self.handle_one_response()
        except (OSError, eventlet.Timeout):
            # The client went away, or does not read its answer.
            self.close_connection = 1

    def _environ(self, head: Head, body: bytes) -> dict[str, Any]:
        path, _, query = head.target.partition("?")
        environ = {
            **self.server.base_environ,
            "REQUEST_METHOD": head.method,
            "PATH_INFO": urllib.parse.unquote(path, encoding="latin-1"),
            "QUERY_STRING": query.partition("#")[0],
            "SERVER_PROTOCOL": head.version,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": str(self.client_address[1]),
            "CONTENT_TYPE": head.get("content-type") or "",
            "wsgi.input": io.BytesIO(body),
            "eventlet.input": _Buffered(),
            "eventlet.posthooks": [],
            "bekhedmetkom.connection": self,
            "bekhedmetkom.arrived": time.perf_counter(),
        }
        if body or "content-length" in head.headers or "transfer-encoding" in head.headers:
            environ["CONTENT_LENGTH"] = str(len(body))
        for name, values in head.headers.items():
            # An underscore would let one header pass for another ("X_Real_Ip" for "X-Real-Ip").
            if "_" not in name and name not in ("content-type", "content-length", "transfer-encoding"):
                environ["HTTP_" + name.replace("-", "_").upper()] = ",".join(values)
        return environ

    def _refuse(self, refused: Refused, head: Head) -> None:
        self.close_connection = 1
        self.server.rejected(refused.reason)
        language = problems.language_of(head.get("accept-language"))
        correlation = logs.sane_correlation_id(head.get("x-correlation-id")) or clock.new_id()
        content = problems.document(refused.problem, language, correlation)
        status = refused.problem.status
        answer = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {problems.CONTENT_TYPE}\r\n"
            f"Content-Length: {len(content)}\r\nContent-Language: {language}\r\nVary: Accept-Language\r\n"
            f"X-Content-Type-Options: nosniff\r\nX-Correlation-Id: {correlation}\r\n"
            "Connection: close\r\n\r\n"
        )
        try:
            self.wfile.write(answer.encode() + content)
            self.wfile.flush()
            self._linger()
        except OSError:
            pass

    def _linger(self) -> None:
        """Takes in what is still under way: closing on unread bytes resets the connection and destroys the
        answer.
        """
        self.connection.shutdown(socket.SHUT_WR)
        with eventlet.Timeout(_LINGER_SECONDS, False):
            taken = 0
            while taken < _LINGER_BYTES:
                data = self.connection.recv(65536)
                if not data:
                    return
                taken += len(data)
