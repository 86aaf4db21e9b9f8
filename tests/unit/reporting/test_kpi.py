"""Periods, comparisons and tables of the dashboard, and that every figure is defined."""

import calendar
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting import board, figures, kpi

TODAY = date(2026, 11, 23)
DAYS = st.dates(date(2020, 1, 1), date(2199, 12, 31))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, (date(2026, 10, 25), TODAY)),
        (date(2026, 11, 20), None, (date(2026, 11, 20), TODAY)),
        # Bounded by its own side, not dragged on to today.
        (date(2026, 1, 1), None, (date(2026, 1, 1), date(2026, 1, 30))),
        (None, date(2026, 3, 31), (date(2026, 3, 2), date(2026, 3, 31))),
        (date(2026, 3, 1), date(2026, 3, 1), (date(2026, 3, 1), date(2026, 3, 1))),
        # The future is empty, not an error.
        (date(2027, 1, 1), None, (date(2027, 1, 1), date(2027, 1, 1))),
    ],
)
def test_a_side_that_is_not_given_is_bounded_by_the_other(first, last, expected):
    found = kpi.period(first, last, TODAY)
    assert (found.first, found.last) == expected


@given(DAYS, st.integers(0, 365))
def test_the_previous_period_ends_the_day_before_and_is_as_long(first, more):
    period = kpi.Period(first, first + timedelta(days=more))
    before = period.previous()
    assert before.days == period.days == more + 1
    assert before.last + timedelta(days=1) == period.first
    assert len(list(period.each_day())) == period.days


@given(st.one_of(st.none(), DAYS))
def test_a_period_that_nobody_bounded_is_thirty_days_at_most(first):
    assert 1 <= kpi.period(first, None, TODAY).days <= kpi.USUAL_DAYS


@given(DAYS, st.integers(0, 365))
def test_whole_months_are_all_months_of_which_no_day_is_missing(first, more):
    period = kpi.Period(first, first + timedelta(days=more))
    _, months = kpi.whole_months(period)
    days = set(period.each_day())
    beginnings = [day for day in days if day.day == 1]
    expected = [
        day
        for day in beginnings
        if {day + timedelta(days=n) for n in range(calendar.monthrange(day.year, day.month)[1])} <= days
    ]
    if months is None:
        assert expected == []
    else:
        assert months.first == min(expected)
        assert (months.last + timedelta(days=1)).day == 1
        assert len({(day.year, day.month) for day in months.each_day()}) == len(expected)


def test_the_day_changes_at_midnight_in_amman():
    assert kpi.today(datetime(2026, 11, 22, 20, 59, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert kpi.today(datetime(2026, 11, 22, 21, 0, tzinfo=UTC)) == TODAY


def counts(**given: int) -> dict[str, int]:
    return {**dict.fromkeys(kpi.FIGURES, 0), **given}


def test_growth_is_a_ratio_and_nothing_to_compare_with_is_none():
    found = kpi.compared(counts(received=30, assigned=5), counts(received=20))
    assert found["received"] == {"value": 30, "previous": 20, "change": 0.5}
    assert found["assigned"] == {"value": 5, "previous": 0, "change": None}
    assert kpi.compared(counts(), counts(received=3))["received"]["change"] == -1.0


def test_every_day_has_a_row():
    period = kpi.Period(date(2026, 2, 27), date(2026, 3, 2))
    rows = kpi.every_day(period, {date(2026, 3, 1): counts(received=4)})
    assert [row["day"] for row in rows] == list(period.each_day())
    assert [row["received"] for row in rows] == [0, 0, 4, 0]


def test_a_table_is_in_order_and_names_what_it_can():
    rows = {
        "B": counts(received=2),
        "A": counts(received=2),
        "-": counts(received=1),
        "C": counts(received=9),
    }
    found = kpi.table(rows, {"A": {"ar": "أ", "en": "A"}}, kpi.NOT_ASSIGNED)
    assert [row["code"] for row in found] == ["C", "A", "B", None]
    assert [row["name"] for row in found] == [None, {"ar": "أ", "en": "A"}, None, kpi.NOT_ASSIGNED]


def test_every_figure_that_is_counted_is_defined_in_both_languages():
    assert set(kpi.FIGURES) == set(figures.MEASURES) == set(figures.COUNT)
    for each in kpi.DEFINITIONS:
        for text in (each.name, each.definition):
            assert set(text) == {"ar", "en"}
            assert all(text.values())
        assert each.of is None or each.of in kpi.FIGURES
        assert any("؀" <= character <= "ۿ" for character in each.definition["ar"])


def test_every_question_finds_a_slice_that_knows_its_filters_and_what_it_asks_by():
    for bits in range(1 << len(board.FILTERS)):
        chosen = {name for bit, name in enumerate(board.FILTERS) if bits >> bit & 1}
        for name in ("day", *board.BREAKDOWNS):
            number = board.slice_for((chosen | {name}) - {"day"})
            assert (chosen | {name}) - {"day"} <= set(figures.SLICES[number])
    # Without filters nothing reads the slice that has a cell for nearly every complaint.
    assert 0 not in {board.slice_for([name]) for name in board.BREAKDOWNS}
    assert set(figures.SLICES[0]) == set(figures.DIMENSIONS)
