"""The working calendar: which days the state works, when a day's work begins and ends, and working time from one moment to another.

Pure: a calendar is built from rows and never changes; a new row makes a new calendar. Days are dates of the wall clock in Amman.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

AMMAN = ZoneInfo("Asia/Amman")
_YEARS_AHEAD = 20

NATION = "nation"
GOVERNORATE = "governorate"
INSTITUTION = "institution"
SCOPES = (NATION, GOVERNORATE, INSTITUTION)

CLOSED = "closed"
HOURS = "hours"
OPEN = "open"
EFFECTS = (CLOSED, HOURS, OPEN)

# A closure of as many days in a row is more often a slip of the hand than a circular.
MONTH_DAYS = 28

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND


class NoWorkingDay(Exception):
    """The rows leave no working day in the next twenty years: somebody closed the calendar instead of a day."""


@dataclass(frozen=True, slots=True)
class WeekdayHours:
    """The hours of one weekday (ISO: Monday 1 … Sunday 7) from a date on. A weekday that is closed has no hours."""

    weekday: int
    valid_from: date
    opens: time | None
    closes: time | None


@dataclass(frozen=True, slots=True)
class Override:
    """What a circular says of the days from `first` to `last`, both included, in the whole country, a governorate or a body.

    `closed`: nobody works. `hours`: the working days among them have these hours instead of their own. `open`: the days off among them
    are worked, with these hours.
    """

    id: str
    scope: str
    code: str | None
    first: date
    last: date
    effect: str
    opens: time | None = None
    closes: time | None = None

    def concerns(self, governorate: str | None, institution: str | None) -> bool:
        """Whether it holds for complaints from this governorate that this body answers."""
        return self.scope == NATION or self.code == (
            governorate if self.scope == GOVERNORATE else institution
        )


def closes_a_month(effect: str, first: date, last: date) -> bool:
    """Whether an override would close so many days in a row that somebody should be asked whether it is meant."""
    return effect == CLOSED and (last - first).days + 1 >= MONTH_DAYS


class _Year(NamedTuple):
    """The working days of a year: ordinal, opening and closing in microseconds of the day, and the work done before each day."""

    days: tuple[int, ...]
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    before: tuple[int, ...]

    def until(self, day: int, clock: int) -> int:
        """The working time of this year until a moment of it."""
        index = bisect_left(self.days, day)
        done = self.before[index]
        if index < len(self.days) and self.days[index] == day:
            done += min(max(clock - self.opens[index], 0), self.closes[index] - self.opens[index])
        return done


class Calendar:
    """Working days and hours of one place: weekday hours, closed dates, and the overrides that hold there.

    A weekday without a row is closed. Where several rows of a weekday apply to a date, the newest `valid_from` counts. What several
    overrides make of a day does not depend on their order: a closure wins; else the day is worked if it is a working day or one of
    them opens it, in the hours that all of them leave. Overrides that leave no common hour leave no work.
    """

    def __init__(
        self, hours: Iterable[WeekdayHours], closed: Iterable[date], overrides: Iterable[Override] = ()
    ):
        self._hours = tuple(sorted(hours, key=lambda row: row.valid_from, reverse=True))
        self._closed = frozenset(closed)
        self._overrides = tuple(overrides)
        self._years: dict[int, _Year] = {}

    def hours_on(self, day: date) -> tuple[time, time] | None:
        """Opening and closing time of `day`, or None when nobody works."""
        return self._hours_under(day, self._overrides)

    def is_working(self, day: date) -> bool:
        """Whether the state works on `day`."""
        return self.hours_on(day) is not None

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, which itself never counts. Raises ValueError below 1, NoWorkingDay if there is none."""
        if count < 1:
            raise ValueError("the first working day after a day is number 1")
        wanted, ordinal = count, day.toordinal()
        for year in range(day.year, day.year + _YEARS_AHEAD):
            days = self._year(year).days
            begin = bisect_right(days, ordinal)
            if begin + wanted <= len(days):
                return date.fromordinal(days[begin + wanted - 1])
            wanted -= len(days) - begin
        raise NoWorkingDay(f"no working day number {count} after {day.isoformat()}")

    def end_of_day(self, day: date) -> datetime:
        """Aware moment, in Amman, at which the work of `day` ends. Raises ValueError for a day on which nobody works."""
        hours = self.hours_on(day)
        if hours is None:
            raise ValueError(f"{day.isoformat()} is not a working day")
        return datetime.combine(day, hours[1], AMMAN)

    def add(self, start: datetime, minutes: int) -> datetime:
        """The first moment, in Amman, by which `minutes` of work are done since `start` (aware): never outside of working hours.

        Raises ValueError below 1, NoWorkingDay if so much work is not done in twenty years.
        """
        if minutes < 1:
            raise ValueError("working time is added from the first minute on")
        year, day, clock = _read(start)
        left = minutes * _MINUTE + self._year(year).until(day, clock)
        for each in range(year, year + _YEARS_AHEAD):
            table = self._year(each)
            if left <= table.before[-1]:
                index = bisect_left(table.before, left) - 1
                return _moment(table.days[index], table.opens[index] + left - table.before[index])
            left -= table.before[-1]
        raise NoWorkingDay(f"no {minutes} minutes of work after {start.isoformat()}")

    def between(self, start: datetime, end: datetime) -> int:
        """The whole working minutes from `start` to `end` (aware); negative where `end` is the earlier one."""
        if end < start:
            return -self.between(end, start)
        first, *from_ = _read(start)
        last, *until = _read(end)
        done = sum(self._year(year).before[-1] for year in range(first, last))
        return (done + self._year(last).until(*until) - self._year(first).until(*from_)) // _MINUTE

    def _hours_under(self, day: date, overrides: Iterable[Override]) -> tuple[time, time] | None:
        hours = self._usual_hours(day)
        opened, ruling = hours is not None, []
        for each in overrides:
            if not each.first <= day <= each.last:
                continue
            if each.effect == CLOSED:
                return None
            # A day that is worked anyway needs no opening, so the hours of one say nothing about it.
            if each.effect == HOURS or hours is None:
                ruling.append(each)
                opened = opened or each.effect == OPEN
        if not opened or not ruling:
            return hours
        opens = max(each.opens for each in ruling if each.opens)
        closes = min(each.closes for each in ruling if each.closes)
        return (opens, closes) if opens < closes else None

    def _usual_hours(self, day: date) -> tuple[time, time] | None:
        if day in self._closed:
            return None
        for row in self._hours:
            if row.weekday == day.isoweekday() and row.valid_from <= day:
                return (row.opens, row.closes) if row.opens and row.closes else None
        return None

    def _year(self, year: int) -> _Year:
        # Made once per year and calendar (about a millisecond), so that a batch of promises costs a bisection each.
        if year not in self._years:
            self._years[year] = self._made(date(year, 1, 1), date(year, 12, 31))
        return self._years[year]

    def _made(self, first: date, last: date) -> _Year:
        near = [each for each in self._overrides if each.first <= last and each.last >= first]
        days, opens, closes, before = [], [], [], [0]
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            hours = self._hours_under(date.fromordinal(ordinal), near)
            if hours is not None:
                days.append(ordinal)
                opens.append(_clock(hours[0]))
                closes.append(_clock(hours[1]))
                before.append(before[-1] + closes[-1] - opens[-1])
        return _Year(tuple(days), tuple(opens), tuple(closes), tuple(before))


class Calendars:
    """The calendars of all places; places for which the same overrides hold share one, with what it has worked out."""

    def __init__(
        self, hours: Iterable[WeekdayHours], closed: Iterable[date], overrides: Iterable[Override] = ()
    ):
        self._hours = tuple(hours)
        self._closed = frozenset(closed)
        self._overrides = tuple(overrides)
        self._by_place: dict[tuple[str | None, str | None], Calendar] = {}
        self._by_overrides: dict[tuple[Override, ...], Calendar] = {}

    def of(self, governorate: str | None, institution: str | None) -> Calendar:
        """The calendar for complaints from a governorate that a body answers; with None, from nowhere else, or answered by nobody yet."""
        found = self._by_place.get((governorate, institution))
        if found is None:
            holding = tuple(each for each in self._overrides if each.concerns(governorate, institution))
            found = self._by_overrides.setdefault(holding, Calendar(self._hours, self._closed, holding))
            self._by_place[governorate, institution] = found
        return found

    def of_all_places(self) -> Calendar:
        """The calendar of a place that there is not, in which every closure and all hours hold that are said of any."""
        said = tuple(each for each in self._overrides if each.effect != OPEN)
        return Calendar(self._hours, self._closed, said)

    def with_override(self, override: Override) -> "Calendars":
        """The same with one more override, to see what it would change."""
        return Calendars(self._hours, self._closed, (*self._overrides, override))


def _read(moment: datetime) -> tuple[int, int, int]:
    """Year, ordinal of the day and microsecond of the day on the wall clock in Amman."""
    wall = moment.astimezone(AMMAN)
    return wall.year, wall.toordinal(), _clock(wall)


def _clock(wall: time | datetime) -> int:
    return (wall.hour * 3600 + wall.minute * 60 + wall.second) * _SECOND + wall.microsecond


def _moment(day: int, clock: int) -> datetime:
    midnight = datetime.combine(date.fromordinal(day), time())
    return (midnight + timedelta(microseconds=clock)).replace(tzinfo=AMMAN)
