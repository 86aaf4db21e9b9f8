"""Circulars that together close too much are refused, in whatever place; what one of them may close is closed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.deadlines.calendar import CLOSED, HOURS, OPEN, Calendars, Override
from services.routing.deadlines.promise import due_at
from services.routing.deadlines.remaining import FEWEST_DAYS, WITHIN_DAYS, leaves_too_little
from tests.unit.routing.conftest import NOW
from tests.unit.routing.deadlines.calendars import CLOSES, OPENS, SUNDAY_TO_THURSDAY

FIRST, YEAR = date(2027, 1, 1), 366
GOVERNORATES, BODIES = ("JO-AM", "JO-AJ"), ("WAJ", "MOH")


def closure(number=0, scope="nation", code=None, effect=CLOSED, days=YEAR, hours=(None, None)) -> Override:
    first = FIRST + timedelta(days=number * YEAR)
    return Override(str(number), scope, code, first, first + timedelta(days=days - 1), effect, *hours)


def refused(override, *said) -> bool:
    return leaves_too_little(Calendars(SUNDAY_TO_THURSDAY, (), said), override, GOVERNORATES, BODIES)


def test_a_whole_year_is_closed_and_not_a_second_one_behind_it():
    assert not refused(closure())
    assert refused(closure(1), closure())
    assert refused(closure(), closure(1))
    assert not refused(closure(2), closure())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("governorate", "JO-AJ"), ("institution", "MOH"), True),
        (("governorate", "JO-AJ"), ("nation", None), True),
        (("governorate", "JO-AJ"), ("governorate", "JO-AM"), False),
        (("institution", "MOH"), ("institution", "WAJ"), False),
    ],
)
def test_of_several_circulars_those_count_that_hold_in_one_place(one, other, expected):
    """A year is closed in Ajloun, and the one behind it at the ministry of health: whoever asks it from there would wait for both."""
    assert refused(closure(1, *other), closure(0, *one)) is expected


def test_hours_that_leave_nothing_close_as_well():
    early = closure(effect=HOURS, hours=(OPENS.replace(hour=7), OPENS))
    late = closure(effect=HOURS, hours=(CLOSES, CLOSES.replace(hour=20)))
    assert not refused(late)
    assert not refused(late, early)
    assert refused(late, early, closure(1))


def test_what_opens_days_closes_nothing():
    assert not refused(closure(1, effect=OPEN, hours=(OPENS, CLOSES)), closure(), closure(1))


months = st.lists(st.tuples(st.integers(0, 1500), st.integers(1, YEAR)), max_size=12)


@given(months)
def test_whatever_is_let_through_leaves_time_for_every_promise(wanted):
    held: list[Override] = []
    for after, days in wanted:
        first = NOW.date() + timedelta(days=after)
        override = Override("x", "nation", None, first, first + timedelta(days=days - 1), CLOSED)
        if not refused(override, *held):
            held.append(override)
    calendar = Calendars(SUNDAY_TO_THURSDAY, (), held).of(None, None)
    for after in range(0, 2000, 50):
        received = NOW + timedelta(days=after)
        assert due_at(received, FEWEST_DAYS, calendar) <= received + timedelta(days=WITHIN_DAYS + 1)
