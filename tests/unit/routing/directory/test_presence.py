"""Who is there, who covers, who is on call: examples, and laws for any leave."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.directory.presence import (
    Duty,
    Leave,
    Presence,
    certified_until,
    cover_for,
    day_of,
    is_present,
    on_call,
)

FIRST = date(2026, 11, 1)
DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
days = st.integers(0, 60).map(lambda count: FIRST + timedelta(days=count))
names = st.sampled_from("abcdef")
leaves = st.builds(
    lambda first, length, cover: Leave(first, first + timedelta(days=length), cover),
    days,
    st.integers(0, 20),
    st.none() | names,
)
presences = st.dictionaries(
    names,
    st.builds(
        Presence,
        present=st.booleans(),
        valid_from=days,
        valid_to=st.none() | days,
        leaves=st.lists(leaves, max_size=3).map(tuple),
    ),
)


def there(*leave: Leave) -> Presence:
    return Presence(True, FIRST, None, leave)


def away(cover: str | None = None) -> Presence:
    return there(Leave(DAY, DAY, cover))


@pytest.mark.parametrize(
    ("presence", "expected"),
    [
        (there(), True),
        (Presence(False, FIRST), False),
        (Presence(True, DAY + timedelta(days=1)), False),
        (Presence(True, DAY), True),
        (Presence(True, FIRST, DAY), False),
        (Presence(True, FIRST, DAY + timedelta(days=1)), True),
        (there(Leave(DAY - timedelta(days=3), DAY)), False),
        (there(Leave(DAY, DAY + timedelta(days=3))), False),
        (there(Leave(DAY - timedelta(days=3), DAY - timedelta(days=1))), True),
    ],
)
def test_examples_of_who_is_there(presence, expected):
    assert is_present(presence, DAY) is expected


def test_a_day_is_that_of_amman():
    assert day_of(datetime(2026, 11, 22, 20, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert day_of(datetime(2026, 11, 22, 21, 0, tzinfo=UTC)) == DAY


def test_a_cover_on_leave_is_covered_in_turn():
    assert cover_for("a", {"a": away("b"), "b": away("c"), "c": there()}, DAY) == "c"
    assert cover_for("a", {"a": away("b"), "b": away("a")}, DAY) is None, "each for the other"
    assert cover_for("a", {"a": away(), "b": there()}, DAY) is None
    assert cover_for("a", {"a": away("b"), "b": Presence(False, FIRST)}, DAY) is None
    assert cover_for("a", {"a": there(), "b": there()}, DAY) is None, "not on leave: nobody stands in"
    assert cover_for("a", {"a": away("gone")}, DAY) is None


@given(names, presences, days)
def test_whoever_stands_in_is_there_and_is_somebody_else(officer, known, day):
    found = cover_for(officer, known, day)
    assert found is None or (found != officer and is_present(known[found], day))


def duty(
    officer: str, position: int = 1, hours: tuple[int, int] = (-1, 1), institution: str | None = "MOH"
) -> Duty:
    begin, end = (NOW + timedelta(hours=each) for each in hours)
    return Duty(institution, officer, begin, end, position)


def test_the_rota_is_asked_in_order_and_covers_stand_in():
    known = {"a": there(), "b": away("c"), "c": there(), "d": Presence(False, FIRST)}
    rota = [duty("a", 3), duty("b", 1), duty("d", 2)]
    assert list(on_call(rota, "MOH", NOW, known)) == ["c", "a"]
    assert list(on_call([*rota, duty("c", 4)], "MOH", NOW, known)) == ["c", "a"], "nobody is asked twice"


def test_who_is_accused_is_not_asked_nor_whom_they_chose_to_stand_in():
    known = {"a": there(), "b": away("c"), "c": there()}
    rota = [duty("a", 3), duty("b", 1)]
    assert list(on_call(rota, "MOH", NOW, known, {"b"})) == ["a"]
    assert list(on_call(rota, "MOH", NOW, known, {"c"})) == ["a"]
    assert list(on_call([*rota, duty("c", 4)], "MOH", NOW, known, {"b"})) == ["a", "c"], "by their own turn"


def test_a_turn_ends_when_the_next_begins_and_desks_are_apart():
    known = {"a": there(), "b": there(), "c": there()}
    rota = [duty("a", hours=(-8, 0)), duty("b", hours=(0, 8)), duty("c", institution=None)]
    assert list(on_call(rota, "MOH", NOW, known)) == ["b"]
    assert list(on_call(rota, "MOH", NOW - timedelta(seconds=1), known)) == ["a"]
    assert list(on_call(rota, None, NOW, known)) == ["c"]
    assert list(on_call(rota, "GAM", NOW, known)) == []


@given(st.lists(st.builds(duty, names, st.integers(1, 3)), max_size=8), presences, st.randoms())
def test_whoever_is_asked_is_there_and_the_order_of_the_rows_does_not_matter(rota, known, chance):
    asked = list(on_call(rota, "MOH", NOW, known))
    assert len(asked) == len(set(asked))
    assert all(is_present(known[each], DAY) for each in asked)
    shuffled = list(rota)
    chance.shuffle(shuffled)
    assert list(on_call(shuffled, "MOH", NOW, known)) == asked


def test_a_certificate_counts_from_its_issue_through_its_last_day():
    held = [("rights", FIRST, DAY), ("technical", FIRST, DAY + timedelta(days=9))]
    assert certified_until(held, "rights", DAY) == DAY
    assert certified_until(held, "rights", DAY + timedelta(days=1)) is None
    assert certified_until(held, "rights", FIRST - timedelta(days=1)) is None
    renewed = [*held, ("rights", DAY, DAY + timedelta(days=700))]
    assert certified_until(renewed, "rights", DAY) == DAY + timedelta(days=700)
