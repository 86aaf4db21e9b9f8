"""Reads the directory as this process knows it, and keeps it until a row of it changes."""

from collections import defaultdict
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy

from services.routing import store
from services.routing.assigning.assignment import Officer, Rule
from services.routing.clock import store as store_timers
from services.routing.deadlines import store as store_calendar
from services.routing.deadlines.calendar import Calendars, Override, WeekdayHours
from services.routing.deadlines.promise import StepTerm, Term
from services.routing.directory import presence
from services.routing.directory import store as store_directory
from services.routing.directory.presence import Presence
from services.routing.directory.succession import Service
from services.routing.exclusions import persons
from services.routing.exclusions import store as store_exclusions
from services.routing.exclusions.persons import Named
from services.routing.known import Contact, Directory
from services.routing.staff import store as store_accounts
from services.routing.staff.standing import powerless

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


def steady(connection: sqlalchemy.Connection) -> Directory:
    """Like `current`, and nobody changes the calendar until this transaction ends: for who counts promises by it."""
    store_calendar.hold_calendar(connection)
    return current(connection)


def _read(connection: sqlalchemy.Connection, version: int) -> Directory:
    rules: defaultdict[str, list[Rule]] = defaultdict(list)
    for row in connection.execute(sqlalchemy.select(store.rule)):
        rules[row.category].append(Rule(**row._mapping))
    officers: defaultdict[str, list[Officer]] = defaultdict(list)
    ranks: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    contacts: dict[str, Contact] = {}
    named: list[Named] = []
    presences: dict[str, Presence] = {}
    leaves = store_directory.leaves(connection)
    for row in connection.execute(sqlalchemy.select(store.officer)):
        identity = str(row.id)
        ranks[row.institution][row.rank].append(identity)
        if row.rank in presence.LIAISON:
            officers[row.institution].append(
                Officer(identity, row.institution, frozenset(row.languages), row.present)
            )
        presences[identity] = Presence(row.present, row.valid_from, row.valid_to, leaves.get(identity, ()))
        name = row.name_ar if row.languages[0] == "ar" else row.name_en
        named.append(persons.named(identity, row.institution, row.name_ar, row.name_en))
        contacts[identity] = Contact(name, row.email, row.phone, row.languages[0])
    terms = connection.execute(
        sqlalchemy.select(store.kind_term).order_by(store.kind_term.c.valid_from)
    ).all()
    institutions = connection.execute(sqlalchemy.select(store.institution)).all()
    tied, of_bodies = store_exclusions.tied(connection)
    return Directory(
        version=version,
        names={row.code: {"ar": row.name_ar, "en": row.name_en} for row in institutions},
        rules=dict(rules),
        officers=dict(officers),
        contacts=contacts,
        calendars=Calendars(
            (
                WeekdayHours(**row._mapping)
                for row in connection.execute(sqlalchemy.select(store.working_hours))
            ),
            connection.execute(sqlalchemy.select(store.holiday.c.day)).scalars(),
            map(_override, connection.execute(_HOLDING)),
        ),
        terms=(
            *(Term(row.kind, row.valid_from, row.working_days) for row in terms),
            *(Term(**row._mapping) for row in connection.execute(sqlalchemy.select(store_calendar.term))),
        ),
        steps=tuple(
            StepTerm(**row._mapping)
            for row in connection.execute(sqlalchemy.select(store_calendar.step_term))
        ),
        governorates=frozenset(row.governorate for row in institutions if row.governorate),
        loads={row.kind: row.load for row in terms},
        presences=presences,
        rota=store_directory.rota(connection),
        bodies={row.code: Service(row.valid_from, row.valid_to, row.successor) for row in institutions},
        tied=tied,
        of_bodies=of_bodies,
        posts={each.id: each.institution for each in named},
        thresholds=store_timers.thresholds(connection),
        ranks={code: {rank: sorted(ids) for rank, ids in each.items()} for code, each in ranks.items()},
        powerless=powerless(ranks, store_accounts.of_officers(connection)),
        certificates=store_directory.certificates(connection),
        named=tuple(named),
        units=store_directory.bodies_of_units(connection),
    )


_HOLDING = sqlalchemy.select(store_calendar.calendar_override).where(
    store_calendar.calendar_override.c.withdrawn_at.is_(None)
)


def _override(row: sqlalchemy.Row[Any]) -> Override:
    return Override(
        str(row.id), row.scope, row.code, row.first_day, row.last_day, row.effect, row.opens, row.closes
    )
