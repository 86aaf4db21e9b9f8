"""Terms by kind, flag and category; pauses; how much of a promise is used."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.deadlines.calendar import AMMAN
from services.routing.deadlines.promise import (
    Pause,
    StepTerm,
    Term,
    due_at,
    due_by_the_clock,
    latest_end,
    progress,
    step_days,
    term_for,
)
from tests.unit.routing.deadlines.calendars import Finger, calendar, closures, holidays, lists, moments

counts = st.integers(1, 12)
longest = st.integers(1, 10)
START = date(2020, 1, 1)
TERMS = [
    Term("complaint", START, 10),
    Term("question", START, 5),
    Term("praise", START, None),
    Term("complaint", START, 7, flag="rights", priority=10, id="r"),
    Term(None, START, None, wall_hours=24, flag="urgent", priority=20, id="u"),
    Term("complaint", START, 3, category="water.outage", priority=10, id="w"),
]
MONDAY = datetime(2026, 12, 21, 10, tzinfo=AMMAN)


@st.composite
def pauses(draw) -> list[Pause]:
    """Up to three, one after the other; the last may still be running."""
    edges = sorted(draw(st.lists(moments, max_size=6, unique=True)))
    found = [Pause(*pair) for pair in zip(edges[::2], edges[1::2], strict=False)]
    return [*found, Pause(edges[-1])] if len(edges) % 2 else found


@given(holidays, lists, moments, counts, pauses(), longest)
def test_with_pauses_it_equals_the_walk_from_evening_to_evening(
    closed, said, received_at, count, paused, most
):
    # Nobody is asked before the complaint is there.
    paused = [each for each in paused if each.started_at >= received_at]
    due = due_at(received_at, count, calendar(closed, said), paused, most)
    assert due == Finger(closed, said).due(received_at, count, paused, most)


@given(holidays, lists, closures, moments, counts, pauses())
def test_a_closure_more_never_shortens_a_promise_with_pauses(
    closed, said, closure, received_at, count, paused
):
    before, after = calendar(closed, said), calendar(closed, [*said, closure])
    assert due_at(received_at, count, after, paused) >= due_at(received_at, count, before, paused)
    assert due_by_the_clock(received_at, 24, after, paused) >= due_by_the_clock(
        received_at, 24, before, paused
    )


@given(holidays, lists, moments, counts, moments, st.integers(0, 20_000))
def test_a_pause_never_shortens_and_answering_never_lengthens(closed, said, received_at, count, at, length):
    fixed = calendar(closed, said)
    running, ended = Pause(at), Pause(at, at + timedelta(minutes=length))
    never, then, still = (due_at(received_at, count, fixed, each) for each in ([], [ended], [running]))
    assert never <= then <= still


@pytest.mark.parametrize(
    ("pause", "due"),
    [
        # Asked on Tuesday at noon, answered on Thursday morning: the evenings of Tuesday and Wednesday do not count.
        (("2026-12-22T12:00", "2026-12-24T09:00"), "2026-12-29T15:00"),
        # Asked and answered between two evenings: nothing moves.
        (("2026-12-22T09:00", "2026-12-22T14:59"), "2026-12-27T15:00"),
        # Never answered: ten working days, whether it was asked before the end of the day or after.
        (("2026-12-22T12:00", None), "2027-01-10T15:00"),
        (("2026-12-22T16:00", None), "2027-01-10T15:00"),
        # Answered after the pause was over by itself.
        (("2026-12-22T12:00", "2027-02-01T09:00"), "2027-01-10T15:00"),
    ],
)
def test_examples_of_pauses(pause, due):
    began, ended = (datetime.fromisoformat(each).replace(tzinfo=AMMAN) if each else None for each in pause)
    expected = datetime.fromisoformat(due).replace(tzinfo=AMMAN)
    assert due_at(MONDAY, 4, calendar(), [Pause(began, ended)]) == expected


def test_a_pause_ends_by_itself_with_its_tenth_evening():
    asked = datetime(2026, 12, 22, 12, tzinfo=AMMAN)
    assert latest_end(Pause(asked), calendar(), 10) == datetime(2027, 1, 4, 15, tzinfo=AMMAN)
    assert latest_end(Pause(asked), calendar(), 1) == datetime(2026, 12, 22, 15, tzinfo=AMMAN)


def test_by_the_clock_nights_and_fridays_count_and_pauses_do_not():
    thursday = datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert due_by_the_clock(thursday, 24, calendar()) == thursday + timedelta(hours=24)
    asked = Pause(thursday + timedelta(hours=2), thursday + timedelta(hours=5))
    too_late = Pause(thursday + timedelta(hours=28))
    assert due_by_the_clock(thursday, 24, calendar(), [too_late, asked]) == thursday + timedelta(hours=27)


@pytest.mark.parametrize(
    ("kind", "category", "flags", "expected"),
    [
        ("complaint", "tax.customs", (), (10, None)),
        ("question", "water.outage", (), (5, None)),
        ("praise", "tax.customs", (), (None, None)),
        ("complaint", "tax.customs", ("rights",), (7, None)),
        ("complaint", "tax.customs", ("rights", "service"), (7, None)),
        ("complaint", "water.outage", (), (3, None)),
        ("complaint", "water.outage", ("rights",), (7, None)),
        ("question", "tax.customs", ("rights", "urgent"), (None, 24)),
    ],
)
def test_the_term_of_the_highest_priority_counts(kind, category, flags, expected):
    for terms in (TERMS, TERMS[::-1]):
        term = term_for(terms, kind, MONDAY, category, frozenset(flags))
        assert (term.working_days, term.wall_hours) == expected


def test_a_term_ends_on_its_last_day():
    ended = Term("question", START, 2, priority=5, valid_to=date(2026, 12, 22))
    assert term_for([*TERMS, ended], "question", MONDAY).working_days == 2
    assert term_for([*TERMS, ended], "question", MONDAY + timedelta(days=1)).working_days == 5


def test_a_step_has_the_newest_term_in_force():
    steps = [StepTerm("first_action", START, 2), StepTerm("first_action", date(2026, 12, 22), 1)]
    assert step_days(steps, "first_action", MONDAY) == 2
    assert step_days(steps, "first_action", MONDAY + timedelta(days=1)) == 1
    assert step_days(steps, "approval", MONDAY) is None


@given(holidays, lists, moments, counts, moments, pauses())
def test_progress_is_nothing_at_first_the_whole_when_due_and_never_falls(
    closed, said, received_at, count, at, paused
):
    fixed = calendar(closed, said)
    paused = [each for each in paused if each.started_at >= received_at]
    due = due_at(received_at, count, fixed, paused)
    at_due = progress(received_at, due, due, fixed, paused)
    assert (at_due.share, at_due.minutes_left) == (1, 0)
    first, later = (
        progress(received_at, due, each, fixed, paused) for each in (received_at, max(at, received_at))
    )
    assert first.share in (0, 1)
    assert later.share >= first.share
    assert later.minutes_left <= first.minutes_left
    assert (later.minutes_left > 0) <= (max(at, received_at) < due)


def test_half_and_half_as_much_again():
    due = due_at(MONDAY, 2, calendar())
    # 5 hours of Monday, 7 of Tuesday and of Wednesday.
    for at, share, left in (
        (datetime(2026, 12, 22, 12, 30, tzinfo=AMMAN), 0.5, 570),
        (datetime(2026, 12, 23, 15, tzinfo=AMMAN), 1, 0),
        (datetime(2026, 12, 26, 3, tzinfo=AMMAN), 26 / 19, -420),
        (datetime(2026, 12, 27, 10, 30, tzinfo=AMMAN), 1.5, -570),
    ):
        found = progress(MONDAY, due, at, calendar())
        assert (found.share, found.minutes_left) == (pytest.approx(share), left)


def test_progress_by_the_clock():
    due = due_by_the_clock(MONDAY, 24, calendar())
    found = progress(MONDAY, due, MONDAY + timedelta(hours=36), calendar(), by_the_clock=True)
    assert (found.share, found.minutes_left) == (1.5, -720)
