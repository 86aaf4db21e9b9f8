"""What a ministry's own systems hear of: the scope of a fact is a body only while nobody of the body is accused."""

from datetime import timedelta

import pytest

from services.chassis import database
from services.routing.deadlines import promises
from tests.unit.routing.conftest import NOW
from tests.unit.routing.desk import Desk


def scopes(routing, case) -> list[tuple[str, str]]:
    return [(fact.type, fact.scope) for fact in routing.facts(case.id)]


def test_a_body_that_is_accused_as_a_whole_hears_nothing(routing, keys):
    case = Desk(routing, keys, accused=[{"institution": "WAJ", "unit": None}])
    assert ("AssignmentFailed", "-") in scopes(routing, case)
    # Time passes and nobody takes it; a circular moves its promise.
    assert case.sweep(NOW + timedelta(days=30)).told
    with database.transaction("routing") as connection:
        connection.exec_driver_sql("UPDATE cases SET due_at = due_at - interval '1 day'")
        assert promises.count_again(connection, [case.id], now=NOW)
    assert {"PromiseSet", "PromiseMoved", "ComplaintEscalated"} <= {kind for kind, _ in scopes(routing, case)}
    assert {scope for _, scope in scopes(routing, case)} == {"-"}
    # The body that the coordinator gives it to does hear of it.
    case.act("assign", case.coordinator, officer_id=case.staff("sub", "MOH").id)
    assert scopes(routing, case)[-1] == ("ComplaintAssigned", "MOH")


@pytest.mark.parametrize("whole", [True, False], ids=["as a whole", "one by one"])
def test_from_the_moment_on_in_which_everybody_of_it_is_kept_out(routing, keys, ids, whole):
    case = Desk(routing, keys)
    before = len(scopes(routing, case))
    assert {scope for _, scope in scopes(routing, case)} == {"WAJ"}
    if whole:
        case.act("implicate", case.coordinator, institution="WAJ", reason="x")
    else:
        for officer in ids("WAJ"):
            case.act("implicate", case.coordinator, officer_id=officer, reason="x")
    assert case.case.reason == "body_implicated"
    late = [scope for kind, scope in scopes(routing, case)[before:] if kind != "ComplaintAssigned"]
    assert set(late) == {"-"}
    case.act(
        "refer", case.coordinator, outside_body="integrity_commission", reason="تخص النزاهة ومكافحة الفساد."
    )
    assert scopes(routing, case)[-1] == ("ComplaintReferred", "-")


@pytest.mark.parametrize("rank", ["sub", "approver"])
def test_where_some_of_a_body_are_accused_its_systems_hear_nothing_more(routing, keys, ids, rank):
    """Others of the body have it still, on the platform; who reads in a system of the body may be the accused, or under them."""
    case = Desk(routing, keys)
    holder = str(case.case.officer_id)
    accused = next(each for each in ids("WAJ", rank) if each != holder)
    before = len(scopes(routing, case))
    case.act("implicate", case.coordinator, officer_id=accused, reason="x")
    assert case.case.institution == "WAJ"
    assert case.sweep(NOW + timedelta(days=30)).told
    case.act("transfer", case.coordinator, institution="MOH", reason="ليست لنا.")
    assert {scope for _, scope in scopes(routing, case)[before:]} == {"-"}
    # The other body is none of the accused's.
    case.act("accept_transfer", case.staff("main", "MOH"))
    assert ("ComplaintAssigned", "MOH") in scopes(routing, case)


def test_of_a_complaint_against_a_unit_its_body_hears_nothing_from_the_first_fact_on(routing, keys):
    case = Desk(routing, keys, accused=[{"institution": "MOH", "unit": "MOH-IR"}], category="health.waiting")
    assert case.case.institution == "MOH"
    assert case.case.officer_id is not None
    assert {scope for _, scope in scopes(routing, case)} == {"-"}


def test_a_body_hears_of_a_complaint_against_another_one(routing, keys):
    case = Desk(routing, keys, accused=[{"institution": "MOH", "unit": "MOH-IR"}])
    assert {scope for kind, scope in scopes(routing, case) if kind != "ComplaintRestricted"} == {"WAJ"}
