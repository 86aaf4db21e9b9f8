"""Figures that only a question to the database can give, asked beside the scrapes that show them.

A scrape never waits for the database: a database that hangs would otherwise take along the very metrics by which
it is noticed. A figure that could not be measured for a while is NaN, which no alert takes for a good value.
"""

import math
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import eventlet
import eventlet.event

from services.chassis import database, logs

T = TypeVar("T")

log = logs.get()


class Measuring(Generic[T]):
    """Calls `read` every `seconds`. Work for `schedule.Background`, which runs it on every replica.

    What `read` returned stands for `good_seconds` by `clock` (monotonic seconds).
    """

    def __init__(
        self,
        read: Callable[[], T],
        *,
        seconds: float = 10,
        good_seconds: float = 60,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._read, self._clock = read, clock
        self._seconds, self._good_seconds = seconds, good_seconds
        self._measured: tuple[float, T] | None = None
        self._stop = eventlet.event.Event()

    def figure(self, pick: Callable[[T], float]) -> Callable[[], float]:
        """What a gauge calls when it is scraped: `pick` of the last measurement, NaN when there is none or it is old."""

        def value() -> float:
            if self._measured is None:
                return math.nan
            moment, measured = self._measured
            return float(pick(measured)) if self._clock() - moment <= self._good_seconds else math.nan

        return value

    def measure(self) -> None:
        """Asks once. A failure leaves the last measurement to grow old."""
        # Dated by its start: what an answer that took minutes says is minutes old.
        moment = self._clock()
        try:
            self._measured = moment, self._read()
        except (Exception, eventlet.Timeout) as error:
            away = isinstance(error, Exception) and database.is_away(error)
            log.warning("figures_not_measured", exc_info=None if away else error)

    def run(self) -> None:
        """Measures until `stop`."""
        while not self._stop.ready():
            self.measure()
            with eventlet.Timeout(self._seconds, False):
                self._stop.wait()

    def stop(self) -> None:
        """Has `run` return after the measurement under way."""
        if not self._stop.ready():
            self._stop.send(True)
