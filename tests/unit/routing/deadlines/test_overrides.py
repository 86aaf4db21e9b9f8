"""The calendar under circulars: equal to the minute-by-minute reference, whatever was said in whatever order."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.routing.deadlines.calendar import (
    AMMAN,
    CLOSED,
    HOURS,
    OPEN,
    Calendars,
    NoWorkingDay,
    Override,
    closes_a_month,
)
from services.routing.deadlines.promise import due_at
from tests.unit.routing.deadlines.calendars import (
    CLOSES,
    FIRST,
    LAST,
    OPENS,
    SUNDAY_TO_THURSDAY,
    Finger,
    calendar,
    closures,
    days,
    holidays,
    lists,
    moments,
)

minutes = st.integers(1, 2500)
counts = st.integers(1, 15)
every_day = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 12)]


def override(effect, first, last=None, opens=None, closes=None, scope="nation", code=None) -> Override:
    return Override("x", scope, code, first, last or first, effect, opens, closes)


@given(holidays, lists)
def test_each_day_has_the_hours_that_the_reference_counts(closed, said):
    fast, slow = calendar(closed, said), Finger(closed, said)
    for day in every_day:
        hours = fast.hours_on(day)
        worked = slow.minutes(day)
        assert fast.is_working(day) == bool(worked)
        if hours is not None:
            begin, end = (each.hour * 60 + each.minute for each in hours)
            assert worked == set(range(begin, end))


@settings(max_examples=60)
@given(holidays, lists, moments, minutes)
def test_adding_working_time_equals_the_walk_minute_by_minute(closed, said, start, count):
    assert calendar(closed, said).add(start, count) == Finger(closed, said).add(start, count)


@settings(max_examples=60)
@given(holidays, lists, moments, moments)
def test_the_time_between_equals_the_walk_minute_by_minute(closed, said, one, other):
    start, end = sorted((one, other))
    fast = calendar(closed, said)
    assert fast.between(start, end) == Finger(closed, said).between(start, end)
    assert fast.between(end, start) == -fast.between(start, end)


@given(holidays, lists, moments, counts)
def test_a_promise_equals_the_walk_from_evening_to_evening(closed, said, received_at, count):
    assert due_at(received_at, count, calendar(closed, said)) == Finger(closed, said).due(received_at, count)


@given(holidays, lists, moments, minutes)
def test_what_was_added_lies_between(closed, said, start, count):
    fast = calendar(closed, said)
    assert fast.between(start, fast.add(start, count)) == count


@given(holidays, lists, moments, moments, moments)
def test_the_parts_add_up_to_the_whole(closed, said, one, other, third):
    fast = calendar(closed, said)
    a, b, c = sorted((one, other, third))
    assert fast.between(a, b) + fast.between(b, c) == fast.between(a, c)


@given(holidays, lists, moments, minutes, counts)
def test_nothing_is_due_outside_of_working_hours(closed, said, moment, count, days_):
    fast = calendar(closed, said)
    for due in (fast.add(moment, count), due_at(moment, days_, fast).astimezone(AMMAN)):
        opens, closes = fast.hours_on(due.date())
        assert opens < due.time() <= closes


@given(holidays, lists, closures, moments, minutes, counts)
def test_a_closure_more_never_shortens_anything(closed, said, closure, moment, count, days_):
    before, after = calendar(closed, said), calendar(closed, [*said, closure])
    assert after.add(moment, count) >= before.add(moment, count)
    assert due_at(moment, days_, after) >= due_at(moment, days_, before)


@given(holidays, lists.flatmap(lambda said: st.tuples(st.just(said), st.permutations(said))))
def test_the_order_in_which_circulars_arrive_does_not_matter(closed, orders):
    one, other = (calendar(closed, said) for said in orders)
    assert [one.hours_on(day) for day in every_day] == [other.hours_on(day) for day in every_day]


@given(holidays, lists, days, counts)
def test_working_days_are_counted_over_the_turn_of_the_year(closed, said, day, count):
    fast = calendar(closed, said)
    found = fast.working_day_after(day, count)
    passed = [day + timedelta(days=number) for number in range(1, (found - day).days + 1)]
    assert sum(map(fast.is_working, passed)) == count
    assert fast.is_working(found)


def test_ramadan_has_its_hours_and_only_on_working_days():
    first, last = date(2027, 2, 8), date(2027, 3, 8)
    fixed = calendar(said=[override(HOURS, first, last, time(9), time(14, 30))])
    assert fixed.hours_on(date(2027, 2, 7)) == (OPENS, CLOSES)
    assert fixed.hours_on(date(2027, 2, 8)) == (time(9), time(14, 30))
    assert not fixed.is_working(date(2027, 2, 12))
    assert fixed.end_of_day(date(2027, 3, 8)) == datetime(2027, 3, 8, 14, 30, tzinfo=AMMAN)
    assert fixed.hours_on(date(2027, 3, 9)) == (OPENS, CLOSES)


def test_a_closure_wins_whatever_else_is_said():
    saturday = date(2026, 12, 26)
    opened = override(OPEN, saturday, opens=time(9), closes=time(13))
    assert calendar(said=[opened]).hours_on(saturday) == (time(9), time(13))
    assert calendar(said=[opened, override(CLOSED, saturday)]).hours_on(saturday) is None


def test_opening_days_off_says_nothing_of_the_others():
    week = override(OPEN, date(2026, 12, 20), date(2026, 12, 26), time(9), time(13))
    fixed = calendar(said=[week])
    assert fixed.hours_on(date(2026, 12, 21)) == (OPENS, CLOSES)
    assert fixed.hours_on(date(2026, 12, 25)) == (time(9), time(13))


def test_hours_that_have_nothing_in_common_leave_no_work():
    day = date(2026, 12, 21)
    early, late = (
        override(HOURS, day, opens=time(7), closes=time(9)),
        override(HOURS, day, opens=time(10), closes=time(12)),
    )
    assert calendar(said=[early, late]).hours_on(day) is None


def test_a_place_has_the_circulars_that_concern_it_and_shares_its_calendar_with_its_like():
    day = date(2026, 12, 21)
    calendars = Calendars(
        SUNDAY_TO_THURSDAY,
        (),
        [
            override(CLOSED, day, scope="governorate", code="JO-AJ"),
            override(HOURS, day, opens=time(9), closes=time(11), scope="institution", code="MOH"),
        ],
    )
    assert calendars.of("JO-AJ", "WAJ").hours_on(day) is None
    assert calendars.of("JO-AJ", "MOH").hours_on(day) is None
    assert calendars.of("JO-AM", "MOH").hours_on(day) == (time(9), time(11))
    assert calendars.of("JO-AM", "WAJ").hours_on(day) == (OPENS, CLOSES)
    assert calendars.of("JO-AM", None) is calendars.of("JO-IR", "WAJ")
    assert calendars.of(None, None) is calendars.of("JO-IR", "WAJ")


def test_a_code_of_one_scope_is_not_a_code_of_another():
    said = override(CLOSED, date(2026, 12, 21), scope="institution", code="JO-AM")
    assert not said.concerns("JO-AM", "MOH")
    assert not said.concerns("JO-AM", None)


@pytest.mark.parametrize(
    ("effect", "last", "expected"),
    [
        (CLOSED, date(2027, 1, 27), False),
        (CLOSED, date(2027, 1, 28), True),
        (HOURS, date(2027, 3, 1), False),
    ],
)
def test_closing_a_month_is_noticed(effect, last, expected):
    assert closes_a_month(effect, date(2027, 1, 1), last) is expected


def test_twenty_years_ahead_and_not_for_ever():
    received = datetime(2026, 12, 21, 9, tzinfo=UTC)
    assert calendar().add(received, 19 * 250 * 7 * 60).year in (2045, 2046)
    with pytest.raises(NoWorkingDay):
        calendar().add(received, 30 * 261 * 7 * 60)
    with pytest.raises(ValueError, match="first minute"):
        calendar().add(received, 0)
    closed = override(CLOSED, date(2026, 1, 1), date(2060, 1, 1))
    with pytest.raises(NoWorkingDay):
        calendar(said=[closed]).working_day_after(date(2026, 12, 21), 1)


def test_seconds_are_worked_too():
    start = datetime(2026, 12, 21, 14, 59, 30, 250_000, tzinfo=AMMAN)
    assert calendar().add(start, 1) == datetime(2026, 12, 22, 8, 0, 30, 250_000, tzinfo=AMMAN)
    assert calendar().between(start, start + timedelta(minutes=5)) == 0
