"""Routing's facts, as batches, on a real database: once each, in any order."""

import random
from datetime import timedelta

import pytest

from services.chassis import database
from services.chassis.clock import new_id
from services.chassis.event import Event
from services.intake import events, handlers
from services.intake.service import IntakeService
from services.intake.store_restrictions import Reader
from tests.unit.intake.conftest import NOON, submission

NAME = {"ar": "سلطة المياه", "en": "Water Authority"}


@pytest.fixture
def filed(databases, submit):
    """The ids of three complaints."""
    for _ in range(3):
        submit(submission())
    return [row[0] for row in databases.rows("intake", "SELECT id::text FROM complaint ORDER BY id")]


def event(reads, subject, sequence, **data):
    moment = NOON + timedelta(minutes=sequence)
    times = {
        "assigned_at": moment,
        "set_at": moment,
        "moved_at": moment,
        "unowned_since": moment,
        "due_at": moment + timedelta(days=9),
    }
    raw = {name: value.isoformat() for name, value in times.items()} | {"complaint_id": subject, **data}
    loaded = reads.schema().load({**raw, "a field that was added later": 1})
    return Event(
        new_id(), reads.type, 1, "routing", subject, sequence, moment, "-", loaded, correlation_id=new_id()
    )


def assigned(subject, sequence, institution="WAJ", **data):
    return event(
        events.COMPLAINT_ASSIGNED,
        subject,
        sequence,
        institution=institution,
        institution_name=NAME,
        **data,
    )


def promised(subject, sequence, **data):
    return event(events.PROMISE_SET, subject, sequence, **data)


def moved(subject, sequence, due_at, **data):
    return event(events.PROMISE_MOVED, subject, sequence, due_at=due_at.isoformat(), **data)


def failed(subject, sequence, **data):
    return event(events.ASSIGNMENT_FAILED, subject, sequence, institution=None, **data)


def deliver(facts):
    """Each type to its own method of the service, as the subscriber does."""
    service = IntakeService()
    methods = {
        "ComplaintAssigned": service.complaint_assigned,
        "PromiseSet": service.promise_set,
        "PromiseMoved": service.promise_moved,
        "AssignmentFailed": service.assignment_failed,
    }
    with database.transaction("intake") as connection:
        for kind, method in methods.items():
            method(connection, [fact for fact in facts if fact.type == kind])


def standing(complaint_id):
    with database.transaction("intake") as connection:
        return handlers.read(connection, complaint_id, reader=Reader("somebody", None)).status


def test_a_batch_tells_how_each_complaint_stands(filed):
    deliver([assigned(filed[0], 1), promised(filed[0], 2), failed(filed[1], 1), promised(filed[1], 2)])
    first, second, third = map(standing, filed)
    assert (first.code, first.institution, first.institution_name) == ("assigned", "WAJ", NAME)
    assert first.due_at == NOON + timedelta(days=9, minutes=2)
    assert first.history == (("received", NOON), ("assigned", NOON + timedelta(minutes=1)))
    assert (second.code, second.institution) == ("received", None)
    assert second.due_at is not None
    assert (third.code, third.due_at, len(third.history)) == ("received", None, 1)


@pytest.mark.parametrize("seed", range(5))
def test_duplicates_and_disorder_change_nothing(filed, seed):
    facts = [
        fact
        for subject in filed
        for fact in (
            failed(subject, 1),
            promised(subject, 2),
            assigned(subject, 3),
            assigned(subject, 4, "MWI"),
        )
    ]
    deliver(facts)
    expected = [standing(subject) for subject in filed]
    shuffled = facts * 2
    random.Random(seed).shuffle(shuffled)
    for start in range(0, len(shuffled), 5):
        deliver(shuffled[start : start + 5])
    assert [standing(subject) for subject in filed] == expected
    assert {status.institution for status in expected} == {"MWI"}


def test_facts_in_disorder_on_an_empty_table_end_alike(databases, filed):
    facts = [failed(filed[0], 1), promised(filed[0], 2), assigned(filed[0], 3)]
    for fact in reversed(facts):
        deliver([fact])
    assert standing(filed[0]).code == "assigned"
    assert standing(filed[0]).institution == "WAJ"


def test_a_promise_that_moved_is_the_one_that_is_shown(filed):
    later = NOON + timedelta(days=12)
    deliver([assigned(filed[0], 1), promised(filed[0], 2)])
    deliver([moved(filed[0], 4, later)])
    deliver([moved(filed[0], 3, later + timedelta(days=1))])
    status = standing(filed[0])
    assert status.due_at == later
    assert [code for code, _ in status.history] == ["received", "assigned"]


def test_the_receipt_is_that_of_the_newest_line_of_the_history(filed):
    hashes = ["0a" * 32, "0b" * 32, "0c" * 32, "0d" * 32]
    facts = [
        assigned(filed[0], 1, history_hash=hashes[0]),
        promised(filed[0], 2, history_hash=hashes[1]),
        moved(filed[0], 3, NOON + timedelta(days=12), history_hash=hashes[2]),
        failed(filed[0], 4, history_hash=hashes[3]),
    ]
    seen = []
    for fact in facts:
        deliver([fact])
        seen.append(standing(filed[0]).history_hash)
    assert seen == hashes


def test_an_empty_batch_asks_the_database_nothing(databases):
    deliver([])
    assert databases.rows("intake", "SELECT count(*) FROM progress") == [(0,)]


def test_a_body_that_gave_a_complaint_away_reads_it_no_longer(databases, filed):
    deliver([assigned(filed[0], 1), assigned(filed[0], 2, "MWI")])
    with database.transaction("intake") as connection:
        assert (
            handlers.read(connection, filed[0], reader=Reader("somebody", "MWI")).row.text
            == submission().text
        )
        for other in ("WAJ", ""):
            with pytest.raises(handlers.NoSuchComplaint):
                handlers.read(connection, filed[0], reader=Reader("somebody", other))
        with pytest.raises(handlers.NoSuchComplaint):
            handlers.read(connection, filed[1], reader=Reader("somebody", "WAJ"))
