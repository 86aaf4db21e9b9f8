"""A fortnight of the simulated year: snow, a body whose people are all away, a day without routing, and its backlog twice in no order."""

from datetime import date
from xml.etree import ElementTree

from tests.simulation import picture, report
from tests.simulation.run import Wish, begun
from tests.simulation.world import SETTINGS


def test_a_fortnight_in_which_nothing_breaks(databases, environment):
    environment(SETTINGS)
    wish = Wish(seed=11, first_day=date(2027, 1, 3), days=14, per_day=10, outage=4)
    with begun(wish) as simulation:
        simulation.run()
        text = report.write(simulation, 1.0)
        drawn = picture.draw(simulation)
    assert simulation.checks.done > 400
    assert simulation.checks.counted > 100
    did = simulation.doing.counts
    assert (
        min(did[each] for each in ("accept", "ask", "propose_reply", "approve_reply", "transfer", "rating"))
        > 0
    )
    assert any(case.unowned_seconds for case in simulation.ledger.cases.values())
    assert any(case.moved for case in simulation.ledger.cases.values())
    assert "Promises kept by body" in text
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
