"""When the clock looks at cases, and what it changes: the table of thresholds, the cases that are due, and one statement for a batch."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    Integer,
    Row,
    Select,
    SmallInteger,
    Table,
    Text,
    and_,
    cast,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from services.routing.cases import transitions as t
from services.routing.cases.store import reply
from services.routing.clock.escalation import Threshold
from services.routing.store import OPEN, as_json, cases, metadata, officer

escalation_term = Table(
    "escalation_term",
    metadata,
    Column("id", Text, primary_key=True),
    Column("trigger", Text),
    Column("level", SmallInteger),
    Column("percent", SmallInteger),
    Column("working_days", SmallInteger),
    Column("working_hours", SmallInteger),
    Column("wall_minutes", Integer),
    Column("category", Text),
    Column("flag", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
)

# Columns of cases that a look changes; a null stays null, and what is not told of stays as it is.
_LOOKED = text(
    """
    UPDATE cases c
    SET version = c.version + r.lines, check_at = r.check_at, checked_at = greatest(c.checked_at, CAST(:now AS timestamptz)),
        escalation_level = r.escalation_level, escalated_to = r.escalated_to, escalated_at = r.escalated_at,
        officer_id = r.officer_id, assigned_at = r.assigned_at, reason = r.reason, acknowledge_by = r.acknowledge_by, called = r.called
    FROM json_to_recordset(CAST(:rows AS json)) AS r (
        complaint_id uuid, lines integer, check_at timestamptz, escalation_level smallint, escalated_to uuid,
        escalated_at timestamptz, officer_id uuid, assigned_at timestamptz, reason text, acknowledge_by timestamptz, called uuid[])
    WHERE c.complaint_id = r.complaint_id
    """
)
_LOOK_AT = text(
    """
    UPDATE cases c SET check_at = r.check_at FROM json_to_recordset(CAST(:rows AS json)) AS r (complaint_id uuid, check_at timestamptz)
    WHERE c.complaint_id = r.complaint_id
    """
)
#: The statement repeats the condition of the index, so that it is used.
_HELD_BY = text(
    f"""
    UPDATE cases SET check_at = :now WHERE complaint_id IN (
        SELECT complaint_id FROM cases
        WHERE escalated_to = ANY(CAST(:officers AS uuid[])) AND (check_at IS NULL OR check_at > :now)
          AND {OPEN}
          AND status = ANY(:states)
        FOR UPDATE SKIP LOCKED)
    """  # noqa: S608 - a constant of ours.
)
_LOOK_NOW = text(
    """
    UPDATE cases SET check_at = :now WHERE complaint_id IN (
        SELECT complaint_id FROM cases WHERE complaint_id = ANY(CAST(:ids AS uuid[])) FOR UPDATE SKIP LOCKED)
    """
)
_UNACKNOWLEDGED = text(
    """
    SELECT count(*), min(acknowledge_by) FROM cases WHERE acknowledge_by <= :now
    """
)
_LATENESS = text("SELECT min(check_at) FROM cases WHERE check_at <= :now")


def thresholds(connection: Connection) -> tuple[Threshold, ...]:
    """After how long who is told."""
    return tuple(Threshold(**row._mapping) for row in connection.execute(select(escalation_term)))


def earlier(connection: Connection, now: datetime) -> datetime:
    """The moment by the clock of this process or by that of the database, whichever is behind: one that jumps ahead raises nothing."""
    return min(now, connection.execute(text("SELECT clock_timestamp()")).scalar_one())


def lock_due(
    connection: Connection, now: datetime, limit: int, *, urgent: bool, only: str | None = None
) -> list[Row[Any]]:
    """Cases that are to be looked at, kept until the transaction ends, longest due first; those that somebody else has are left out.

    `urgent`: those that wait for somebody to say that they saw them; they never stand behind the others.
    """
    query = _due(select(cases), now, limit, urgent=urgent)
    if only is not None:
        query = query.where(cases.c.complaint_id == only)
    return list(connection.execute(query.with_for_update(skip_locked=True)))


def due(connection: Connection, now: datetime, limit: int, *, urgent: bool) -> list[str]:
    """The ids of the same cases, whoever has them."""
    found = connection.execute(_due(select(cases.c.complaint_id), now, limit, urgent=urgent)).scalars()
    return [str(each) for each in found]


def look_at_held_by(connection: Connection, officers: Collection[str], now: datetime) -> None:
    """What was raised to these officers and waits for them is looked at now; what somebody else has, the next time. While the complainant
    is asked, nobody of the body is waited for.
    """
    if officers:
        values = {"officers": list(officers), "states": list(t.WORKED_ON), "now": now}
        connection.execute(_HELD_BY, values)


def proposed(
    connection: Connection, institutions: Collection[str], able: Collection[str], now: datetime
) -> list[Row[Any]]:
    """Cases of bodies whose reply waits, with its author, that are looked at later; not those that one of `able` may surely approve."""
    by = and_(reply.c.complaint_id == cases.c.complaint_id, reply.c.state == "proposed")
    another = select(officer.c.id).where(
        officer.c.institution == cases.c.institution,
        officer.c.id.in_(list(able)),
        cast(officer.c.id, Text) != reply.c.author,
        # Whoever is kept out of it is found by who looks.
        cases.c.implicated == cast(array([]), ARRAY(Text)),
    )
    query = (
        select(cases, reply.c.author)
        .join(reply, by)
        # By the index of states, which has no assigned ones.
        .where(cases.c.institution.in_(list(institutions)), cases.c.status == t.REPLY_PROPOSED)
        .where(cases.c.status != t.ASSIGNED, cases.c.status.not_in(sorted(t.SETTLED)))
        .where(or_(cases.c.check_at.is_(None), cases.c.check_at > now), not_(another.exists()))
    )
    return list(connection.execute(query))


def look_now(connection: Connection, complaint_ids: Collection[str], now: datetime) -> int:
    """Has the clock look at these cases now; at how many of them. What somebody else has is left out."""
    if not complaint_ids:
        return 0
    return connection.execute(_LOOK_NOW, {"ids": list(complaint_ids), "now": now}).rowcount


def put_off(connection: Connection, complaint_id: str, until: datetime) -> None:
    """A case is not looked at before `until`."""
    connection.execute(cases.update().where(cases.c.complaint_id == complaint_id).values(check_at=until))


def _due(query: Select[Any], now: datetime, limit: int, *, urgent: bool) -> Select[Any]:
    query = query.where(cases.c.check_at <= now).limit(limit)
    if urgent:
        return query.where(cases.c.acknowledge_by.is_not(None)).order_by(cases.c.acknowledge_by)
    return query.order_by(cases.c.check_at)


def look_at(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Says when cases are to be looked at next: JSON-safe rows of complaint_id, check_at."""
    if rows:
        connection.execute(_LOOK_AT, {"rows": as_json(rows)})


def looked(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Writes what looks at cases led to: JSON-safe rows of the columns above."""
    if rows:
        connection.execute(_LOOKED, {"rows": as_json(rows), "now": now})


def figures(connection: Connection, now: datetime) -> tuple[int, float, float]:
    """(urgent cases that nobody acknowledged in time, for how many seconds the oldest, how late the clock is with its looks)."""
    count, oldest = connection.execute(_UNACKNOWLEDGED, {"now": now}).one()
    due = connection.execute(_LATENESS, {"now": now}).scalar()
    return count, *(max(0.0, (now - each).total_seconds()) if each else 0.0 for each in (oldest, due))
