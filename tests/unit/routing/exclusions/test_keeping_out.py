"""Whoever a case is directed against never has it: at intake, found later, or by a change of the directory."""

import json

import pytest

from services.chassis import database
from services.chassis.seal import seal, unseal
from services.routing.assigning import explaining
from services.routing.cases import actions
from services.routing.cases import transitions as t
from services.routing.cases.step import NoOfficer, Refused, Who
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.desk import REPLY, Desk


@pytest.fixture
def desk(routing, keys):
    """A case of the water authority that is accepted by its officer."""
    found = Desk(routing, keys)
    found.officer = Who(str(found.case.officer_id), frozenset({"officer"}), "WAJ")
    found.act("accept")
    return found


def name_of(routing, officer_id) -> str:
    return routing.rows("SELECT name_ar FROM officer WHERE id = %(id)s", {"id": officer_id})[0][0]


def add_unit(routing) -> None:
    routing.rows(
        "INSERT INTO unit (code, institution, name_ar, name_en, valid_from)"
        " VALUES ('WAJ-X', 'WAJ', 'وحدة', 'A unit', '2020-01-01') RETURNING 1"
    )


def restricted(desk, keys):
    return unseal(keys["INTAKE_SEAL_PRIVATE_KEY"], desk.fact("ComplaintRestricted").data["sealed"])


def for_notification(desk, keys):
    return unseal(keys["SEAL_PRIVATE_KEY"], desk.fact("ComplaintRestricted").data["officers_sealed"])


def test_notification_learns_of_officers_and_of_no_more(routing, keys, ids):
    case = Desk(routing, keys, accused=[{"institution": "WAJ", "unit": None}])
    said = restricted(case, keys)
    assert for_notification(case, keys) == {"officers": said["officers"], "persons": []}
    assert set(said["officers"]) == set(ids("WAJ"))
    case.act("implicate", case.coordinator, officer_id=case.staff("sub", "MOH").id, reason="x")
    assert for_notification(case, keys)["persons"] == [case.staff("sub", "MOH").id]
    assert not any(
        officer in str(fact.data) for officer in said["officers"] for fact in routing.facts(case.id)
    )


def test_a_person_named_in_words_is_never_given_the_case(routing, keys, ids):
    """Each officer of the body is accused in turn, by name, and each time somebody else has it."""
    for officer in ids("WAJ", "sub")[:5] + ids("WAJ", "main"):
        content = {
            "persons": [{"name": f"المهندس {name_of(routing, officer)}", "institution": None, "unit": None}]
        }
        case = Desk(routing, keys, accused_sealed=seal(keys["ROUTING_SEAL_PUBLIC_KEY"], content))
        assert str(case.case.officer_id) not in {officer, *ids("WAJ", "head")}
        assert f"person:{officer}" in case.case.implicated
        assert officer in restricted(case, keys)["persons"]
        # Before anybody is told who has it.
        assert [fact.type for fact in routing.facts(case.id)][:2] == [
            "ComplaintRestricted",
            "ComplaintAssigned",
        ]


def test_of_the_name_nothing_is_left_in_the_clear(routing, keys, ids):
    name = name_of(routing, ids("WAJ", "sub")[0])
    content = {"persons": [{"name": name, "institution": "WAJ", "unit": None}]}
    case = Desk(routing, keys, accused_sealed=seal(keys["ROUTING_SEAL_PUBLIC_KEY"], content))
    kept = routing.rows("SELECT data::text FROM outbox UNION ALL SELECT details::text FROM case_event")
    kept += routing.rows(
        "SELECT lines::text FROM assignment_decision UNION ALL SELECT row_to_json(r)::text FROM restriction r"
    )
    kept += routing.rows("SELECT row_to_json(c)::text FROM cases c")
    assert case.case.implicated
    for (text,) in kept:
        assert not any(part in text for part in name.split())


def test_against_a_whole_body_it_is_with_the_coordinator(routing, keys):
    case = Desk(routing, keys, accused=[{"institution": "WAJ", "unit": None}])
    assert (case.case.status, case.case.officer_id, case.case.reason) == ("received", None, "body_implicated")
    assert case.fact("AssignmentFailed").data["reason"] == "body_implicated"
    assert routing.retry()[0] == 0
    assert restricted(case, keys)["bodies"] == ["WAJ"]
    with pytest.raises(Refused, match="officer_implicated"):
        case.act("assign", case.coordinator, officer_id=case.main.id)
    other = case.staff("sub", "MOH")
    assert str(case.act("assign", case.coordinator, officer_id=other.id).officer_id) == other.id


def test_a_complaint_about_a_right_is_for_who_is_certified_in_both_parts(routing, keys, ids):
    for officer in ids("WAJ"):
        routing.rows(
            "DELETE FROM certificate WHERE officer_id = %(id)s AND part = 'technical' RETURNING 1",
            {"id": officer},
        )
    case = Desk(routing, keys, rights=True)
    assert (case.case.status, case.case.reason) == ("received", "not_certified")
    assert case.case.working_days == 7
    with pytest.raises(Refused, match="officer_not_certified"):
        case.act("assign", case.coordinator, officer_id=case.main.id)
    routing.rows(
        "INSERT INTO certificate VALUES (%(id)s, 'technical', '2026-01-01', '2027-01-01') RETURNING 1",
        {"id": case.main.id},
    )
    assert routing.retry()[0] == 1
    assert str(case.case.officer_id) == case.main.id
    assert Desk(routing, keys).case.officer_id is not None


def test_whoever_is_found_to_be_accused_loses_the_case_at_once(desk, routing, keys):
    before, load = desk.officer.id, desk.load(desk.officer.id)
    case = desk.act("implicate", desk.coordinator, officer_id=before, reason="سُمّي في رسالة")
    assert (case.status, case.reason) == ("assigned", "least_loaded")
    assert str(case.officer_id) != before
    assert desk.load(before) == load - 1
    assert desk.history[-2:] == ["implicate", "take_away"]
    assert before in restricted(desk, keys)["officers"]
    assert desk.fact("ComplaintAssigned").data["officer_id"] == str(case.officer_id)
    with pytest.raises(actions.NoSuchCase):
        desk.act("accept", desk.officer)
    details = routing.rows("SELECT details::text FROM case_event WHERE action = 'implicate'")[0][0]
    assert before not in details
    assert json.loads(details)["persons"] == 1


@pytest.mark.parametrize("state", sorted(t.ON_DESK))
def test_it_is_taken_away_whatever_was_under_way(desk, state):
    if state == t.ASSIGNED:
        desk.act("reassign", desk.main, officer_id=desk.staff("sub", number=2).id, reason="x")
        holder = desk.staff("sub", number=2).id
    else:
        holder = desk.officer.id
    if state == t.AWAITING_COMPLAINANT:
        desk.act("ask", question="متى؟")
    elif state == t.IN_TRANSFER:
        desk.act("transfer", institution="MOH", reason="x")
    elif state == t.REPLY_PROPOSED:
        desk.act("propose_reply", **REPLY)
    assert desk.case.status == state
    case = desk.act("implicate", desk.coordinator, officer_id=holder, reason="x")
    assert (case.status, case.receiver) == ("assigned", None)
    assert str(case.officer_id) != holder
    for table in ("question", "transfer"):
        assert not desk.routing.rows(f"SELECT 1 FROM {table} WHERE ended IS NULL")
    assert not desk.routing.rows("SELECT 1 FROM reply WHERE state = 'proposed'")


def test_with_everybody_of_the_body_it_goes_to_the_coordinator_and_its_clock_runs(desk):
    case = desk.act("implicate", desk.coordinator, institution="WAJ", reason="x")
    assert (case.status, case.officer_id, case.reason) == ("received", None, "body_implicated")
    assert case.unowned_since == desk.now
    assert desk.fact("AssignmentFailed").data["institution"] == "WAJ"
    # Whoever looks for officers for what nobody owns does not give it back.
    assert desk.routing.retry(now=desk.now)[0] == 0


def test_the_author_of_a_reply_who_is_accused_takes_the_reply_along(desk):
    desk.act("propose_reply", desk.main, **REPLY)
    case = desk.act("implicate", desk.coordinator, officer_id=desk.main.id, reason="x")
    # Who had it has done nothing, and goes on with it.
    assert (case.status, str(case.officer_id), case.reason) == ("assigned", desk.officer.id, "had_it_before")


def test_a_main_officer_may_name_somebody_and_a_sub_officer_may_not(desk):
    other = desk.staff("sub", number=3).id
    assert "implicate" in desk.allowed(desk.main)
    assert "implicate" not in desk.allowed(desk.officer)
    case = desk.act("implicate", desk.main, officer_id=other, reason="x")
    assert (case.status, str(case.officer_id)) == ("accepted", desk.officer.id)
    with pytest.raises(Refused, match="officer_implicated"):
        desk.act("reassign", desk.main, officer_id=other, reason="x")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, "officer_id: nobody_named"),
        ({"unit": "WAJ-NOWHERE"}, "unit: unit_unknown"),
        ({"unit": "MOH-IR", "institution": "WAJ"}, "unit: unit_unknown"),
        ({"institution": "NO"}, "institution: institution_unknown"),
        ({"officer_id": "018f3c1e-0000-7000-8000-000000000009"}, "officer_id: officer_unknown"),
    ],
)
def test_whom_the_directory_does_not_know_cannot_be_named(desk, fields, wrong):
    with pytest.raises(Refused, match=wrong):
        desk.act("implicate", desk.coordinator, reason="x", **fields)


def test_a_case_that_is_merged_brings_along_whom_it_is_against(desk):
    add_unit(desk.routing)
    other = desk.open(accused=[{"institution": "WAJ", "unit": "WAJ-X"}])
    desk.routing.rows(
        "UPDATE officer SET unit = 'WAJ-X' WHERE id = %(id)s RETURNING 1", {"id": desk.officer.id}
    )
    desk.act("merge", desk.coordinator, complaint_id=other, into=desk.id)
    assert desk.case.implicated == ["unit:WAJ-X"]
    assert str(desk.case.officer_id) != desk.officer.id


def test_who_is_kept_out_of_a_case_does_not_find_it_in_those_that_were_merged_with_it(desk):
    """They name it, and it is handled with them: whoever is accused in one, at the merging or later, is kept out of all."""
    first, second = desk.open(), desk.open()
    officers = [f"person:{desk.staff('sub', number=number).id}" for number in (2, 3, 4)]

    def against(complaint_id) -> list[str]:
        return desk.routing.rows(
            "SELECT implicated FROM cases WHERE complaint_id = %(id)s", {"id": complaint_id}
        )[0][0]

    def implicate(officer, complaint_id) -> None:
        desk.act("implicate", desk.coordinator, complaint_id=complaint_id, officer_id=officer[7:], reason="x")

    implicate(officers[0], second)
    desk.act("merge", desk.coordinator, complaint_id=first, into=second)
    assert against(first) == officers[:1]
    assert desk.routing.facts(first)[-2].type == "ComplaintRestricted"
    implicate(officers[1], second)
    assert against(first) == sorted(officers[:2])
    implicate(officers[2], desk.id)
    desk.act("merge", desk.coordinator, complaint_id=second, into=desk.id)
    assert [against(each) for each in (first, second, desk.id)] == [sorted(officers)] * 3


def test_a_body_that_is_accused_is_no_receiver_and_its_partial_exclusions_hold_after_a_transfer(desk):
    desk.act("implicate", desk.coordinator, institution="MOLA", reason="x")
    with pytest.raises(Refused, match="body_implicated"):
        desk.act("transfer", institution="MOLA", reason="x")
    accused = desk.staff("sub", "MOH").id
    desk.act("implicate", desk.coordinator, officer_id=accused, reason="x")
    desk.act("transfer", institution="MOH", reason="x")
    case = desk.act("accept_transfer", desk.staff("main", "MOH"))
    assert str(case.officer_id) != accused
    # Taken away there, it is looked for an officer there, and not where the rule had sent it first.
    for officer in desk.routing.rows("SELECT id::text FROM officer WHERE institution = 'MOH'"):
        desk.routing.rows(
            "UPDATE officer SET present = false WHERE id = %(id)s RETURNING 1", {"id": officer[0]}
        )
    case = desk.act("implicate", desk.coordinator, officer_id=str(case.officer_id), reason="x")
    assert (case.status, case.reason, case.institution) == ("received", "no_officer", "MOH")
    desk.routing.rows(
        "UPDATE officer SET present = true WHERE institution = 'MOH' AND rank = 'main' RETURNING 1"
    )
    assert desk.routing.retry(now=desk.now)[0] == 1
    assert desk.case.institution == "MOH"


def test_a_transfer_to_a_body_that_turns_out_to_be_accused_ends(desk):
    """Nobody of it could accept, nor object: the case would wait there."""
    desk.act("transfer", institution="MOH", reason="x")
    case = desk.act("implicate", desk.coordinator, institution="MOH", reason="x")
    assert (case.status, case.receiver, case.institution) == ("assigned", None, "WAJ")
    assert (str(case.officer_id), case.reason) == (desk.officer.id, "had_it_before")
    assert desk.routing.rows("SELECT ended FROM transfer") == [("withdrawn",)]


def test_the_arbiter_cannot_send_it_to_a_body_where_nobody_may_have_it(desk):
    for officer in desk.routing.rows(
        "SELECT id::text FROM officer WHERE institution = 'MOH' AND rank IN ('main', 'sub')"
    ):
        desk.act("implicate", desk.coordinator, officer_id=officer[0], reason="x")
    desk.act("transfer", institution="MOH", reason="x")
    with pytest.raises(NoOfficer, match="body_implicated"):
        desk.act("decide_transfer", desk.coordinator, institution="MOH", reason="x")


def test_why_this_officer_and_not_the_others_and_again_the_same(routing, keys, ids):
    accused = ids("WAJ", "sub")[0]
    content = {"persons": [{"name": name_of(routing, accused), "institution": "WAJ", "unit": None}]}
    batch = [received(rights=number % 2 == 0) for number in range(20)]
    batch.append(
        received(accused_sealed=seal(keys["ROUTING_SEAL_PUBLIC_KEY"], content), rights=True, language="en")
    )
    batch += [received(category="health.waiting") for _ in range(5)]
    routing.receive(batch)
    # What comes later changes nothing of what was.
    routing.receive([received() for _ in range(30)])
    routing.rows("UPDATE officer SET present = false WHERE institution = 'WAJ' RETURNING 1")
    for event in batch:
        with database.transaction("routing") as connection:
            found = explaining.explain(connection, event.subject)
        assert (found["same"], found["same_rule"]) == (True, True)
        (officer,) = routing.rows(
            "SELECT officer_id::text FROM cases WHERE complaint_id = %(id)s", {"id": event.subject}
        )[0]
        why = {each["officer_id"]: each["why"] for each in found["candidates"]}
        assert [each for each, reason in why.items() if reason == "chosen"] == [officer]
        if event.data.get("accused_sealed"):
            assert why[accused] == "implicated"
            assert "other_language" in why.values()


def test_after_a_dispute_it_goes_back_to_who_had_it_unless_their_answer_is_disputed(desk):
    desk.act("propose_reply", desk.main, **REPLY)
    desk.act("approve_reply", desk.approver)
    desk.said("dispute")
    case = desk.act("resolve_dispute", desk.coordinator, decision="reopened", reason="x")
    assert (str(case.officer_id), case.reason) == (desk.officer.id, "had_it_before")
    desk.act("accept")
    assert desk.now > NOW
