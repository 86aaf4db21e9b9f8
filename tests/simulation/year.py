"""What befalls the directory and the calendar: leave, illness, certificates, people who come and go, circulars that arrive late, an outage.

Each is recorded by the use case that the coordinator's or an officer's page calls.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import select

from services.chassis import database
from services.chassis.clock import AMMAN
from services.routing import snapshot, store
from services.routing.directory import handlers as handlers_directory
from services.routing.directory import store as store_directory
from services.routing.directory.files import handlers as handlers_import
from services.routing.directory.files.sheet import read_csv
from services.routing.directory.presence import LIAISON
from tests.simulation.circulars import Circulars, Happening
from tests.simulation.clock import Clock

_BY = "coordinator-1"


class Year:
    """The happenings from a day on."""

    def __init__(self, clock: Clock, seed: int, first: date, days: int):
        self.clock = clock
        self.first, self.last = first, first + timedelta(days=days - 1)
        self._seed = seed
        self._chance = random.Random(f"{seed}/year")
        self.circulars = Circulars(clock, seed, first)

    def happenings(self) -> list[Happening]:
        """All of them in the order of time; what an officer's day brings is drawn on the day (see `morning`)."""
        found = [*self.circulars.happenings(), *self._bodies()]
        return sorted(
            (each for each in found if self.first <= each.at.date() <= self.last), key=lambda each: each.at
        )

    def settle_in(self) -> None:
        """Before the first day: two of three sub officers of bodies that have units work in one of them."""
        with database.transaction("routing") as connection:
            units: dict[str, list[str]] = {}
            for row in store_directory.units(connection, None):
                units.setdefault(row.institution, []).append(row.code)
            query = select(store.officer).where(store.officer.c.rank == "sub").order_by(store.officer.c.email)
            rows = connection.execute(query).all()
        lines = ["id,email,institution,unit,rank,name_ar,name_en,phone,languages"]
        for row in rows:
            if row.institution in units and self._chance.random() < 0.67:
                unit = self._chance.choice(units[row.institution])
                lines.append(
                    f"{row.id},{row.email},{row.institution},{unit},sub,{row.name_ar},{row.name_en},{row.phone},{' '.join(row.languages)}"
                )
        self._file("officers", "\n".join(lines))

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
        for month in range(1, 13):
            first = datetime(year, month, 1, 7, tzinfo=AMMAN)
            yield Happening(first, "the rota of the month", lambda day=first: self._rota(day.date()))
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

    def _rota(self, first: date) -> None:
        """Of each body two officers are on call, and two of the coordinator's own at the desk: others each week."""
        with database.transaction("routing") as connection:
            query = select(store.officer).where(
                store.officer.c.rank.in_(LIAISON), store.officer.c.valid_to.is_(None)
            )
            rows = connection.execute(query.order_by(store.officer.c.email)).all()
        people: dict[str, list[str]] = {}
        for row in rows:
            people.setdefault(row.institution, []).append(str(row.id))
        people[""] = people["GCHR"]
        after = (first + timedelta(days=31)).replace(day=1)
        lines = ["institution,officer_id,starts_at,ends_at,position"]
        for body, officers in people.items():
            day = first
            while day < after:
                end = min(day + timedelta(days=7), after)
                for position, officer in enumerate(self._chance.sample(officers, min(2, len(officers))), 1):
                    lines.append(f"{body},{officer},{day} 08:00,{end} 08:00,{position}")
                day = end
        self._file("on_call", "\n".join(lines))

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
            known = snapshot.current(connection)
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
