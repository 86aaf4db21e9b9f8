"""Deliveries take effect in their order, and with them what was stored and waited for them."""

import random

import eventlet
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event as listeners
from sqlalchemy import text

from services.chassis import database, inbox
from services.chassis.clock import now
from services.chassis.handling import Handling
from tests.support.poll import until
from tests.support.toy import MOODS, Toys
from tests.unit.chassis.replicas import SERVICE, Replicas, facts, fail


@pytest.fixture
def replicas(databases, environment):
    yield Replicas(Toys(databases, environment))
    MOODS.clear()


def counted() -> float:
    """How many events the metrics say took effect."""
    labels = {"service": SERVICE, "source": "pinger", "type": "Pinged", "outcome": "processed"}
    return REGISTRY.get_sample_value("bekhedmetkom_events_handled_total", labels) or 0


def test_what_waits_takes_effect_in_the_transaction_of_its_predecessor(replicas):
    first, second, third, fourth = facts(*["good"] * 4)
    handling = replicas.new()
    before = counted()
    assert handling.take([second]).waiting == [second]
    assert handling.take([first, fourth]).waiting == [fourth]
    assert replicas.toys.seen(first.subject) == [1, 2]
    assert replicas.transactions() == 1
    # 4 is of the batch itself, 3 is new; and the other way round, what the batch holds waits for what is stored.
    assert [event.sequence for event in handling.take([third]).processed] == [3, 4]
    first, second, third = facts(*["good"] * 3)
    handling.take([second])
    outcome = handling.take([third, first])
    assert [event.sequence for event in outcome.processed] == [1, 2, 3]
    assert (outcome.waiting, replicas.toys.inbox("waiting")) == ([], [])
    assert counted() - before == 7


def test_what_is_stored_while_the_predecessor_runs_takes_effect_with_it(replicas):
    door = replicas.door()
    (first, second), one, other = facts("hold", "good"), replicas.new(), replicas.new()
    running = eventlet.spawn(one.take, [first])
    door.entered.wait(10)
    assert other.take([second]).waiting == [second]
    door.send()
    assert [event.sequence for event in running.wait().processed] == [1, 2]


def test_a_transaction_that_goes_on_looks_again_for_all_its_streams(replicas):
    door = replicas.door()
    (first, second), (before, after) = facts("good", "good"), facts("good", "hold")
    one, other = replicas.new(), replicas.new()
    other.take([after])
    running = eventlet.spawn(one.take, [first, before])
    door.entered.wait(10)
    assert other.take([second]).waiting == [second]
    door.send()
    assert second in running.wait().processed


def test_what_is_not_next_at_first_may_be_when_the_handlers_have_run(replicas):
    door = replicas.door()
    (first, second), (another,) = facts("good", "good"), facts("hold")
    one, other = replicas.new(), replicas.new()
    running = eventlet.spawn(one.take, [another, second])
    door.entered.wait(10)
    other.take([first])
    door.send()
    outcome = running.wait()
    assert (outcome.processed, outcome.waiting) == ([another, second], [])
    assert replicas.toys.seen(first.subject) == [1, 2]


@pytest.mark.parametrize("locked", ["inbox WHERE status = 'waiting'", "inbox_cursor"])
def test_nobody_waits_for_the_lock_of_another_once_handlers_have_run(replicas, locked):
    door = replicas.door()
    (first, second), (another,), handling = facts("good", "good"), facts("hold"), replicas.new()
    if locked == "inbox_cursor":
        running = eventlet.spawn(handling.take, [another, second])
        door.entered.wait(10)
        replicas.new().take([first])
    else:
        handling.take([second])
        running = eventlet.spawn(handling.take, [another, first])
        door.entered.wait(10)
    with database.transaction(SERVICE) as connection:
        assert connection.execute(text(f"SELECT 1 FROM {locked} FOR UPDATE")).all()
        door.send()
        with eventlet.Timeout(30):
            outcome = running.wait()
    assert outcome.size == 2
    assert [row.sequence for row in replicas.toys.inbox("waiting")] == [2]
    assert handling.sweep().processed == [second]


def test_a_stored_event_that_fails_is_not_laid_at_the_door_of_its_predecessor(replicas):
    MOODS["bad"] = fail
    (first, second), handling = facts("good", "bad"), replicas.new()
    handling.take([second])
    assert handling.look(1).size == 0
    outcome = handling.take([first])
    assert (outcome.processed, outcome.retried) == ([first], [])
    assert [(row.sequence, row.attempts) for row in replicas.toys.inbox("waiting")] == [(2, 0)]
    assert handling.look(1).retried == [second]


def test_a_transaction_that_lost_and_runs_again_settles_only_what_it_finds_then(replicas):
    def lose_once(connection, _):
        if len(replicas.calls) == 2:
            connection.exec_driver_sql("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    def park_second(*_):
        if len(replicas.calls) == 3:
            with database.transaction(SERVICE) as other:
                other.execute(text("UPDATE inbox SET status = 'parked' WHERE status = 'waiting'"))

    MOODS.update(lose=lose_once, park=park_second)
    (first, second), handling = facts("park", "lose"), replicas.new()
    handling.take([second])
    assert handling.take([first]).processed == [first]
    assert replicas.calls == [[1], [2], [1]]
    assert [row.sequence for row in replicas.toys.inbox("parked")] == [2]


def test_an_event_that_fails_with_nothing_behind_it_is_not_tried_twice(replicas):
    MOODS["bad"] = fail
    (first, second), handling = facts("bad", "bad"), replicas.new()
    assert handling.take([first]).retried == [first]
    handling.take([second])
    replicas.miss(second)
    assert handling.sweep().retried == [second]
    assert replicas.calls == [[1], [2]]


def test_events_are_stored_by_one_statement(replicas):
    events = [facts("good", first=2)[0] for _ in range(50)]
    statements = []
    listeners.listen(database.engine(SERVICE), "before_cursor_execute", lambda *args: statements.append(args))
    with database.transaction(SERVICE) as connection:
        inbox.claim(connection, events, now())
        statements.clear()
        inbox.hold(connection, events)
    assert [args[5] for args in statements] == [False], "one statement, and not one for each row"
    assert len(replicas.toys.inbox("waiting")) == 50


def test_three_replicas_over_shuffled_facts_keep_the_order_and_never_deadlock(replicas):
    """The handler changes one row that all of them want, as a counter is."""
    lost = []
    with database.transaction(SERVICE) as connection:
        connection.exec_driver_sql("CREATE TABLE counter (n integer); INSERT INTO counter VALUES (0)")
    MOODS["count"] = lambda connection, _: connection.exec_driver_sql("UPDATE counter SET n = n + 1")
    listeners.listen(
        database.engine(SERVICE),
        "handle_error",
        lambda context: lost.append(database.sqlstate(context.sqlalchemy_exception)),
    )
    streams = [facts(*["count"] * 4) for _ in range(40)]
    events = [event for each in streams for event in each] * 2
    random.Random(3).shuffle(events)

    def work(handling: Handling) -> None:
        while events:
            batch = [events.pop() for _ in range(min(7, len(events)))]
            handling.take(batch)
            handling.sweep()

    workers = [eventlet.spawn(work, replicas.new()) for _ in range(3)]
    for each in workers:
        each.wait()
    last = replicas.new()
    until(lambda: last.sweep().size == 0)
    for each in streams:
        assert replicas.toys.seen(each[0].subject) == [1, 2, 3, 4]
    assert replicas.toys.rows(SERVICE, "SELECT n FROM counter") == [(160,)]
    assert (replicas.toys.inbox("waiting"), replicas.toys.inbox("retry"), lost) == ([], [], [])
