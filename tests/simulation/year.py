"""What befalls the directory and the calendar: leave, illness, certificates, people who come and go, circulars that arrive late, an outage.

Each is recorded by the use case that the coordinator's or an officer's page calls.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from services.chassis import database
from services.chassis.clock import AMMAN, new_id
from services.routing import (
    directory,
    handlers_directory,
    handlers_import,
    promises,
    store,
    store_calendar,
    store_directory,
)
from services.routing.presence import LIAISON
from services.routing.sheet import read_csv
from tests.simulation.clock import Clock

_BY = "coordinator-1"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens at a moment; `what` is the line for the log."""

    at: datetime
    what: str
    do: Callable[[], Any]


class Year:
    """The happenings from a day on. `closing` is told of each circular whether it only closes."""

    def __init__(self, clock: Clock, seed: int, first: date, days: int):
        self.clock = clock
        self.first, self.last = first, first + timedelta(days=days - 1)
        self._seed = seed
        self._chance = random.Random(f"{seed}/year")
        self._overrides: dict[str, str] = {}
        #: What has been recorded since the checks looked last: "closed", or anything else.
        self.circulars: list[str] = []

    def happenings(self) -> list[Happening]:
        """All of them in the order of time; what an officer's day brings is drawn on the day (see `morning`)."""
        found = [*self._circulars(), *self._bodies()]
        return sorted(
            (each for each in found if self.first <= each.at.date() <= self.last), key=lambda each: each.at
        )

    # --- circulars ---------------------------------------------------------------------------------

    def _circulars(self) -> Iterator[Happening]:
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
            self.circulars.append(effect)

    def _withdraw(self, name: str) -> None:
        with database.transaction("routing") as connection:
            promises.withdraw_override(
                connection, self._overrides[name], by=_BY, now=self.clock.go_on(), job_id=new_id()
            )
        self.circulars.append("withdrawn")

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

    # --- bodies ------------------------------------------------------------------------------------

    def _bodies(self) -> Iterator[Happening]:
        year = self.first.year
        yield Happening(
            datetime(year, 1, 12, 8, tzinfo=AMMAN),
            "everybody of a body is away",
            lambda: self._away("WAJ", False),
        )
        yield Happening(
            datetime(year, 1, 13, 9, tzinfo=AMMAN), "they are back", lambda: self._away("WAJ", True)
        )
        yield Happening(
            datetime(year, 6, 20, 11, tzinfo=AMMAN), "a body will end, and another goes on", self._succession
        )
        for month in (3, 6, 9, 12):
            yield Happening(datetime(year, month, 3, 9, tzinfo=AMMAN), "people come and go", self._turnover)

    def _away(self, code: str, present: bool) -> None:
        with database.transaction("routing") as connection:
            query = select(store.officer.c.id).where(
                store.officer.c.institution == code, store.officer.c.rank.in_(LIAISON)
            )
            for identity in connection.execute(query).scalars():
                handlers_directory.set_presence(
                    connection, str(identity), present, actor=_BY, now=self.clock.go_on()
                )

    def _succession(self) -> None:
        self._file(
            "institutions",
            f"code,kind,name_ar,name_en,valid_to,successor\nTRC,regulator,هيئة,Regulator,{self.first.year}-07-01,MODEE",
        )

    def _turnover(self) -> None:
        """One of forty liaison officers leaves at the end of the week, and as many come to the same bodies."""
        today = self.clock.wall.date()
        with database.transaction("routing") as connection:
            query = (
                select(store.officer)
                .where(store.officer.c.rank == "sub", store.officer.c.valid_to.is_(None))
                .order_by(store.officer.c.email)
            )
            rows = connection.execute(query).all()
        leaving = self._chance.sample(rows, max(1, len(rows) // 40))
        head = "email,institution,rank,name_ar,name_en,phone,languages,valid_from,valid_to"
        lines = [head]
        for number, row in enumerate(leaving):
            same = f"{row.institution},sub,{row.name_ar},{row.name_en},{row.phone}"
            lines.append(
                f"{row.email},{same},{' '.join(row.languages)},{row.valid_from},{today + timedelta(days=7)}"
            )
            lines.append(f"new.{today.month}.{number}@officers.example.org,{same},ar en,{today},")
        self._file("officers", "\n".join(lines))

    def _file(self, kind: str, text: str) -> None:
        with database.transaction("routing") as connection:
            plan = handlers_import.carry_out(
                connection, kind, read_csv(text), version=None, actor=_BY, now=self.clock.go_on()
            )
        assert not plan.errors, plan.errors

    # --- a morning ---------------------------------------------------------------------------------

    def morning(self) -> None:
        """What a working day begins with: some are ill, some tell of leave to come, and once a week a workshop renews certificates."""
        day = self.clock.wall.date()
        chance = random.Random(f"{self._seed}/morning/{day}")
        with database.transaction("routing") as connection:
            known = directory.current(connection)
            query = select(store.officer).where(
                store.officer.c.valid_to.is_(None), store.officer.c.rank != "head"
            )
            rows = connection.execute(query.order_by(store.officer.c.email)).all()
        lines = ["officer_id,first_day,last_day,cover_id"]
        for row in rows:
            lot = chance.random()
            if lot < 0.006:
                first, length = day, chance.randrange(1, 4)
            elif lot < (0.016 if day.month in (7, 8) else 0.012):
                first, length = day + timedelta(days=chance.randrange(3, 30)), chance.randrange(5, 15)
            else:
                continue
            last = first + timedelta(days=length - 1)
            own = known.presences[str(row.id)].leaves
            if any(each.first_day <= last and first <= each.last_day for each in own):
                continue
            colleagues = [each for each in rows if each.institution == row.institution and each.id != row.id]
            cover = chance.choice(colleagues).id if colleagues and chance.random() < 0.7 else ""
            lines.append(f"{row.id},{first},{last},{cover}")
        if len(lines) > 1:
            self._file("leave", "\n".join(lines))
        if day.isoweekday() == 1:
            self._workshop(day)

    def _workshop(self, day: date) -> None:
        """Twenty of those whose certificate ends soonest, or who have none, pass both parts."""
        table = store_directory.certificate
        ends: dict[str, date] = {}
        with database.transaction("routing") as connection:
            for row in connection.execute(select(table).where(table.c.part == "rights")):
                identity = str(row.officer_id)
                ends[identity] = max(row.expires_on, ends.get(identity, row.expires_on))
            query = select(store.officer.c.id).where(
                store.officer.c.rank.in_(LIAISON), store.officer.c.valid_to.is_(None)
            )
            people = sorted(
                (ends.get(str(each), date.min), str(each)) for each in connection.execute(query).scalars()
            )
        until = day + timedelta(days=730)
        lines = ["officer_id,part,issued_on,expires_on"]
        for end, identity in people[:20]:
            if end <= day + timedelta(days=20):
                lines += [f"{identity},{part},{day},{until}" for part in ("technical", "rights")]
        if len(lines) > 1:
            self._file("certificates", "\n".join(lines))


def _saturday(day: date) -> date:
    return day + timedelta(days=(6 - day.isoweekday()) % 7)
