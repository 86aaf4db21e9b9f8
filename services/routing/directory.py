"""The directory as this process knows it: rules, bodies, officers and the calendar, read once and kept until a row of them changes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

import sqlalchemy

from services.chassis.seal import seal
from services.routing import store
from services.routing.assignment import Need, Officer, Rule, choose_rule
from services.routing.calendar import Calendar, WeekdayHours
from services.routing.promise import Term, due_at, term_for


@dataclass(frozen=True)
class Contact:
    """How an officer is reached. Leaves routing only sealed."""

    name: str
    email: str
    phone: str
    language: str


@dataclass(frozen=True)
class Directory:
    """One version of the directory; never changes."""

    version: int
    names: dict[str, dict[str, str]]
    rules: dict[str, list[Rule]]
    officers: dict[str, list[Officer]]
    contacts: dict[str, Contact]
    calendar: Calendar
    terms: tuple[Term, ...]
    loads: dict[str, int]
    _sealed: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def rule(self, need: Need, at: datetime) -> Rule | None:
        """The rule for a complaint at a moment, or None."""
        return choose_rule(self.rules.get(need.category, ()), need, at)

    def officers_of(self, institution: str) -> Sequence[Officer]:
        """The officers of a body, absent ones included."""
        return self.officers.get(institution, ())

    def promise(self, kind: str, received_at: datetime) -> tuple[datetime, int] | None:
        """(due time in UTC, working days), or None where nothing is promised."""
        term = term_for(self.terms, kind, received_at)
        if term is None or term.working_days is None:
            return None
        return due_at(received_at, term.working_days, self.calendar), term.working_days

    def load_of(self, kind: str) -> int:
        """What one case of this kind weighs on a desk; a kind that nobody configured weighs 1."""
        return self.loads.get(kind, 1)

    def sealed_contact(self, officer_id: str, key: str) -> str:
        """The officer's contact, sealed for notification.

        Sealed once per version of the directory: sealing anew for each case would cost more than finding the officer, and would hide
        nothing, since the fact names the officer's id beside it.
        """
        found = self._sealed.get((officer_id, key))
        if found is None:
            contact = self.contacts[officer_id]
            content = {
                "name": contact.name,
                "email": contact.email,
                "phone": contact.phone,
                "language": contact.language,
            }
            found = self._sealed[officer_id, key] = seal(key, content)
        return found


_known: WeakKeyDictionary[sqlalchemy.Engine, Directory] = WeakKeyDictionary()


def current(connection: sqlalchemy.Connection) -> Directory:
    """The directory as of now: costs one read of one row, unless something changed.

    The version is read before the rows, so that what is kept is never older than it says.
    """
    version = store.directory_version(connection)
    known = _known.get(connection.engine)
    if known is None or known.version != version:
        known = _known[connection.engine] = _read(connection, version)
    return known


def _read(connection: sqlalchemy.Connection, version: int) -> Directory:
    rules: defaultdict[str, list[Rule]] = defaultdict(list)
    for row in connection.execute(sqlalchemy.select(store.rule)):
        rules[row.category].append(Rule(**row._mapping))
    officers: defaultdict[str, list[Officer]] = defaultdict(list)
    contacts: dict[str, Contact] = {}
    for row in connection.execute(sqlalchemy.select(store.officer)):
        identity = str(row.id)
        officers[row.institution].append(
            Officer(identity, row.institution, frozenset(row.languages), row.present)
        )
        name = row.name_ar if row.languages[0] == "ar" else row.name_en
        contacts[identity] = Contact(name, row.email, row.phone, row.languages[0])
    terms = connection.execute(
        sqlalchemy.select(store.kind_term).order_by(store.kind_term.c.valid_from)
    ).all()
    return Directory(
        version=version,
        names={
            row.code: {"ar": row.name_ar, "en": row.name_en}
            for row in connection.execute(sqlalchemy.select(store.institution))
        },
        rules=dict(rules),
        officers=dict(officers),
        contacts=contacts,
        calendar=Calendar(
            (
                WeekdayHours(**row._mapping)
                for row in connection.execute(sqlalchemy.select(store.working_hours))
            ),
            connection.execute(sqlalchemy.select(store.holiday.c.day)).scalars(),
        ),
        terms=tuple(Term(row.kind, row.valid_from, row.working_days) for row in terms),
        loads={row.kind: row.load for row in terms},
    )
