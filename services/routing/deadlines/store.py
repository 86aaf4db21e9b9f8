"""The tables of calendar and promise, and their queries."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    Row,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert

from services.chassis.event import dump
from services.routing.cases.transitions import SETTLED
from services.routing.deadlines.promise import Pause
from services.routing.store import cases, metadata

_UTC = DateTime(timezone=True)

calendar_override = Table(
    "calendar_override",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("scope", Text),
    Column("code", Text),
    Column("effect", Text),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("opens", Time),
    Column("closes", Time),
    Column("reference", Text),
    Column("note_ar", Text),
    Column("note_en", Text),
    Column("recorded_at", _UTC),
    Column("recorded_by", Text),
    Column("withdrawn_at", _UTC),
    Column("withdrawn_by", Text),
)
term = Table(
    "term",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text),
    Column("category", Text),
    Column("flag", Text),
    Column("priority", SmallInteger),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("working_days", SmallInteger),
    Column("wall_hours", SmallInteger),
)
step_term = Table(
    "step_term",
    metadata,
    Column("step", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("working_days", SmallInteger),
)
case_pause = Table(
    "case_pause",
    metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("started_at", _UTC, primary_key=True),
    Column("ended_at", _UTC),
)
promise_change = Table(
    "promise_change",
    metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", _UTC),
    Column("due_before", _UTC),
    Column("due_after", _UTC),
    Column("cause", Text),
    Column("override_id", Uuid),
)
recompute_job = Table(
    "recompute_job",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("override_id", Uuid),
    Column("created_at", _UTC),
    Column("after", Uuid),
    Column("seen", Integer),
    Column("moved", Integer),
    Column("finished_at", _UTC),
)

SAME = ("scope", "code", "effect", "first_day", "last_day", "opens", "closes")
"""What makes two overrides the same one."""

# Number of the advisory lock between who counts promises (shared) and who changes the calendar.
_CALENDAR_LOCK = 0x63616C656E646172

_HOLD = text(f"SELECT pg_advisory_xact_lock_shared({_CALENDAR_LOCK})")
_CHANGE = text(f"SELECT pg_advisory_xact_lock({_CALENDAR_LOCK})")
_PAUSES = text(
    "SELECT complaint_id::text, started_at, ended_at FROM case_pause WHERE complaint_id = ANY(CAST(:ids AS uuid[])) "
    "ORDER BY started_at"
)
_MOVE = text(
    """
    WITH r AS (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r (
            complaint_id uuid, number integer, due_before timestamptz, due_after timestamptz, check_at timestamptz)
    ), moved AS (
        UPDATE cases c SET due_at = r.due_after, version = r.number, check_at = r.check_at FROM r WHERE c.complaint_id = r.complaint_id
    )
    INSERT INTO promise_change (complaint_id, number, at, due_before, due_after, cause, override_id)
    SELECT complaint_id, number, :now, due_before, due_after, :cause, CAST(:override_id AS uuid) FROM r
    """
)


def hold_calendar(connection: Connection) -> None:
    """Nobody changes the calendar until this transaction ends; who counts promises holds it before reading the directory.

    So a case is either counted with the new calendar, or there already when the recomputation looks for it.
    """
    connection.execute(_HOLD)


def change_calendar(connection: Connection) -> None:
    """Waits for all who count promises by the old calendar; the first statement of who changes it."""
    connection.execute(_CHANGE)


def overrides(connection: Connection) -> list[Row[Any]]:
    """Every override, the last days first, withdrawn ones too, each with how far its latest recomputation is."""
    latest = (
        select(recompute_job)
        .ext(distinct_on(recompute_job.c.override_id))
        .order_by(recompute_job.c.override_id, recompute_job.c.id.desc())
        .subquery()
    )
    query = (
        select(calendar_override, latest.c.seen, latest.c.moved, latest.c.finished_at, latest.c.created_at)
        .outerjoin_from(calendar_override, latest, latest.c.override_id == calendar_override.c.id)
        .order_by(calendar_override.c.first_day.desc(), calendar_override.c.id.desc())
    )
    return list(connection.execute(query))


def insert_override(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Whether the override is new; one that says the same and was not withdrawn is left as it is."""
    statement = insert(calendar_override).values(**row).on_conflict_do_nothing()
    return connection.execute(statement.returning(calendar_override.c.id)).one_or_none() is not None


def same_override(connection: Connection, row: Mapping[str, Any]) -> str:
    """The id of the override that says the same and was not withdrawn."""
    query = select(calendar_override.c.id).where(calendar_override.c.withdrawn_at.is_(None))
    for name in SAME:
        query = query.where(calendar_override.c[name].is_not_distinct_from(row[name]))
    return str(connection.execute(query).scalar_one())


def withdraw_override(connection: Connection, override_id: str, by: str, now: datetime) -> bool | None:
    """Whether it held until now; None where there is no such override."""
    change = calendar_override.update().where(
        calendar_override.c.id == override_id, calendar_override.c.withdrawn_at.is_(None)
    )
    if connection.execute(change.values(withdrawn_at=now, withdrawn_by=by)).rowcount:
        return True
    found = connection.scalar(
        select(func.count()).select_from(calendar_override).where(calendar_override.c.id == override_id)
    )
    return False if found else None


def add_job(connection: Connection, job_id: str, override_id: str, now: datetime) -> None:
    """A recomputation of what the override concerns is to be done."""
    row = {"id": job_id, "override_id": override_id, "created_at": now, "seen": 0, "moved": 0}
    connection.execute(insert(recompute_job).values(**row))


def lock_job(connection: Connection) -> Row[Any] | None:
    """The oldest recomputation that is not finished, with its override; it is ours until the transaction ends."""
    query = (
        select(
            recompute_job.c.id,
            recompute_job.c.override_id,
            recompute_job.c.after,
            calendar_override.c.scope,
            calendar_override.c.code,
            calendar_override.c.first_day,
        )
        .join_from(recompute_job, calendar_override, calendar_override.c.id == recompute_job.c.override_id)
        .where(recompute_job.c.finished_at.is_(None))
        .order_by(recompute_job.c.id)
        .limit(1)
    )
    return connection.execute(query.with_for_update(of=recompute_job)).one_or_none()


def advance_job(
    connection: Connection, job_id: Any, *, after: Any, seen: int, moved: int, finished_at: datetime | None
) -> None:
    """Notes how far a recomputation is; `finished_at` when it is at its end."""
    job = recompute_job.c
    change = recompute_job.update().where(job.id == job_id)
    connection.execute(
        change.values(after=after, seen=job.seen + seen, moved=job.moved + moved, finished_at=finished_at)
    )


def end_of_stretch(connection: Connection, after: Any, length: int) -> Any:
    """The id of the `length`-th case after a complaint, or None where there are not so many.

    Recomputing goes by stretches of all cases, not by so many that are concerned: each costs the same, however few of them are.
    """
    query = select(cases.c.complaint_id).order_by(cases.c.complaint_id).offset(length - 1).limit(1)
    return connection.scalar(query if after is None else query.where(cases.c.complaint_id > after))


def lock_concerned(
    connection: Connection, after: Any, until: Any, *, since: datetime, place: tuple[str, str | None]
) -> list[Row[Any]]:
    """The waiting cases of a stretch (None: without an end) in a place (scope, code) for which other days from a moment on may matter.

    Those that were promised an answer after it, and those that the clock looks at after it, or not at all, as far as it knows: a day that
    is opened brings that nearer also where the promise is over already.
    """
    later = or_(cases.c.due_at > since, cases.c.check_at > since, cases.c.check_at.is_(None))
    query = _in(place).where(later)
    if after is not None:
        query = query.where(cases.c.complaint_id > after)
    if until is not None:
        query = query.where(cases.c.complaint_id <= until)
    return list(connection.execute(query.with_for_update()))


def sample_promised(
    connection: Connection, limit: int, *, due_after: datetime, place: tuple[str, str | None]
) -> tuple[int, list[Row[Any]]]:
    """How many waiting cases were promised an answer after a moment in a place, and `limit` of them. Locks nothing."""
    query = _in(place).where(cases.c.due_at > due_after)
    count = connection.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    return int(count or 0), list(connection.execute(query.limit(limit)))


def lock_cases(connection: Connection, complaint_ids: Collection[str]) -> list[Row[Any]]:
    """Those of the cases that still wait for something; they are ours until the transaction ends."""
    wanted = cases.c.complaint_id.in_(list(complaint_ids))
    return list(connection.execute(_waiting().where(wanted).with_for_update())) if complaint_ids else []


def pauses(connection: Connection, complaint_ids: Collection[str]) -> dict[str, list[Pause]]:
    """The pauses of cases by complaint, in order; who had none is left out."""
    found: defaultdict[str, list[Pause]] = defaultdict(list)
    for complaint_id, started_at, ended_at in connection.execute(_PAUSES, {"ids": list(complaint_ids)}):
        found[complaint_id].append(Pause(started_at, ended_at))
    return found


def start_pause(connection: Connection, complaint_id: Any, at: datetime) -> bool:
    """Whether a pause begins; one that is running goes on."""
    statement = insert(case_pause).values(complaint_id=complaint_id, started_at=at).on_conflict_do_nothing()
    return connection.execute(statement).rowcount == 1


def end_pause(connection: Connection, complaint_id: Any, at: datetime) -> bool:
    """Whether a pause was running and ends."""
    running = case_pause.update().where(
        case_pause.c.complaint_id == complaint_id, case_pause.c.ended_at.is_(None)
    )
    return connection.execute(running.values(ended_at=at)).rowcount == 1


def move_promises(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    *,
    cause: str,
    override_id: str | None,
    now: datetime,
) -> None:
    """Moves the due times of cases and keeps the old: JSON-safe rows of records.move."""
    parameters = {"rows": dump(list(rows)), "cause": cause, "override_id": override_id, "now": now}  # type: ignore[arg-type]
    connection.execute(_MOVE, parameters)


def _in(place: tuple[str, str | None]) -> Any:
    scope, code = place
    return _waiting() if code is None else _waiting().where(cases.c[scope] == code)


def _waiting() -> Any:
    return select(cases).where(cases.c.status.not_in(SETTLED)).order_by(cases.c.complaint_id)
