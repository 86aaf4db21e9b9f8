"""A simulation that finds nothing proves nothing unless it finds what is wrong: one rule after the other is broken, and each time it must
stop at a check that says so.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.notification import withholding
from services.reporting import projection
from services.routing import handlers, known, store
from services.routing.cases import actions, records
from services.routing.deadlines import promises
from services.routing.directory import presence
from services.routing.exclusions import exclusion
from services.routing.history import store as store_history
from tests.simulation.doing import Unrefused
from tests.simulation.invariants import Broken
from tests.simulation.run import Wish, begun
from tests.simulation.world import SETTINGS

#: Two days with snow, leave and a body without people.
SHORT = Wish(seed=5, first_day=date(2027, 1, 12), days=2, per_day=16, outage=None, mischief=0.3, accused=0.4)


def nothing(*_, **__):
    """In the place of something that has to be done."""


def no_heads(*_):
    """As if no history had a line yet."""
    return {}


def at_work(*_):
    """As if nobody were ever away."""
    return True


def everybody(*_):
    """As if everybody were everything to every case."""
    return frozenset({"officer", "main_officer", "approver", "receiver", "coordinator"})


def certified(*_):
    """As if everybody had passed."""
    return True


def nobody(*_):
    """As if no complaint were against anybody."""
    return frozenset()


def nothing_moves(*_, **__):
    """As if no promise had to be moved."""
    return 0


def told_otherwise(real):
    """A fact that says the due time of before."""
    return lambda known, case, _due, *more: real(known, case, case.due_at, *more)


def a_day_early(real):
    """A promise that is due a calendar day too early."""
    return lambda *given, **more: real(*given, **more) - timedelta(days=1)


def without_status(real):
    """Facts that say nothing of the state."""

    def fold(facts):
        rows = real(facts)
        for row in rows:
            row["said"] = [name for name in row["said"] if name != "status"]
        return rows

    return fold


SABOTAGES = {
    "loads": (store, "add_loads", nothing, "the load of"),
    "histories": (store_history, "history_heads", no_heads, "is not bound to the one before"),
    "the absent": (presence, "is_present", at_work, "who was away"),
    "strangers": (actions, "roles_of", everybody, "learned of|could"),
    "certificates": (presence, "is_certified", certified, "who was not certified"),
    "the accused": (exclusion, "excluded", nobody, "against whose side"),
    "circulars": (promises, "_count_again", nothing_moves, "counted with a finger"),
    "what was told": (records, "moved_fact", told_otherwise(records.moved_fact), "was told"),
    "due times": (known.Directory, "due", a_day_early(known.Directory.due), "counted with a finger"),
    "unowned": (handlers.store, "own_cases", nothing, "its facts say"),
    "reporting": (projection, "fold", without_status(projection.fold), "reporting counts it as"),
}


@pytest.fixture
def simulation(databases, environment):
    environment(SETTINGS)
    with begun(SHORT) as simulation:
        yield simulation


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_broken_rule_is_found(name, simulation, databases, monkeypatch):
    module, attribute, broken, words = SABOTAGES[name]
    if name == "certificates":
        databases.rows("routing", "DELETE FROM certificate")
    monkeypatch.setattr(module, attribute, broken)
    with pytest.raises((Broken, Unrefused), match=words):
        simulation.run()


def test_news_for_the_accused_that_waits_is_found(databases, environment, monkeypatch):
    """In days in which providers take little, so that much waits while somebody turns out to be accused."""
    environment(SETTINGS)
    monkeypatch.setattr(withholding, "restrict", nothing)
    # They lose the case as well, and would not be told for that reason alone.
    monkeypatch.setattr(withholding, "reassigned", nothing)
    with (
        begun(replace(SHORT, seed=7, taken=0.1)) as simulation,
        pytest.raises(Broken, match=r"is still to be told|was handed over"),
    ):
        simulation.run()


def test_the_same_days_are_well_without_sabotage(simulation):
    simulation.run()
    assert simulation.checks.done > 30
    assert simulation.doing.counts["strangers refused"] > 3
