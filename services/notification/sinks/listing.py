"""The HTTP side of a sink: GET /messages, /summary, /health; PUT /faults changes how it misbehaves."""

import dataclasses
import json
import socket
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from services.notification.sinks.received import Received
from services.notification.sinks.server import Server

_LONGEST_LINE = 8192
_MOST_BODY = 64 * 1024


class Sink(Protocol):
    """What is listed."""

    received: Received
    faults: Any


class Listing(Server):
    """Answers one request per connection, which is enough for tests, health checks and a page that refreshes."""

    def __init__(self, sink: Sink, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host, port)
        self._sink = sink

    def serve(self, connection: socket.socket) -> None:
        """One request."""
        connection.settimeout(10)
        stream = connection.makefile("rb")
        method, target, _ = stream.readline(_LONGEST_LINE).decode("latin-1").split(" ", 2)
        length = 0
        while (line := stream.readline(_LONGEST_LINE).strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = stream.read(min(length, _MOST_BODY)) if length else b""
        status, answer = self._answer(method, target, body)
        content = json.dumps(answer, ensure_ascii=False).encode()
        connection.sendall(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
            + content
        )

    def _answer(self, method: str, target: str, body: bytes) -> tuple[str, Any]:
        address = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        match method, address.path:
            case "GET", "/messages":
                try:
                    after, limit = int(query.get("after", 0)), int(query.get("limit", 1000))
                except ValueError:
                    return "400 Bad Request", {"error": "after and limit are numbers"}
                return "200 OK", self._sink.received.list(after=after, limit=limit, to=query.get("to"))
            case "GET", "/summary":
                return "200 OK", self._sink.received.summary()
            case "GET", "/faults":
                return "200 OK", dataclasses.asdict(self._sink.faults)
            case "PUT", "/faults":
                return self._change(body)
            case "GET", "/health":
                return "200 OK", {"status": "up"}
            case _:
                return "404 Not Found", {"error": "not found"}

    def _change(self, body: bytes) -> tuple[str, Any]:
        """Replaces all faults; what is not named goes back to normal."""
        usual = type(self._sink.faults)()
        try:
            wanted = dataclasses.replace(usual, **json.loads(body or b"{}"))
        except (ValueError, TypeError):
            return "400 Bad Request", {"error": "unknown fault"}
        for name, value in dataclasses.asdict(wanted).items():
            kind = type(getattr(usual, name))
            if type(value) is not kind and not (kind is float and type(value) is int):
                return "400 Bad Request", {"error": f"{name} is of another type"}
        self._sink.faults = wanted
        return "200 OK", dataclasses.asdict(wanted)
