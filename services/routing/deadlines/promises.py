"""What moves promises: overrides of the calendar, pauses, and another body. One function, in the transaction of the caller.

A due time is always what the rows give now: receipt, term, calendar of the place, pauses. So it does not matter in which order circulars
arrive, and counting again what is right already moves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis import database, outbox
from services.routing import metrics, snapshot
from services.routing.cases import records
from services.routing.clock import case_clock
from services.routing.clock import store as store_timers
from services.routing.deadlines import store as store_calendar
from services.routing.deadlines.calendar import AMMAN, Override
from services.routing.deadlines.promise import BY_CALENDAR, BY_PAUSE, counts_from
from services.routing.deadlines.remaining import leaves_too_little
from services.routing.events import SOURCE
from services.routing.history import store as store_history
from services.routing.known import Directory

STRETCH = 500
"""Cases that one transaction of a recomputation passes over: what waits for it, new complaints among them, waits for a part of a second."""

TRIED = 1000
"""Promises that a rehearsal counts: a part of a second, however many are open."""


class UnknownPlace(Exception):
    """An override names a governorate or a body that the directory does not have."""


class TooFewDaysLeft(Exception):
    """With the overrides that there are, an override would leave too few days of work in some place (remaining.py)."""


def record_override(
    connection: Connection,
    wanted: Mapping[str, Any],
    *,
    by: str,
    now: datetime,
    override_id: str,
    job_id: str,
) -> tuple[str, bool]:
    """Records what a circular says, and has the promises that it concerns counted again: (id, whether it is new).

    `wanted` has the columns of an override but for its recording. What holds already is not recorded again. Raises UnknownPlace,
    TooFewDaysLeft.
    """
    store_calendar.change_calendar(connection)
    _check(snapshot.current(connection), wanted)
    row = {**wanted, "id": override_id, "recorded_at": now, "recorded_by": by}
    if not store_calendar.insert_override(connection, row):
        return store_calendar.same_override(connection, row), False
    store_calendar.add_job(connection, job_id, override_id, now)
    return override_id, True


def rehearse_override(connection: Connection, wanted: Mapping[str, Any]) -> tuple[int, int, int]:
    """What an override would do: (open promises that it concerns, how many of them were tried, how many of those would move).

    Changes nothing. Ids are random, so those that are tried stand for all. Raises UnknownPlace, TooFewDaysLeft.
    """
    known = snapshot.current(connection)
    override = _check(known, wanted)
    tried = replace(known, calendars=known.calendars.with_override(override))
    concerned, rows = store_calendar.sample_promised(
        connection,
        TRIED,
        due_after=datetime.combine(wanted["first_day"], time(), AMMAN).astimezone(UTC),
        place=(wanted["scope"], wanted["code"]),
    )
    pauses = store_calendar.pauses(connection, [str(row.complaint_id) for row in rows])
    moved = sum(
        tried.due(
            counts_from(row),
            row.working_days,
            row.wall_hours,
            (row.governorate, row.institution),
            pauses.get(str(row.complaint_id), ()),
        )
        != row.due_at
        for row in rows
    )
    return concerned, len(rows), moved


def withdraw_override(
    connection: Connection, override_id: str, *, by: str, now: datetime, job_id: str
) -> bool | None:
    """Has an override hold no longer, and the promises that it concerned counted again: whether it held, None for an unknown one."""
    store_calendar.change_calendar(connection)
    held = store_calendar.withdraw_override(connection, override_id, by, now)
    if held:
        store_calendar.add_job(connection, job_id, override_id, now)
    return held


def _check(known: Directory, wanted: Mapping[str, Any]) -> Override:
    places = {"governorate": known.governorates, "institution": known.names.keys()}
    if wanted["code"] is not None and wanted["code"] not in places[wanted["scope"]]:
        raise UnknownPlace
    columns = ("scope", "code", "first_day", "last_day", "effect", "opens", "closes")
    override = Override("-", *(wanted[name] for name in columns))
    if leaves_too_little(known.calendars, override, known.governorates, known.names):
        raise TooFewDaysLeft
    return override


def recompute(connection: Connection, *, now: datetime, length: int = STRETCH) -> tuple[int, int] | None:
    """One stretch of the oldest recomputation: (promises counted, promises moved), or None when nothing is to be done.

    When the clock looks next is found anew for what is late already, too. How far it is is written with what it does, so that it goes on
    there whatever happens in between.
    """
    job = store_calendar.lock_job(connection)
    if job is None:
        return None
    until = store_calendar.end_of_stretch(connection, job.after, length)
    since = datetime.combine(job.first_day, time(), AMMAN).astimezone(UTC)
    rows = store_calendar.lock_concerned(
        connection, job.after, until, since=since, place=(job.scope, job.code)
    )
    counted = sum(row.due_at is not None and row.due_at > since for row in rows)
    moved = _count_again(connection, rows, cause=BY_CALENDAR, override_id=str(job.override_id), now=now)
    store_calendar.advance_job(
        connection,
        job.id,
        after=until,
        seen=counted,
        moved=moved,
        finished_at=now if until is None else None,
    )
    return counted, moved


def pause(connection: Connection, complaint_id: str, *, now: datetime) -> bool:
    """The clock of a case stands still from now on; whether it was running.

    A case without a promise has no clock; that it waits is noted all the same, since its question lapses too.
    """
    return _turn(connection, complaint_id, store_calendar.start_pause, now)


def resume(connection: Connection, complaint_id: str, *, now: datetime) -> bool:
    """The clock of a case runs again; whether it stood still. A pause that was over by itself is closed and moves nothing."""
    return _turn(connection, complaint_id, store_calendar.end_pause, now)


def count_again(
    connection: Connection, complaint_ids: Sequence[str], *, now: datetime, cause: str = BY_CALENDAR
) -> bool:
    """Counts the promises of cases that are now of another place, or are waited for again; whether any of them moved.

    Nothing counts the promise of a case that is answered, and a closure may be of one place alone.
    """
    rows = store_calendar.lock_cases(connection, complaint_ids)
    return _count_again(connection, rows, cause=cause, override_id=None, now=now) > 0


def _turn(connection: Connection, complaint_id: str, change: Any, now: datetime) -> bool:
    rows = store_calendar.lock_cases(connection, [complaint_id])
    if not rows or not change(connection, complaint_id, now):
        return False
    _count_again(connection, rows, cause=BY_PAUSE, override_id=None, now=now)
    return rows[0].due_at is not None


def _count_again(
    connection: Connection, rows: Sequence[Row[Any]], *, cause: str, override_id: str | None, now: datetime
) -> int:
    """Moves the promises of locked cases to where the rows say they are; returns how many of them moved.

    When the clock looks at them next is found anew for all: also where the promise stays, days may have gone or come before it.
    """
    if not rows:
        return 0
    known = snapshot.steady(connection)
    pauses = store_calendar.pauses(connection, [str(row.complaint_id) for row in rows])
    moves, history, facts, looks = [], [], [], []
    for row in rows:
        identity, number = str(row.complaint_id), row.version + 1
        due = row.due_at and known.due(
            counts_from(row),
            row.working_days,
            row.wall_hours,
            (row.governorate, row.institution),
            pauses.get(identity, ()),
        )
        check_at = case_clock.at_next(known, row, pauses.get(identity, ()), now, due_at=due)
        if due == row.due_at:
            if check_at != row.check_at:
                looks.append(records.look(identity, check_at))
            continue
        moves.append(records.move(identity, number, due, row.due_at, check_at))
        history.append(records.moved_event(identity, number, due, row.due_at, cause, now))
        facts.append(records.moved_fact(known, row, due, cause, now))
    store_timers.look_at(connection, looks)
    if moves:
        store_calendar.move_promises(connection, moves, cause=cause, override_id=override_id, now=now)
        heads = store_history.append_history(connection, history)
        stated = [records.with_history(fact, heads) for fact in facts]
        outbox.record(connection, stated, source=SOURCE, now=now)
        database.after_commit(connection, partial(metrics.promises_moved_total.labels(cause).inc, len(moves)))
    return len(moves)
