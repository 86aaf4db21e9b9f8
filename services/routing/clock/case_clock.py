"""The clock of a stored case: its row and its pauses as escalation.py looks at them, and when it must be looked at next."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis import logs
from services.routing import snapshot
from services.routing.cases import transitions as t
from services.routing.clock import escalation
from services.routing.clock.escalation import Clock, Finding, Terms
from services.routing.deadlines import store as store_calendar
from services.routing.deadlines.calendar import NoWorkingDay
from services.routing.deadlines.promise import FLAGS, URGENT, Pause, Promise, counts_from
from services.routing.known import Directory

log = logs.get()


def flags_of(row: Any) -> frozenset[str]:
    """What a case is beside its kind."""
    return frozenset(flag for flag in FLAGS if getattr(row, flag))


def acknowledge_by(known: Directory, row: Any, now: datetime) -> datetime | None:
    """Until when somebody must say that an urgent case was seen that is theirs from `now` on; None for one that is not urgent."""
    if not row.urgent:
        return None
    minutes = _terms(known, row).acknowledge_minutes
    return now + timedelta(minutes=minutes) if minutes else None


def look(
    known: Directory, row: Any, pauses: Sequence[Pause], now: datetime, *, due_at: datetime | None = None
) -> Finding:
    """What the clock of a case says, if it is due at `due_at` (None: as its row says).

    Of a case that has no working day before it, nothing until somebody mends the calendar.
    """
    clock = Clock(
        row.status,
        counts_from(row),
        due_at or row.due_at,
        row.checked_at or now,
        row.escalation_level,
        row.wall_hours is not None,
        row.assigned_at,
        row.last_action_at,
        row.unowned_since,
        row.acknowledge_by,
        row.arbiter_since,
        tuple(pauses),
    )
    try:
        return escalation.look(
            clock, _terms(known, row), known.calendars.of(row.governorate, row.institution), now
        )
    except NoWorkingDay:
        log.error("no_working_day", complaint_id=str(row.complaint_id))
        return Finding()


def decide_by(known: Directory, row: Any) -> datetime | None:
    """Until when the arbiter is to decide on a transfer; None where none waits for that, or no row says so."""
    if row.arbiter_since is None:
        return None
    calendar = known.calendars.of(row.governorate, row.institution)
    ends = (each.after(row.arbiter_since, calendar) for each in _terms(known, row).of(escalation.ARBITER))
    return min(ends, default=None)


def _terms(known: Directory, row: Any) -> Terms:
    return known.clock_terms(row.category, flags_of(row), counts_from(row))


def next_look(connection: Connection, row: Row[Any], now: datetime) -> datetime | None:
    """When a case must be looked at next, by what its row and its pauses say now."""
    known = snapshot.current(connection)
    identity = str(row.complaint_id)
    return at_next(known, row, store_calendar.pauses(connection, [identity]).get(identity, ()), now)


def at_next(
    known: Directory, row: Any, pauses: Sequence[Pause], now: datetime, *, due_at: datetime | None = None
) -> datetime | None:
    """The same, of what was read already. What is due already is looked at at once."""
    found = look(known, row, pauses, now, due_at=due_at)
    due = found.level or found.reminders or found.unacknowledged or found.lapsed or found.undecided
    return now if due or has_lost_holder(row) else found.next_at


def has_lost_holder(row: Any) -> bool:
    """Whether the body is at work on a case that was raised to somebody of it who turned out to be implicated: nobody was told since."""
    return (
        row.status in t.WORKED_ON
        and row.escalated_at is not None
        and row.escalated_to is None
        and row.escalation_level < escalation.COORDINATOR
    )


def begin(
    known: Directory,
    complaint: Any,
    promised: Promise | None,
    institution: str | None,
    now: datetime,
    *,
    owned: bool,
    on_call: bool,
) -> tuple[datetime | None, datetime | None]:
    """(until when an urgent case must be acknowledged, when a case must be looked at first) of a case that is being opened.

    It was not looked at before, so nothing of the past is told. Of an urgent one for which its body has nobody on call, whoever is on call
    for all is told at once.
    """
    terms = known.clock_terms(complaint.need.category, complaint.flags, complaint.received_at)
    answer_by = None
    if owned and URGENT in complaint.flags and terms.acknowledge_minutes:
        waits = on_call or not known.on_call(None, now)
        answer_by = now + timedelta(minutes=terms.acknowledge_minutes if waits else 0)
    clock = Clock(
        t.ASSIGNED if owned else t.RECEIVED,
        complaint.received_at,
        promised.due_at if promised else None,
        now,
        by_the_clock=promised is not None and promised.wall_hours is not None,
        assigned_at=now if owned else None,
        last_action_at=now if owned else None,
        unowned_since=None if owned else now,
        acknowledge_by=answer_by,
    )
    found = escalation.look(clock, terms, known.calendars.of(complaint.need.governorate, institution), now)
    return answer_by, now if found.level or found.unacknowledged else found.next_at
