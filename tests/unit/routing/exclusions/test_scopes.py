"""What a ministry's own systems hear of: the scope of a fact is a body only while somebody of the body may know of the case."""

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


def test_where_some_of_a_body_may_have_it_the_body_hears_of_it(routing, keys, ids):
    case = Desk(routing, keys)
    case.act("implicate", case.coordinator, officer_id=ids("WAJ", "sub")[-1], reason="x")
    case.act("refer", case.coordinator, outside_body="court", reason="x")
    assert scopes(routing, case)[-1] == ("ComplaintReferred", "WAJ")
