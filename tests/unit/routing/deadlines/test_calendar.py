"""The laws of the working calendar and of the promise, against a reference that walks day by day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.routing.deadlines.calendar import Calendar, NoWorkingDay, WeekdayHours
from services.routing.deadlines.promise import Term, due_at, term_for

AMMAN = ZoneInfo("Asia/Amman")
OPENS, CLOSES = time(8), time(15)
SUNDAY_TO_THURSDAY = [WeekdayHours(day, date(2020, 1, 1), OPENS, CLOSES) for day in (7, 1, 2, 3, 4)]

days = st.dates(date(2024, 1, 1), date(2028, 12, 31))
moments = st.integers(0, 5 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
closures = st.sets(days, max_size=60)
counts = st.integers(1, 30)
weekdays = st.sets(st.integers(1, 7), min_size=1)


def reference(received_at: datetime, count: int, working: set[int], closed: set[date]) -> datetime:
    """The promise as one would count it with a finger on a wall calendar.

    Since October 2022 Jordan keeps UTC+3 all year, so three hours may be added.
    """
    day = (received_at + timedelta(hours=3)).date()
    left = count
    while left:
        day += timedelta(days=1)
        if day.isoweekday() in working and day not in closed:
            left -= 1
    return datetime(day.year, day.month, day.day, 15, tzinfo=AMMAN).astimezone(UTC)


def calendar(closed: set[date] = frozenset(), working: set[int] = frozenset({7, 1, 2, 3, 4})) -> Calendar:
    return Calendar([WeekdayHours(day, date(2020, 1, 1), OPENS, CLOSES) for day in working], closed)


@given(moments, counts, weekdays, closures)
def test_the_fast_calendar_equals_the_finger_on_the_wall_calendar(received_at, count, working, closed):
    assert due_at(received_at, count, calendar(closed, working)) == reference(
        received_at, count, working, closed
    )


@given(moments, counts, closures)
def test_never_due_when_nobody_works(received_at, count, closed):
    due = due_at(received_at, count, calendar(closed)).astimezone(AMMAN)
    assert due.isoweekday() not in (5, 6)
    assert due.date() not in closed
    assert due.time() == CLOSES
    assert due > received_at


@given(moments, moments, counts, closures)
def test_who_comes_later_is_never_answered_earlier(one, other, count, closed):
    earlier, later = sorted((one, other))
    fixed = calendar(closed)
    assert due_at(earlier, count, fixed) <= due_at(later, count, fixed)


@given(moments, counts, closures, days)
def test_closing_a_day_never_shortens_a_promise(received_at, count, closed, another):
    assert due_at(received_at, count, calendar(closed | {another})) >= due_at(
        received_at, count, calendar(closed)
    )


@given(moments, counts, closures)
def test_one_day_more_is_one_working_day_later(received_at, count, closed):
    fixed = calendar(closed)
    day = due_at(received_at, count, fixed).astimezone(AMMAN).date()
    assert due_at(received_at, count + 1, fixed).astimezone(AMMAN).date() == fixed.working_day_after(day, 1)


@given(days, closures)
def test_hours_are_those_of_a_working_day_and_of_no_other(day, closed):
    fixed = calendar(closed)
    assert fixed.is_working(day) == (fixed.hours_on(day) == (OPENS, CLOSES))
    if not fixed.is_working(day):
        with pytest.raises(ValueError, match="not a working day"):
            fixed.end_of_day(day)


@given(st.integers(-30, 30))
def test_new_hours_hold_from_their_date_on(offset):
    ramadan = WeekdayHours(7, date(2026, 2, 22), time(10), time(15))
    after = WeekdayHours(7, date(2026, 3, 22), OPENS, CLOSES)
    changing = Calendar([*SUNDAY_TO_THURSDAY, after, ramadan], ())
    sunday = date(2026, 3, 8) + timedelta(weeks=offset)
    expected = (time(10), time(15)) if date(2026, 2, 22) <= sunday < date(2026, 3, 22) else (OPENS, CLOSES)
    assume(sunday >= date(2020, 1, 1))
    assert changing.hours_on(sunday) == expected


def test_a_weekday_can_be_closed_from_a_date_on():
    fixed = Calendar([*SUNDAY_TO_THURSDAY, WeekdayHours(4, date(2026, 6, 1), None, None)], ())
    assert fixed.is_working(date(2026, 5, 28))
    assert not fixed.is_working(date(2026, 6, 4))


@pytest.mark.parametrize(
    ("received", "count", "due"),
    [
        ("2026-11-22T06:00", 1, "2026-11-23T15:00"),  # Sunday morning: the day itself does not count.
        ("2026-11-22T23:59", 1, "2026-11-23T15:00"),
        ("2026-11-26T23:30", 1, "2026-11-29T15:00"),  # Thursday night: Sunday is the first working day.
        ("2026-11-27T10:00", 5, "2026-12-03T15:00"),  # Friday.
        ("2026-11-23T13:30", 10, "2026-12-07T15:00"),
    ],
)
def test_examples_on_the_clock_of_amman(received, count, due):
    received_at = datetime.fromisoformat(received).replace(tzinfo=AMMAN).astimezone(UTC)
    expected = datetime.fromisoformat(due).replace(tzinfo=AMMAN)
    assert due_at(received_at, count, calendar()) == expected


def test_midnight_is_that_of_amman():
    just_before, just_after = (
        datetime(2026, 11, 22, 20, 59, tzinfo=UTC),
        datetime(2026, 11, 22, 21, tzinfo=UTC),
    )
    assert due_at(just_after, 1, calendar()) - due_at(just_before, 1, calendar()) == timedelta(days=1)


def test_a_calendar_that_never_works_is_an_error_and_not_a_loop():
    with pytest.raises(NoWorkingDay):
        Calendar([], ()).working_day_after(date(2026, 1, 1), 1)
    with pytest.raises(ValueError, match="number 1"):
        calendar().working_day_after(date(2026, 1, 1), 0)


def test_the_term_is_the_one_in_force_on_the_day_of_receipt_in_amman():
    terms = [
        Term("question", date(2020, 1, 1), 5),
        Term("question", date(2026, 7, 1), 3),
        Term("praise", date(2020, 1, 1), None),
    ]
    last_of_june = datetime(2026, 6, 30, 20, 59, tzinfo=UTC)
    assert term_for(terms, "question", last_of_june).working_days == 5
    assert term_for(terms, "question", last_of_june + timedelta(minutes=1)).working_days == 3
    assert term_for(terms, "praise", last_of_june).working_days is None
    assert term_for(terms, "riddle", last_of_june) is None
