"""How cases leave their body and end, on a real database: silence, disputes, transfers, referral, refusal, withdrawal."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from services.chassis import database
from services.chassis.seal import unseal
from services.routing.cases import actions, effects
from services.routing.cases.step import Refused, Who
from tests.unit.routing.desk import COORDINATOR, NO_WAY, Desk


@pytest.fixture
def desk(routing, keys):
    return Desk(routing, keys)


def opened(keys, fact):
    return unseal(keys["INTAKE_SEAL_PRIVATE_KEY"], fact.data["sealed"])


def test_silence_is_broken_once_by_a_reminder(desk):
    answered = desk.answer()
    remind_at = answered.answered_at + timedelta(days=10)
    assert desk.pass_time(actions.end_silence, remind_at - timedelta(seconds=1)) == 0
    assert desk.pass_time(actions.end_silence, remind_at) == 1
    assert desk.pass_time(actions.end_silence, remind_at + timedelta(days=1)) == 0
    assert (desk.case.status, desk.case.confirm_until) == ("answered", answered.confirm_until)
    reminded = desk.fact("ComplainantReminded").data
    assert datetime.fromisoformat(reminded["confirm_until"]) == answered.confirm_until


def test_nobody_is_reminded_on_the_day_of_the_end_or_after_it(routing, desk):
    """A row may set the reminder later than the end."""
    routing.rows("UPDATE case_term SET days = 15 WHERE code = 'remind' RETURNING 1")
    until = desk.answer().confirm_until
    assert desk.pass_time(actions.end_silence, until) == 1
    assert desk.case.status == "closed"
    assert "ComplainantReminded" not in {fact.type for fact in desk.routing.facts(desk.id)}


def test_silence_closes_as_not_confirmed(desk):
    until = desk.answer().confirm_until
    desk.pass_time(actions.end_silence, until - timedelta(seconds=1))
    assert desk.case.status == "answered"
    assert desk.pass_time(actions.end_silence, until) == 1
    assert (desk.case.status, desk.case.close_reason) == ("closed", "not_confirmed")
    assert desk.fact("ComplaintClosed").data["reason"] == "not_confirmed"
    desk.said("rate", score=2)
    assert (desk.case.status, desk.history[-1]) == ("closed", "rate")


def test_a_dispute_is_decided_by_another_and_answered_by_another(desk, keys):
    holder = desk.case.officer_id
    desk.answer()
    desk.said("dispute")
    assert (desk.case.status, desk.case.confirm_until) == ("disputed", None)
    assert desk.allowed(desk.officer) == desk.allowed(desk.approver) == set()
    assert desk.allowed(desk.main) == {"implicate"}
    assert desk.allowed(COORDINATOR) == {"resolve_dispute", "refer", "implicate"}
    desk.act("resolve_dispute", COORDINATOR, decision="reopened", reason="لم يُجب عن الشكوى.")
    assert desk.case.status == "assigned"
    # Who wrote or approved the answer does not have it again; who had it and did neither knows it already.
    answered = {desk.officer.id, desk.approver.id}
    assert str(desk.case.officer_id) not in answered
    assert (desk.case.officer_id == holder) == (str(holder) not in answered)
    assert desk.load(str(desk.case.officer_id)) == 1
    assert opened(keys, desk.fact("DisputeResolved")) == {"reason": "لم يُجب عن الشكوى."}
    assert desk.routing.facts(desk.id)[-1].type == "ComplaintAssigned"
    desk.answer()
    # Once.
    desk.said("dispute")
    assert (desk.case.status, desk.history[-1]) == ("answered", "said_too_late")


def test_a_dispute_that_is_rejected_ends_it(desk):
    desk.answer()
    desk.said("dispute")
    desk.act("resolve_dispute", COORDINATOR, decision="rejected", reason="الرد صحيح.")
    assert (desk.case.status, desk.case.close_reason) == ("closed", "dispute_rejected")
    assert [fact.type for fact in desk.routing.facts(desk.id)[-2:]] == ["DisputeResolved", "ComplaintClosed"]


def test_who_closed_it_does_not_decide_the_dispute(desk):
    desk.act("declare_inadmissible", COORDINATOR, **NO_WAY)
    desk.said("dispute")
    assert "resolve_dispute" not in desk.allowed(COORDINATOR)
    other = Who("coordinator-2", frozenset({"coordinator"}))
    assert "resolve_dispute" in desk.allowed(other)


def test_a_dispute_that_was_said_in_time_and_came_late_is_heard(desk):
    until = desk.answer().confirm_until
    desk.pass_time(actions.end_silence, until + timedelta(minutes=5))
    desk.said("dispute", at=until + timedelta(minutes=4))
    assert (desk.case.status, desk.case.closed_at) == ("disputed", None)


def test_a_dispute_after_the_end_is_too_late(desk):
    until = desk.answer().confirm_until
    desk.pass_time(actions.end_silence, until)
    desk.said("dispute")
    assert desk.case.status == "closed"


def test_the_receiver_accepts_and_its_officer_has_the_case(desk):
    before = str(desk.case.officer_id)
    desk.act("transfer", institution="MOH", reason="يخص الصحة.")
    fact = desk.fact("ComplaintTransferred")
    assert (fact.data["institution"], fact.data["receiver"], fact.data["arbiter"]) == ("WAJ", "MOH", False)
    assert "الصحة." not in str(fact.data)
    assert desk.load(before) == 1
    desk.act("accept_transfer", desk.stranger)
    case = desk.case
    assert (case.status, case.institution, case.receiver, case.rule_id) == ("assigned", "MOH", None, None)
    assert (desk.load(before), desk.load(str(case.officer_id))) == (0, 1)
    with pytest.raises(actions.NoSuchCase):
        desk.act("accept")
    desk.act("accept", desk.stranger)
    # The time that each holder had it adds up: no gap between the lines.
    rows = desk.routing.rows("SELECT from_institution, to_institution, at, ended_at, ended FROM transfer")
    assert rows[0][:2] == ("WAJ", "MOH")
    assert rows[0][4] == "accepted"
    assert rows[0][3] == case.assigned_at


def test_the_receiver_objects_once_and_the_third_transfer_is_for_the_arbiter(desk):
    desk.act("transfer", institution="MOH", reason="1")
    desk.act("object_to_transfer", desk.stranger, reason="ليس من اختصاصنا.")
    assert (desk.case.status, desk.case.institution) == ("assigned", "WAJ")
    assert desk.fact("CaseResumed").data["reason"] == "transfer_objected"
    desk.act("transfer", institution="MOH", reason="2")
    assert desk.allowed(desk.stranger) == {"accept_transfer"}
    desk.act("accept_transfer", desk.stranger)
    desk.act("transfer", desk.stranger, institution="WAJ", reason="3")
    assert desk.fact("ComplaintTransferred").data["arbiter"] is True
    assert desk.allowed(desk.officer) == set()
    desk.act("decide_transfer", COORDINATOR, institution="WAJ", reason="هي من اختصاص المياه.")
    assert (desk.case.institution, desk.case.status, desk.case.transfers) == ("WAJ", "assigned", 3)


def test_a_transfer_to_oneself_or_to_nobody_is_refused(desk):
    for institution in ("WAJ", "NOBODY"):
        with pytest.raises(effects.Refused):
            desk.act("transfer", institution=institution, reason="x")


def test_a_body_without_anybody_present_cannot_take_it(desk):
    desk.act("transfer", institution="MOH", reason="x")
    desk.routing.rows("UPDATE officer SET present = false WHERE institution = 'MOH'")
    with pytest.raises(effects.NoOfficer):
        desk.act("accept_transfer", desk.stranger)
    assert desk.case.status == "in_transfer"


def test_only_the_head_of_a_body_ends_a_case_without_a_second_pair_of_eyes(desk):
    assert not {"refer", "declare_inadmissible", "merge"} & desk.allowed(desk.officer)
    assert {"refer", "declare_inadmissible", "merge"} <= desk.allowed(desk.main)


def test_refused_with_reason_law_and_what_to_do(desk, keys):
    desk.act("declare_inadmissible", desk.main, **NO_WAY)
    closed = desk.fact("ComplaintClosed")
    assert (closed.data["reason"], closed.data["code"]) == ("inadmissible", "no_facts")
    assert opened(keys, closed) == {"legal_basis": "المادة 3", "next_steps": "اكتب ما حدث ومتى."}
    desk.said("dispute")
    desk.act("resolve_dispute", COORDINATOR, decision="reopened", reason="فيها وقائع.")
    assert desk.case.status == "assigned"


def test_referred_outside(desk, keys):
    desk.act("refer", desk.main, outside_body="national_centre", reason="من اختصاصه.")
    referred = desk.fact("ComplaintReferred")
    assert referred.data["outside_body_name"]["en"] == "National Centre for Human Rights"
    assert (desk.case.status, opened(keys, referred)) == ("referred", {"reason": "من اختصاصه."})
    assert desk.allowed(COORDINATOR) == {"implicate"}


def test_merged_into_another_of_the_same_body(desk):
    other, elsewhere = desk.open(), desk.open(category="health.waiting")
    for wrong in (desk.id, elsewhere, "018f3c1e-0000-7000-8000-000000000009"):
        with pytest.raises(effects.Refused):
            desk.act("merge", desk.main, into=wrong)
    desk.act("merge", desk.main, into=other)
    assert (desk.case.status, str(desk.case.merged_into)) == ("merged", other)
    assert other not in str(desk.fact("ComplaintClosed").data)


@pytest.mark.parametrize(
    "far", ["assigned", "accepted", "awaiting_complainant", "reply_proposed", "in_transfer", "disputed"]
)
def test_a_complainant_can_withdraw_as_long_as_it_is_open(desk, far):
    holder = str(desk.case.officer_id)
    if far in ("accepted", "awaiting_complainant"):
        desk.act("accept")
    if far == "awaiting_complainant":
        desk.act("ask", question="متى؟")
    if far == "reply_proposed":
        desk.propose()
    if far == "in_transfer":
        desk.act("transfer", institution="MOH", reason="x")
    if far == "disputed":
        desk.answer()
        desk.said("dispute")
    assert desk.case.status == far
    desk.said("withdraw")
    assert (desk.case.status, desk.case.close_reason) == ("withdrawn", "withdrawn")
    assert desk.load(holder) == 0
    assert desk.routing.rows("SELECT count(*) FROM question WHERE ended IS NULL") == [(0,)]
    assert desk.routing.rows("SELECT count(*) FROM transfer WHERE ended IS NULL") == [(0,)]
    assert desk.routing.rows("SELECT count(*) FROM reply WHERE state = 'proposed'") == [(0,)]


def test_each_line_of_the_history_says_from_which_state_to_which(desk):
    desk.act("transfer", institution="GAM", reason="ليست لنا.")
    details = desk.row(
        "SELECT details FROM case_event WHERE complaint_id = %(id)s AND action = 'transfer'"
    ).details
    assert (details["from"], details["to"], details["receiver"]) == ("assigned", "in_transfer", "GAM")


def test_two_cases_are_never_merged_into_each_other(desk):
    """While one is merged into another, that one is held: else each could end up in the other, and nobody would answer either."""
    other = desk.open()
    with database.transaction("routing") as first:
        merging = {"version": None, "now": desk.now, "keys": desk.keys}
        actions.act(first, desk.id, "merge", {"into": other}, desk.main, **merging)
        with database.transaction("routing") as second:
            second.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(OperationalError):
                actions.act(second, other, "merge", {"into": desk.id}, desk.main, **merging)
            second.rollback()
    with pytest.raises(Refused):
        desk.act("merge", desk.main, complaint_id=other, into=desk.id)
