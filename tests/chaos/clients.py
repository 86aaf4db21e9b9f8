"""The people: they file complaints while everything breaks, and try again as a page or an app would."""

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.support.load import complaints

TIMEOUT = 12.0
#: Answers after which a client tries again.
AGAIN = (429, 502, 503, 504)


@dataclass
class Filing:
    """One complaint and what its client knows of it. `answers` are the tracking numbers of every 201."""

    number: int
    body: dict
    key: str | None
    answers: list[str] = field(default_factory=list)
    tries: int = 0
    refusals: list[int] = field(default_factory=list)
    broken: int = 0
    answered_after: float | None = None

    @property
    def answered(self) -> bool:
        return bool(self.answers)


def filings(seed: int, count: int, keyless: float = 0.15) -> Iterator[Filing]:
    """`count` complaints, a share of them without an Idempotency-Key. Each text ends in (seed/number), each phone is one person's."""
    chance = random.Random(seed * 7919)
    bodies = complaints(seed)
    for number in range(1, count + 1):
        body = next(bodies)
        if "complainant" in body:
            body["complainant"]["phone"] = f"+96279{number:07d}"
        yield Filing(number, body, None if chance.random() < keyless else f"chaos-{seed}-{number}")


class Clients:
    """`workers` threads that file the complaints at `rate` per second and do not give up on one that has a key."""

    def __init__(self, gateway: str, filings: Iterator[Filing], rate: float, workers: int = 24):
        parts = urlsplit(gateway)
        self._address = (parts.hostname, parts.port)
        self._waiting = filings
        self._rate = rate
        self._lock = threading.Lock()
        self._started = 0
        self.filings: list[Filing] = []
        self.deadline = float("inf")
        self._threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(workers)]

    def start(self) -> None:
        self._start = time.monotonic()
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float) -> None:
        """Waits until every client has its answer, at most `seconds`; then they give up."""
        self.deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        chance = random.Random(number)
        while True:
            with self._lock:
                filing = next(self._waiting, None)
                if filing is None:
                    return
                self.filings.append(filing)
                due = self._start + len(self.filings) / self._rate
            time.sleep(max(0.0, due - time.monotonic()))
            self._file(filing, chance)

    def _file(self, filing: Filing, chance: random.Random) -> None:
        begun = time.monotonic()
        while time.monotonic() < self.deadline:
            outcome = self._try(filing)
            if outcome == 201:
                if filing.answered_after is None:
                    filing.answered_after = time.monotonic() - begun
                # Now and then the answer does not reach a client, who asks once more.
                if filing.key is None or chance.random() > 0.08 or len(filing.answers) > 1:
                    return
            elif outcome is not None and outcome not in AGAIN:
                return
            elif filing.key is None and outcome != 429:
                # Without a key nobody knows whether it was stored; a person would look twice before sending it again.
                return
            time.sleep(chance.uniform(0.1, 0.6))

    def _try(self, filing: Filing) -> int | None:
        """The status, or None when there was no answer."""
        filing.tries += 1
        headers = {"Content-Type": "application/json"}
        if filing.key:
            headers["Idempotency-Key"] = filing.key
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT)
        try:
            connection.request("POST", "/v1/complaints", json.dumps(filing.body).encode(), headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            filing.broken += 1
            return None
        finally:
            connection.close()
        if answer.status == 201:
            filing.answers.append(json.loads(content)["tracking_number"])
        else:
            filing.refusals.append(answer.status)
        return answer.status
