"""The history of cases: the table that is only added to, and its chain of hashes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    Uuid,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.event import dump
from services.routing import store
from services.routing.history.chain import Line, chained

case_event = Table(
    "case_event",
    store.metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("action", Text),
    Column("actor", Text),
    Column("at", DateTime(timezone=True)),
    Column("details", JSONB),
    Column("previous_hash", LargeBinary),
    Column("hash", LargeBinary),
)

_INSERT_EVENTS = text(
    """
    INSERT INTO case_event (complaint_id, number, action, actor, at, details, previous_hash, hash)
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r (
        complaint_id uuid, number integer, action text, actor text, at timestamptz, details jsonb, previous_hash bytea, hash bytea)
    """
)
_HEADS = text(
    """
    SELECT DISTINCT ON (complaint_id) complaint_id::text, hash FROM case_event
    WHERE complaint_id = ANY(CAST(:ids AS uuid[])) ORDER BY complaint_id, number DESC
    """
)
_VERSIONS = text(
    """
    SELECT complaint_id::text, version FROM cases WHERE complaint_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY complaint_id FOR SHARE
    """
)


def append_history(
    connection: Connection, lines: Sequence[Mapping[str, Any]], *, new: bool = False
) -> dict[str, bytes]:
    """Adds to the history of cases; JSON-safe lines of complaint_id, number, action, actor, at, details. Returns the newest hashes.

    Who adds to a case holds its row, so that nobody else's line comes between. `new`: none of the cases has a history yet.
    """
    if not lines:
        return {}
    ids = sorted({line["complaint_id"] for line in lines})
    heads = {} if new else history_heads(connection, ids)
    rows, newest = chained(lines, heads)
    connection.execute(_INSERT_EVENTS, {"rows": dump(rows)})
    return newest


def history_heads(connection: Connection, complaint_ids: Sequence[str]) -> dict[str, bytes]:
    """The newest hash of each case that has a history."""
    rows = connection.execute(_HEADS, {"ids": list(complaint_ids)})
    return {complaint_id: bytes(head) for complaint_id, head in rows if head is not None}


def history(connection: Connection, complaint_id: str) -> list[Row[Any]]:
    """What happened to a case, in order."""
    query = select(case_event).where(case_event.c.complaint_id == complaint_id)
    return list(connection.execute(query.order_by(case_event.c.number)))


def last_line(connection: Connection, complaint_id: str) -> Row[Any] | None:
    """What happened to a case last."""
    query = select(case_event).where(case_event.c.complaint_id == complaint_id)
    return connection.execute(query.order_by(case_event.c.number.desc()).limit(1)).one_or_none()


def last_actor(connection: Connection, complaint_id: str, action: str) -> str | None:
    """Who took an action on a case last; None if nobody did."""
    query = select(case_event.c.actor).where(
        case_event.c.complaint_id == complaint_id, case_event.c.action == action
    )
    return connection.execute(query.order_by(case_event.c.number.desc()).limit(1)).scalar()


def was_raised(connection: Connection, complaint_id: str, cause: str, since: datetime) -> bool:
    """Whether a case was raised for this cause since a moment."""
    query = select(case_event.c.number).where(
        case_event.c.complaint_id == complaint_id,
        case_event.c.action == "escalate",
        case_event.c.at >= since,
        case_event.c.details["cause"].astext == cause,
    )
    return connection.execute(query.limit(1)).first() is not None


def ids(connection: Connection, after: str, limit: int) -> list[str]:
    """Ids of cases in their order, behind `after`."""
    column = store.cases.c.complaint_id
    found = connection.execute(select(column).where(column > after).order_by(column).limit(limit))
    return [str(each) for each in found.scalars()]


def whole(connection: Connection, complaint_ids: Sequence[str]) -> dict[str, tuple[int, list[Line]]]:
    """(version, lines) of each of these cases that there is, as they are at one moment: cases that are being worked on are waited for."""
    versions = connection.execute(_VERSIONS, {"ids": list(complaint_ids)})
    found: dict[str, tuple[int, list[Line]]] = {
        complaint_id: (version, []) for complaint_id, version in versions
    }
    wanted = case_event.c.complaint_id.in_(list(found))
    for row in connection.execute(select(case_event).where(wanted).order_by(case_event.c.number)):
        before = bytes(row.previous_hash) if row.previous_hash is not None else None
        own = bytes(row.hash) if row.hash is not None else None
        found[str(row.complaint_id)][1].append(
            Line(row.number, row.action, row.actor, row.at, row.details, before, own)
        )
    return found
