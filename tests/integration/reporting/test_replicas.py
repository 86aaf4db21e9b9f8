"""Figures kept by differences are the figures of a recount: whatever the facts, their order, and the replicas."""

import random

import eventlet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.reporting.facts import (
    apply,
    assigned,
    differences,
    fact,
    failed,
    promised,
    read,
    received,
    some_id,
)

STEPS = st.sampled_from(
    (
        received,
        lambda each: received(each, category="tax.customs", received_at="2026-10-30T22:30:00Z"),
        assigned,
        lambda each: assigned(each, "MOH"),
        promised,
        lambda each: promised(each, "2026-11-02T10:00:00Z"),
        failed,
        lambda each: failed(each, "MOH"),
        lambda each: fact("NotificationDelivered", each),
        lambda each: fact("NotificationFailed", each),
    )
)


def test_any_facts_in_any_order_and_batches_keep_the_figures_right(databases):
    ids = [some_id() for _ in range(4)]

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(st.tuples(STEPS, st.sampled_from(ids)), min_size=1, max_size=12), max_size=4))
    def check(batches):
        for batch in batches:
            apply([step(complaint) for step, complaint in batch])
        assert differences() == []

    check()


def test_three_replicas_neither_deadlock_nor_lose_a_count(databases):
    """Every replica holds many complaints and goes through the types of facts in another order."""
    chance = random.Random(3)
    ids = [some_id() for _ in range(300)]
    facts = [received(each, governorate=chance.choice(("JO-AM", "JO-IR"))) for each in ids]
    facts += [step(each) for each in ids for step in (assigned, promised)]
    facts += [fact("NotificationDelivered", each) for each in ids for _ in range(3)]
    chance.shuffle(facts)
    batches = [facts[start : start + 40] for start in range(0, len(facts), 40)]

    def replica(number: int) -> None:
        for batch in batches[number::3]:
            # What was applied needs no second attempt: neither deadlocks nor time limits are accepted here.
            apply(batch)

    for running in [eventlet.spawn(replica, number) for number in range(3)]:
        running.wait()
    assert differences() == []
    assert read().totals == {
        "received": 300,
        "assigned": 300,
        "unowned": 0,
        "promised": 300,
        "overdue": 0,
        "escalated": 0,
        "notices_delivered": 900,
        "notices_failed": 0,
    }
