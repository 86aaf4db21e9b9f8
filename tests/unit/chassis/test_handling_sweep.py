"""Stored events that nobody took with their predecessor: the sweep, and the look soon after a batch, run them by the batch."""

from datetime import timedelta

import eventlet
import pytest

from services.chassis import database, inbox, parking
from services.chassis.clock import now
from services.chassis.event import Event
from services.chassis.handling import Permanent
from tests.support.toy import MOODS, Toys
from tests.unit.chassis.replicas import SERVICE, Replicas, facts, fail


@pytest.fixture
def replicas(databases, environment):
    yield Replicas(Toys(databases, environment))
    MOODS.clear()


def discard(event: Event) -> None:
    with database.transaction(SERVICE) as connection:
        assert parking.discard(connection, event.id)


def test_a_transaction_takes_up_so_many_and_the_sweep_the_rest(replicas):
    first, *others = facts(*["good"] * 230)
    handling = replicas.new()
    handling.take(others)
    assert len(handling.take([first]).processed) == 201
    assert len(handling.sweep(limit=10).processed) == 29
    assert replicas.transactions() == 4
    assert replicas.toys.seen(first.subject) == list(range(1, 231))


def test_the_sweep_runs_what_was_released_in_one_transaction(replicas):
    streams = [facts("good", "good", first=2) for _ in range(5)]
    handling = replicas.new()
    handling.take([event for each in streams for event in each])
    replicas.miss(*[each[0] for each in streams])
    assert handling.sweep().size == 10
    assert replicas.calls == [[2] * 5, [3] * 5]
    assert replicas.transactions() == 1
    assert replicas.toys.inbox("waiting") == []


def test_a_bad_event_in_the_sweep_stops_no_other(replicas):
    MOODS["bad"] = fail
    streams = [facts(mood, "good", first=2) for mood in ("good", "bad", "good")]
    handling = replicas.new()
    handling.take([event for each in streams for event in each])
    assert handling.look(1).size == 0
    replicas.miss(*[each[0] for each in streams])
    outcome = handling.sweep()
    assert {event.id for event in outcome.processed} == {streams[0][0].id, streams[2][0].id}
    assert [(row.sequence, row.attempts) for row in replicas.toys.inbox("retry")] == [(2, 1)]
    # The others go on at the next look, which is soon; and when the failed one succeeds, its successor follows at once.
    assert [event.sequence for event in handling.look(1).processed] == [3, 3]
    MOODS.clear()
    replicas.ahead = timedelta(seconds=2)
    assert handling.sweep().processed == streams[1]


def test_what_another_sweep_has_is_left_to_it(replicas):
    door = replicas.door()
    events = [facts(mood, first=2)[0] for mood in ("hold", "good")]
    one, other = replicas.new(), replicas.new()
    one.take(events)
    replicas.miss(*events)
    running = eventlet.spawn(one.sweep)
    door.entered.wait(10)
    with eventlet.Timeout(30):
        assert other.sweep().size == 0
    door.send()
    assert len(running.wait().processed) == 2


def test_the_sweep_for_a_single_event_runs_nothing_with_it(replicas):
    events = facts(*["good"] * 3, first=2)
    handling = replicas.new()
    handling.take(events)
    replicas.miss(events[0])
    assert handling.sweep(limit=1).processed == events
    assert replicas.transactions() == 3


def test_what_was_given_up_only_moves_the_cursor_whoever_comes_to_it(replicas):
    def never(*_):
        raise Permanent("never")

    MOODS["bad"] = never
    handling = replicas.new()
    first, second = facts("bad", "good")
    handling.take([first])
    handling.take([second])
    discard(first)
    assert handling.sweep().processed == [first, second]
    before, given_up, after = facts("good", "bad", "good")
    handling.park(given_up, "died")
    discard(given_up)
    handling.take([after])
    assert handling.take([before]).processed == [before, given_up, after]
    assert replicas.toys.seen() == [2, 1, 3]


def test_what_was_given_up_and_is_not_next_keeps_its_mark(replicas):
    MOODS["bad"] = fail
    (first, second), handling = facts("good", "bad"), replicas.new()
    handling.park(second, "died")
    discard(second)
    with database.transaction(SERVICE) as connection:
        inbox.fail(connection, second, now=now(), reason="x", handler="x", retry_after=timedelta(0))
    assert handling.sweep().waiting == [second]
    assert handling.take([first]).processed == [first, second]
    assert replicas.toys.seen() == [1]


def test_a_look_soon_after_a_batch_runs_what_it_stored_and_nothing_else(replicas):
    (mine,), (foreign,), (early,) = (facts("good", first=2) for _ in range(3))
    handling = replicas.new()
    assert handling.look(0.01).size == 0
    replicas.new().take([foreign])
    handling.take([mine, early])
    replicas.miss(mine, foreign)
    assert handling.look(1).processed == [mine]
    assert handling.look(0.01).size == 0
    assert handling.sweep().processed == [foreign]
