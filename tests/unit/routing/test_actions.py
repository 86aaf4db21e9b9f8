"""The life of a case, on a real database: who may do what, and what each action leaves behind."""

from datetime import timedelta

import pytest

from services.chassis.seal import unseal
from services.cli.main import main
from services.routing import actions, effects
from services.routing import transitions as t
from services.routing.effects import Who
from services.routing.endings import EFFECTS
from tests.unit.routing.desk import COORDINATOR, NO_WAY, REPLY, Desk, at


@pytest.fixture
def desk(routing, keys):
    return Desk(routing, keys)


def opened(keys, fact):
    return unseal(keys["INTAKE_SEAL_PRIVATE_KEY"], fact.data["sealed"])


def test_every_action_of_the_table_is_done_somewhere():
    assert set(EFFECTS) == {row.action for row in t.TABLE}


def test_from_receipt_to_the_end(desk, keys):
    holder = str(desk.case.officer_id)
    assert desk.load(holder) == 1
    desk.act("accept")
    case = desk.act("propose_reply", **REPLY)
    assert (case.status, case.version) == ("reply_proposed", 4)
    case = desk.act("approve_reply", desk.approver)
    assert (case.status, case.answered_at, case.confirm_until) == (
        "answered",
        desk.now,
        desk.now + timedelta(days=15),
    )
    assert desk.load(holder) == 0
    approved = desk.fact("ReplyApproved")
    assert opened(keys, approved) == {
        name: REPLY[name] for name in ("found", "remedy", "legal_basis", "summary")
    }
    assert (approved.data["outcome"], approved.data["status"], approved.scope) == (
        "satisfactory",
        "answered",
        "WAJ",
    )
    assert REPLY["found"] not in str(approved.data)
    rated = desk.said("rate", score=5)
    assert (desk.case.status, desk.case.close_reason, desk.case.closed_at) == (
        "closed",
        "confirmed",
        desk.now,
    )
    closed = desk.fact("ComplaintClosed")
    assert (closed.data["reason"], closed.cause) == ("confirmed", rated.id)
    assert desk.history == ["assigned", "promised", "accept", "propose_reply", "approve_reply", "rate"]
    assert [fact.type for fact in desk.routing.facts(desk.id)] == [
        "ComplaintAssigned",
        "PromiseSet",
        "CaseAccepted",
        "ReplyProposed",
        "ReplyApproved",
        "ComplaintClosed",
    ]


def test_the_history_holds_no_words_and_its_chain_is_whole(desk):
    from click.testing import CliRunner

    desk.answer()
    said = desk.routing.rows("SELECT details::text FROM case_event")
    assert not any(words in row[0] for row in said for words in REPLY.values() if words != "satisfactory")
    assert CliRunner().invoke(main, ["case", "verify", desk.id]).exit_code == 0
    shown = desk.fact("ReplyApproved").data["history_hash"]
    result = CliRunner().invoke(main, ["case", "verify", desk.id, "--receipt", shown])
    assert "the receipt is of line 5" in result.output


def test_of_two_who_saw_the_same_one_is_told(desk):
    desk.act("accept", version=2)
    with pytest.raises(actions.VersionConflict) as told:
        desk.act("accept", desk.main, version=2)
    assert told.value.current == 3


def test_what_is_not_allowed_is_refused_with_what_is(desk):
    with pytest.raises(actions.NotAllowed) as refused:
        desk.act("propose_reply", **REPLY)
    assert refused.value.allowed == ["accept", "interim_reply", "transfer"]
    assert desk.history == ["assigned", "promised"]


def test_staff_of_another_body_see_no_case(desk):
    for who in (
        desk.stranger,
        Who("nobody", frozenset({"officer"})),
        Who("x", frozenset({"operations"}), "WAJ"),
    ):
        with pytest.raises(actions.NoSuchCase):
            desk.act("accept", who)


def test_fields_are_named_that_are_missing_or_of_no_use(desk):
    desk.act("accept")
    with pytest.raises(actions.WrongFields) as wrong:
        desk.act("propose_reply", found="x", score=3)
    assert wrong.value.missing == ["outcome", "remedy", "legal_basis", "summary"]
    assert wrong.value.unknown == ["score"]


def test_nobody_approves_an_own_reply(desk):
    both = Who(desk.main.id, frozenset({"officer", "approver"}), "WAJ")
    desk.act("accept", both)
    desk.act("propose_reply", both, **REPLY)
    with pytest.raises(actions.NotAllowed):
        desk.act("approve_reply", both)
    assert "approve_reply" not in desk.allowed(both)
    assert "approve_reply" in desk.allowed(desk.approver)
    desk.act("approve_reply", desk.approver)


def test_a_returned_reply_is_written_anew(desk):
    desk.propose()
    desk.act("return_reply", desk.approver, reason="الملخص غير واضح.")
    returned = desk.fact("ReplyReturned")
    assert (returned.data["status"], returned.data["officer_id"]) == ("accepted", str(desk.case.officer_id))
    assert "الملخص" not in str(returned.data)
    desk.act("propose_reply", **{**REPLY, "summary": "أصلحنا الخط."})
    desk.act("approve_reply", desk.main)
    assert desk.routing.rows("SELECT number, state, return_reason FROM reply ORDER BY number") == [
        (1, "returned", "الملخص غير واضح."),
        (2, "approved", None),
    ]
    assert desk.fact("ReplyApproved").data["reply"] == 2


def test_a_question_pauses_and_its_answer_goes_on(desk, keys):
    desk.act("accept")
    case = desk.act("ask", question="ما رقم العداد؟")
    # Ten working days after Monday the 23rd of November, at the end of the day.
    assert (case.awaiting_since, case.awaiting_until) == (desk.now, at(7).replace(hour=12))
    asked = desk.fact("InformationRequested")
    assert opened(keys, asked) == {"question": "ما رقم العداد؟"}
    assert asked.data["question"] == 1
    assert desk.allowed(desk.officer) == set()
    desk.said("answer_question", message="018f3c1e-0000-7000-8000-000000000009")
    assert (desk.case.status, desk.case.awaiting_since, desk.case.awaiting_until) == ("accepted", None, None)
    resumed = desk.fact("CaseResumed")
    assert (resumed.data["reason"], resumed.data["officer_id"]) == ("answered", str(desk.case.officer_id))
    question = desk.row("SELECT * FROM question WHERE complaint_id = %(id)s")
    assert (question.ended, question.ended_at) == ("answered", desk.now)


def test_a_question_that_nobody_answers_lapses(desk):
    desk.act("accept")
    until = desk.act("ask", question="ما رقم العداد؟").awaiting_until
    assert desk.pass_time(actions.lapse_questions, until - timedelta(seconds=1)) == 0
    assert desk.pass_time(actions.lapse_questions, until) == 1
    assert desk.pass_time(actions.lapse_questions, until) == 0
    assert (desk.case.status, desk.fact("CaseResumed").data["reason"]) == ("accepted", "no_answer")
    desk.said("answer_question", message="018f3c1e-0000-7000-8000-000000000009")
    assert desk.history[-2:] == ["lapse_question", "said_too_late"]
    assert desk.case.status == "accepted"


def test_an_interim_reply_moves_no_promise(desk, keys):
    due = desk.case.due_at
    desk.act("interim_reply", summary="ننتظر القطعة.", expected_at=at(20))
    given = desk.fact("InterimReplyGiven")
    assert (given.data["status"], opened(keys, given)) == ("assigned", {"summary": "ننتظر القطعة."})
    assert desk.case.due_at == due
    with pytest.raises(effects.Refused):
        desk.act("interim_reply", summary="x", expected_at=at(1, month=1))


def test_silence_closes_as_not_confirmed(desk):
    until = desk.answer().confirm_until
    assert desk.pass_time(actions.close_unconfirmed, until - timedelta(seconds=1)) == 0
    assert desk.pass_time(actions.close_unconfirmed, until) == 1
    assert (desk.case.status, desk.case.close_reason) == ("closed", "not_confirmed")
    assert desk.fact("ComplaintClosed").data["reason"] == "not_confirmed"
    desk.said("rate", score=2)
    assert (desk.case.status, desk.history[-1]) == ("closed", "rate")


def test_a_dispute_is_decided_by_another_and_answered_by_another(desk, keys):
    holder = desk.case.officer_id
    desk.answer()
    desk.said("dispute")
    assert (desk.case.status, desk.case.confirm_until) == ("disputed", None)
    assert desk.allowed(desk.officer) == desk.allowed(desk.main) == desk.allowed(desk.approver) == set()
    assert desk.allowed(COORDINATOR) == {"resolve_dispute", "refer"}
    desk.act("resolve_dispute", COORDINATOR, decision="reopened", reason="لم يُجب عن الشكوى.")
    assert desk.case.status == "assigned"
    assert desk.case.officer_id not in (holder, desk.officer.id)
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
    desk.pass_time(actions.close_unconfirmed, until + timedelta(minutes=5))
    desk.said("dispute", at=until + timedelta(minutes=4))
    assert (desk.case.status, desk.case.closed_at) == ("disputed", None)


def test_a_dispute_after_the_end_is_too_late(desk):
    until = desk.answer().confirm_until
    desk.pass_time(actions.close_unconfirmed, until)
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


def test_the_head_of_a_body_reassigns_within_it(desk):
    holder = str(desk.case.officer_id)
    other = next(
        who for who in (desk.staff("sub", number=number) for number in range(3)) if who.id not in (holder,)
    )
    with pytest.raises(actions.NotAllowed):
        desk.act("reassign", desk.officer, officer_id=other.id, reason="x")
    for wrong in (holder, desk.staff("sub", "MOH").id):
        with pytest.raises(effects.Refused):
            desk.act("reassign", desk.main, officer_id=wrong, reason="x")
    desk.act("reassign", desk.main, officer_id=other.id, reason="في إجازة.")
    assert (str(desk.case.officer_id), desk.case.reason) == (other.id, "by_hand")
    assert (desk.load(holder), desk.load(other.id)) == (0, 1)
    assert desk.routing.rows("SELECT texts FROM case_note") == [({"reason": "في إجازة."},)]


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
    assert desk.allowed(COORDINATOR) == set()


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


def test_an_unowned_case_is_given_by_hand_or_withdrawn(routing, keys):
    desk = Desk(routing, keys, category="space.travel")
    assert desk.case.status == "received"
    assert desk.allowed(desk.main) == set()
    desk.act("assign", COORDINATOR, officer_id=desk.officer.id)
    assert (desk.case.status, desk.case.institution, desk.case.unowned_since) == ("assigned", "WAJ", None)
    assert desk.fact("ComplaintAssigned").data["rule_id"] == "-"
    other = Desk(routing, keys, category="space.travel")
    other.said("withdraw")
    assert (other.case.status, other.case.unowned_since) == ("withdrawn", None)
    assert routing.retry()[0] == 0


def test_everything_that_happened_can_be_verified(desk):
    from click.testing import CliRunner

    desk.answer()
    desk.said("dispute")
    desk.said("rate", score=1)
    desk.act("resolve_dispute", COORDINATOR, decision="rejected", reason="x")
    result = CliRunner().invoke(main, ["case", "verify", "--all"])
    assert (result.exit_code, result.output) == (0, "1 cases, 0 altered\n")
