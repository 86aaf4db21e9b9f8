"""What an implicated officer gets to see of a case: nothing, wherever they look."""

from uuid import uuid4

import pytest

from services.chassis import database
from services.routing.exclusions import store as store_exclusions
from services.routing.who import Who
from tests.unit.routing.cases.test_api import COORDINATOR
from tests.unit.routing.conftest import officer_of, received
from tests.unit.routing.desk import excluded_officers


@pytest.fixture
def accused(routing):
    """A case of the water authority that is directed against its unit in Irbid, and another that is against nobody."""
    case, other = received(accused=[{"institution": "WAJ", "unit": "WAJ-IR"}]), received()
    routing.receive([case, other])
    return case.subject, other.subject


@pytest.fixture
def clerk(routing, ids):
    """An officer of the unit in Irbid."""
    identity = ids("WAJ", "sub")[0]
    with database.transaction("routing") as connection:
        connection.exec_driver_sql(
            "INSERT INTO unit (code, institution, name_ar, name_en, valid_from)"
            " VALUES ('WAJ-IR', 'WAJ', 'إربد', 'Irbid', '2020-01-01') ON CONFLICT DO NOTHING"
        )
        connection.exec_driver_sql("UPDATE officer SET unit = 'WAJ-IR' WHERE id = %s", (identity,))
        store_exclusions.refresh(connection)
    return identity


def test_excluded_are_the_people_of_the_unit_and_the_head(routing, accused, clerk, ids):
    assert excluded_officers(routing, accused[0]) == {clerk, *ids("WAJ", "head")}
    assert excluded_officers(routing, accused[1]) == set()


def test_case_and_list_are_closed_to_who_is_implicated_and_open_to_others(accused, clerk, ids, call):
    def seen(who) -> set[str]:
        listed = {each["complaint_id"] for each in call(who, "GET", "/staff/worklist").json["items"]}
        read = {each for each in accused if call(who, "GET", f"/staff/cases/{each}").status_code == 200}
        assert listed == read
        return listed

    assert seen(officer_of("WAJ", clerk)) == {accused[1]}
    assert seen(officer_of("WAJ", ids("WAJ", "main")[0])) == set(accused)
    # Nobody knows whether they are of the unit, or above it: accounts without a post there, and who is a head by role.
    moved = ids("MOH", "sub")[0]
    for who in (
        officer_of("WAJ", "not-in-the-directory"),
        officer_of("WAJ", str(uuid4())),
        officer_of("WAJ", moved),
        officer_of("WAJ", ids("WAJ", "sub")[1], "head"),
    ):
        assert seen(who) == {accused[1]}
    assert call(COORDINATOR, "GET", f"/staff/cases/{accused[0]}").status_code == 200
    refused = call(
        officer_of("WAJ", clerk), "POST", f"/staff/cases/{accused[0]}/actions/accept", {"version": 2}
    )
    assert refused.status_code == 404


def test_a_body_that_is_accused_as_a_whole_is_shut_out_with_all_its_accounts(routing, call):
    case = received(accused=[{"institution": "WAJ", "unit": None}])
    routing.receive([case])
    for who in (officer_of("WAJ", "anybody"), officer_of("WAJ", "h", "head")):
        assert call(who, "GET", f"/staff/cases/{case.subject}").status_code == 404
    assert call(officer_of("WAJ", "anybody"), "GET", "/staff/worklist").json["items"] == []


def test_the_condition_is_of_the_reader_alone(accused, clerk, ids):
    def count(who: Who) -> int:
        with database.transaction("routing") as connection:
            query = store_exclusions.store.cases.select().where(store_exclusions.visible_to(who))
            return len(connection.execute(query).all())

    assert count(Who(clerk, frozenset({"officer"}), "WAJ")) == 1
    assert count(Who(clerk, frozenset({"coordinator"}))) == 2
    assert count(Who(ids("WAJ", "approver")[0], frozenset({"approver"}), "WAJ")) == 2
    assert count(Who(ids("WAJ", "approver")[0], frozenset({"head"}), "WAJ")) == 1
    assert count(Who("no-uuid", frozenset({"approver"}), "WAJ")) == 1


def test_no_list_and_no_count_of_a_desk_shows_it(accused, clerk, ids, call, routing):
    routing.rows(
        "UPDATE cases SET urgent = true, due_at = now() - interval '1 day', officer_id = %(clerk)s"
        " WHERE complaint_id = ANY(%(ids)s::uuid[])",
        {"clerk": clerk, "ids": list(accused)},
    )
    head = officer_of("WAJ", ids("WAJ", "head")[0], "head")
    for who, views in (
        (head, ("team", "overdue", "urgent")),
        (officer_of("WAJ", clerk), ("mine", "overdue", "urgent", "waiting_for_me")),
    ):
        for view in views:
            items = call(who, "GET", f"/staff/worklist?view={view}").json["items"]
            assert [each["complaint_id"] for each in items] == [accused[1]], view
        seen = call(who, "GET", "/staff/desk").json
        assert (seen["counts"]["overdue"], seen["counts"]["urgent"]) == (1, 1)
        assert seen["next"]["complaint_id"] == accused[1]
        assert call(who, "POST", f"/staff/cases/{accused[0]}/viewing", {}).status_code == 404
    team = {each["id"]: each["open"] for each in call(head, "GET", "/staff/team").json}
    assert team[clerk] == 1
    assert call(COORDINATOR, "GET", "/staff/desk").json["counts"]["urgent"] == 2


def test_the_load_of_a_colleague_does_not_give_it_away(accused, clerk, ids, call):
    def weighs(who) -> int:
        return sum(each["load"] for each in call(who, "GET", "/staff/team?institution=WAJ").json)

    assert weighs(COORDINATOR) == 2
    assert weighs(officer_of("WAJ", ids("WAJ", "approver")[0], "approver")) == 2
    assert weighs(officer_of("WAJ", ids("WAJ", "head")[0], "head")) == 1


def test_a_coordinator_who_is_accused_does_not_find_it_among_what_nobody_owns(routing, call):
    case = received(category="nothing.like.it")
    routing.receive([case])
    assert [each["complaint_id"] for each in call(COORDINATOR, "GET", "/staff/unowned").json["items"]] == [
        case.subject
    ]
    routing.rows("UPDATE cases SET implicated = %(whom)s RETURNING 1", {"whom": [f"person:{COORDINATOR.id}"]})
    assert call(COORDINATOR, "GET", "/staff/unowned").json["items"] == []
