"""Every fact is delivered twice and out of order, and the books balance all the same."""

import eventlet

from tests.support import disturbed as unkind
from tests.support import journey
from tests.support.poll import until

KINDS = ("complaint", "question", "suggestion", "praise", "report")
CATEGORIES = ("water.outage", "health.waiting", "roads.damage", "tax.customs", "rights.privacy")
COUNT = 25


def test_each_complaint_takes_its_way_once(disturbed, filled):
    filed = [
        journey.file(disturbed.gateway, kind=KINDS[number % 5], category=CATEGORIES[number // 5])
        for number in range(COUNT)
    ]
    for tracking in filed:
        journey.wait_until_assigned(disturbed.gateway, tracking)
    until(lambda: _quiet(filled), 30)
    assert unkind.Channel.doubled > COUNT * 3

    assert _one(filled, "intake", "SELECT count(*) FROM complaint") == COUNT
    assert _one(filled, "routing", "SELECT count(*) FROM cases") == COUNT
    # No subject has a gap or a double in what was said about it.
    for service in ("intake", "routing"):
        gaps = "SELECT subject FROM outbox GROUP BY subject HAVING max(sequence) <> count(*)"
        assert filled.rows(service, gaps) == []
    assert _one(filled, "routing", "SELECT sum(open) FROM officer_load") == COUNT - COUNT // 5
    assert _one(filled, "reporting", "SELECT count(*) FROM complaint WHERE status = 'assigned'") == COUNT
    for service in ("intake", "routing", "reporting"):
        assert filled.rows(service, "SELECT status FROM inbox WHERE status <> 'done'") == []


def _quiet(databases) -> bool:
    """Everything that was said has been published and has had effect everywhere."""
    unpublished = sum(
        _one(databases, service, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
        for service in ("intake", "routing")
    )
    if unpublished:
        return False
    eventlet.sleep(0)
    said = _one(databases, "intake", "SELECT count(*) FROM outbox") + _one(
        databases, "routing", "SELECT count(*) FROM outbox"
    )
    heard = _one(databases, "reporting", "SELECT count(*) FROM inbox WHERE status = 'done'")
    return said == heard


def _one(databases, service: str, statement: str):
    return databases.rows(service, statement)[0][0]
