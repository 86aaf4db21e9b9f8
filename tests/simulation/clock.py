"""The clock of the simulated year, and how the services come to ask it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis import clock as wall
from services.chassis.clock import AMMAN
from services.routing import store_timers


@dataclass(slots=True)
class Clock:
    """The simulated moment, aware, in UTC. It only goes forward."""

    at: datetime

    def now(self) -> datetime:
        """The moment."""
        return self.at

    def go_to(self, moment: datetime) -> None:
        """Goes on; a moment that has been changes nothing."""
        self.at = max(self.at, moment)

    def go_on(self) -> datetime:
        """The moment, after which the clock is a little later: no two things are done at once."""
        self.at += timedelta(milliseconds=1)
        return self.at

    @property
    def wall(self) -> datetime:
        """The moment as the clock on a wall in Amman shows it."""
        return self.at.astimezone(AMMAN)


@contextmanager
def ruling(clock: Clock) -> Iterator[None]:
    """The entry points of the services, which ask for the time and hand it inwards, ask this clock.

    Their handlers and rules take the time as an argument anyway.
    """
    real = wall.now
    modules = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("services.") and getattr(module, "now", None) is real
    ]
    # What is asked of two clocks, lest one jump ahead, is asked of one here: that of the database shows no simulated time.
    of_two = store_timers.earlier
    store_timers.earlier = lambda _, now: now
    for module in modules:
        module.now = clock.now
    try:
        yield
    finally:
        store_timers.earlier = of_two
        for module in modules:
            module.now = real
