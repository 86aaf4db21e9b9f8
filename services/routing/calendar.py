"""The working calendar: which days the state works, and when a day's work ends.

Pure: a calendar is built from rows and never changes; a new row makes a new calendar. Days are dates of the wall clock in Amman.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

AMMAN = ZoneInfo("Asia/Amman")
_YEARS_AHEAD = 20


class NoWorkingDay(Exception):
    """The rows leave no working day in the next twenty years: somebody closed the calendar instead of a day."""


@dataclass(frozen=True, slots=True)
class WeekdayHours:
    """The hours of one weekday (ISO: Monday 1 … Sunday 7) from a date on. A weekday that is closed has no hours."""

    weekday: int
    valid_from: date
    opens: time | None
    closes: time | None


class Calendar:
    """Working days by weekday hours and closed dates.

    A weekday without a row is closed. Where several rows of a weekday apply to a date, the newest `valid_from` counts.
    """

    def __init__(self, hours: Iterable[WeekdayHours], closed: Iterable[date]):
        self._hours = tuple(sorted(hours, key=lambda row: row.valid_from, reverse=True))
        self._closed = frozenset(closed)
        self._years: dict[int, tuple[date, ...]] = {}

    def hours_on(self, day: date) -> tuple[time, time] | None:
        """Opening and closing time of `day`, or None when nobody works."""
        if day in self._closed:
            return None
        for row in self._hours:
            if row.weekday == day.isoweekday() and row.valid_from <= day:
                return (row.opens, row.closes) if row.opens and row.closes else None
        return None

    def is_working(self, day: date) -> bool:
        """Whether the state works on `day`."""
        return self.hours_on(day) is not None

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, which itself never counts. Raises ValueError below 1, NoWorkingDay if there is none."""
        if count < 1:
            raise ValueError("the first working day after a day is number 1")
        wanted = count
        for year in range(day.year, day.year + _YEARS_AHEAD):
            days = self._working_days(year)
            begin = bisect_right(days, day)
            if begin + wanted <= len(days):
                return days[begin + wanted - 1]
            wanted -= len(days) - begin
        raise NoWorkingDay(f"no working day number {count} after {day.isoformat()}")

    def end_of_day(self, day: date) -> datetime:
        """Aware moment, in Amman, at which the work of `day` ends. Raises ValueError for a day on which nobody works."""
        hours = self.hours_on(day)
        if hours is None:
            raise ValueError(f"{day.isoformat()} is not a working day")
        return datetime.combine(day, hours[1], AMMAN)

    def _working_days(self, year: int) -> tuple[date, ...]:
        # Made once per year and calendar (about a millisecond), so that a batch of promises costs a bisection each.
        if year not in self._years:
            first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
            days = (date.fromordinal(number) for number in range(first, last + 1))
            self._years[year] = tuple(day for day in days if self.is_working(day))
        return self._years[year]
