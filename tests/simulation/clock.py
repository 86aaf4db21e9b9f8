"""The clock of the simulated year, its ids, and how the services come to ask for them."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis import clock as wall
from services.chassis.clock import AMMAN
from services.routing.clock import store as store_timers


@dataclass(slots=True)
class Clock:
    """The simulated moment, aware, in UTC. It only goes forward."""

    at: datetime
    ids: int = 0

    def now(self) -> datetime:
        """The moment."""
        return self.at

    def go_to(self, moment: datetime) -> None:
        """Goes on; a moment that has been changes nothing."""
        self.at = max(self.at, moment)

    def new_id(self) -> str:
        """The next id, of the form of UUIDv7: in order, and the same ones in each run, so that a run can be repeated exactly."""
        self.ids += 1
        moment = int(self.at.timestamp() * 1000)
        # The count fills what is random elsewhere; it is spread by a constant so that ids differ from their first digits on.
        spread = self.ids * 0x9E3779B97F4A7C15 & (1 << 62) - 1
        low = self.ids & 0xFFF
        return str(uuid.UUID(int=moment << 80 | 0x7 << 76 | low << 64 | 0b10 << 62 | spread))

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
    """The entry points of the services, which ask for the time and for ids and hand them inwards, ask this clock.

    Their handlers and rules take the time as an argument anyway.
    """
    asked = {"now": wall.now, "new_id": wall.new_id}
    places = [
        (module, name)
        for path, module in list(sys.modules.items())
        for name, real in asked.items()
        if path.startswith(("services.", "tests.simulation.")) and getattr(module, name, None) is real
    ]
    # What is asked of two clocks, lest one jump ahead, is asked of one here: that of the database shows no simulated time.
    of_two = store_timers.earlier
    store_timers.earlier = lambda _, now: now
    for module, name in places:
        setattr(module, name, getattr(clock, name))
    try:
        yield
    finally:
        store_timers.earlier = of_two
        for module, name in places:
            setattr(module, name, asked[name])
