"""The lists of work: each is a range of an index in the order of what is due. A page costs the same however many cases there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Label,
    Row,
    Select,
    Subquery,
    and_,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    tuple_,
)

from services.routing import store
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.clock import escalation
from services.routing.desks import views
from services.routing.desks.views import Reader, Scope, Times
from services.routing.exclusions import store as store_exclusions
from services.routing.store import cases

_UTC = DateTime(timezone=True)

NEVER = "infinity"
SCANNED = 2_000
"""Of a list that is narrowed down by what no index knows, a page looks at so many cases at most. It may then be short and still go on."""

COUNTED = 1_000
"""Counting ends here: who has more has too many, and how many is for the figures to say."""

# The expression of the indexes: what has no due time comes last.
_due = func.coalesce(cases.c.due_at, literal(NEVER).cast(_UTC))
OPEN = text(store.OPEN)
#: What a list may be narrowed down by.
_ASKED_OF = ("status", "officer_id", "waiting", "category", "governorate", "rights", "urgent")
#: In these the officer of a case has something to do.
_TO_DO = (t.ASSIGNED, t.ACCEPTED)

Mark = tuple[str, str]
"""(due time, or since when unowned, as text; complaint id) of the last case of a page."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One list: the view, whose cases, and what it is narrowed down by (column → value)."""

    view: str | None
    scope: Scope
    narrowed: Mapping[str, Any]
    state: str | None = None


def page(
    connection: Connection, wanted: Wanted, reader: Reader, at: Times, after: Mark | None, limit: int
) -> tuple[list[Row[Any]], Mark | None]:
    """A page of a list, and where the next one goes on: None at the end."""
    rows = list(connection.execute(listed(wanted, reader, at, after, limit + 1)))
    if len(rows) > limit:
        return rows[:limit], _mark(wanted, rows[limit - 1])
    if _narrowing(wanted, cases):
        last = connection.execute(_last_scanned(wanted, reader, at, after)).one_or_none()
        return rows, _mark(wanted, last) if last is not None else None
    return rows, None


def listed(wanted: Wanted, reader: Reader, at: Times, after: Mark | None, limit: int) -> Select[Any]:
    """The first `limit` cases of a list behind a mark, as a query."""
    seen = _scanned(wanted, reader, at, after).limit(SCANNED).subquery("scanned")
    query = select(*_columns(seen)).where(*_narrowing(wanted, seen))
    return query.order_by(seen.c.place, seen.c.complaint_id).limit(limit)


def counts(connection: Connection, wanted: Mapping[str, Wanted], reader: Reader, at: Times) -> dict[str, int]:
    """How many cases each list has, by name: exact up to COUNTED, and one more where there are more. One question for all."""
    columns = []
    for name, each in wanted.items():
        # In no order: nothing is put in one that only the number is asked of, and narrow rows are looked at.
        all_of_it = _scanned(each, reader, at, None).order_by(None)
        narrow = all_of_it.with_only_columns(*(cases.c[name] for name in _ASKED_OF))
        seen = narrow.limit(SCANNED).subquery("scanned")
        some = select(literal(1).label("one")).select_from(seen).where(*_narrowing(each, seen))
        counted = select(func.count()).select_from(some.limit(COUNTED + 1).subquery("some"))
        columns.append(counted.scalar_subquery().label(name))
    return dict(connection.execute(select(*columns)).one()._mapping) if columns else {}


def first_to_do(connection: Connection, wanted: Wanted, reader: Reader, at: Times) -> Row[Any] | None:
    """The first case of a list with which the reader has something to do now; None when it waits for others throughout."""
    seen = _scanned(wanted, reader, at, None).limit(SCANNED).subquery("scanned")
    query = select(*_columns(seen)).where(*_narrowing(wanted, seen))
    if wanted.scope.officer is not None and wanted.view != views.ESCALATED:
        query = query.where(seen.c.status.in_(_TO_DO))
    return connection.execute(query.order_by(seen.c.place, seen.c.complaint_id).limit(1)).one_or_none()


def open_in_order(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Open cases, first due first: only where they stand, as `place`."""
    return select(_due.label("place")).where(OPEN, *conditions).order_by(_due, cases.c.complaint_id)


def visible_to(reader: Reader) -> ColumnElement[bool]:
    """What keeps from somebody the cases that they are excluded from. Every list and every count asks it."""
    return store_exclusions.visible(
        reader.id, reader.institution, coordinates=reader.coordinates, heads=views.HEAD in reader.parts
    )


def _mark(wanted: Wanted, row: Row[Any]) -> Mark:
    place = row.unowned_since if wanted.view == views.UNOWNED else row.due_at
    return place.astimezone(UTC).isoformat() if place else NEVER, str(row.complaint_id)


def _columns(seen: Subquery) -> list[ColumnElement[Any]]:
    # The driver has no infinity, which is where a case stands that has no due time.
    return [column for column in seen.c if column.name != "place"]


def _place(wanted: Wanted) -> Label[Any]:
    unowned = wanted.view == views.UNOWNED
    return (cases.c.unowned_since if unowned else _due).label("place")


def _scanned(wanted: Wanted, reader: Reader, at: Times, after: Mark | None) -> Select[Any]:
    """The cases of a list in its order behind a mark, not narrowed down: a range of one index."""
    place = _place(wanted)
    query = select(cases, place).where(*_range(wanted, reader, at), visible_to(reader))
    if after is not None:
        behind = tuple_(literal(after[0]).cast(_UTC), literal(after[1]).cast(cases.c.complaint_id.type))
        query = query.where(tuple_(place.element, cases.c.complaint_id) > behind)
    return query.order_by(place.element, cases.c.complaint_id)


def _last_scanned(wanted: Wanted, reader: Reader, at: Times, after: Mark | None) -> Select[Any]:
    """The last case that a page looked at, if it did not look at all that there are."""
    seen = _scanned(wanted, reader, at, after)
    where = seen.with_only_columns(cases.c.due_at, cases.c.unowned_since, cases.c.complaint_id)
    return where.offset(SCANNED - 1).limit(1)


def _range(wanted: Wanted, reader: Reader, at: Times) -> list[ColumnElement[bool]]:
    """What an index answers of a list."""
    view, scope = wanted.view, wanted.scope
    held = [] if scope.institution is None else [cases.c.institution == scope.institution]
    if view == views.ESCALATED and not reader.coordinates:
        held = []
    if view in _STATES:
        return [*held, *_STATES[view](reader)]
    if view == views.INCOMING:
        return [cases.c.receiver == scope.institution]
    if view is None and wanted.state not in (None, t.ASSIGNED):
        return [*held, cases.c.status == wanted.state]
    # An officer's cases are those of the officer's body. To ask for both would have the planner think that there are next to none.
    whole = held if scope.officer is None else [cases.c.officer_id == scope.officer]
    return [*whole, OPEN, *_DUES.get(view or "", lambda _: [])(at)]


def _narrowing(wanted: Wanted, seen: Any) -> list[ColumnElement[bool]]:
    """What the index does not answer: asked of so many cases of the range only."""
    found = [seen.c[name] == value for name, value in wanted.narrowed.items()]
    by_state = wanted.view is None and wanted.state not in (None, t.ASSIGNED)
    if wanted.state is not None and not by_state:
        found.append(seen.c.status == wanted.state)
    # What is raised to somebody is on the desk of another.
    of_the_body = {*_STATES, views.INCOMING} - {views.ESCALATED}
    if wanted.scope.officer is not None and (by_state or wanted.view in of_the_body):
        found.append(seen.c.officer_id == wanted.scope.officer)
    if wanted.view == views.TO_APPROVE:
        found.append(seen.c.status == t.REPLY_PROPOSED)
    if wanted.view == views.WAITING_FOR_ME:
        again = and_(seen.c.status == t.ACCEPTED, seen.c.waiting.is_not(None))
        found.append(or_(seen.c.status == t.ASSIGNED, again))
    return found


def _not_written_by(reader: Reader) -> ColumnElement[bool]:
    reply = store_cases.reply.c
    own = select(reply.number).where(
        reply.complaint_id == cases.c.complaint_id, reply.state == "proposed", reply.author == reader.id
    )
    return not_(own.exists())


def _raised_to(reader: Reader) -> list[ColumnElement[bool]]:
    """What was raised to somebody and waits for their decision; at the coordinator's desk it waits for nobody by name."""
    if reader.coordinates:
        return [cases.c.escalated_at.is_not(None), cases.c.escalation_level == escalation.COORDINATOR]
    return [cases.c.escalated_to == reader.desk]


def _for_approval_by(reader: Reader) -> list[ColumnElement[bool]]:
    """All of the body, or what was raised to somebody; of that, those whose reply waits are found by narrowing."""
    return [cases.c.status == t.REPLY_PROPOSED] if reader.approves else [*_raised_to(reader), OPEN]


_STATES: Mapping[str | None, Callable[[Reader], list[ColumnElement[bool]]]] = {
    views.UNOWNED: lambda _: [cases.c.unowned_since.is_not(None)],
    views.DISPUTED: lambda _: [cases.c.status == t.DISPUTED],
    views.ARBITER: lambda _: [cases.c.status == t.IN_TRANSFER, cases.c.transfers >= t.ARBITER_FROM],
    views.TO_APPROVE: lambda reader: [*_for_approval_by(reader), _not_written_by(reader)],
    views.AWAITING_COMPLAINANT: lambda _: [cases.c.status == t.AWAITING_COMPLAINANT],
    views.URGENT: lambda _: [cases.c.urgent, OPEN],
    views.ESCALATED: lambda reader: [*_raised_to(reader), OPEN],
}
"""Lists of cases that are few at any time: each has an index of its own, or its part of the one by state."""

_DUES: Mapping[str, Callable[[Times], list[ColumnElement[bool]]]] = {
    views.OVERDUE: lambda at: [_due < at.now],
    views.DUE_TODAY: lambda at: [_due >= at.now, _due < at.end_of_day],
}
"""Lists of what is open that end at a moment."""
