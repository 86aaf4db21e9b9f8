"""The table of the lifecycle: whole, without contradiction, and refusing what it does not hold."""

from itertools import combinations

import pytest

from services.routing import events
from services.routing.cases import transitions as t
from services.routing.cases.occasions import OCCASIONS, may_state
from services.routing.cases.outcomes import DECISIONS
from tests.unit.routing.stating import untrue


def reachable(start: str) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        for row in t.TABLE:
            if row.source == state and row.target not in found:
                found.add(row.target)
                waiting.append(row.target)
    return found


def contradictions(rows) -> list[str]:
    """Pairs of rows of which nothing says which one holds."""
    wrong = []
    for one, other in combinations(rows, 2):
        if (one.source, one.action) != (other.source, other.action):
            continue
        apart = (
            one.choice is not None
            and other.choice is not None
            and one.choice[0] == other.choice[0]
            and one.choice[1] != other.choice[1]
        )
        if not apart:
            wrong.append(f"{one.source} {one.action}")
    return wrong


def test_every_state_can_be_reached():
    assert reachable(t.RECEIVED) == set(t.STATES)


@pytest.mark.parametrize("state", t.STATES)
def test_a_state_has_a_way_out_unless_it_is_final(state):
    leaving = {row.target for row in t.TABLE if row.source == state} - {state}
    assert bool(leaving - {t.DISPUTED} if state == t.CLOSED else leaving) == (state not in t.FINAL)


@pytest.mark.parametrize("state", sorted(set(t.STATES) - t.FINAL))
def test_from_every_state_that_is_not_final_an_end_can_be_reached(state):
    assert reachable(state) & t.FINAL


@pytest.mark.parametrize("state", sorted(set(t.STATES) - t.SETTLED))
def test_an_open_state_never_waits_for_its_complainant_alone(state):
    """Nobody but the complainant being able to move a case would leave it hanging."""
    others = {role for row in t.TABLE if row.source == state for role in row.by} - {t.COMPLAINANT}
    assert others


def test_no_row_contradicts_another():
    assert contradictions(t.TABLE) == []


def test_a_contradiction_is_seen():
    one = t.Row(t.ASSIGNED, "accept", (t.OFFICER,), t.ACCEPTED)
    assert contradictions([one, t.Row(t.ASSIGNED, "accept", (t.MAIN,), t.CLOSED)]) == ["assigned accept"]


def test_every_name_of_the_table_is_known():
    facts = {each.type for each in events.PUBLISHED}
    for row in (*t.TABLE, *t.BY_TIME):
        assert {row.source, row.target} <= set(t.STATES)
        assert set(row.by) <= set(t.ROLES)
        assert row.by
        assert set(row.conditions) <= set(t.CONDITIONS)
        assert {*row.facts, *may_state(row.action)} <= facts, row
        assert not set(row.facts) & may_state(row.action), row
    for row in t.TABLE:
        assert row.action in t.ACTIONS
        assert row.choice is None or row.choice[0] in row.required
    assert {row.action for row in t.TABLE} == set(t.ACTIONS)
    assert all(each.actions <= {row.action for row in (*t.TABLE, *t.BY_TIME)} for each in OCCASIONS)
    assert {row.choice[1] for row in t.TABLE if row.choice} == {*DECISIONS, "officer", "nobody"}


def test_every_change_of_state_is_stated():
    """What nobody is told of, the complainant's page and the figures would not show."""
    assert [row for row in t.TABLE if row.source != row.target and not row.facts] == []


def test_what_time_does_leaves_the_state_as_it_is():
    assert all(row.source == row.target and row.by == (t.SYSTEM,) for row in t.BY_TIME)
    assert all(row.facts or may_state(row.action) for row in t.BY_TIME)
    assert not {row.action for row in t.BY_TIME} & set(t.ACTIONS)


def test_settled_and_final_states_and_those_on_a_desk_fit_together():
    assert t.FINAL < t.SETTLED
    assert not t.ON_DESK & t.SETTLED
    assert set(t.STATES) - t.SETTLED - t.ON_DESK == {t.RECEIVED, t.DISPUTED}


def test_nobody_but_its_table_allows_an_action():
    """Each state, role and set of conditions allows what the table holds and nothing else."""
    for state in t.STATES:
        for role in t.ROLES:
            every = {row.action for row in t.allowed(state, {role}, t.CONDITIONS)}
            assert every == {row.action for row in t.TABLE if row.source == state and role in row.by}
            bare = {row.action for row in t.allowed(state, {role}, ())}
            assert bare == {
                row.action for row in t.TABLE if row.source == state and role in row.by and not row.conditions
            }
        assert t.allowed(state, (), t.CONDITIONS) == []


def test_a_field_chooses_between_the_rows_of_an_action():
    rows = t.named(t.allowed(t.DISPUTED, {t.COORDINATOR}, {t.NOT_CLOSER}), "resolve_dispute")
    assert t.chosen(rows, {"decision": "reopened"}).target == t.ASSIGNED
    assert t.chosen(rows, {"decision": "rejected"}).target == t.CLOSED
    assert t.chosen(rows, {"decision": "forgotten"}) is None
    assert t.chosen(rows, {}) is None


def test_the_diagram_has_every_state_and_every_row():
    drawn = t.diagram()
    for row in t.TABLE:
        assert any(
            line.strip().startswith(f"{row.source} --> {row.target}:") and row.action in line
            for line in drawn.splitlines()
        )


@pytest.mark.parametrize(
    ("line", "stated", "fits"),
    [
        ((t.ASSIGNED, "accept", t.ACCEPTED), ["CaseAccepted"], True),
        ((t.ASSIGNED, "accept", t.ACCEPTED), [], False),
        ((t.ASSIGNED, "accept", t.ACCEPTED), ["CaseAccepted", "ComplaintEscalated"], False),
        ((t.ACCEPTED, "propose_reply", t.REPLY_PROPOSED), ["ReplyProposed", "ComplaintEscalated"], True),
        ((t.ASSIGNED, "accept", t.ACCEPTED), ["CaseAccepted", "PromiseMoved"], False),
    ],
)
def test_a_fact_that_the_table_does_not_have_is_seen(line, stated, fits):
    """Each test that works at a desk compares so."""
    assert (untrue([line], stated) == "") is fits
