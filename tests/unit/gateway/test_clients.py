"""The client against a peer that behaves as real ones do on bad days: closing, breaking off, stalling, speaking nonsense."""

import socket
import time
from collections.abc import Callable

import eventlet
import pytest

from gateway.clients import Client, ServiceFailed, ServiceTimedOut, _Connection
from tests.support.poll import until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEY = {"Idempotency-Key": "k"}

Script = Callable[[socket.socket], None]


class Peer:
    """Runs one script per connection, in order; `seen` is what each connection was sent."""

    def __init__(self, *scripts: Script):
        self.scripts = list(scripts)
        self.seen: list[bytes] = []
        self.accepted = 0
        self._listener = eventlet.listen(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = eventlet.spawn(self._run)

    def _run(self) -> None:
        while self.scripts:
            connection, _ = self._listener.accept()
            self.accepted += 1
            eventlet.spawn(self._serve, self.scripts.pop(0), connection)
        self._listener.close()

    def _serve(self, script: Script, connection: socket.socket) -> None:
        script(connection)
        connection.close()

    def read(self, connection: socket.socket) -> bool:
        """Reads one request; False at the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return False
            data += more
        self.seen.append(data)
        return True

    def close(self) -> None:
        self._thread.kill()
        self._listener.close()


@pytest.fixture
def peer():
    made = []

    def build(*scripts: Callable[[Peer, socket.socket], None]) -> Peer:
        one = Peer()
        one.scripts = [lambda connection, script=script: script(one, connection) for script in scripts]
        one._thread.kill()
        one._thread = eventlet.spawn(one._run)
        made.append(one)
        return one

    yield build
    for one in made:
        one.close()


def answering(answer: bytes, times: int = 1000) -> Callable[[Peer, socket.socket], None]:
    def script(peer: Peer, connection: socket.socket) -> None:
        for _ in range(times):
            if not peer.read(connection):
                return
            connection.sendall(answer)

    return script


def breaking(peer: Peer, connection: socket.socket) -> None:
    """Reads a request and breaks off without a word."""
    peer.read(connection)


def stalling(peer: Peer, connection: socket.socket) -> None:
    """Reads a request and says nothing until the other side gives up."""
    peer.read(connection)
    connection.recv(1)


def ask(
    peer: Peer, method: str = "GET", headers: dict | None = None, body: bytes = b"", repeatable: bool = False
) -> bytes:
    client = Client("peer", f"http://127.0.0.1:{peer.port}", timeout=2)
    try:
        return client.request(method, "/x", headers or {}, body, repeatable=repeatable).body
    finally:
        client.close()


def test_a_connection_is_kept_and_used_again(peer):
    one = peer(answering(OK))
    client = Client("peer", f"http://127.0.0.1:{one.port}", timeout=2)
    assert [client.request("GET", "/x", {}).body for _ in range(5)] == [b"ok"] * 5
    assert one.accepted == 1


def test_requests_at_once_use_connections_of_their_own(peer):
    one = peer(*[answering(OK)] * 4)
    client = Client("peer", f"http://127.0.0.1:{one.port}", timeout=2, connections=4)
    answers = [eventlet.spawn(client.request, "GET", "/x", {}) for _ in range(40)]
    assert {each.wait().body for each in answers} == {b"ok"}
    assert one.accepted <= 4


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used(peer):
    one = peer(answering(OK, times=1), answering(OK))
    client = Client("peer", f"http://127.0.0.1:{one.port}", timeout=2)
    client.request("GET", "/x", {})
    until(lambda: not client._idle[0].alive())
    # A POST that must not be repeated goes out on a fresh connection at its first attempt.
    assert client.request("POST", "/x", {}, b"{}").body == b"ok"
    assert len(one.seen) == 2


@pytest.mark.parametrize(("method", "repeatable"), [("GET", False), ("POST", True), ("DELETE", True)])
def test_what_may_be_repeated_is_sent_again_after_a_break(peer, method, repeatable):
    one = peer(breaking, answering(OK))
    assert ask(one, method, repeatable=repeatable) == b"ok"
    assert len(one.seen) == 2


def test_a_change_that_is_not_repeatable_is_never_repeated_whatever_its_headers(peer):
    one = peer(breaking, answering(OK))
    with pytest.raises(ServiceFailed) as caught:
        ask(one, "POST", KEY, b"{}")
    assert caught.value.sent
    assert len(one.seen) == 1


def test_new_connections_go_to_the_replicas_in_turn(peer):
    one, other = peer(*[answering(OK)] * 8), peer(*[answering(OK)] * 8)
    client = Client("peer", f"http://127.0.0.1:{one.port}", f"http://127.0.0.1:{other.port}", timeout=2)
    pool = eventlet.GreenPool(8)
    assert all(
        answer.status == 200 for answer in pool.imap(lambda _: client.request("GET", "/x", {}), range(8))
    )
    assert min(one.accepted, other.accepted) >= 1
    assert abs(one.accepted - other.accepted) <= 1


def test_a_replica_that_cannot_be_reached_is_passed_over(peer):
    one = peer(answering(OK), answering(OK))
    client = Client("peer", "http://127.0.0.1:1", f"http://127.0.0.1:{one.port}", timeout=2)
    assert client.request("POST", "/x", {}, b"{}").status == 200
    client.close()
    assert client.request("POST", "/x", {}, b"{}").status == 200


def test_a_second_break_is_a_failure(peer):
    one = peer(breaking, breaking, answering(OK))
    with pytest.raises(ServiceFailed) as caught:
        ask(one, "POST", KEY, b"{}", repeatable=True)
    assert caught.value.sent
    assert len(one.seen) == 2


def test_nobody_there_is_known_not_to_have_received_it():
    with pytest.raises(ServiceFailed) as caught:
        Client("peer", "http://127.0.0.1:1", timeout=2).request("POST", "/x", {}, b"{}")
    assert not caught.value.sent


def test_a_deadline_ends_the_wait_and_is_not_a_reason_to_repeat(peer):
    one = peer(stalling, answering(OK))
    client = Client("peer", f"http://127.0.0.1:{one.port}", timeout=0.2)
    with pytest.raises(ServiceTimedOut) as caught:
        client.request("POST", "/x", KEY, b"{}")
    assert caught.value.sent
    assert len(one.seen) == 1


def test_an_answer_that_trickles_does_not_outlive_the_deadline(peer):
    def trickling(one: Peer, connection: socket.socket) -> None:
        one.read(connection)
        with pytest.raises(OSError):  # noqa: PT011, PT012 - reset or broken pipe, as the system likes.
            while True:
                connection.sendall(b"H")
                eventlet.sleep(0.02)  # a fault

    one = peer(trickling)
    client = Client("peer", f"http://127.0.0.1:{one.port}", timeout=0.3)
    with pytest.raises(ServiceTimedOut):
        client.request("GET", "/x", {})


def test_who_gets_no_connection_in_time_is_told_so(peer):
    one = peer(stalling)
    client = Client("peer", f"http://127.0.0.1:{one.port}", timeout=1, connections=1)

    def hold() -> None:
        with pytest.raises(ServiceTimedOut):
            client.request("GET", "/x", {})

    first = eventlet.spawn(hold)
    until(lambda: one.seen)
    with pytest.raises(ServiceTimedOut) as caught:
        client.request("POST", "/x", {}, b"{}", timeout=0.1)
    assert not caught.value.sent
    first.wait()


def test_a_timed_out_connection_is_not_used_again(peer):
    one = peer(stalling, answering(OK))
    client = Client("peer", f"http://127.0.0.1:{one.port}", timeout=0.2)
    with pytest.raises(ServiceTimedOut):
        client.request("GET", "/x", {})
    assert client.request("GET", "/x", {}).body == b"ok"
    assert one.accepted == 2


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\nT: 1\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", b"ok"),
    ],
)
def test_answers_are_read_to_their_end(peer, answer, body):
    assert ask(peer(answering(answer, times=1))) == body


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nno length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ntoo long",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"X" * 70000,
        b"",
    ],
)
def test_nonsense_is_a_failure_and_not_an_answer(peer, answer):
    def saying(one: Peer, connection: socket.socket) -> None:
        one.read(connection)
        connection.sendall(answer)

    with pytest.raises(ServiceFailed):
        ask(peer(saying, saying))


@pytest.mark.parametrize("value", ["a\r\nAuthorization: Bearer x", "a\nb", "a\rb", "a\0b"])
def test_a_header_cannot_bring_another_with_it(peer, value):
    one = peer(answering(OK))
    with pytest.raises(ValueError, match="line break"):
        ask(one, "GET", {"Accept-Language": value})
    assert one.seen == []


def test_a_large_body_goes_out_whole(peer):
    body = b"x" * 200_000
    received = []

    def reading(one: Peer, connection: socket.socket) -> None:
        data = b""
        while not data.endswith(body):
            data += connection.recv(65536)
        received.append(data)
        connection.sendall(OK)

    assert ask(peer(reading), "POST", KEY, body) == b"ok"
    assert b"Content-Length: 200000\r\n" in received[0]


def test_whether_a_plain_socket_is_alive_is_known_without_waiting():
    """Without eventlet underneath there is no second socket below: the wait of the socket itself must not be used."""
    left, right = eventlet.patcher.original("socket").socketpair()
    left.settimeout(30)
    connection = _Connection.__new__(_Connection)
    connection._socket = left
    started = time.monotonic()
    assert connection.alive()
    right.close()
    assert not connection.alive()
    assert time.monotonic() - started < 20
    left.close()
