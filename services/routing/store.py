"""The tables of routing and its queries. What a batch does is one statement, however large the batch."""

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Integer,
    MetaData,
    Row,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.chassis.event import dump
from services.routing.assigning.assignment import Load
from services.routing.cases.transitions import SETTLED, STATES
from services.routing.directory.presence import LIAISON

metadata = MetaData()
_UTC = DateTime(timezone=True)

institution = Table(
    "institution",
    metadata,
    Column("code", Text, primary_key=True),
    Column("kind", Text),
    Column("governorate", Text),
    Column("name_ar", Text),
    Column("name_en", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("successor", Text),
)
rule = Table(
    "rule",
    metadata,
    Column("id", Text, primary_key=True),
    Column("category", Text),
    Column("governorate", Text),
    Column("institution", Text),
    Column("priority", SmallInteger),
    Column("valid_from", _UTC),
    Column("valid_to", _UTC),
)
officer = Table(
    "officer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("institution", Text),
    Column("rank", Text),
    Column("name_ar", Text),
    Column("name_en", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("languages", ARRAY(Text)),
    Column("present", Boolean),
    Column("present_since", _UTC),
    Column("unit", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
)
officer_load = Table(
    "officer_load",
    metadata,
    Column("officer_id", Uuid, primary_key=True),
    Column("open", Integer),
    Column("ever", Integer),
)
holiday = Table(
    "holiday",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name_ar", Text),
    Column("name_en", Text),
)
working_hours = Table(
    "working_hours",
    metadata,
    Column("weekday", SmallInteger, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("opens", Time),
    Column("closes", Time),
)
kind_term = Table(
    "kind_term",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("working_days", SmallInteger),
    Column("load", SmallInteger),
)
cases = Table(
    "cases",
    metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("kind", Text),
    Column("category", Text),
    Column("governorate", Text),
    Column("language", Text),
    Column("status", Text),
    Column("institution", Text),
    Column("rule_id", Text),
    Column("officer_id", Uuid),
    Column("reason", Text),
    Column("load", SmallInteger),
    Column("received_at", _UTC),
    # Since when the promise counts, where that is not the receipt.
    Column("promised_from", _UTC),
    Column("assigned_at", _UTC),
    Column("unowned_since", _UTC),
    Column("due_at", _UTC),
    Column("working_days", SmallInteger),
    Column("wall_hours", SmallInteger),
    Column("version", Integer),
    Column("answered_at", _UTC),
    Column("confirm_until", _UTC),
    Column("remind_at", _UTC),
    Column("closed_at", _UTC),
    Column("close_reason", Text),
    Column("disputed_at", _UTC),
    Column("receiver", Text),
    Column("merged_into", Uuid),
    Column("transfers", SmallInteger),
    # Since when the arbiter is to decide a transfer; null unless one waits for that.
    Column("arbiter_since", _UTC),
    Column("waiting", Text),
    Column("service", Boolean),
    Column("rights", Boolean),
    Column("urgent", Boolean),
    Column("rights_codes", ARRAY(Text)),
    Column("urgent_ground", Text),
    # Against whom it is directed (exclusion.py). Never a part of an answer or a fact.
    Column("implicated", ARRAY(Text)),
    Column("escalation_level", SmallInteger),
    Column("escalated_to", Uuid),
    Column("escalated_at", _UTC),
    Column("last_action_at", _UTC),
    Column("acknowledge_by", _UTC),
    Column("called", ARRAY(Uuid)),
    Column("check_at", _UTC),
    Column("checked_at", _UTC),
)
#: What is open, word for word as in the conditions of the indexes, whose values are compared as they are written.
OPEN = f"NOT (cases.status IN ({', '.join(repr(state) for state in STATES if state in SETTLED)}))"
# First number of the two-part advisory locks that guard the loads of a body's officers.
_LOAD_LOCK = 0x6C6F6164

_DIRECTORY_VERSION = text("SELECT version FROM directory_version")
_LOCK_LOADS = text("SELECT pg_advisory_xact_lock(:space, key) FROM unnest(CAST(:keys AS integer[])) AS key")
_LOADS = text(
    "SELECT l.officer_id::text, l.open, l.ever FROM officer_load l JOIN officer o ON o.id = l.officer_id "
    "WHERE o.institution = ANY(:institutions)"
)
_ADD_LOADS = text(
    """
    INSERT INTO officer_load (officer_id, open, ever)
    SELECT * FROM unnest(CAST(:officers AS uuid[]), CAST(:open AS integer[]), CAST(:ever AS integer[]))
    ON CONFLICT (officer_id) DO UPDATE
    SET open = officer_load.open + excluded.open, ever = officer_load.ever + excluded.ever
    """
)
# Rows travel as one JSON parameter: an order of magnitude cheaper to send than a parameter for each value.
_INSERT_CASES = text(
    """
    INSERT INTO cases (complaint_id, kind, category, governorate, language, status, institution, rule_id, officer_id, reason,
                       load, received_at, assigned_at, unowned_since, due_at, working_days, wall_hours, version,
                       service, rights, urgent, rights_codes, urgent_ground, implicated,
                       last_action_at, acknowledge_by, check_at, checked_at)
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r (
        complaint_id uuid, kind text, category text, governorate text, language text, status text, institution text,
        rule_id text, officer_id uuid, reason text, load smallint, received_at timestamptz, assigned_at timestamptz,
        unowned_since timestamptz, due_at timestamptz, working_days smallint, wall_hours smallint,
        version integer, service boolean, rights boolean, urgent boolean, rights_codes text[], urgent_ground text,
        implicated text[],
        last_action_at timestamptz, acknowledge_by timestamptz, check_at timestamptz, checked_at timestamptz)
    ON CONFLICT (complaint_id) DO NOTHING
    RETURNING complaint_id::text
    """
)
_OWN_CASES = text(
    """
    UPDATE cases c
    SET status = 'assigned', institution = r.institution, rule_id = r.rule_id, officer_id = r.officer_id, reason = r.reason,
        assigned_at = :now, unowned_since = NULL, version = c.version + 1, last_action_at = :now, check_at = :now,
        acknowledge_by = r.acknowledge_by
    FROM json_to_recordset(CAST(:rows AS json)) AS r (
        complaint_id uuid, institution text, rule_id text, officer_id uuid, reason text, acknowledge_by timestamptz)
    WHERE c.complaint_id = r.complaint_id
    """
)
_REFUSE_CASES = text(
    """
    UPDATE cases c
    SET institution = r.institution, rule_id = r.rule_id, reason = r.reason, version = c.version + 1, check_at = :now
    FROM json_to_recordset(CAST(:rows AS json)) AS r (complaint_id uuid, institution text, rule_id text, reason text)
    WHERE c.complaint_id = r.complaint_id
    """
)


def directory_version(connection: Connection) -> int:
    """The number that every change of the directory raises."""
    return connection.execute(_DIRECTORY_VERSION).scalar_one()


def lock_loads(connection: Connection, institutions: Collection[str]) -> None:
    """Nobody else reads the loads of these bodies' officers in order to assign until this transaction ends.

    The keys are locked in ascending order, so that two batches cannot deadlock. Two bodies with one key only wait for each other.
    """
    keys = sorted({zlib.crc32(code.encode()) - 2**31 for code in institutions})
    if keys:
        connection.execute(_LOCK_LOADS, {"space": _LOAD_LOCK, "keys": keys})


def loads(connection: Connection, institutions: Collection[str]) -> dict[str, Load]:
    """The load of each officer of these bodies by officer id. After `lock_loads`, exact until the transaction ends."""
    if not institutions:
        return {}
    rows = connection.execute(_LOADS, {"institutions": sorted(institutions)})
    return {identity: Load(open_, ever) for identity, open_, ever in rows}


def add_loads(connection: Connection, added: Mapping[str, Load]) -> None:
    """Adds to the loads of officers by id."""
    officers = sorted(added)
    if officers:
        connection.execute(
            _ADD_LOADS,
            {
                "officers": officers,
                "open": [added[each].open for each in officers],
                "ever": [added[each].ever for each in officers],
            },
        )


def insert_cases(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Opens cases; JSON-safe rows with every column. Returns the complaint ids that were not there before."""
    return set(connection.execute(_INSERT_CASES, {"rows": as_json(rows)}).scalars()) if rows else set()


def own_cases(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Gives unowned cases their officers: complaint_id, institution, rule_id, officer_id, reason, acknowledge_by."""
    if rows:
        connection.execute(_OWN_CASES, {"rows": as_json(rows), "now": now})


def refuse_cases(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Notes why cases are still unowned: complaint_id, institution, rule_id, reason."""
    if rows:
        connection.execute(_REFUSE_CASES, {"rows": as_json(rows), "now": now})


def unowned_page(
    connection: Connection, after: tuple[datetime, str] | None, limit: int, visible: ColumnElement[bool]
) -> list[Row[Any]]:
    """Cases that nobody has and the reader may know of, oldest first, after the (unowned_since, complaint_id) of the page before."""
    return list(connection.execute(_unowned(after, limit).where(visible)))


def lock_unowned(connection: Connection, after: tuple[datetime, str] | None, limit: int) -> list[Row[Any]]:
    """Like `unowned_page`, and keeps the rows until the transaction ends; rows that somebody else has are left out."""
    return list(connection.execute(_unowned(after, limit).with_for_update(skip_locked=True)))


def unowned_figures(connection: Connection, now: datetime) -> tuple[int, float]:
    """(unowned cases, for how many seconds the oldest has been)."""
    count, oldest = connection.execute(
        text("SELECT count(*), min(unowned_since) FROM cases WHERE unowned_since IS NOT NULL")
    ).one()
    return count, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def case_row(connection: Connection, complaint_id: str) -> Row[Any] | None:
    """The case of a complaint, or None."""
    return connection.execute(select(cases).where(cases.c.complaint_id == complaint_id)).one_or_none()


def officers_with_loads(connection: Connection, code: str) -> list[Row[Any]]:
    """The liaison officers of a body with `open` and `ever`, main officers first."""
    query = (
        select(officer, officer_load.c.open, officer_load.c.ever)
        .outerjoin_from(officer, officer_load, officer_load.c.officer_id == officer.c.id)
        .where(officer.c.institution == code, officer.c.rank.in_(LIAISON))
        .order_by(officer.c.rank, officer.c.email)
    )
    return list(connection.execute(query))


def _unowned(after: tuple[datetime, str] | None, limit: int) -> Any:
    query = select(cases).where(cases.c.unowned_since.is_not(None))
    if after is not None:
        query = query.where(tuple_(cases.c.unowned_since, cases.c.complaint_id) > tuple_(*after))
    return query.order_by(cases.c.unowned_since, cases.c.complaint_id).limit(limit)


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as the one parameter that json_to_recordset reads."""
    return dump(list(rows))  # type: ignore[arg-type]
