"""The clock on a real database: who is told what, once, whatever happens in between."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import database
from services.routing import metrics
from services.routing.cases.step import Keys, Who
from services.routing.clock import approving, sweeping, timers
from services.routing.clock import store as store_timers
from services.routing.clock.timers import Swept
from services.routing.service import RoutingService
from tests.unit.routing.clock.ticking import CLOCK, DUE, HALF, IDLE, head_of, sweep, through, told, whole
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.desk import Desk


@pytest.fixture
def desk(routing, keys):
    return Desk(routing, keys)


def test_a_case_goes_up_by_itself_and_each_is_told_once(desk):
    desk.act("accept", Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ"))
    through(desk, DUE + timedelta(days=30))
    main, head = desk.main.id, head_of(desk).id
    main = main if main != str(desk.case.officer_id) else head
    assert told(desk) == [
        ("ComplaintEscalated", 1, main),
        ("CaseDueSoon", "answer", None),
        ("ComplaintEscalated", 2, head),
        ("ComplaintEscalated", 3, None),
    ]
    case = desk.case
    assert (case.escalation_level, case.escalated_to, case.check_at) == (3, None, None)
    assert case.escalated_at is not None
    assert desk.history[-4:] == ["escalate", "remind", "escalate", "escalate"]
    whole(desk)


def test_the_fact_says_to_whom_why_and_whose_it_is(desk):
    desk.sweep(IDLE)
    fact = desk.fact("ComplaintEscalated")
    assert fact.scope == "WAJ"
    assert {name: fact.data[name] for name in ("level", "cause", "officer_id", "urgent", "status")} == {
        "level": 1,
        "cause": "idle",
        "officer_id": str(desk.case.officer_id),
        "urgent": False,
        "status": "assigned",
    }
    assert fact.data["sealed"]
    assert fact.data["holder_id"] == str(desk.case.escalated_to)
    assert fact.data["due_at"] == DUE.isoformat()


def test_after_an_outage_there_is_one_notice_a_case(routing, keys):
    routing.receive([received() for _ in range(30)])
    later = DUE + timedelta(days=60)
    looked = 0
    while (swept := sweep(keys, later, limit=8)).looked:
        looked += swept.looked
    assert looked == 30
    facts = [fact for fact in routing.facts() if fact.type in CLOCK[:3]]
    assert sorted(fact.data["level"] for fact in facts) == [3] * 30
    assert {fact.type for fact in facts} == {"ComplaintEscalated"}
    assert sweep(keys, later + timedelta(days=1), limit=100) == Swept()


def test_the_implicated_and_the_absent_are_passed_over(desk):
    desk.routing.rows("UPDATE cases SET implicated = %(who)s", {"who": [f"person:{desk.main.id}"]})
    desk.sweep(IDLE)
    # The heads of the body command whoever is accused in it.
    assert told(desk) == [("ComplaintEscalated", 3, None)]


def test_who_is_away_is_replaced_or_passed_over(desk):
    desk.routing.rows("UPDATE officer SET present = false WHERE rank = 'main' AND institution = 'WAJ'")
    desk.sweep(IDLE)
    assert told(desk) == [("ComplaintEscalated", 2, head_of(desk).id)]


def test_nothing_that_is_said_or_passed_on_puts_the_promise_off(desk):
    officer = Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ")
    desk.act("accept", officer)
    desk.act("interim_reply", officer, summary="ننتظر القطعة.", expected_at=DUE + timedelta(days=90))
    desk.act("transfer", officer, institution="MOH", reason="ليس لنا.")
    desk.act("accept_transfer", desk.staff("main", "MOH"))
    desk.now = HALF
    assert desk.sweep(HALF).told == 1
    assert desk.case.escalation_level >= 1
    assert desk.fact("ComplaintEscalated").scope == "MOH"


def test_what_is_answered_has_no_clock(desk):
    desk.answer()
    assert desk.case.check_at is None
    assert desk.sweep(DUE + timedelta(days=400)) == Swept()


def test_what_is_interrupted_before_the_commit_is_told_afterwards_and_once(desk):
    with database.engine("routing").connect() as connection:
        assert timers.sweep(connection, now=IDLE, keys=desk.keys, limit=10).told == 1
        connection.rollback()
    assert told(desk) == []
    assert desk.sweep(IDLE).told == 1
    assert desk.sweep(IDLE + timedelta(seconds=5)) == Swept()
    assert len(told(desk)) == 1


def test_two_replicas_share_the_work_and_tell_nothing_twice(routing, keys):
    routing.receive([received() for _ in range(60)])
    failed = []

    def work():
        try:
            while sweep(keys, IDLE, limit=7).looked:
                pass
        except Exception as error:
            failed.append(error)

    both = [threading.Thread(target=work) for _ in range(3)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert failed == []
    raised = [fact.subject for fact in routing.facts() if fact.type == "ComplaintEscalated"]
    assert len(raised) == len(set(raised)) == 60


def test_an_officer_who_acts_at_the_same_moment_is_not_waited_for(desk):
    with database.engine("routing").connect() as busy:
        busy.exec_driver_sql("SELECT FROM cases FOR UPDATE")
        assert desk.sweep(IDLE) == Swept()
    assert desk.sweep(IDLE).told == 1


def test_a_clock_that_is_ahead_raises_nothing(desk):
    with database.transaction("routing") as connection:
        assert store_timers.earlier(connection, datetime(2999, 1, 1, tzinfo=UTC)).year < 2999
        assert store_timers.earlier(connection, NOW - timedelta(days=9000)) == NOW - timedelta(days=9000)


def test_a_clock_that_was_ahead_and_is_set_right_repeats_nothing(desk):
    desk.sweep(DUE + timedelta(days=30))
    before = told(desk)
    through(desk, DUE + timedelta(days=90))
    assert told(desk) == before


def test_one_case_that_cannot_be_looked_at_stops_no_other(routing, keys):
    routing.receive([received() for _ in range(3)])
    ((bad,),) = routing.rows("SELECT complaint_id::text FROM cases ORDER BY check_at, complaint_id LIMIT 1")
    # Its history has a line that nobody knows of, so that no other can be added with its number.
    routing.rows(
        "INSERT INTO case_event (complaint_id, number, action, actor, at, details) VALUES (%(id)s, 3, 'x', 'x', now(), '{}')",
        {"id": bad},
    )
    _age(routing)
    now = datetime.now(UTC)
    both = Keys(keys["SEAL_PUBLIC_KEY"], keys["INTAKE_SEAL_PUBLIC_KEY"])
    assert sweeping.sweep(now=now, keys=both, chunk=100, most=100) == 2
    assert routing.rows("SELECT complaint_id::text, check_at FROM cases WHERE escalation_level = 0") == [
        (bad, now + sweeping.LATER)
    ]


def test_after_an_outage_people_are_told_at_a_bounded_rate(routing, keys):
    routing.receive([received() for _ in range(30)])
    _age(routing)
    both = Keys(keys["SEAL_PUBLIC_KEY"], keys["INTAKE_SEAL_PUBLIC_KEY"])
    assert sweeping.sweep(now=datetime.now(UTC), keys=both, chunk=5, most=10) == 10
    assert routing.rows("SELECT count(*) FROM cases WHERE check_at <= now()") == [(20,)]


def _age(routing) -> None:
    """They came long ago, and the clock stood since."""
    routing.rows(
        "UPDATE cases SET received_at = received_at - interval '1 year', due_at = due_at - interval '1 year',"
        " assigned_at = assigned_at - interval '1 year', check_at = now() - interval '1 hour'"
    )


def test_the_service_sweeps(desk, environment, routing, databases):
    routing.rows("UPDATE cases SET check_at = now() - interval '1 second'")
    RoutingService().sweep_timers()
    assert routing.rows("SELECT count(*) FROM cases WHERE check_at <= now()") == [(0,)]


def test_what_is_due_is_looked_at_though_nobody_can_say_who_is_there(desk, environment, routing, monkeypatch):
    def broken(*_, **__):
        raise LookupError

    monkeypatch.setattr(approving, "look_again", broken)
    routing.rows("UPDATE cases SET check_at = now() - interval '1 second'")
    before = metrics.timers_failed_total._value.get()
    RoutingService().sweep_timers()
    assert routing.rows("SELECT count(*) FROM cases WHERE check_at <= now()") == [(0,)]
    assert metrics.timers_failed_total._value.get() == before + 1
