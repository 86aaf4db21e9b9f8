"""A client that sends bytes, not requests: what a hostile or broken one would send."""

import socket
import struct
from dataclasses import dataclass

ADDRESS = tuple[str, int]


@dataclass
class Answer:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


def connect(address: ADDRESS, seconds: float = 5.0) -> socket.socket:
    """A connection whose every wait ends after `seconds`."""
    return socket.create_connection(address, timeout=seconds)


def exchange(address: ADDRESS, *parts: bytes, seconds: float = 5.0) -> list[Answer]:
    """Sends the parts, closes the sending side and returns all answers until the server closes."""
    with connect(address, seconds) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        return answers(read_all(connection))


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server closes, or resets."""
    received = b""
    while True:
        try:
            data = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not data:
            return received
        received += data


def read_one(connection: socket.socket) -> Answer:
    """One answer with a Content-Length, from a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    status, headers = _head(head)
    while len(body) < int(headers["content-length"]):
        body += _more(connection)
    return Answer(status, headers, body)


def reset(connection: socket.socket) -> None:
    """Closes with RST, as a client that was killed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answers(received: bytes) -> list[Answer]:
    """Splits what was received into answers by their Content-Length."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status, headers = _head(head)
        if status == 100:
            received = rest
            continue
        length = int(headers.get("content-length", "0"))
        found.append(Answer(status, headers, rest[:length]))
        received = rest[length:]
    return found


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    assert data, "the server closed before the answer was complete"
    return data


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}
