"""An accused whom the directory does not have: kept, told to the coordinator, and looked up again when the directory changes."""

import pytest

from services.chassis import database
from services.chassis.seal import seal
from services.routing.assigning import explaining
from services.routing.exclusions import store as store_exclusions
from tests.unit.routing.conftest import officer_of
from tests.unit.routing.desk import Desk
from tests.unit.routing.exclusions.test_keeping_out import restricted
from tests.unit.routing.exclusions.test_looking_again import pass_over

NOWHERE = [{"institution": "WAJ", "unit": "WAJ-X"}]


def enter(routing, officer=None) -> None:
    """The unit comes into the directory, and an officer into the unit."""
    with database.transaction("routing") as connection:
        connection.exec_driver_sql(
            "INSERT INTO unit (code, institution, name_ar, name_en, valid_from)"
            " VALUES ('WAJ-X', 'WAJ', 'وحدة', 'A unit', '2020-01-01')"
        )
        connection.exec_driver_sql("UPDATE officer SET unit = 'WAJ-X' WHERE id = %s", (officer,))
        store_exclusions.refresh(connection)


@pytest.mark.parametrize(
    "accused", [NOWHERE, [{"institution": "NO", "unit": None}], [{"institution": None, "unit": "NO"}]]
)
@pytest.mark.parametrize("urgent", [False, True])
def test_the_coordinator_has_it_and_nobody_of_the_body_sees_it(routing, keys, call, accused, urgent):
    case = Desk(routing, keys, accused=accused, urgent=urgent)
    assert (case.case.status, case.case.reason, case.case.institution) == (
        "received",
        "accused_unknown",
        None,
    )
    failed = case.fact("AssignmentFailed")
    assert (failed.data["reason"], failed.data["institution"], failed.scope) == ("accused_unknown", None, "-")
    assert routing.retry()[0] == 0
    assert call(officer_of("WAJ", case.main.id), "GET", f"/staff/cases/{case.id}").status_code == 404
    with database.transaction("routing") as connection:
        assert explaining.explain(connection, case.id)["same"]
    # What the coordinator has thought of is done.
    assert str(case.act("assign", case.coordinator, officer_id=case.main.id).officer_id) == case.main.id
    pass_over(case)
    assert str(case.case.officer_id) == case.main.id


def test_once_the_directory_has_it_the_case_goes_its_way_past_the_accused(routing, keys, ids):
    case = Desk(routing, keys, accused=NOWHERE)
    others = [each for each in ids("WAJ", "sub")[1:] + ids("WAJ", "main")]
    routing.rows(
        "UPDATE officer SET present = false WHERE id = ANY(%(ids)s::uuid[]) RETURNING 1", {"ids": others}
    )
    accused = ids("WAJ", "sub")[0]
    enter(routing, accused)
    # The only one who is there is of the unit.
    assert routing.retry()[0] == 0
    assert (case.case.reason, case.case.institution) == ("no_officer", "WAJ")
    assert accused in restricted(case, keys)["officers"]
    routing.rows("UPDATE officer SET present = true RETURNING 1")
    assert routing.retry()[0] == 1
    assert str(case.case.officer_id) in others
    # Intake hears who must not see it before anybody has it.
    kinds = [fact.type for fact in routing.facts(case.id)]
    assert kinds.index("ComplaintRestricted") < kinds.index("ComplaintAssigned")


def test_a_unit_of_another_body_accuses_the_body_that_was_named_too(routing, keys):
    case = Desk(routing, keys, accused=[{"institution": "WAJ", "unit": "MOH-IR"}])
    assert case.case.implicated == ["body:WAJ", "unit:MOH-IR"]
    assert case.case.reason == "body_implicated"


def test_a_person_is_looked_for_everywhere_where_the_body_is_none(routing, keys, ids):
    officer = ids("WAJ", "sub")[0]
    ((name,),) = routing.rows("SELECT name_ar FROM officer WHERE id = %(id)s", {"id": officer})
    content = {"persons": [{"name": name, "institution": "NO", "unit": None}]}
    case = Desk(routing, keys, accused_sealed=seal(keys["ROUTING_SEAL_PUBLIC_KEY"], content))
    assert case.case.implicated == [f"person:{officer}"]
