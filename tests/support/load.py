"""A load generator that costs little: one process, one loop, raw keep-alive sockets, requests made up beforehand.

    python -m tests.support.load http://127.0.0.1:8000 --connections 20 --seconds 10

Closed loop: every connection sends its next request when it has the answer to the last. With `--rate` open loop: requests fall due at
fixed times, and the time of one that had to wait for a free connection counts from when it fell due, so that a stall is seen in full.
"""

import argparse
import itertools
import json
import math
import random
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DATA = Path(__file__).resolve().parents[2] / "services" / "intake" / "data"
KINDS = ("complaint",) * 7 + ("question", "suggestion", "praise", "report")
SENTENCE = "انقطعت الخدمة عن الحي منذ ثلاثة أيام ولم يصل أحد رغم الاتصال أكثر من مرة. "
TIMEOUT = 30.0


@dataclass
class Result:
    """What came of a run. Times in seconds; `latencies` are of answers below 400, in the order in which they came."""

    started: float = 0.0
    seconds: float = 0.0
    statuses: Counter = field(default_factory=Counter)
    errors: int = 0
    latencies: list[float] = field(default_factory=list)
    per_second: Counter = field(default_factory=Counter)
    unsent: int = 0

    @property
    def good(self) -> int:
        """Answers below 400."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return self.good / self.seconds if self.seconds else 0.0

    def summary(self) -> dict:
        """JSON-safe; percentiles in milliseconds instead of every latency."""
        found = {
            name: value for name, value in asdict(self).items() if name not in ("latencies", "per_second")
        }
        found["statuses"] = {str(status): number for status, number in sorted(self.statuses.items())}
        found["per_second"] = [self.per_second.get(n, 0) for n in range(math.ceil(self.seconds))]
        ms = {f"p{q}_ms": round(percentile(self.latencies, q) * 1000, 2) for q in (50, 90, 99)}
        return {**found, **ms, "good": self.good, "rate": round(self.rate, 1)}


def percentile(values: list[float], q: float) -> float:
    """The q-th percentile by nearest rank; NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(q / 100 * len(ordered)) - 1))]


def complaints(seed: int) -> Iterator[dict]:
    """Submissions as clients make them: all categories and governorates, named and anonymous, without end, the same for a seed."""
    chance = random.Random(seed)
    categories = [each["code"] for each in json.loads((DATA / "categories.json").read_text())]
    governorates = [each["code"] for each in json.loads((DATA / "governorates.json").read_text())]
    for number in itertools.count(1):
        submission = {
            "kind": chance.choice(KINDS),
            "category": chance.choice(categories),
            "governorate": chance.choice(governorates),
            "text": SENTENCE * chance.randint(1, 6) + f"({seed}/{number})",
            "language": chance.choice(("ar", "ar", "ar", "en")),
            "channel": chance.choice(("web", "mobile", "call_centre")),
        }
        if chance.random() < 0.8:
            submission["complainant"] = {
                "name": f"مواطن {number}",
                "phone": f"+96279{chance.randrange(10**7):07d}",
                **({"email": f"person{seed}.{number}@example.com"} if chance.random() < 0.6 else {}),
            }
        yield submission


def post(url: str, body: dict, headers: dict[str, str] | None = None) -> bytes:
    """A whole request with a JSON body."""
    return _request(
        "POST", url, {"Content-Type": "application/json", **(headers or {})}, json.dumps(body).encode()
    )


def get(url: str, headers: dict[str, str] | None = None) -> bytes:
    """A whole request without a body."""
    return _request("GET", url, headers or {}, b"")


def _request(method: str, url: str, headers: dict[str, str], body: bytes) -> bytes:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Client:
    """`connections` keep-alive connections to `url` over which `requests` are sent in turn."""

    def __init__(self, url: str, connections: int, requests: Iterator[bytes]):
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.requests = requests
        self.result = Result()
        self._selector = selectors.DefaultSelector()
        self._wanted = connections
        self._free: deque[_Connection] = deque()

    def run(
        self, *, seconds: float = math.inf, count: int | None = None, rate: float | None = None
    ) -> Result:
        """Sends for `seconds` or `count` requests, whichever ends first, and waits for what is under way."""
        result, clock = self.result, time.perf_counter
        for _ in range(self._wanted):
            self._free.append(_Connection(self.address))
            self._selector.register(self._free[-1].socket, selectors.EVENT_READ, self._free[-1])
        result.started, start = time.time(), clock()
        self._start, self._busy = start, 0
        sent = 0
        while True:
            now = clock()
            open_ = now - start < seconds and (count is None or sent < count)
            while open_ and self._free and (rate is None or start + sent / rate <= now):
                due = start + sent / rate if rate else clock()
                sent += 1
                self._send(self._free.popleft(), next(self.requests), due)
                open_ = count is None or sent < count
            if not open_ and not self._busy:
                break
            wait = TIMEOUT
            if open_ and rate and self._free:
                wait = max(0.0, start + sent / rate - clock())
            for key, _ in self._selector.select(min(wait, 0.5)):
                self._receive(key.data)
            self._give_up(clock())
        result.seconds = clock() - start
        # What fell due while no connection was free: the offered load that the server never saw.
        result.unsent = (
            max(0, int(min(seconds, result.seconds) * rate) - sent) if rate and count is None else 0
        )
        self._close()
        return result

    def _send(self, connection: "_Connection", request: bytes, due: float) -> None:
        connection.due = due
        self._busy += 1
        try:
            connection.socket.sendall(request)
        except OSError:
            self._broken(connection)

    def _receive(self, connection: "_Connection") -> None:
        try:
            status = connection.receive()
        except BlockingIOError:
            return
        except (OSError, ValueError):
            self._broken(connection)
            return
        if status is None:
            return
        now = time.perf_counter()
        result = self.result
        result.statuses[status] += 1
        if status < 400:
            result.latencies.append(now - connection.due)
            result.per_second[int(now - self._start)] += 1
        self._idle(connection)

    def _idle(self, connection: "_Connection") -> None:
        self._busy -= 1
        connection.due = None
        self._free.append(connection)

    def _broken(self, connection: "_Connection") -> None:
        """The connection ended. While a request was under way that is an error; either way there is a new one."""
        self._selector.unregister(connection.socket)
        connection.socket.close()
        under_way = connection.due is not None
        connection.__init__(self.address)  # type: ignore[misc]
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        if under_way:
            self.result.errors += 1
            self._idle(connection)

    def _give_up(self, now: float) -> None:
        for key in list(self._selector.get_map().values()):
            if key.data.due is not None and now - key.data.due > TIMEOUT:
                self._broken(key.data)

    def _close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.data.socket.close()
        self._selector.close()


class _Connection:
    def __init__(self, address: tuple[str, int]):
        self.socket = socket.create_connection(address, timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due: float | None = None
        self._received = b""

    def receive(self) -> int | None:
        """The status once the whole answer is there. Raises OSError or ValueError when the connection is of no more use."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionResetError
        self._received += piece
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        lower = head.lower()
        place = lower.index(b"content-length:") + 15
        if len(body) < int(lower[place:].split(b"\r\n", 1)[0]):
            return None
        self._received = b""
        if b"\r\nconnection: close" in lower:
            self.socket.shutdown(socket.SHUT_RDWR)
        return int(head[9:12])


def main() -> None:
    """Files complaints, or reads one path, and prints the summary as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="the gateway")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--count", type=int)
    parser.add_argument("--rate", type=float, help="open loop: so many per second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keys", action="store_true", help="send an Idempotency-Key with each")
    parser.add_argument("--get", help="read this path instead of filing complaints")
    parser.add_argument("--token", help="bearer token")
    given = parser.parse_args()
    headers = {"Authorization": f"Bearer {given.token}"} if given.token else {}
    if given.get:
        requests = itertools.repeat(get(given.url + given.get, headers))
    else:
        address = given.url + "/v1/complaints"
        # A pool of bodies is made beforehand; a key, where wanted, is put in at each sending.
        pool = [post(address, body, headers) for body in itertools.islice(complaints(given.seed), 2000)]
        requests = _keyed(pool, given.seed) if given.keys else itertools.cycle(pool)
    result = Client(given.url, given.connections, requests).run(
        seconds=given.seconds, count=given.count, rate=given.rate
    )
    print(json.dumps(result.summary()))


def _keyed(pool: list[bytes], seed: int) -> Iterator[bytes]:
    for number, request in enumerate(itertools.cycle(pool)):
        yield request.replace(b"\r\n", b"\r\nIdempotency-Key: load-%d-%d\r\n" % (seed, number), 1)


if __name__ == "__main__":
    main()
