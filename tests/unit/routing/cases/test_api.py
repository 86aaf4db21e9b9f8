"""The HTTP resources of cases, with signed actors."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.chassis.actor import Actor
from services.chassis.clock import now
from services.routing.cases import transitions as t
from tests.unit.routing.conftest import officer_of, received
from tests.unit.routing.desk import REPLY

INTERIM = {"summary": "x", "expected_at": (now() + timedelta(days=30)).isoformat()}
COORDINATOR = Actor("c", frozenset({"coordinator"}))


@pytest.fixture
def path(routing):
    event = received()
    routing.receive([event])
    return f"/staff/cases/{event.subject}"


def test_a_case_says_what_its_reader_may_do(call, path):
    seen = call(officer_of("WAJ"), "GET", path)
    assert seen.headers["ETag"] == '"2"'
    actions = {each["action"]: each for each in seen.json["allowed_actions"]}
    assert set(actions) == {"accept", "interim_reply", "transfer"}
    assert actions["accept"]["name"] == {"ar": "قبول", "en": "Accept"}
    assert actions["transfer"]["required"] == ["institution", "reason"]
    assert seen.json["replies"] == seen.json["questions"] == seen.json["transferred"] == []
    assert call(officer_of("WAJ", "a", "approver"), "GET", path).json["allowed_actions"] == []
    assert call(officer_of("MOH"), "GET", path).status_code == 404


def test_a_head_reads_and_takes_no_action_on_what_was_not_raised(call, path):
    head = officer_of("WAJ", "h", "head")
    assert call(head, "GET", path).json["allowed_actions"] == []
    # Nothing has been raised to the head.
    assert call(head, "POST", f"{path}/actions/accept", {"version": 2}).status_code == 409
    assert call(officer_of("MOH", "h", "head"), "GET", path).status_code == 404


def test_an_account_acts_as_its_officer(call, path, routing):
    ((main,),) = routing.rows("SELECT id::text FROM officer WHERE institution = 'WAJ' AND rank = 'main'")
    account = Actor("an-account", frozenset({"officer"}), {"institution": "WAJ", "officer_id": main})
    allowed = {each["action"] for each in call(account, "GET", path).json["allowed_actions"]}
    assert "reassign" in allowed
    assert call(account, "POST", f"{path}/actions/accept", {"version": 2}).status_code == 200
    assert call(COORDINATOR, "GET", path).json["history"][-1]["actor"] == main


def test_an_action_and_the_next(call, path):
    done = call(officer_of("WAJ"), "POST", f"{path}/actions/accept", {"version": 2})
    assert (done.status_code, done.json["status"], done.json["version"]) == (200, "accepted", 3)
    assert done.headers["ETag"] == '"3"'
    done = call(officer_of("WAJ"), "POST", f"{path}/actions/propose_reply", {"version": 3, **REPLY})
    assert done.json["status"] == "reply_proposed"
    seen = call(COORDINATOR, "GET", path).json
    assert seen["replies"][0]["summary"] == REPLY["summary"]
    assert [each["action"] for each in seen["history"]][-2:] == ["accept", "propose_reply"]


def test_a_case_names_everybody_in_its_records(call, path, routing):
    query = "SELECT id::text, name_ar, name_en FROM officer WHERE institution = 'WAJ' AND rank = 'sub' ORDER BY email LIMIT 1"
    ((rana, *name),) = routing.rows(query)
    call(officer_of("WAJ", rana), "POST", f"{path}/actions/accept", {"version": 2})
    call(officer_of("WAJ", rana), "POST", f"{path}/actions/propose_reply", {"version": 3, **REPLY})
    call(
        officer_of("WAJ", "checker", "approver"),
        "POST",
        f"{path}/actions/return_reply",
        {"version": 4, "reason": "…"},
    )
    seen = call(COORDINATOR, "GET", path).json
    assert seen["people"][rana] == dict(zip(("ar", "en"), name, strict=True))
    assert seen["people"]["system"]["en"] == "The system"
    assert seen["people"]["checker"]["en"] == "A member of staff"
    assert {seen["officer_id"], seen["replies"][0]["approver"]} <= set(seen["people"])


def test_who_comes_second_is_told_the_version(call, path):
    call(officer_of("WAJ"), "POST", f"{path}/actions/accept", {"version": 2})
    late = call(officer_of("WAJ", "o2"), "POST", f"{path}/actions/accept", {"version": 2})
    assert (late.status_code, late.json["code"], late.headers["ETag"]) == (412, "version_conflict", '"3"')
    assert "version 3" in late.json["detail"]


@pytest.mark.parametrize("language", ["ar", "en"])
def test_who_comes_second_is_told_who_was_quicker_and_with_what(call, path, routing, language):
    ((rana, *name),) = routing.rows(
        "SELECT id::text, name_ar, name_en FROM officer WHERE institution = 'WAJ' AND rank = 'sub' ORDER BY email LIMIT 1"
    )
    call(officer_of("WAJ", rana), "POST", f"{path}/actions/accept", {"version": 2})
    late = call(COORDINATOR, "POST", f"{path}/actions/interim_reply", {"version": 2}, language)
    last = late.json["last"]
    assert (last["action"], last["actor_name"]) == ("accept", dict(zip(("ar", "en"), name, strict=True)))
    assert last["action_name"][language] in late.json["detail"]
    assert last["actor_name"][language] in late.json["detail"]
    assert datetime.fromisoformat(last["at"]).tzinfo is not None
    call(COORDINATOR, "POST", f"{path}/actions/interim_reply", {"version": 3, **INTERIM})
    late = call(officer_of("WAJ", rana), "POST", f"{path}/actions/transfer", {"version": 3})
    assert late.json["last"]["actor_name"]["en"] == "A member of staff"


def test_lines_of_the_history_that_nobody_wrote_have_names(call, path, routing):
    routing.rows("UPDATE cases SET version = 3")
    late = call(officer_of("WAJ"), "POST", f"{path}/actions/accept", {"version": 2}).json["last"]
    assert (late["action"], late["actor_name"]["en"]) == ("promised", "The system")
    assert {t.name_of(each)["en"] for each in ("accept", "promised", "sung")} == {
        "Accept",
        "An answer was promised",
        "The case changed",
    }


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_refusal_names_what_is_allowed(call, path, language):
    refused = call(
        officer_of("WAJ"), "POST", f"{path}/actions/ask", {"version": 2, "question": "x"}, language
    )
    assert (refused.status_code, refused.json["code"]) == (409, "action_not_allowed")
    assert [each["code"] for each in refused.json["errors"]] == ["accept", "interim_reply", "transfer"]
    assert {"ar": "قبول", "en": "Accept"}[language] in refused.json["detail"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "version", "required"),
        ({"version": 3}, "outcome", "required"),
        ({"version": 3, **REPLY, "into": str(uuid4())}, "into", "not_of_this_action"),
        ({"version": 3, **REPLY, "outcome": "fine"}, "outcome", "unknown_value"),
        ({"version": 3, **REPLY, "found": "  "}, "found", "blank"),
        ({"version": 3, **REPLY, "score": 5}, "score", "unknown_field"),
    ],
)
def test_a_field_that_is_wrong_is_named(call, path, body, field, code):
    call(officer_of("WAJ"), "POST", f"{path}/actions/accept", {"version": 2})
    wrong = call(officer_of("WAJ"), "POST", f"{path}/actions/propose_reply", body)
    assert wrong.status_code == 422
    assert {"field": field, "code": code} in [
        {"field": each["field"], "code": each["code"]} for each in wrong.json["errors"]
    ]


def test_what_a_field_names_must_be(call, path):
    wrong = call(
        officer_of("WAJ"),
        "POST",
        f"{path}/actions/transfer",
        {"version": 2, "institution": "NO", "reason": "x"},
    )
    assert (wrong.status_code, wrong.json["errors"][0]["code"]) == (422, "institution_unknown")


def test_an_action_that_is_none_and_a_case_that_is_none(call, path):
    assert call(COORDINATOR, "POST", f"{path}/actions/sing", {"version": 2}).status_code == 409
    other = call(officer_of("MOH"), "POST", f"{path}/actions/accept", {"version": 2})
    none = call(COORDINATOR, "POST", f"/staff/cases/{uuid4()}/actions/accept", {"version": 2})
    assert (other.status_code, none.status_code) == (404, 404)
    assert {**other.json, "correlation_id": 0} == {**none.json, "correlation_id": 0}
    public = Actor("p", frozenset({"public"}))
    assert call(public, "POST", f"{path}/actions/accept", {"version": 2}).status_code == 403
