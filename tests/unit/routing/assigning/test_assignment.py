"""The choice of body and officer: laws for any directory, and examples."""

import json
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.routing.assigning import decision
from services.routing.assigning.assignment import (
    BODY_IMPLICATED,
    HAD_IT_BEFORE,
    LEAST_LOADED,
    NO_OFFICER,
    NO_RULE,
    NOT_CERTIFIED,
    NOTHING,
    ONLY_OFFICER,
    OTHER_LANGUAGE,
    Assigned,
    Bars,
    Load,
    Need,
    Officer,
    Rule,
    Unassigned,
    assign,
    choose_officer,
    choose_rule,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NEED = Need("municipal.waste", "JO-AM", "ar")

officers_strategy = st.lists(
    st.builds(
        Officer,
        id=st.uuids().map(str),
        institution=st.just("GAM"),
        languages=st.sampled_from([frozenset({"ar"}), frozenset({"ar", "en"}), frozenset({"en"})]),
        present=st.booleans(),
        certified=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda officer: officer.id,
)
load_strategy = st.builds(Load, open=st.integers(0, 5), ever=st.integers(0, 5))
rules_strategy = st.lists(
    st.builds(
        Rule,
        id=st.uuids().map(str),
        category=st.sampled_from(["municipal.waste", "roads.damage"]),
        governorate=st.sampled_from([None, "JO-AM", "JO-IR"]),
        institution=st.sampled_from(["GAM", "MOLA", "IRBID"]),
        priority=st.sampled_from([10, 20]),
        valid_from=st.sampled_from(
            [NOW - timedelta(days=2), NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)]
        ),
        valid_to=st.sampled_from([None, NOW, NOW + timedelta(days=1)]),
    ),
    max_size=8,
    unique_by=lambda rule: rule.id,
)


def officer(name: str, *languages: str, present: bool = True) -> Officer:
    return Officer(name, "GAM", frozenset(languages or ("ar",)), present)


def rule(**changes) -> Rule:
    values = {
        "id": "r",
        "category": "municipal.waste",
        "governorate": None,
        "institution": "MOLA",
        "priority": 10,
        "valid_from": NOW - timedelta(days=30),
        "valid_to": None,
    }
    return Rule(**{**values, **changes})


bars_strategy = st.builds(
    lambda excluded, answered, keeps: (excluded, answered, keeps),
    st.sets(st.integers(0, 11)),
    st.sets(st.integers(0, 11), max_size=3),
    st.none() | st.integers(0, 11),
)


def barred(officers, drawn) -> Bars:
    """Bars over some of the officers, by their places."""
    excluded, answered, keeps = (
        {officers[place].id for place in places if place < len(officers)}
        for places in (drawn[0], drawn[1], set() if drawn[2] is None else {drawn[2]})
    )
    return Bars(frozenset(excluded), frozenset(answered), next(iter(keeps), None))


@given(
    officers_strategy,
    st.lists(load_strategy, min_size=12, max_size=12),
    st.sampled_from(["ar", "en"]),
    st.booleans(),
    bars_strategy,
    st.randoms(),
)
def test_laws_of_the_choice(officers, loads, language, rights, drawn, chance):
    by_id = {each.id: load for each, load in zip(officers, loads, strict=False)}
    bars = barred(officers, drawn)
    choice = choose_officer(officers, by_id, language, rights=rights, bars=bars)
    able = [
        each
        for each in officers
        if each.present and each.id not in bars.excluded | bars.answered and (each.certified or not rights)
    ]
    # Nobody is passed over as long as there is one who may have it, and nobody is chosen who may not.
    if not able:
        assert choice in (NO_OFFICER, NOT_CERTIFIED, BODY_IMPLICATED)
        everybody = {each.id for each in officers}
        assert (choice == BODY_IMPLICATED) == (bool(everybody) and everybody <= bars.excluded)
        return
    chosen, reason = choice
    assert chosen in able
    speaking = [each for each in able if language in each.languages]
    if bars.keeps in {each.id for each in able}:
        assert (chosen.id, reason) == (bars.keeps, HAD_IT_BEFORE)
    else:
        assert chosen in (speaking or able)
        assert all(by_id[chosen.id].open <= by_id[each.id].open for each in (speaking or able))
        assert (reason == OTHER_LANGUAGE) == (not speaking)
        assert (reason == ONLY_OFFICER) == (len(speaking) == 1)
    shuffled = list(officers)
    chance.shuffle(shuffled)
    assert choose_officer(shuffled, by_id, language, rights=rights, bars=bars) == choice


@given(rules_strategy, st.randoms())
def test_the_rule_is_in_force_fits_and_does_not_depend_on_the_order_of_the_rows(rules, chance):
    chosen = choose_rule(rules, NEED, NOW)
    fitting = [
        each
        for each in rules
        if each.category == NEED.category
        and each.governorate in (None, NEED.governorate)
        and each.valid_from <= NOW
        and (each.valid_to is None or each.valid_to > NOW)
    ]
    assert (chosen is None) == (not fitting)
    if chosen:
        assert chosen in fitting
        assert chosen.priority == max(each.priority for each in fitting)
    shuffled = list(rules)
    chance.shuffle(shuffled)
    assert choose_rule(shuffled, NEED, NOW) == chosen


def test_a_rule_for_the_governorate_comes_before_one_for_the_country():
    general, local = rule(id="a"), rule(id="b", governorate="JO-AM", institution="GAM")
    elsewhere = rule(id="c", governorate="JO-IR", institution="IRBID", priority=99)
    assert choose_rule([general, local, elsewhere], NEED, NOW) == local


def test_priority_comes_before_place_and_a_new_version_replaces_an_old_one():
    local, urgent = rule(id="b", governorate="JO-AM"), rule(id="z", priority=50)
    assert choose_rule([local, urgent], NEED, NOW) == urgent
    newer = rule(id="a#2", valid_from=NOW)
    assert choose_rule([rule(id="a#1"), newer], NEED, NOW) == newer
    assert choose_rule([rule(id="a#1"), newer], NEED, NOW - timedelta(seconds=1)).id == "a#1"


def test_the_least_loaded_takes_it_then_who_had_fewer_then_the_smaller_id():
    loads = {"a": Load(2, 2), "b": Load(1, 9), "c": Load(1, 4), "d": Load(1, 4)}
    chosen, reason = choose_officer([officer(name) for name in "dcba"], loads, "ar")
    assert (chosen.id, reason) == ("c", LEAST_LOADED)


def test_who_is_away_gets_nothing_and_an_empty_body_is_said():
    away = [officer("a", present=False), officer("b", present=False)]
    outcome = assign(NEED, rule(), away, {})
    assert outcome == Unassigned(NO_OFFICER, rule(), "MOLA")
    assert assign(NEED, None, [], {}) == Unassigned(NO_RULE, None)


def test_an_officer_with_an_interpreter_is_better_than_nobody():
    outcome = assign(Need("municipal.waste", "JO-AM", "en"), rule(), [officer("a")], {})
    assert isinstance(outcome, Assigned)
    assert outcome.reason == OTHER_LANGUAGE


@given(st.integers(1, 12), st.integers(0, 400), st.integers(0, 2**32))
def test_in_turn_no_two_officers_ever_differ_by_more_than_one(size, cases, seed):
    officers = [officer(f"{number:02d}", "ar", "en") for number in range(size)]
    loads = {each.id: NOTHING for each in officers}
    languages = random.Random(seed)
    for _ in range(cases):
        chosen, _reason = choose_officer(officers, loads, languages.choice(["ar", "en"]))
        loads[chosen.id] = loads[chosen.id].plus(1)
        counts = [each.open for each in loads.values()]
        assert max(counts) - min(counts) <= 1


@given(
    officers_strategy,
    st.lists(
        st.tuples(st.sampled_from(["ar", "en"]), st.booleans(), bars_strategy, st.integers(0, 3)), max_size=30
    ),
)
def test_what_was_kept_of_a_batch_leads_to_the_same_again(officers, cases):
    pool = decision.pool_of("GAM", officers)
    loads, lines, outcomes = {}, [], []
    current = dict(loads)
    for number, (language, rights, drawn, weight) in enumerate(cases):
        need, bars = Need("municipal.waste", "JO-AM", language, rights), barred(officers, drawn)
        outcome = assign(need, rule(institution="GAM"), pool.officers, current, bars=bars)
        lines.append(decision.line_of(str(number), weight, need, bars, outcome, pool))
        outcomes.append(outcome)
        if isinstance(outcome, Assigned):
            chosen = outcome.officer.id
            current[chosen] = current.get(chosen, NOTHING).plus(weight)
    kept = json.loads(json.dumps([decision.packed(each) for each in lines]))
    read = [decision.unpacked(each, {"r": rule(institution="GAM")}) for each in kept]
    again_pool = decision.pool_from("GAM", json.loads(json.dumps(pool.content)))
    assert again_pool.key == pool.key
    for number, outcome in enumerate(outcomes):
        found, seen = decision.again(read, str(number), {"GAM": again_pool}, loads)
        assert found == outcome
        assert decision.is_same(read[number], found)
        told = {
            each["officer_id"]: each["why"]
            for each in decision.candidates(read[number], found, again_pool, seen)
        }
        chosen = {each for each, why in told.items() if why == decision.CHOSEN}
        assert chosen == ({outcome.officer.id} if isinstance(outcome, Assigned) else set())
        if isinstance(outcome, Unassigned):
            assert decision.LOADED not in told.values()
