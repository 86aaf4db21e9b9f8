"""Every fact is delivered twice and out of order, and the books balance all the same."""

from services.cli.registry import OWNERS
from tests.support import books, journey
from tests.support import disturbed as unkind
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
    until(lambda: not books.open_items(filled), 60, every=0.2)
    assert unkind.Channel.doubled > COUNT * 3

    assert _one(filled, "intake", "SELECT count(*) FROM complaint") == COUNT
    assert _one(filled, "routing", "SELECT count(*) FROM cases") == COUNT
    assert books.gaps(filled) == []
    assert _one(filled, "routing", "SELECT sum(open) FROM officer_load") == COUNT - COUNT // 5
    assert _one(filled, "reporting", "SELECT count(*) FROM complaint WHERE status = 'assigned'") == COUNT
    for service in OWNERS:
        assert filled.rows(service, "SELECT status FROM inbox WHERE status <> 'done'") == []


def test_every_message_reaches_its_end_once(disturbed, filled, sinks):
    tracking = journey.file(
        disturbed.gateway, complainant={"name": "ليلى", "phone": "0797654321", "email": "l@example.org"}
    )
    journey.wait_until_assigned(disturbed.gateway, tracking)
    until(lambda: not books.open_items(filled), 60, every=0.2)
    for name in ("DEMO_SMTP_SINK_URL", "DEMO_SMPP_SINK_URL"):
        summary = journey.ask(sinks[name].replace("/messages", "/summary")).body
        assert summary["count"] > 0
        assert summary["repeated"] == []
    texts = journey.ask(f"{sinks['DEMO_SMPP_SINK_URL']}?to=%2B962797654321").body
    assert any(tracking in text["text"] for text in texts), texts


def _one(databases, service: str, statement: str):
    return databases.rows(service, statement)[0][0]
