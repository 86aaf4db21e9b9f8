"""The promise: by when the complainant has an answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

AMMAN = ZoneInfo("Asia/Amman")


class WorkingDays(Protocol):
    """What a promise needs of a calendar."""

    def working_day_after(self, day: date, count: int) -> date: ...

    def end_of_day(self, day: date) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Term:
    """How long a kind of complaint may take, from a date on. No `working_days`: nothing is promised (praise)."""

    kind: str
    valid_from: date
    working_days: int | None


def term_for(terms: Iterable[Term], kind: str, received_at: datetime) -> Term | None:
    """The newest term of `kind` that was in force on the day of receipt in Amman, or None."""
    day = received_at.astimezone(AMMAN).date()
    known = (term for term in terms if term.kind == kind and term.valid_from <= day)
    return max(known, key=lambda term: term.valid_from, default=None)


def due_at(received_at: datetime, working_days: int, calendar: WorkingDays) -> datetime:
    """The end, in UTC, of the `working_days`-th working day after the day of receipt (aware moment; the day is that of Amman).

    The day of receipt never counts, however early the complaint came, so nobody gains by the hour and the promise is whole days.
    """
    day = received_at.astimezone(AMMAN).date()
    return calendar.end_of_day(calendar.working_day_after(day, working_days)).astimezone(UTC)
