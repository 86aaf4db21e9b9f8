"""What actions do to a promise beside letting it stand still: it is counted again, or begins anew."""

from datetime import datetime

from sqlalchemy import Connection

from services.routing.cases.step import Step
from services.routing.clock import case_clock
from services.routing.deadlines import promise, promises


def count_again(connection: Connection, complaint_id: str, *, now: datetime) -> bool:
    """The promise by the calendar as it is now, of the place where the case is now; whether it moved."""
    return promises.count_again(connection, [complaint_id], now=now)


def count_elsewhere(connection: Connection, complaint_id: str, *, now: datetime) -> bool:
    """The same of a case that another body has now."""
    return promises.count_again(connection, [complaint_id], now=now, cause=promise.BY_BODY)


def promise_again(connection: Connection, complaint_id: str, *, now: datetime) -> bool:
    """The same of a case that is answered anew."""
    return promises.count_again(connection, [complaint_id], now=now, cause=promise.BY_REOPENING)


def reopen(step: Step) -> None:
    """A promise of its own from now on, by the terms of this day; what was told of the one before is over with it."""
    case = step.after
    term = step.known.term(case.kind, step.now, case.category, case_clock.flags_of(case) | {promise.REOPENED})
    if case.due_at is not None and term is not None:
        step.end(promised_from=step.now, working_days=term.working_days, wall_hours=term.wall_hours)
        step.turns_clock = promise_again
    step.end(escalation_level=0, escalated_to=None, escalated_at=None, checked_at=step.now)
