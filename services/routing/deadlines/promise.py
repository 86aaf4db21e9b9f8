"""The promise: by when the complainant has an answer, how much of its time is used, and when the clock stands still."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from services.routing.deadlines.calendar import AMMAN

SERVICE = "service"
RIGHTS = "rights"
URGENT = "urgent"
FLAGS = (SERVICE, RIGHTS, URGENT)
REOPENED = "reopened"
"""As a flag of a term: of a case that is answered anew after a dispute. Without a row of its own it has the time of any other."""

BY_CALENDAR = "calendar"
BY_PAUSE = "pause"
BY_BODY = "body"
BY_REOPENING = REOPENED
CAUSES = (BY_CALENDAR, BY_PAUSE, BY_BODY, BY_REOPENING)
"""Why a promise moves."""

FIRST_ACTION = "first_action"
PAUSE = "pause"
"""The steps inside of a case that have a time of their own; `pause` is the longest wait for the complainant."""

LONGEST_PAUSE = 10
"""Working days of a pause where no row says otherwise."""


class WorkingTime(Protocol):
    """What a promise needs of a calendar."""

    def is_working(self, day: date) -> bool: ...

    def working_day_after(self, day: date, count: int) -> date: ...

    def end_of_day(self, day: date) -> datetime: ...

    def add(self, start: datetime, minutes: int) -> datetime: ...

    def between(self, start: datetime, end: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Term:
    """How long a complaint may take that was received from `valid_from` on and before `valid_to`: working days, or hours by the wall clock.

    With neither, nothing is promised (praise). Of several that fit, the highest `priority` counts, then the one that asks for more.
    """

    kind: str | None
    valid_from: date
    working_days: int | None
    wall_hours: int | None = None
    category: str | None = None
    flag: str | None = None
    priority: int = 0
    valid_to: date | None = None
    id: str = ""

    def fits(self, kind: str, category: str | None, flags: frozenset[str], day: date) -> bool:
        """Whether it holds for such a complaint that came on `day`."""
        return (
            self.kind in (None, kind)
            and self.category in (None, category)
            and (self.flag is None or self.flag in flags)
            and self.valid_from <= day
            and (self.valid_to is None or day < self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class StepTerm:
    """How many working days a step inside of a case may take, from a date on."""

    step: str
    valid_from: date
    working_days: int


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stood still from `started_at` until just before `ended_at`; None: it still does."""

    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """A due time in UTC, and the working days or the hours by the wall clock that it was counted with."""

    due_at: datetime
    working_days: int | None
    wall_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """`share` of the time is used (1.5: half as much again as was promised); `minutes_left`, negative when it is overdue."""

    share: float
    minutes_left: int


def counts_from(case: Any) -> datetime:
    """Since when the promise of a stored case counts: its receipt, or the decision by which it was reopened."""
    begun: datetime = case.promised_from or case.received_at
    return begun


def term_for(
    terms: Iterable[Term],
    kind: str,
    received_at: datetime,
    category: str | None = None,
    flags: frozenset[str] = frozenset(),
) -> Term | None:
    """The term that was in force on the day of receipt in Amman, or None. Rows of equal rank: the newest, then the greater id."""
    day = received_at.astimezone(AMMAN).date()
    return max(
        (term for term in terms if term.fits(kind, category, flags, day)),
        key=lambda term: (
            term.priority,
            term.flag is not None,
            term.category is not None,
            term.kind is not None,
            term.valid_from,
            term.id,
        ),
        default=None,
    )


def step_days(steps: Iterable[StepTerm], step: str, at: datetime) -> int | None:
    """The working days of a step by the newest row in force on the day of `at` in Amman, or None."""
    day = at.astimezone(AMMAN).date()
    known = (each for each in steps if each.step == step and each.valid_from <= day)
    newest = max(known, key=lambda each: each.valid_from, default=None)
    return newest.working_days if newest else None


def due_at(
    received_at: datetime,
    working_days: int,
    calendar: WorkingTime,
    pauses: Sequence[Pause] = (),
    longest_pause: int = LONGEST_PAUSE,
) -> datetime:
    """The end, in UTC, of the `working_days`-th working day after the day of receipt (aware moment; the day is that of Amman).

    The day of receipt never counts, however early the complaint came, so nobody gains by the hour and the promise is whole days.
    A working day counts only if the clock was running at its end. A pause that has not ended is taken to last as long as it may
    (`longest_pause` working days), so that the promise holds whatever the complainant does, and comes nearer when they answer.
    """
    day = received_at.astimezone(AMMAN).date()
    if not pauses:
        return calendar.end_of_day(calendar.working_day_after(day, working_days)).astimezone(UTC)
    stopped = [(each, latest_end(each, calendar, longest_pause)) for each in pauses]
    left = working_days
    while True:
        day = calendar.working_day_after(day, 1)
        end = calendar.end_of_day(day)
        if not any(_stands_still(pause, latest, end) for pause, latest in stopped):
            left -= 1
        if left == 0:
            return end.astimezone(UTC)


def due_by_the_clock(
    received_at: datetime,
    hours: int,
    calendar: WorkingTime,
    pauses: Sequence[Pause] = (),
    longest_pause: int = LONGEST_PAUSE,
) -> datetime:
    """`hours` after receipt, in UTC, day and night; the clock stands still in the pauses, which do not overlap."""
    due = received_at + timedelta(hours=hours)
    for each in sorted(pauses, key=lambda pause: pause.started_at):
        end = _end(each, calendar, longest_pause)
        if each.started_at < due and end > received_at:
            due += end - max(each.started_at, received_at)
    return due.astimezone(UTC)


def latest_end(pause: Pause, calendar: WorkingTime, longest_pause: int) -> datetime:
    """When a pause ends by itself, in UTC: with the `longest_pause`-th working day that ends in it."""
    day = pause.started_at.astimezone(AMMAN).date()
    after = longest_pause
    if calendar.is_working(day) and calendar.end_of_day(day) >= pause.started_at:
        after -= 1
    last = calendar.working_day_after(day, after) if after else day
    return calendar.end_of_day(last).astimezone(UTC)


def progress(
    received_at: datetime,
    due: datetime,
    now: datetime,
    calendar: WorkingTime,
    pauses: Sequence[Pause] = (),
    longest_pause: int = LONGEST_PAUSE,
    *,
    by_the_clock: bool = False,
) -> Progress:
    """How far the promise is used up at `now`: of its working time, or of the time on the wall clock, without the pauses."""
    measure = _minutes if by_the_clock else calendar.between
    ended = [(each.started_at, _end(each, calendar, longest_pause)) for each in pauses]
    used, whole = (_running(received_at, until, measure, ended) for until in (now, due))
    # A promise whose every hour was paused is used up when it is due.
    return Progress(used / whole if whole else float(now >= due), whole - used)


def used_at(
    received_at: datetime,
    due: datetime,
    percent: int,
    calendar: WorkingTime,
    pauses: Sequence[Pause] = (),
    longest_pause: int = LONGEST_PAUSE,
    *,
    by_the_clock: bool = False,
) -> datetime:
    """When so many per cent of the promise are used, in UTC; 100: when it is due, 150: when half as much again has gone by.

    The other way round than `progress`: of the working time, or of the time on the wall clock, without the pauses.
    """
    measure, add = (_minutes, _later) if by_the_clock else (calendar.between, calendar.add)
    ended = sorted((each.started_at, _end(each, calendar, longest_pause)) for each in pauses)
    whole = _running(received_at, due, measure, ended)
    start, minutes = received_at, -(-whole * percent // 100)
    if percent >= 100:
        start, minutes = due, minutes - whole
    if minutes < 1:
        # Nothing is left to be counted, also where every hour of the promise was paused.
        return due.astimezone(UTC)
    for begin, until in ended:
        if until <= start:
            continue
        before = measure(start, begin) if begin > start else 0
        if minutes <= before:
            break
        start, minutes = until, minutes - before
    return add(start, minutes).astimezone(UTC)


def _end(pause: Pause, calendar: WorkingTime, longest_pause: int) -> datetime:
    latest = latest_end(pause, calendar, longest_pause)
    return latest if pause.ended_at is None else min(pause.ended_at, latest)


def _stands_still(pause: Pause, latest: datetime, moment: datetime) -> bool:
    return pause.started_at <= moment <= latest and (pause.ended_at is None or moment < pause.ended_at)


def _running(
    start: datetime,
    end: datetime,
    measure: Callable[[datetime, datetime], int],
    pauses: Sequence[tuple[datetime, datetime]],
) -> int:
    paused = (
        measure(max(start, begin), min(end, until))
        for begin, until in pauses
        if begin < end and until > start
    )
    return measure(start, end) - sum(paused)


def _minutes(start: datetime, end: datetime) -> int:
    return (end - start) // timedelta(minutes=1)


def _later(start: datetime, minutes: int) -> datetime:
    return start + timedelta(minutes=minutes)
