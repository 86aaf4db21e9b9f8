"""Who must have nothing to do with a case, found slowly: from whom its filing named, and the rows of the directory as they are."""

import random
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text

from services.chassis import database
from services.intake.complaint import Accused
from services.routing import store
from services.routing.exclusions.store import visible_to
from services.routing.who import Who
from tests.simulation.post import Handed

_OFFICERS = text("SELECT id::text, institution, rank, unit, name_ar FROM officer")
_UNITS = text("SELECT code, institution, parent FROM unit")
_MARK = text("SELECT version FROM directory_version")
_HOLDERS = text(
    "SELECT complaint_id::text, officer_id::text FROM cases WHERE complaint_id = ANY(CAST(:ids AS uuid[])) AND officer_id IS NOT NULL"
)
_TOLD = text(
    "SELECT complaint_id::text, recipient, event_id::text, state FROM message "
    "WHERE complaint_id = ANY(CAST(:ids AS uuid[])) AND recipient LIKE 'officer:%'"
)
_SAID = text("SELECT event_id::text, recorded_at FROM outbox WHERE event_id = ANY(CAST(:ids AS uuid[]))")
_WAITING = frozenset({"awaiting_recipient", "pending", "retry"})
_READERS = 3


class Accusations:
    """Whom each complaint is directed against, by complaint id, and who is barred by that."""

    def __init__(self, seed: int):
        self.named: dict[str, tuple[Accused, ...]] = {}
        #: Officers, by id, of whom it was found later.
        self.found: dict[str, set[str]] = {}
        self._since: dict[str, datetime] = {}
        self.looked = 0
        self._chance = random.Random(f"{seed}/readers")
        self._mark: Any = None
        self._officers: list[Any] = []
        self._parents: dict[str, str | None] = {}

    def find(self, complaint_id: str, officer: str, at: datetime) -> None:
        """It was found that a complaint is directed against an officer; who was told of it before cannot forget it."""
        self.found.setdefault(complaint_id, set()).add(officer)
        self._since[complaint_id] = at

    def handed(self, connection: Connection, messages: Collection[Handed]) -> list[str]:
        """Of what was handed to a provider: nothing was for anybody barred."""
        about = [
            each for each in messages if each.complaint_id in self.named or each.complaint_id in self.found
        ]
        self._look(connection)
        return [
            f"{each.complaint_id}: {each.template} was handed over for {each.recipient}, against whose side it is directed"
            for each in about
            if each.recipient.removeprefix("officer:") in self.barred(each.complaint_id)
        ]

    def check(self, connection: Connection, touched: Collection[str]) -> list[str]:
        """Of the touched cases: nobody barred holds one, was told of one, or finds one in a list."""
        ids = [each for each in touched if each in self.named or each in self.found]
        if not ids:
            return []
        self._look(connection)
        found = []
        barred = {identity: self.barred(identity) for identity in ids}
        people = {row.id: row for row in self._officers}
        for identity, officer in connection.execute(_HOLDERS, {"ids": ids}):
            if officer in barred[identity]:
                found.append(f"{identity} is with {officer}, against whose side it is directed")
        with database.transaction("notification") as other:
            told = [
                (identity, recipient, event, state)
                for identity, recipient, event, state in other.execute(_TOLD, {"ids": ids})
                if recipient.removeprefix("officer:") in barred[identity]
            ]
        said = dict(connection.execute(_SAID, {"ids": [event for _, _, event, _ in told]}).all())
        for identity, recipient, event, state in told:
            if state in _WAITING:
                found.append(
                    f"{identity}: {recipient} is still to be told, against whose side it is directed"
                )
            # Nobody states anything for them any more.
            if identity not in self._since or said[event] > self._since[identity]:
                found.append(f"{identity}: {recipient} was told of it, against whose side it is directed")
        for identity in ids:
            shut_out = sorted(barred[identity])
            for officer in self._chance.sample(shut_out, min(_READERS, len(shut_out))):
                self.looked += 1
                if self._sees(connection, identity, people[officer]):
                    found.append(f"{identity} is shown to {officer}, against whose side it is directed")
        return found

    def barred(self, complaint_id: str) -> set[str]:
        """The officers who must have nothing to do with it."""
        named = {officer for each in self.named.get(complaint_id, ()) for officer in self._by(each)}
        return named | {
            officer for each in self.found.get(complaint_id, ()) for officer in self._beside(each)
        }

    def _by(self, accused: Accused) -> set[str]:
        of_body = [row for row in self._officers if row.institution == accused.institution]
        if accused.person is None:
            if accused.unit is None:
                return {row.id for row in of_body}
            return {
                row.id
                for row in of_body
                if row.rank == "head"
                or (row.unit and (accused.unit in self._up(row.unit) or row.unit in self._up(accused.unit)))
            }
        people = [row.id for row in of_body if row.name_ar == accused.person]
        return {officer for each in people for officer in self._beside(each)}

    def _beside(self, officer: str) -> set[str]:
        """The officer, those above, and those whom the officer commands."""
        person = next(row for row in self._officers if row.id == officer)
        found = set()
        for row in self._officers:
            if row.institution != person.institution:
                continue
            above = person.unit is not None and row.unit in self._up(person.unit)[1:]
            below = row.unit is not None and person.unit in self._up(row.unit)
            commands = person.rank in ("head", "main") and below
            if person.rank == "head" and person.unit is None:
                commands = True
            if row.id == person.id or row.rank == "head" or above or commands:
                found.add(row.id)
        return found

    def _up(self, unit: str) -> list[str]:
        """The unit and those above it."""
        found = [unit]
        while (parent := self._parents.get(found[-1])) is not None:
            found.append(parent)
        return found

    def _look(self, connection: Connection) -> None:
        mark = connection.execute(_MARK).scalar_one()
        if mark != self._mark:
            self._mark = mark
            self._officers = list(connection.execute(_OFFICERS).all())
            self._parents = {row.code: row.parent for row in connection.execute(_UNITS)}

    def _sees(self, connection: Connection, complaint_id: str, row: Any) -> bool:
        who = Who(row.id, frozenset({"officer", "approver", "head"}), row.institution)
        query = select(store.cases.c.complaint_id).where(
            store.cases.c.complaint_id == complaint_id, visible_to(who)
        )
        return connection.execute(query).first() is not None
