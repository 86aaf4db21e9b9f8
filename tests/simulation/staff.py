"""The people of the bodies: who they are by the directory, how quick each is, and whom a case waits for."""

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from services.routing import snapshot, store
from services.routing.assigning.assignment import Need
from services.routing.cases.step import Who
from services.routing.directory import presence
from services.routing.directory import store as store_directory
from services.routing.known import Directory

COORDINATORS = tuple(Who(f"coordinator-{number}", frozenset({"coordinator"})) for number in (1, 2, 3))
_ROLES = {"main": "officer", "sub": "officer", "approver": "approver", "head": "head"}


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff. `pace`: how many times as long as usual they take."""

    who: Who
    name: str
    rank: str
    pace: float


class Staff:
    """Everybody in the directory as of the last look."""

    def __init__(self, seed: int):
        self._seed = seed
        self._version = -1
        self.known: Directory
        self.people: dict[str, Person] = {}
        self.of: dict[tuple[str, str], list[Person]] = {}
        self.units: dict[str, list[str]] = {}

    def look(self, connection: Connection) -> None:
        """Reads the directory again if it has changed."""
        self.known = snapshot.current(connection)
        if self.known.version == self._version:
            return
        self._version = self.known.version
        self.people, of = {}, defaultdict(list)
        for row in connection.execute(select(store.officer).order_by(store.officer.c.email)):
            identity = str(row.id)
            who = Who(identity, frozenset({_ROLES[row.rank]}), row.institution)
            self.people[identity] = Person(who, row.name_ar, row.rank, self._pace(identity))
            of[row.institution, row.rank].append(self.people[identity])
        self.of = dict(of)
        units: defaultdict[str, list[str]] = defaultdict(list)
        for row in store_directory.units(connection, None):
            units[row.institution].append(row.code)
        self.units = dict(units)

    def answers(self, category: str, governorate: str, at: datetime) -> str | None:
        """The body that the rules lead to."""
        rule = self.known.rule(Need(category, governorate, "ar"), at)
        return rule.institution if rule else None

    def _pace(self, identity: str) -> float:
        chance = random.Random(f"{self._seed}/person/{identity}")
        kind = chance.random()
        if kind < 0.02:
            return 30.0  # Somebody whose cases lie until another takes them.
        return chance.lognormvariate(0, 0.5) * (3.5 if kind < 0.1 else 1.0)

    def there(self, identity: str, at: datetime) -> bool:
        """Whether somebody is at work on that day."""
        known = self.known.presences.get(identity)
        return known is not None and presence.is_present(known, presence.day_of(at))

    def present(self, institution: str | None, rank: str, at: datetime) -> list[Person]:
        """Who of a rank is at work at a body."""
        people = self.of.get((institution or "", rank), [])
        return [each for each in people if self.there(each.who.id, at)]

    def working(self, institution: str | None, start: datetime, minutes: float) -> datetime:
        """The moment by which so many minutes are worked at a body since another."""
        calendar = self.known.calendars.of(None, institution)
        return calendar.add(start, max(1, round(minutes)))
