"""What every sender can do. The dispatcher knows no more of a channel than this."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.notification.outcome import Outcome


@dataclass(frozen=True)
class Letter:
    """One message, opened and rendered: it lives only while it is sent, and its repr shows no personal data.

    `accepted` holds the provider's ids of the parts that an earlier try got through, by number. `reference` (0–255) tells a phone which
    parts belong together: messages that may reach one phone at the same time have different ones.
    """

    message_id: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    language: str = "ar"
    accepted: Mapping[int, str] = field(default_factory=dict)
    reference: int = 0


class Sender(Protocol):
    """A channel's way out. Safe to call from several threads at once."""

    def ready(self) -> bool:
        """Whether it makes sense to claim messages now. May connect; never raises."""

    def send(self, letter: Letter) -> Outcome:
        """Sends and says what became of it. Never raises: what is not known is Lost."""

    def close(self) -> None:
        """Takes leave of the provider. Calls under way end first, or are Lost."""


class BackOff:
    """Times between attempts to reach a provider that is away: doubling from `first` to `most` seconds, spread by ±20 %."""

    def __init__(
        self,
        jitter: Callable[[], float],
        first: float = 0.5,
        most: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jitter = jitter
        self._first = first
        self._most = most
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._lock = threading.Lock()

    def may_try(self) -> bool:
        """Whether the time of waiting is over."""
        return self._clock() >= self._until

    def succeeded(self) -> None:
        """The provider answered: the next failure starts small again."""
        with self._lock:
            self._failures = 0
            self._until = 0.0

    def failed(self) -> None:
        """The provider could not be reached."""
        with self._lock:
            wait = min(self._most, self._first * 2 ** min(self._failures, 16))
            self._failures += 1
            self._until = self._clock() + wait * (0.8 + 0.4 * self._jitter())

    def pause(self, seconds: float) -> None:
        """The provider asked for patience."""
        with self._lock:
            self._until = max(self._until, self._clock() + seconds)


class Pace:
    """Lets at most `per_second` pass, evenly spread."""

    def __init__(self, per_second: float) -> None:
        self._step = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Returns when it is the caller's turn."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._step
        time.sleep(max(0.0, turn - time.monotonic()))
