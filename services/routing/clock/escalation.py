"""What the clock says of a case: who must hear of it by now, and when to look again. Pure: the moment is an argument.

Thresholds are rows. What is due is told once: a level only if it is higher than the one that the case has reached, a reminder only if
its moment came after the last look. So it does not matter how often or how late somebody looks, and after an outage the highest level
alone is told.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.routing.cases import transitions as t
from services.routing.deadlines import promise
from services.routing.deadlines.calendar import AMMAN
from services.routing.deadlines.promise import LONGEST_PAUSE, Pause, WorkingTime

MAIN_OFFICER, HEAD, COORDINATOR = 1, 2, 3
LEVELS = (MAIN_OFFICER, HEAD, COORDINATOR)

PROMISE = "promise"  # so many per cent of the promise are used
IDLE = "idle"  # the body has done nothing for so long
UNOWNED = "unowned"  # nobody has had it for so long
ACKNOWLEDGE = "acknowledge"  # so long may an officer take to say that an urgent case was seen
ARBITER = "arbiter"  # so long may the arbiter take to decide on a transfer
REMIND = "remind"  # so many per cent of the promise are used, and its officer is reminded

UNACKNOWLEDGED = "unacknowledged"
ANOTHER_BODY = "another_body"
NO_APPROVER = "no_approver"
HOLDER_AWAY = "holder_away"
CAUSES = (PROMISE, IDLE, UNOWNED, ARBITER, UNACKNOWLEDGED, ANOTHER_BODY, NO_APPROVER, HOLDER_AWAY)
"""Why a case is raised: by a row, because nobody said that they saw an urgent one, because the body that has it now was never told, because
nobody of the body may approve the reply, or because who it was raised to is away."""

ANSWER, FIRST_ACTION = "answer", promise.FIRST_ACTION
STEPS = (ANSWER, FIRST_ACTION)
"""What an officer is reminded of."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """For complaints received from `valid_from` on and before `valid_to`: after how long (one of four measures) which level is told.

    Of one trigger, the rows for a category count before those for a flag, and these before the others.
    """

    trigger: str
    valid_from: date
    level: int | None = None
    percent: int | None = None
    working_days: int | None = None
    working_hours: int | None = None
    wall_minutes: int | None = None
    category: str | None = None
    flag: str | None = None
    valid_to: date | None = None
    id: str = ""

    def fits(self, category: str, flags: Collection[str], day: date) -> bool:
        """Whether it holds for such a complaint that came on `day`."""
        return (
            self.category in (None, category)
            and (self.flag is None or self.flag in flags)
            and self.valid_from <= day
            and (self.valid_to is None or day < self.valid_to)
        )

    def after(self, start: datetime, calendar: WorkingTime) -> datetime:
        """The moment, in UTC, at which so much time has gone by since `start`."""
        if self.wall_minutes is not None:
            return (start + timedelta(minutes=self.wall_minutes)).astimezone(UTC)
        if self.working_hours is not None:
            return calendar.add(start, 60 * self.working_hours).astimezone(UTC)
        assert self.working_days is not None
        return days_after(start, self.working_days, calendar)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one case: its thresholds, and the days of its first action and of its longest pause."""

    thresholds: tuple[Threshold, ...] = ()
    first_action: int | None = None
    longest_pause: int = LONGEST_PAUSE

    def of(self, trigger: str) -> list[Threshold]:
        """The thresholds of one trigger."""
        return [each for each in self.thresholds if each.trigger == trigger]

    @property
    def acknowledge_minutes(self) -> int | None:
        """Within how many minutes an urgent case must be acknowledged; None where no row says so."""
        return next((each.wall_minutes for each in self.of(ACKNOWLEDGE)), None)


@dataclass(frozen=True, slots=True)
class Clock:
    """A case as far as time matters. `received_at` is since when its promise counts: the receipt, or the decision that reopened it.

    `level` was told already; what was due until `looked_at` was told or is not told any more.
    """

    state: str
    received_at: datetime
    due_at: datetime | None
    looked_at: datetime
    level: int = 0
    by_the_clock: bool = False
    assigned_at: datetime | None = None
    last_action_at: datetime | None = None
    unowned_since: datetime | None = None
    acknowledge_by: datetime | None = None
    arbiter_since: datetime | None = None
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What is due at the moment of the look; `next_at` is the moment of the next one, None when only an action makes another one needed."""

    level: int = 0
    cause: str | None = None
    reminders: tuple[tuple[str, bool, datetime], ...] = ()  # (step, whether it is overdue, when it was due)
    unacknowledged: bool = False
    lapsed: bool = False
    undecided: bool = False  # the arbiter's time is over
    next_at: datetime | None = None


def thresholds_for(
    rows: Iterable[Threshold], category: str, flags: Collection[str], received_at: datetime
) -> tuple[Threshold, ...]:
    """The rows that hold for a complaint."""
    day = received_at.astimezone(AMMAN).date()
    fitting = [each for each in rows if each.fits(category, flags, day)]
    best: dict[str, tuple[bool, bool]] = {}
    for each in fitting:
        best[each.trigger] = max(best.get(each.trigger, (False, False)), _weight(each))
    return tuple(each for each in fitting if _weight(each) == best[each.trigger])


def look(clock: Clock, terms: Terms, calendar: WorkingTime, now: datetime) -> Finding:
    """What the clock of a case says at `now`."""
    if clock.state == t.AWAITING_COMPLAINANT:
        return _waiting(clock, terms, calendar, now)
    if clock.state == t.RECEIVED:
        return _unowned(clock, terms, calendar, now)
    if clock.state in t.WORKED_ON:
        return _working(clock, terms, calendar, now)
    # What is disputed is with the coordinator, and of what is settled nothing is owed.
    return Finding()


def _waiting(clock: Clock, terms: Terms, calendar: WorkingTime, now: datetime) -> Finding:
    running = next((each for each in clock.pauses if each.ended_at is None), None)
    if running is None:
        return Finding()
    # The evening on which the clock of the promise stands for the last time is still one of the pause's.
    ends = promise.latest_end(running, calendar, terms.longest_pause)
    return Finding(lapsed=True) if ends < now else Finding(next_at=ends + timedelta.resolution)


def _unowned(clock: Clock, terms: Terms, calendar: WorkingTime, now: datetime) -> Finding:
    assert clock.unowned_since is not None
    moments = [each.after(clock.unowned_since, calendar) for each in terms.of(UNOWNED)]
    due = any(clock.looked_at < each <= now for each in moments)
    return Finding(COORDINATOR if due else 0, UNOWNED if due else None, next_at=_next(moments, now))


def _working(clock: Clock, terms: Terms, calendar: WorkingTime, now: datetime) -> Finding:
    level, cause = 0, None
    coming: list[datetime] = []
    told: dict[str, tuple[str, bool, datetime]] = {}
    for row, moment in _moments(clock, terms, calendar, now):
        if row.trigger == REMIND:
            if clock.due_at and clock.looked_at < moment <= now < clock.due_at:
                told[ANSWER] = (ANSWER, False, clock.due_at)
        elif (row.level or 0) <= clock.level:
            continue
        elif moment <= now and (row.level or 0) > level:
            level, cause = row.level or 0, row.trigger
        coming.append(moment)
    for step, due in _deadlines(clock, terms, calendar):
        if clock.looked_at < due <= now:
            told[step] = (step, True, due)
        coming.append(due)
    waits = clock.acknowledge_by if clock.state == t.ASSIGNED else None
    # Above the coordinator there is nobody to be asked.
    unacknowledged = waits is not None and waits <= now and clock.level < COORDINATOR
    if waits is not None:
        coming.append(waits)
    if clock.state == t.REPLY_PROPOSED:
        # Whoever could approve may be away by then.
        coming.append(_next_day(clock, calendar, now))
    ends = (
        [each.after(clock.arbiter_since, calendar) for each in terms.of(ARBITER)]
        if clock.arbiter_since
        else []
    )
    undecided = any(clock.looked_at < each <= now for each in ends)
    return Finding(
        level,
        cause,
        tuple(told.values()),
        unacknowledged,
        undecided=undecided,
        next_at=_next((*coming, *ends), now),
    )


def _moments(
    clock: Clock, terms: Terms, calendar: WorkingTime, now: datetime
) -> Iterator[tuple[Threshold, datetime]]:
    """The thresholds that have been passed, and of those to come as many as are needed to know which one is next.

    Every complaint that comes in is asked for, so what cannot be next is not counted.
    """
    if clock.due_at is None:
        return
    since = clock.last_action_at or clock.assigned_at
    if since is not None:
        for row in terms.of(IDLE):
            yield row, row.after(since, calendar)
    for row in sorted((*terms.of(PROMISE), *terms.of(REMIND)), key=lambda each: each.percent or 0):
        if row.level is not None and row.level <= clock.level:
            continue
        # What comes after the due time need not be counted before it: the due time itself is looked at.
        moment = (
            clock.due_at
            if (row.percent or 0) >= 100 and now < clock.due_at
            else promise.used_at(
                clock.received_at,
                clock.due_at,
                row.percent or 0,
                calendar,
                clock.pauses,
                terms.longest_pause,
                by_the_clock=clock.by_the_clock,
            )
        )
        yield row, moment
        if moment > now:
            return


def _deadlines(clock: Clock, terms: Terms, calendar: WorkingTime) -> Iterator[tuple[str, datetime]]:
    """(step, when it is due) of what the officer is told to be overdue."""
    if clock.due_at is not None:
        yield ANSWER, clock.due_at
    if clock.state == t.ASSIGNED and terms.first_action and clock.assigned_at and not clock.by_the_clock:
        yield FIRST_ACTION, days_after(clock.assigned_at, terms.first_action, calendar)


def _next_day(clock: Clock, calendar: WorkingTime, now: datetime) -> datetime:
    """When work begins again on a later day; of a case by the wall clock, when the day does."""
    tomorrow = datetime.combine(now.astimezone(AMMAN).date() + timedelta(days=1), time(), AMMAN)
    return (tomorrow if clock.by_the_clock else calendar.add(tomorrow, 1)).astimezone(UTC)


def _next(moments: Iterable[datetime], now: datetime) -> datetime | None:
    return min((each for each in moments if each > now), default=None)


def _weight(row: Threshold) -> tuple[bool, bool]:
    return row.category is not None, row.flag is not None


def days_after(start: datetime, days: int, calendar: WorkingTime) -> datetime:
    """The end, in UTC, of the `days`-th working day after the day of `start`, which itself never counts."""
    day = start.astimezone(AMMAN).date()
    return calendar.end_of_day(calendar.working_day_after(day, days)).astimezone(UTC)
