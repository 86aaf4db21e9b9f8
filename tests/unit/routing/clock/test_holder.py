"""Who is told when a case is raised, and who is asked to take an urgent one: nobody who is implicated, away, or has it already."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.routing.clock import escalation
from services.routing.clock.escalation import COORDINATOR, HEAD, MAIN_OFFICER
from services.routing.clock.people import People, holder, next_on_call
from services.routing.directory.presence import Leave, Presence, cover_for, is_present

EVER = date(2020, 1, 1)
MAINS, HEADS, DESK = ("m1", "m2"), ("h1",), ("c1", "c2")
EVERYBODY = (*MAINS, *HEADS, *DESK, "s1", "s2")
DAY = date(2026, 11, 24)
states = st.sampled_from(("there", "absent", "covered", "left"))


def presence_of(state: str, cover: str | None) -> Presence:
    leaves = (Leave(DAY, DAY, cover),) if state in ("absent", "covered") else ()
    gone = date(2026, 1, 1) if state == "left" else None
    return Presence(True, EVER, gone, leaves)


@st.composite
def bodies(draw) -> People:
    presences = {
        who: presence_of(state, draw(st.sampled_from(EVERYBODY)) if state == "covered" else None)
        for who in EVERYBODY
        for state in [draw(states)]
    }
    return People({"main": MAINS, "head": HEADS}, presences, DAY, DESK, draw(st.permutations(EVERYBODY)))


@given(bodies(), st.sets(st.sampled_from(EVERYBODY)), st.sampled_from(escalation.LEVELS), st.integers(0, 9))
def test_nobody_who_is_barred_or_away_is_told_and_no_level_goes_down(people, barred, level, turn):
    reached, who = holder(level, people, barred, turn=turn)
    assert reached >= level
    assert who not in barred
    assert next_on_call(people, barred) not in barred
    if reached < COORDINATOR:
        assert is_present(people.presences[who], DAY)
        assert reached == MAIN_OFFICER or level == HEAD or not _free(people, barred, MAINS)
    else:
        assert level == COORDINATOR or not _free(people, barred, HEADS)


def _free(people, barred, officers) -> bool:
    """Whether one of them is there and may be told, or is covered by somebody who may."""
    for who in set(officers) - set(barred):
        if is_present(people.presences[who], DAY):
            return True
        cover = cover_for(who, people.presences, DAY)
        if cover is not None and cover not in barred:
            return True
    return False


def test_the_accused_chooses_no_cover_and_cases_are_spread():
    there = {who: presence_of("there", None) for who in EVERYBODY}
    people = People({"main": MAINS, "head": HEADS}, there, DAY, DESK)
    assert [holder(1, people, (), turn=n)[1] for n in range(3)] == ["m1", "m2", "m1"]
    away = People({"main": MAINS}, {**there, "m1": presence_of("covered", "s1")}, DAY, DESK)
    assert holder(1, away, {"m2"}) == (1, "s1")
    assert holder(1, away, {"m2", "m1"}) == (3, "c1")
    assert holder(1, away, {"m2", "m1", "c1"}) == (3, "c2")
    assert holder(2, People({}, {}, DAY), ()) == (3, None)
