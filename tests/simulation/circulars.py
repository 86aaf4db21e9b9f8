"""Circulars: days that are closed, shorter or worked, told in time, on the day, days later, or by mistake and taken back."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from services.chassis import database
from services.chassis.clock import AMMAN, new_id
from services.routing.deadlines import promises
from services.routing.deadlines import store as store_calendar
from tests.simulation.clock import Clock

_BY = "coordinator-1"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens at a moment; `what` is the line for the log."""

    at: datetime
    what: str
    do: Callable[[], Any]


class Circulars:
    """Those of a year, and what of them was recorded."""

    def __init__(self, clock: Clock, seed: int, first: date):
        self.clock = clock
        self.first = first
        self._seed = seed
        self._overrides: dict[str, str] = {}
        #: The effects of what was recorded since the checks looked last.
        self.recorded: list[str] = []

    def happenings(self) -> Iterator[Happening]:
        """All circulars, each told at its moment."""
        year = self.first.year

        def on(month: int, day: int, hour: int = 10) -> datetime:
            return datetime(year, month, day, hour, tzinfo=AMMAN)

        def circular(at: datetime, name: str, **said: Any) -> Happening:
            return Happening(at, f"circular: {name}", lambda: self._record(name, **said))

        def taken_back(at: datetime, name: str) -> Happening:
            return Happening(at, f"circular taken back: {name}", lambda: self._withdraw(name))

        snow = date(year, 1, 13)
        yield circular(on(1, 13, 14), "snow in Ajloun", scope="governorate", code="JO-AJ", first=snow)
        yield circular(on(1, 13, 15), "snow in Irbid", scope="governorate", code="JO-IR", first=snow)
        frost = date(year, 1, 18)
        yield circular(on(1, 13, 12), "frost is foreseen", scope="nation", first=frost)
        storm = date(year, 1, 26)
        yield circular(on(1, 28, 9), "a storm, told two days later", scope="nation", first=storm)
        yield Happening(on(2, 7, 19), "the moon of Ramadan is seen", self._moon_is_seen)
        yield circular(
            on(3, 2),
            "the system of taxes moves",
            scope="institution",
            code="ISTD",
            first=date(year, 3, 9),
            days=2,
        )
        mistaken = date(year, 4, 20)
        yield circular(on(4, 18), "a mistaken closure", scope="nation", first=mistaken)
        yield taken_back(on(4, 19, 12), "a mistaken closure")
        yield circular(
            on(5, 30, 20), "a day of joy, told the evening before", scope="nation", first=date(year, 5, 31)
        )
        yield circular(
            on(7, 5),
            "shorter hours in the heat",
            scope="governorate",
            code="JO-AQ",
            first=date(year, 7, 11),
            days=20,
            hours=("07:00", "13:00"),
        )
        yield circular(
            on(9, 1),
            "a Saturday of work for water",
            scope="institution",
            code="WAJ",
            first=_saturday(date(year, 9, 1)),
            open_=("09:00", "13:00"),
        )
        yield circular(
            on(11, 11, 16),
            "floods in Maan",
            scope="governorate",
            code="JO-MN",
            first=date(year, 11, 11),
            days=2,
        )
        yield circular(
            on(12, 14, 13),
            "floods in Karak, told three days later",
            scope="governorate",
            code="JO-KA",
            first=date(year, 12, 12),
        )
        chance = random.Random(f"{self._seed}/circulars")
        for number in range(6):
            day = date(year, 1, 1) + timedelta(days=chance.randrange(365))
            told = datetime.combine(day, time(chance.randrange(8, 20)), AMMAN) + timedelta(
                days=chance.randrange(-6, 4)
            )
            scope, code = chance.choice((("nation", None), ("governorate", "JO-IR"), ("institution", "MOH")))
            yield circular(
                told, f"number {number}", scope=scope, code=code, first=day, days=chance.randrange(1, 3)
            )

    def _record(
        self,
        name: str,
        *,
        scope: str,
        first: date,
        code: str | None = None,
        days: int = 1,
        hours: tuple[str, str] | None = None,
        open_: tuple[str, str] | None = None,
    ) -> None:
        effect = "hours" if hours else "open" if open_ else "closed"
        opens, closes = (
            (time.fromisoformat(each) for each in hours or open_) if hours or open_ else (None, None)
        )
        wanted = {
            "scope": scope,
            "code": code,
            "effect": effect,
            "first_day": first,
            "last_day": first + timedelta(days=days - 1),
            "opens": opens,
            "closes": closes,
            "reference": name[:40],
            "note_ar": "تعميم",
            "note_en": name,
        }
        with database.transaction("routing") as connection:
            identity, new = promises.record_override(
                connection, wanted, by=_BY, now=self.clock.go_on(), override_id=new_id(), job_id=new_id()
            )
        self._overrides[name] = identity
        if new:
            self.recorded.append(effect)

    def _withdraw(self, name: str) -> None:
        with database.transaction("routing") as connection:
            promises.withdraw_override(
                connection, self._overrides[name], by=_BY, now=self.clock.go_on(), job_id=new_id()
            )
        self.recorded.append("withdrawn")

    def _moon_is_seen(self) -> None:
        """Ramadan begins a day after the estimate, which is withdrawn."""
        table = store_calendar.calendar_override
        with database.transaction("routing") as connection:
            query = select(table).where(table.c.reference == "estimate", table.c.withdrawn_at.is_(None))
            rows = connection.execute(query).all()
        for row in rows:
            if row.first_day.year == self.first.year:
                self._overrides["estimate"] = str(row.id)
                days = (row.last_day - row.first_day).days + 1
                hours = (row.opens.isoformat(), row.closes.isoformat())
                self._record(
                    "Ramadan", scope="nation", first=row.first_day + timedelta(days=1), days=days, hours=hours
                )
                self._withdraw("estimate")


def _saturday(day: date) -> date:
    return day + timedelta(days=(6 - day.isoweekday()) % 7)
