"""The rule of waiting at the door, and above all what it never does to somebody else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.staff import lockout
from services.routing.staff.lockout import CODE, PASSWORD, Tries, Verdict, judge

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
#: The longest that what others do elsewhere may cost who signs in from a new place.
BOUND = timedelta(minutes=1)


def ago(**length) -> datetime:
    return NOW - timedelta(**length)


@pytest.mark.parametrize(
    ("wrong", "seconds"), [(0, 0), (4, 0), (5, 5), (6, 10), (7, 20), (12, 640), (13, 900), (10**9, 900)]
)
def test_each_further_wrong_try_from_a_place_doubles_its_pause(wrong, seconds):
    assert lockout.pause_here(wrong) == timedelta(seconds=seconds)


def test_a_pause_counts_from_the_last_wrong_try_and_ends():
    tries = Tries(here=6, last_here=ago(seconds=4))
    for step in (PASSWORD, CODE):
        for known in (True, False):
            assert judge(tries, step, known, NOW) == Verdict(timedelta(seconds=6))
            assert judge(tries, step, known, NOW + timedelta(seconds=6)) == Verdict()


@given(elsewhere=st.integers(0, 10**6), codes=st.booleans(), step=st.sampled_from((PASSWORD, CODE)))
def test_a_known_device_waits_for_nothing_that_others_do(elsewhere, codes, step):
    tries = Tries(elsewhere=elsewhere, spent_code_at=NOW if codes else None)
    assert judge(tries, step, True, NOW) == Verdict()


@given(wrong=st.lists(st.integers(0, 10**6), min_size=1, max_size=200))
def test_a_new_place_is_judged_within_a_minute_however_long_others_go_on(wrong):
    """It tries, is held, and tries again each second, while the others' wrong tries come and go."""
    held, moment, waited = None, NOW, timedelta(0)
    for elsewhere in (wrong * (int(BOUND.total_seconds()) + 1))[: int(BOUND.total_seconds()) + 1]:
        verdict = judge(Tries(elsewhere=elsewhere, held_since=held), PASSWORD, False, moment)
        if not verdict.wait:
            break
        assert verdict.wait <= BOUND
        if verdict.hold:
            assert held is None
            held = moment
        moment += timedelta(seconds=1)
        waited = moment - NOW
    else:
        pytest.fail("it was never judged")
    assert waited <= BOUND


@pytest.mark.parametrize(
    ("elsewhere", "seconds"), [(19, 0), (20, 10), (50, 30), (99, 30), (100, 60), (10**6, 60)]
)
def test_many_wrong_tries_elsewhere_hold_a_new_place_a_little(elsewhere, seconds):
    verdict = judge(Tries(elsewhere=elsewhere), PASSWORD, False, NOW)
    assert verdict == Verdict(timedelta(seconds=seconds), hold=seconds > 0)


def test_codes_are_not_guessed_from_a_thousand_places():
    tries = Tries(spent_code_at=ago(minutes=50))
    assert judge(tries, CODE, False, NOW) == Verdict(timedelta(minutes=10))
    assert judge(tries, CODE, True, NOW) == Verdict()
    assert judge(tries, PASSWORD, False, NOW) == Verdict()
