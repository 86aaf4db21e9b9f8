"""What is said after the complaint: by the body through sealed facts, by the complainant through the number."""

import json

import pytest

from services.chassis import database, seal
from services.chassis.subscriber import Permanent
from services.intake import complaint, conversation, events
from services.intake.service import IntakeService
from services.routing.cases import transitions
from tests.unit.intake.conftest import headers, submission
from tests.unit.intake.test_progress import assigned, event

REPLY = {"found": "الخط مكسور.", "remedy": "أُصلح.", "legal_basis": "المادة 12.", "summary": "عادت المياه."}


@pytest.fixture
def number(submit):
    """The tracking number of a complaint that an officer has."""
    return submit(submission()).tracking_number


@pytest.fixture
def case(databases, number, keys):
    """Has routing say things about it: `case(reads, status, …)`. `.id` is the complaint's."""
    identity = databases.rows("intake", "SELECT id::text FROM complaint")[0][0]
    sequence = iter(range(2, 100))

    def say(reads, status, words=None, **data):
        sealed = seal.seal(keys["INTAKE_SEAL_PUBLIC_KEY"], words) if words else None
        moment = "2026-11-23T09:00:00+00:00"
        raw = {
            "status": status,
            "institution": "WAJ",
            "at": moment,
            "history_hash": "ab" * 32,
            "sealed": sealed,
        }
        fact = event(reads, identity, next(sequence), **raw, **data)
        method = {
            read.key: name
            for name, value in vars(IntakeService).items()
            for each in getattr(value, "nameko_entrypoints", ())
            for read in getattr(each, "reads", ())
        }[reads.key]
        with database.transaction("intake") as connection:
            getattr(IntakeService(), method)(connection, [fact])
        return fact

    with database.transaction("intake") as connection:
        IntakeService().complaint_assigned(connection, [assigned(identity, 1)])
    say.id = identity
    return say


def asked(case):
    return case(
        events.INFORMATION_REQUESTED,
        "awaiting_complainant",
        {"question": "ما رقم العداد؟"},
        question=1,
        answer_by="2026-12-07T12:00:00+00:00",
    )


def answered(case):
    return case(
        events.REPLY_APPROVED,
        "answered",
        REPLY,
        reply=1,
        outcome="satisfactory",
        confirm_until="2026-12-08T09:00:00+00:00",
    )


def post(client, number, what, body, key=None, language="en"):
    sent = headers(language=language) | ({"Idempotency-Key": key} if key else {})
    return client.post(f"/complaints/{number}/{what}", json=body, headers=sent)


def track(client, number, language="en"):
    return client.get(f"/complaints/{number}", headers=headers(language=language)).json


def facts(databases):
    return databases.rows(
        "intake", "SELECT type, scope, data FROM outbox WHERE sequence > 1 ORDER BY position"
    )


def test_every_state_of_routing_has_a_public_name():
    assert set(complaint.STATUS_NAMES) == set(transitions.STATES)


def test_what_is_offered_is_what_the_table_of_routing_takes():
    """A complainant who was offered something must not be told afterwards that it was never possible."""
    actions = {
        conversation.MESSAGE: "answer_question",
        conversation.WITHDRAWAL: "withdraw",
        conversation.RATING: "rate",
        conversation.DISPUTE: "dispute",
    }
    for kind, action in actions.items():
        taken = {
            row.source
            for row in transitions.TABLE
            if row.action == action and transitions.SAID_IN_TIME not in row.conditions
        }
        assert set(conversation.WHILE[kind]) == taken


def test_the_question_and_the_answer_are_read_by_the_holder_of_the_number(client, number, case, databases):
    asked(case)
    seen = track(client, number)
    assert (seen["status"]["code"], seen["institution_name"]) == ("awaiting_complainant", "Water Authority")
    assert seen["actions"] == ["message", "withdrawal"]
    assert seen["history_hash"] == "ab" * 32
    assert seen["conversation"][0]["words"] == {"question": "ما رقم العداد؟"}
    said = post(client, number, "messages", {"text": " رقمه 1234. "})
    assert (said.status_code, said.json["kind"]) == (202, "message")
    # Taken is not done: routing says when the case goes on.
    assert said.json["status"]["code"] == "awaiting_complainant"
    answer = track(client, number)["conversation"][1]
    assert (answer["author"], answer["words"]) == ("complainant", {"text": "رقمه 1234."})
    ((kind, scope, data),) = facts(databases)
    assert (kind, scope, data["question"]) == ("ComplainantMessageAdded", "WAJ", 1)
    assert "1234" not in json.dumps(data)
    staff = client.get(f"/staff/complaints/{case.id}", headers=headers("approver", institution="WAJ")).json
    assert [each["kind"] for each in staff["conversation"]] == ["question", "message"]


def test_the_answer_is_shown_rated_and_disputed_once(client, number, case, databases):
    answered(case)
    seen = track(client, number)
    assert seen["conversation"][0]["words"] == REPLY
    assert seen["conversation"][0]["facts"]["outcome"] == "satisfactory"
    assert seen["actions"] == ["rating", "dispute"]
    assert post(client, number, "rating", {"score": 2, "reason": "تأخر."}).status_code == 202
    assert post(client, number, "rating", {"score": 2, "reason": "تأخر."}).status_code == 202
    again = post(client, number, "rating", {"score": 5})
    assert (again.status_code, again.json["code"]) == (409, "said_before")
    assert post(client, number, "dispute", {"reason": "لم تُجب الجهة عن السبب."}).status_code == 202
    assert track(client, number)["actions"] == []
    assert [(kind, data.get("score")) for kind, _, data in facts(databases)] == [
        ("ComplaintRated", 2),
        ("ComplaintDisputed", None),
    ]


def test_what_is_not_possible_now_is_refused_with_what_is(client, number, case):
    refused = post(client, number, "rating", {"score": 5})
    assert (refused.status_code, refused.json["code"]) == (409, "not_possible_now")
    assert [each["code"] for each in refused.json["errors"]] == ["withdrawal"]
    assert "سحب الطلب" in post(client, number, "dispute", {"reason": "x" * 10}, language="ar").json["detail"]


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("messages", {"text": " "}, "text"),
        ("messages", {}, "text"),
        ("rating", {"score": 0}, "score"),
        ("rating", {"score": True}, "score"),
        ("dispute", {"reason": "لا"}, "reason"),
        ("withdraw", {"reason": "\x07"}, "reason"),
    ],
)
def test_a_wrong_field_is_named(client, number, case, what, body, field):
    wrong = post(client, number, what, body)
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, field)


def test_an_unknown_number_is_unknown(client, databases):
    for number in ("BK-00000-00000-00000", "nonsense"):
        assert post(client, number, "withdraw", {}).status_code == 404


def test_the_same_key_says_it_once(client, number, case, databases):
    asked(case)
    first, second = (post(client, number, "messages", {"text": "رقمه 1234."}, key="k-1") for _ in range(2))
    assert (first.json, second.status_code) == (second.json, 202)
    other = post(client, number, "messages", {"text": "رقمه 99."}, key="k-1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert post(client, number, "messages", {"text": "رقمه 99."}, key="k-2").status_code == 202
    assert len(facts(databases)) == 2


def test_a_fact_that_is_said_twice_is_shown_once(client, number, case):
    fact = asked(case)
    with database.transaction("intake") as connection:
        IntakeService().information_requested(connection, [fact])
    assert len(track(client, number)["conversation"]) == 1


def test_words_that_do_not_open_are_for_a_person(case, number):
    sealed = seal.seal(seal.new_keys()[1], {"question": "x"})
    fact = event(
        events.INFORMATION_REQUESTED,
        case.id,
        9,
        status="awaiting_complainant",
        institution="WAJ",
        at="2026-11-23T09:00:00+00:00",
        question=1,
        answer_by="2026-12-07T12:00:00+00:00",
        sealed=sealed,
    )
    with pytest.raises(Permanent), database.transaction("intake") as connection:
        IntakeService().information_requested(connection, [fact])


def test_the_body_that_is_to_get_it_may_read_it(client, case, number):
    def reads(institution):
        answer = client.get(
            f"/staff/complaints/{case.id}", headers=headers("officer", institution=institution)
        )
        return answer.status_code == 200

    assert (reads("WAJ"), reads("MOH")) == (True, False)
    case(events.COMPLAINT_TRANSFERRED, "in_transfer", receiver="MOH")
    assert (reads("WAJ"), reads("MOH"), reads("MOI")) == (True, True, False)
    case(events.CASE_RESUMED, "assigned", reason="transfer_objected")
    assert (reads("WAJ"), reads("MOH")) == (True, False)


def test_what_ends_it_says_why(client, case, number):
    words = {"legal_basis": "المادة 3", "next_steps": "اكتب ما حدث."}
    case(events.COMPLAINT_CLOSED, "inadmissible", words, reason="inadmissible", code="no_facts")
    seen = track(client, number)
    assert (seen["reason"], seen["actions"]) == ("inadmissible", ["dispute"])
    assert seen["conversation"][0]["kind"] == "refusal"
    assert seen["conversation"][0]["facts"] == {"code": "no_facts"}
    case(events.CASE_DISPUTED, "disputed")
    case(events.DISPUTE_RESOLVED, "closed", {"reason": "الرد صحيح."}, decision="rejected")
    case(events.COMPLAINT_CLOSED, "closed", reason="dispute_rejected", code=None)
    assert track(client, number)["reason"] == "dispute_rejected"
    assert [each["status"] for each in track(client, number)["history"]] == [
        "received",
        "assigned",
        "inadmissible",
        "disputed",
        "closed",
    ]
