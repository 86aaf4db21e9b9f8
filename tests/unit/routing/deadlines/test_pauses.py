"""Questions to complainants, promises by the clock, and the hours of Ramadan."""

from datetime import date, datetime, timedelta

from services.chassis import database
from services.chassis.clock import new_id
from services.routing import seed, snapshot
from services.routing.assigning.assignment import Need
from services.routing.deadlines import promises
from services.routing.deadlines import store as store_calendar
from services.routing.deadlines.promise import Pause
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.deadlines.circulars import LATER, due, recompute, record, said, turn, withdraw


def test_a_question_stops_the_clock_and_the_answer_sets_it_going(routing):
    event = received(kind="question")
    routing.receive([event])
    before = due(routing)
    asked, answered = NOW + timedelta(days=1), NOW + timedelta(days=2, hours=1)
    assert turn(promises.pause, event.subject, asked)
    assert not turn(promises.pause, event.subject, asked + timedelta(hours=1))
    # Ten working days at most, which the complainant is told.
    assert due(routing) == [before[0] + timedelta(days=14)]
    assert turn(promises.resume, event.subject, answered)
    assert not turn(promises.resume, event.subject, answered)
    # The evening of Tuesday does not count.
    assert due(routing) == [before[0] + timedelta(days=1)]
    assert [fact.data["cause"] for fact in routing.facts() if fact.type == "PromiseMoved"] == [
        "pause",
        "pause",
    ]
    with database.transaction("routing") as connection:
        (kept,) = store_calendar.pauses(connection, [event.subject]).values()
    assert kept == [Pause(asked, answered)]


def test_the_longest_pause_is_a_row(routing):
    routing.rows("INSERT INTO step_term VALUES ('pause', '2026-01-01', 2)")
    event = received(kind="question")
    routing.receive([event])
    before = due(routing)
    turn(promises.pause, event.subject, NOW)
    assert due(routing) == [before[0] + timedelta(days=1)]


def test_a_circular_counts_with_the_pauses(routing):
    event = received(kind="question")
    routing.receive([event])
    turn(promises.pause, event.subject, NOW + timedelta(days=1))
    turn(promises.resume, event.subject, NOW + timedelta(days=2))
    record(said(first=date(2026, 11, 25)))
    assert recompute() == (1, 1)
    assert due(routing) == [datetime.fromisoformat("2026-12-02T12:00:00+00:00")]


def test_a_case_without_a_promise_has_no_clock(routing):
    event = received(kind="praise")
    routing.receive([event])
    assert not turn(promises.pause, event.subject, NOW)
    assert not turn(promises.resume, new_id(), NOW)


def test_urgent_is_promised_by_the_clock_and_moved_by_no_circular(routing):
    event = received()
    routing.receive([event])
    routing.rows(
        "UPDATE cases SET working_days = NULL, wall_hours = 24, due_at = received_at + interval '24 hours'"
    )
    record(said())
    assert recompute() == (1, 0)
    with database.transaction("routing") as connection:
        known = snapshot.current(connection)
    need = Need("water.outage", "JO-IR", "ar")
    urgent = known.promise("complaint", NOW, need, "WAJ", frozenset({"urgent", "rights"}))
    assert (urgent.due_at, urgent.working_days, urgent.wall_hours) == (NOW + timedelta(hours=24), None, 24)
    assert known.promise("complaint", NOW, need, "WAJ", frozenset({"rights"})).working_days == 7


def test_the_hours_of_ramadan_are_there_and_stay_withdrawn(routing):
    routing.receive([received(received_at=datetime.fromisoformat("2027-02-01T09:00:00+00:00"))])
    assert due(routing) == [datetime.fromisoformat("2027-02-15T11:30:00+00:00")]
    ((identity,),) = routing.rows(
        "SELECT id::text FROM calendar_override WHERE first_day = '2027-02-08' AND effect = 'hours'"
    )
    withdraw(identity)
    recompute()
    assert due(routing) == [datetime.fromisoformat("2027-02-15T12:00:00+00:00")]
    with database.transaction("routing") as connection:
        seed.fill(connection, LATER)
    assert recompute() == (0, 0)
    assert routing.rows("SELECT count(*) FROM calendar_override WHERE withdrawn_at IS NULL") == [(2,)]


def test_ramadan_on_an_installation_that_has_cases_counts_them_again(routing):
    routing.rows("DELETE FROM calendar_override")
    routing.receive([received(received_at=datetime.fromisoformat("2027-02-01T09:00:00+00:00"))])
    with database.transaction("routing") as connection:
        seed.fill(connection, LATER)
    assert recompute()[1] == 1
    assert due(routing) == [datetime.fromisoformat("2027-02-15T11:30:00+00:00")]
