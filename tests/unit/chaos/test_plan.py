"""The schedule of faults, and the small tools of the chaos and bench runs."""

import itertools

import pytest

from bench import figures, profile
from tests.chaos.plan import draw
from tests.support import load

PROCESSES = ("intake", "intake.2", "routing", "gateway")
LINKS = ("intake-broker", "intake-postgres")
SERVERS = ("broker", "postgres")


def plan(seed, seconds=80.0):
    return draw(seed, seconds, PROCESSES, LINKS, SERVERS)


def test_a_seed_always_draws_the_same_faults_and_another_seed_others():
    assert plan(7) == plan(7)
    assert plan(7) != plan(8)


@pytest.mark.parametrize("seed", range(20))
def test_faults_are_over_by_the_end_and_no_target_has_two_at_once(seed):
    faults = plan(seed)
    assert len(faults) > 20
    assert all(fault.at + fault.seconds <= 80 for fault in faults)
    for _, mine in itertools.groupby(
        sorted(faults, key=lambda f: (f.family, f.target, f.at)), lambda f: (f.family, f.target)
    ):
        for before, after in itertools.pairwise(mine):
            assert before.at + before.seconds < after.at


@pytest.mark.parametrize("seed", range(20))
def test_every_server_is_killed_in_every_run(seed):
    killed = {fault.target for fault in plan(seed) if fault.family == "server" and fault.action == "kill"}
    assert killed == set(SERVERS)


def test_complaints_are_the_same_for_a_seed():
    first, again = (list(itertools.islice(load.complaints(3), 50)) for _ in range(2))
    assert first == again
    assert {"complainant" in each for each in first} == {True, False}


def test_percentiles_are_by_nearest_rank():
    values = [float(n) for n in range(1, 101)]
    assert [load.percentile(values, q) for q in (50, 99, 100)] == [50, 99, 100]
    assert load.percentile([5.0], 99) == 5.0


def test_a_figure_is_held_against_must_and_aim_in_its_own_direction():
    more, less = figures.TARGETS["accept_rate"], figures.TARGETS["lag_p99"]
    assert [figures.verdict(more, value) for value in (1600, 900, 700)] == ["aim", "must", "short"]
    assert [figures.verdict(less, value) for value in (200, 900, 1100)] == ["aim", "must", "short"]


def test_the_table_names_the_ratio_to_the_floor():
    rows = {row["code"]: row for row in figures.rows({"insert_per_second": 4000, "accept_rate": 1000})}
    assert rows["accept_rate"]["ratio_to_floor"] == 0.25
    assert "0.250" in figures.table({"insert_per_second": 4000, "accept_rate": 1000})


def test_a_profile_counts_a_function_once_for_each_stack():
    text = profile.summary("main (a.py:1);f (b.py:2);f (b.py:3) 6\nmain (a.py:1);g (b.py:9) 4\n")
    assert text.startswith("10 samples")
    own, whole = text.split("with what it calls")
    assert " 60.0 %  f (b.py)" in own
    assert "100.0 %  main (a.py)" in whole
    assert " 60.0 %  f (b.py)" in whole
