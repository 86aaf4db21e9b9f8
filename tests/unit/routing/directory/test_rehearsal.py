"""A dry run of rules by groups says the same as asking for every complaint."""

from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.routing.assigning.assignment import Need, Rule, choose_rule
from services.routing.directory.rehearsal import Group, marks, rehearse

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=31)
moments = st.integers(-10, 40).map(lambda day: BEGIN + timedelta(days=day))
rules_strategy = st.lists(
    st.builds(
        lambda length, **values: Rule(
            **values, valid_to=values["valid_from"] + timedelta(days=length) if length else None
        ),
        st.integers(0, 20),
        id=st.uuids().map(str),
        category=st.sampled_from(["a", "b"]),
        governorate=st.sampled_from([None, "JO-AM"]),
        institution=st.sampled_from(["X", "Y", "Z"]),
        priority=st.sampled_from([10, 20]),
        valid_from=moments,
    ),
    max_size=6,
    unique_by=lambda rule: rule.id,
)
complaints_strategy = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["JO-AM", "JO-IR"]),
        st.sampled_from([None, "X", "Y"]),
        st.integers(1, 31 * 24 - 1).map(lambda hour: BEGIN + timedelta(hours=hour, minutes=1)),
    ),
    max_size=15,
)


@given(rules_strategy, rules_strategy, complaints_strategy)
def test_groups_say_what_every_complaint_says(rules, added, complaints):
    ended = {rule.id for rule in rules[:1]}
    segments = marks(rules, BEGIN, END)
    groups = Counter((*each[:3], bisect_right(segments, each[3])) for each in complaints)
    found = rehearse([Group(*key, cases) for key, cases in groups.items()], segments, rules, added, ended)
    moves: Counter = Counter()
    same = 0
    for category, governorate, has, at in complaints:
        newest = [replace(rule, valid_from=at, valid_to=None) for rule in added]
        kept = [rule for rule in rules if rule.id not in ended]
        rule = choose_rule([*kept, *newest], Need(category, governorate, "ar"), at)
        would = rule.institution if rule else None
        same += would == has
        if would != has:
            moves[category, has, would] += 1
    assert (found.cases, found.same, found.moves) == (len(complaints), same, dict(moves))
    assert set(found.hits) == {rule.id for rule in added}


def test_the_period_is_cut_where_rules_begin_and_end():
    inside = BEGIN + timedelta(days=3)
    rule = Rule("r", "a", None, "X", 10, BEGIN - timedelta(days=9), inside)
    assert marks([rule, replace(rule, valid_from=END, valid_to=None)], BEGIN, END) == [BEGIN, inside]
