"""The life of a case, on a real database: who may do what, and what each action leaves behind."""

import threading
from datetime import datetime, timedelta, timezone

import pytest
from click.testing import CliRunner

from services.chassis import database
from services.chassis.seal import unseal
from services.cli.main import main
from services.routing.cases import actions, effects
from services.routing.cases import transitions as t
from services.routing.cases.endings import EFFECTS
from services.routing.cases.step import Who
from services.routing.clock.timers import Swept
from tests.unit.routing.desk import COORDINATOR, REPLY, Desk, at


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


def test_two_who_act_at_the_same_moment_take_turns(desk, routing):
    """Both hold a connection when the first one's lock is taken: the second waits for it, then sees another version."""
    outcomes, held = [], threading.Barrier(2)

    def accept(who):
        with database.transaction("routing") as connection:
            held.wait()
            try:
                actions.act(connection, desk.id, "accept", {}, who, version=2, now=desk.now, keys=desk.keys)
                outcomes.append("accepted")
            except actions.VersionConflict as told:
                outcomes.append(told.current)

    threads = [threading.Thread(target=accept, args=(who,)) for who in (desk.officer, desk.main)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [3, "accepted"]
    assert desk.history.count("accept") == 1


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
    desk.act("ask", question="ما رقم العداد؟")
    # The evening of Monday the 23rd of November is the first of the ten on which the clock stands still.
    assert desk.row("SELECT * FROM case_pause WHERE complaint_id = %(id)s").started_at == desk.now
    assert desk.case.check_at == at(6).replace(hour=12, microsecond=1)
    asked = desk.fact("InformationRequested")
    assert asked.data["answer_by"] == at(6).replace(hour=12).isoformat()
    assert opened(keys, asked) == {"question": "ما رقم العداد؟"}
    assert asked.data["question"] == 1
    assert desk.allowed(desk.officer) == set()
    desk.said("answer_question", message="018f3c1e-0000-7000-8000-000000000009")
    assert desk.case.status == "accepted"
    assert desk.row("SELECT * FROM case_pause WHERE complaint_id = %(id)s").ended_at == desk.now
    resumed = desk.fact("CaseResumed")
    assert (resumed.data["reason"], resumed.data["officer_id"]) == ("answered", str(desk.case.officer_id))
    question = desk.row("SELECT * FROM question WHERE complaint_id = %(id)s")
    assert (question.ended, question.ended_at) == ("answered", desk.now)


def test_a_question_that_nobody_answers_lapses(desk):
    desk.act("accept")
    desk.act("ask", question="ما رقم العداد؟")
    until = desk.case.check_at
    assert desk.sweep(until - timedelta(seconds=1)) == Swept()
    assert desk.sweep(until) == Swept(looked=1)
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
    # Such a moment has no name in UTC, and whoever reads the fact could not take it in.
    endless = datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))
    with pytest.raises(effects.Refused, match="too_far"):
        desk.act("interim_reply", summary="x", expected_at=endless)


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
    desk.answer()
    desk.said("dispute")
    desk.said("rate", score=1)
    desk.act("resolve_dispute", COORDINATOR, decision="rejected", reason="x")
    result = CliRunner().invoke(main, ["case", "verify", "--all"])
    assert (result.exit_code, result.output) == (0, "1 cases, 0 altered\n")
