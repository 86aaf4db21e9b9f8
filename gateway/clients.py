"""The way to the services: one small HTTP/1.1 client per service, with kept connections, a deadline and safe retries.

New connections go to the replicas of a service in turn, and past one that cannot be reached to the next.

Written on sockets because it is on the path of every request. Measured for one POST with the headers that the gateway
sends: urllib3 375 µs of processor time, http.client 255 µs, this 110 µs. What it leaves out (redirects, proxies, TLS,
cookies, several headers of one name) services behind a gateway do not need. Under eventlet every wait yields; without
it the same code blocks its thread.
"""

import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway import metrics
from gateway.settings import Settings
from services.chassis import settings

MAX_HEAD = 32_768
MAX_ANSWER = 16 * 1024 * 1024
_BUFFER = 65_536


class ServiceFailed(Exception):
    """The service did not answer. `sent` says whether it may have received the request and acted on it."""

    def __init__(self, service: str, reason: str, sent: bool):
        super().__init__(f"{service}: {reason}")
        self.service, self.reason, self.sent = service, reason, sent


class ServiceTimedOut(ServiceFailed):
    """The deadline passed, before (`sent` false) or after the service received the request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered. Names of headers are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Broken(Exception):
    """The connection ended or spoke nonsense."""


class Client:
    """Asks one service. Safe to share between greenthreads and threads.

    At most `connections` requests are under way; more wait for their turn, `wait` seconds at most.
    """

    def __init__(
        self, service: str, *urls: str, connections: int = 24, timeout: float = 10.0, wait: float = 2.0
    ):
        parts = [urlsplit(url) for url in urls]
        self.service = service
        self.timeout = timeout
        self.wait = wait
        self._addresses = deque((each.hostname or "", each.port or 80) for each in parts)
        self._host = f"{parts[0].hostname}:{parts[0].port or 80}"
        self._turns = threading.BoundedSemaphore(connections)
        # The most recently used first, so that connections which a peak opened fall idle and the service closes them.
        self._idle: deque[_Connection] = deque()

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        timeout: float = 0.0,
        repeatable: bool = False,
    ) -> Answer:
        """One answer of the service, whatever its status. Raises ServiceFailed or ServiceTimedOut.

        A request for which no connection could be made is tried once more. One that the service may have read is sent once more only if
        repeating it does no harm: GET, HEAD, or what the caller calls `repeatable`. A deadline that passed is never a reason to repeat.
        """
        seconds = timeout or self.timeout
        deadline = time.monotonic() + seconds
        if not self._turns.acquire(timeout=min(self.wait, seconds)):
            raise ServiceTimedOut(self.service, "no connection became free", sent=False)
        try:
            repeatable = repeatable or method in ("GET", "HEAD")
            head = self._head(method, target, headers, body)
            try:
                return self._once(head, body, deadline, fresh=False)
            except ServiceTimedOut:
                raise
            except ServiceFailed as failure:
                if failure.sent and not repeatable:
                    raise
                metrics.service_retries_total.labels(self.service).inc()
            return self._once(head, body, deadline, fresh=True)
        finally:
            self._turns.release()

    def close(self) -> None:
        """Closes the connections that nobody uses now."""
        while self._idle:
            self._idle.popleft().close()

    def _head(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {len(body)}")
        text = "\r\n".join(lines)
        # A line break in a value would let its author write headers of their own, such as another actor's token.
        if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\0" in text:
            raise ValueError("a header or the target holds a line break")
        return text.encode("latin-1") + b"\r\n\r\n"

    def _once(self, head: bytes, body: bytes, deadline: float, *, fresh: bool) -> Answer:
        connection = None if fresh else self._kept()
        if connection is None:
            connection = self._connect(deadline)
        try:
            answer = connection.exchange(head, body, deadline)
        except TimeoutError:
            connection.close()
            raise ServiceTimedOut(self.service, "the answer took too long", sent=True) from None
        except _Broken as broken:
            connection.close()
            raise ServiceFailed(self.service, str(broken), sent=True) from None
        except BaseException:
            # A greenthread that is killed here must not hand a connection on that still owes an answer.
            connection.close()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _connect(self, deadline: float) -> "_Connection":
        failure: ServiceFailed | None = None
        for left in range(len(self._addresses), 0, -1):
            address = self._addresses[0]
            self._addresses.rotate(-1)
            # A replica that does not answer at all must leave time for the others.
            patience = max(deadline - time.monotonic(), 0.0) / left
            try:
                return _Connection(address, patience)
            except TimeoutError:
                failure = ServiceTimedOut(self.service, "connecting took too long", sent=False)
            except OSError as error:
                failure = ServiceFailed(self.service, f"cannot connect ({type(error).__name__})", sent=False)
        assert failure is not None
        raise failure from None

    def _kept(self) -> "_Connection | None":
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.alive():
                return connection
            connection.close()


class _Connection:
    """One connection, one request at a time."""

    def __init__(self, address: tuple[str, int], patience: float):
        self.reusable = True
        self._socket = socket.create_connection(address, max(patience, 0.001))
        # Without it the body of a request that needs two segments waits for the acknowledgement of the first.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def alive(self) -> bool:
        """False when the other side has closed it, or sent what nobody asked for."""
        # Asked of the real socket below eventlet's, without waiting: an open and quiet connection has nothing to read.
        raw = getattr(self._socket, "fd", self._socket)
        try:
            raw.settimeout(0)
            raw.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        self.reusable = False
        self._socket.close()

    def exchange(self, head: bytes, body: bytes, deadline: float) -> Answer:
        """Sends one request and reads its answer. Raises _Broken, TimeoutError."""
        try:
            self._wait_until(deadline)
            self._socket.sendall(head + body)
        except TimeoutError:
            raise
        except OSError:
            # The service may have answered and closed without reading it all, such as a refusal of a large body: look before giving up.
            self.reusable = False
        return self._answer(deadline, head.startswith(b"HEAD "))

    def _answer(self, deadline: float, bodiless: bool) -> Answer:
        buffer = b""
        while True:
            while (end := buffer.find(b"\r\n\r\n")) < 0:
                if len(buffer) > MAX_HEAD:
                    raise _Broken("the head of the answer is too long")
                buffer += self._some(deadline)
            status, headers = _parse_head(buffer[:end])
            buffer = buffer[end + 4 :]
            if status >= 200:
                break
        if headers.get("connection", "").lower() == "close":
            self.reusable = False
        if bodiless or status in (204, 304):
            return Answer(status, headers, b"")
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return Answer(status, headers, self._chunked(buffer, deadline))
        return Answer(status, headers, self._plain(headers, buffer, deadline))

    def _plain(self, headers: dict[str, str], buffer: bytes, deadline: float) -> bytes:
        length_text = headers.get("content-length")
        if length_text is None or not length_text.isdecimal():
            # Without a length only the end of the connection would say whether the answer is whole.
            raise _Broken("the answer has no length")
        length = int(length_text)
        if length > MAX_ANSWER:
            raise _Broken("the answer is too large")
        parts, have = [buffer], len(buffer)
        while have < length:
            parts.append(self._some(deadline))
            have += len(parts[-1])
        if have > length:
            raise _Broken("the answer is longer than it says")
        return b"".join(parts)

    def _chunked(self, buffer: bytes, deadline: float) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            buffer, line = self._line(buffer, deadline)
            try:
                size = int(line.split(b";", 1)[0], 16)
            except ValueError:
                raise _Broken("a chunk has no size") from None
            total += size
            if size < 0 or total > MAX_ANSWER:
                raise _Broken("the answer is too large")
            if size == 0:
                while line:
                    buffer, line = self._line(buffer, deadline)
                return b"".join(parts)
            while len(buffer) < size + 2:
                buffer += self._some(deadline)
            parts.append(buffer[:size])
            buffer = buffer[size + 2 :]

    def _line(self, buffer: bytes, deadline: float) -> tuple[bytes, bytes]:
        while (end := buffer.find(b"\r\n")) < 0:
            if len(buffer) > MAX_HEAD:
                raise _Broken("a line of the answer is too long")
            buffer += self._some(deadline)
        return buffer[end + 2 :], buffer[:end]

    def _some(self, deadline: float) -> bytes:
        try:
            self._wait_until(deadline)
            data = self._socket.recv(_BUFFER)
        except TimeoutError:
            raise
        except OSError as error:
            raise _Broken(f"the connection broke ({type(error).__name__})") from None
        if not data:
            raise _Broken("the connection ended")
        return data

    def _wait_until(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
        raise _Broken("the answer is not HTTP")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise _Broken("a header of the answer is malformed")
        headers[name.strip().lower()] = value.strip()
    return int(rest[:3]), headers


_clients: dict[str, Client] = {}


def of(service: str) -> Client:
    """The client of a service at its addresses in the settings, one per process."""
    client = _clients.get(service)
    if client is None:
        chosen = settings.load(Settings)
        client = Client(
            service,
            *getattr(chosen, f"{service}_url"),
            connections=chosen.service_connections,
            timeout=chosen.service_timeout_seconds,
            wait=chosen.service_wait_seconds,
        )
        client = _clients.setdefault(service, client)
    return client


def forget() -> None:
    """Closes all clients; the next ask reads the settings again. For the end of a process and for tests."""
    while _clients:
        _clients.popitem()[1].close()
