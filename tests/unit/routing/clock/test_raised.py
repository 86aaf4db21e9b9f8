"""What becomes of a case that was raised, and of its promise and its question as time goes on."""

from datetime import timedelta

import pytest

from services.routing.cases import actions
from services.routing.cases.step import Who
from services.routing.clock.timers import Swept
from tests.unit.routing.clock.ticking import DUE, IDLE, head_of, through, told, whole
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.deadlines.circulars import recompute, record, said
from tests.unit.routing.desk import REPLY, Desk


@pytest.fixture
def desk(routing, keys):
    return Desk(routing, keys)


def test_the_holder_sends_back_rejects_answers_reassigns_or_refers(desk):
    desk.routing.rows("UPDATE officer SET present = false WHERE rank = 'main' AND institution = 'WAJ'")
    head = head_of(desk)
    assert desk.allowed(head) == set()
    desk.sweep(IDLE)
    assert desk.case.escalated_to is not None
    assert desk.allowed(head) == {
        "accept",
        "propose_reply",
        "reassign",
        "refer",
        "send_back",
        "reject_escalation",
    }
    assert desk.allowed(head_of(desk, "MOH")) == set()
    desk.act("send_back", head, reason="اتصل به اليوم.")
    assert (desk.case.escalation_level, desk.case.escalated_to, desk.case.escalated_at) == (2, None, None)
    assert desk.fact("EscalationAnswered").data["decision"] == "sent_back"
    assert desk.allowed(head) == set()
    # The level is reached and is not told again; the coordinator is told when it comes to that.
    through(desk, DUE + timedelta(days=60))
    assert [each for each in told(desk) if each[0] == "ComplaintEscalated"][1:] == [
        ("ComplaintEscalated", 3, None)
    ]
    desk.act("reject_escalation", desk.coordinator, reason="الموعد محدد مع صاحبه.")
    assert desk.fact("EscalationAnswered").data["decision"] == "rejected"
    assert desk.case.escalated_at is None
    whole(desk)


def test_the_head_answers_and_another_approves(desk):
    desk.routing.rows("UPDATE officer SET present = false WHERE rank = 'main' AND institution = 'WAJ'")
    desk.sweep(IDLE)
    desk.act("propose_reply", head_of(desk), **REPLY)
    desk.act("approve_reply", desk.approver)
    assert (desk.case.status, desk.case.escalated_to, desk.case.escalated_at) == ("answered", None, None)


def test_a_rejection_needs_a_reason(desk):
    desk.sweep(IDLE)
    with pytest.raises(actions.WrongFields):
        desk.act("reject_escalation", Who(str(desk.case.escalated_to), frozenset({"head", "officer"}), "WAJ"))


def test_what_was_raised_goes_along_to_another_body(desk):
    desk.sweep(IDLE)
    officer = Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ")
    desk.act("transfer", officer, institution="MOH", reason="ليس لنا.")
    desk.act("accept_transfer", desk.staff("main", "MOH"))
    fact = desk.fact("ComplaintEscalated")
    assert (fact.data["cause"], fact.scope) == ("another_body", "MOH")
    assert fact.data["level"] >= 1
    assert desk.case.escalated_to != desk.case.officer_id
    whole(desk)


def test_another_body_counts_by_its_own_calendar_at_once(desk):
    record(said(scope="institution", code="MOH"))
    recompute()
    assert desk.case.due_at == DUE
    officer = Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ")
    desk.act("transfer", officer, institution="MOH", reason="ليس لنا.")
    assert desk.case.due_at == DUE
    desk.act("accept_transfer", desk.staff("main", "MOH"))
    assert desk.case.due_at == DUE + timedelta(days=1)
    moved = desk.fact("PromiseMoved")
    assert (moved.data["cause"], moved.scope) == ("body", "MOH")
    assert recompute() == (0, 0)
    whole(desk)


def test_a_body_with_the_same_calendar_moves_nothing(desk):
    officer = Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ")
    desk.act("transfer", officer, institution="MOH", reason="ليس لنا.")
    desk.act("accept_transfer", desk.staff("main", "MOH"))
    assert "PromiseMoved" not in [fact.type for fact in desk.routing.facts(desk.id)]


def test_what_finds_a_body_late_is_promised_by_its_calendar(routing):
    routing.rows("CREATE TEMP TABLE kept AS SELECT 1")
    routing.rows("UPDATE rule SET valid_to = now() + interval '10 years' WHERE category = 'water.outage'")
    routing.rows("UPDATE rule SET valid_from = '2026-11-24', valid_to = NULL WHERE category = 'water.outage'")
    record(said(scope="institution", code="WAJ"))
    recompute()
    event = received()
    routing.receive([event])
    assert routing.rows("SELECT status, due_at FROM cases") == [("received", DUE)]
    later = NOW + timedelta(days=2)
    assert routing.retry(now=later)[0] == 1
    assert routing.rows("SELECT status, due_at, version FROM cases") == [
        ("assigned", DUE + timedelta(days=1), 4)
    ]
    assert routing.facts(event.subject)[-1].data["cause"] == "body"


def test_the_question_lapses_on_the_day_on_which_the_clock_goes_on(desk):
    officer = Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ")
    desk.act("accept", officer)
    desk.act("ask", officer, question="ما رقم العداد؟")
    ends, due = desk.case.check_at, desk.case.due_at
    record(said())
    recompute()
    # One working day less: the pause lasts a day longer, and so does the promise.
    assert (desk.case.check_at, desk.case.due_at) == (ends + timedelta(days=1), due + timedelta(days=1))
    assert desk.sweep(ends) == Swept()
    assert desk.sweep(ends + timedelta(days=1)).looked == 1
    assert desk.case.status == "accepted"
    assert desk.case.due_at == due + timedelta(days=1)
    assert told(desk) == []


def test_a_question_about_what_was_not_promised_lapses_too(routing, keys):
    desk = Desk(routing, keys, kind="praise")
    officer = Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ")
    desk.act("accept", officer)
    desk.act("ask", officer, question="أين؟")
    assert desk.case.check_at is not None
    through(desk, DUE + timedelta(days=60))
    assert (desk.case.status, told(desk, since=1)) == ("accepted", [])


def test_a_calendar_that_changes_changes_when_the_clock_looks(desk):
    desk.sweep(IDLE - timedelta(days=1))
    before = desk.case.check_at
    record(said(first=IDLE.date()))
    recompute()
    assert desk.case.check_at > before


@pytest.mark.parametrize("asked", [False, True])
def test_whoever_it_was_raised_to_turns_out_to_be_accused_and_another_is_told(desk, asked):
    """Until time raised it further nobody had been told who could act on it; while the complainant is asked, nobody is waited for."""
    desk.sweep(IDLE)
    holder = str(desk.case.escalated_to)
    if asked:
        own = Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ")
        desk.act("accept", own)
        desk.act("ask", own, question="متى انقطعت المياه؟")
    desk.act("implicate", desk.coordinator, officer_id=holder, reason="x")
    assert (desk.case.escalation_level, desk.case.escalated_to) == (1, None)
    desk.sweep(desk.now + timedelta(seconds=2))
    if asked:
        assert desk.case.escalation_level == 1
        desk.said("answer_question", message="018f3c1e-0000-7000-8000-000000000009")
        desk.sweep(desk.now + timedelta(seconds=2))
    # The heads are above who is accused.
    assert (desk.case.escalation_level, desk.case.escalated_to) == (3, None)
    assert desk.fact("ComplaintEscalated").data["cause"] == "holder_away"
    before = desk.case.version
    desk.sweep(desk.now + timedelta(seconds=2))
    assert desk.case.version == before
    whole(desk)
