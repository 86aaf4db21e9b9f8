"""The load balance under real concurrency: replicas on one database, each with its own connections."""

import random

import eventlet
import pytest

from services.chassis import database
from services.chassis.clock import new_id
from services.routing import handlers
from services.routing.assigning import explaining
from tests.unit.routing.conftest import NOW, received

REPLICAS = 3


def spread(routing) -> dict[str, int]:
    """By body: the difference between the most and the least loaded officer."""
    rows = routing.rows(
        "SELECT o.institution, max(l.open) - min(l.open) FROM officer_load l JOIN officer o ON o.id = l.officer_id GROUP BY 1"
    )
    return dict(rows)


def share_out(routing, batches, keys) -> None:
    """Hands the batches to replicas that work at the same time; each takes the next as soon as it is free."""
    waiting = list(batches)

    def replica() -> None:
        while waiting:
            batch = waiting.pop()
            with database.transaction("routing") as connection:
                # Between reading the loads and committing the others get their turn, as they would in processes of their own.
                handlers.receive(connection, batch, now=NOW, seal_key=keys["SEAL_PUBLIC_KEY"])
                eventlet.sleep(0)

    threads = [eventlet.spawn(replica) for _ in range(REPLICAS)]
    for thread in threads:
        thread.wait()


@pytest.mark.parametrize("size", [1, 7, 100])
def test_three_replicas_balance_as_exactly_as_one(routing, keys, size):
    chance = random.Random(size)
    categories = ["water.outage", "roads.damage", "health.waiting", "municipal.waste", "labour.wages"]
    complaints = [received(category=chance.choice(categories), governorate="JO-AM") for _ in range(600)]
    share_out(routing, [complaints[start : start + size] for start in range(0, 600, size)], keys)
    assert routing.rows("SELECT count(*), count(officer_id) FROM cases") == [(600, 600)]
    assert max(spread(routing).values()) <= 1
    booked = routing.rows("SELECT officer_id, open, ever FROM officer_load WHERE ever > 0 ORDER BY 1")
    counted = routing.rows("SELECT officer_id, count(*), count(*) FROM cases GROUP BY 1 ORDER BY 1")
    assert booked == counted


def test_without_the_lock_the_balance_would_break(routing, keys, monkeypatch):
    """The check above can fail: replicas that do not wait for each other give the same officers the same cases."""
    all_there, arrived = eventlet.event.Event(), []

    def meet(*_) -> None:
        # Instead of waiting for each other's commit, all go on to read the loads at the same moment.
        arrived.append(1)
        if len(arrived) == REPLICAS:
            all_there.send()
        all_there.wait()

    monkeypatch.setattr(handlers.store, "lock_loads", meet)
    share_out(
        routing, [[received(category="roads.damage", governorate="JO-KA")] for _ in range(REPLICAS)], keys
    )
    assert max(spread(routing).values()) > 1


def test_batches_that_share_bodies_and_complaints_in_any_order_do_not_deadlock(routing, keys):
    chance = random.Random(7)
    rules = routing.rows("SELECT DISTINCT category FROM rule ORDER BY 1")
    subjects = [new_id() for _ in range(150)]
    batches = []
    for _ in range(24):
        chosen = chance.sample(subjects, 40)
        batches.append([received(complaint_id=each, category=chance.choice(rules)[0]) for each in chosen])
    share_out(routing, batches, keys)
    opened = routing.rows("SELECT count(*), count(officer_id) FROM cases")[0]
    assert opened[0] == opened[1] == len({event.subject for batch in batches for event in batch})
    assert routing.rows("SELECT sum(ever) FROM officer_load") == [(opened[0],)]
    assert routing.rows("SELECT max(sequence), min(sequence) FROM outbox WHERE type = 'PromiseSet'") == [
        (2, 2)
    ]


def test_a_burst_of_ten_thousand_stays_in_balance_and_can_be_explained(routing, keys):
    chance = random.Random(24)
    categories = ["water.outage", "roads.damage", "health.waiting", "municipal.waste", "labour.wages"]
    complaints = [
        received(category=chance.choice(categories), governorate="JO-AM", rights=chance.random() < 0.3)
        for _ in range(10_000)
    ]
    share_out(routing, [complaints[start : start + 200] for start in range(0, 10_000, 200)], keys)
    assert routing.rows("SELECT count(*), count(officer_id) FROM cases") == [(10_000, 10_000)]
    # The whole roster is certified and speaks Arabic, so everybody of a body may have every case of it.
    assert max(spread(routing).values()) <= 1
    for event in chance.sample(complaints, 30):
        with database.transaction("routing") as connection:
            found = explaining.explain(connection, event.subject)
        assert (found["same"], found["same_rule"]) == (True, True)
    # What was decided from is kept per batch, and costs some bytes per case.
    kept = routing.rows(
        "SELECT sum(pg_column_size(lines) + pg_column_size(pools)) / 10000 FROM assignment_decision"
    )
    assert kept[0][0] < 150
