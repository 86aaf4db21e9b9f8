"""The directory changes: who is tied to whom a case is directed against is looked at again."""

import pytest

from services.chassis import database
from services.chassis.seal import new_keys, seal
from services.routing.cases import transitions as t
from services.routing.exclusions import keeping_out
from tests.unit.routing.desk import REPLY, Desk, excluded_officers
from tests.unit.routing.test_keeping_out import add_unit, for_notification, restricted


def look_again(desk):
    with database.transaction("routing") as connection:
        return keeping_out.look_again(connection, None, now=desk.now, keys=desk.keys, limit=2)


def test_who_comes_under_an_accused_name_later_is_kept_out(routing, keys, ids):
    content = {"persons": [{"name": "زيد بن غريب النعيمات", "institution": "WAJ", "unit": None}]}
    case = Desk(routing, keys, accused_sealed=seal(keys["ROUTING_SEAL_PUBLIC_KEY"], content))
    holder = str(case.case.officer_id)
    look_again(case)
    assert (case.case.implicated, str(case.case.officer_id)) == ([], holder)
    routing.rows("UPDATE officer SET name_ar = 'زيد النعيمات' WHERE id = %(id)s RETURNING 1", {"id": holder})
    look_again(case)
    assert case.case.implicated == [f"person:{holder}"]
    assert str(case.case.officer_id) != holder


def test_who_moves_into_an_accused_unit_gives_the_case_up(routing, keys):
    cases = [Desk(routing, keys, accused=[{"institution": "MOH", "unit": "MOH-IR"}]) for _ in range(5)]
    moved = cases[0]
    holder = str(moved.case.officer_id)
    others = {case.id: case.case.officer_id for case in cases[1:]}
    add_unit(routing)
    moved.act("implicate", moved.coordinator, unit="WAJ-X", reason="x")
    assert str(moved.case.officer_id) == holder
    routing.rows("UPDATE officer SET unit = 'WAJ-X' WHERE id = %(id)s RETURNING 1", {"id": holder})
    after = look_again(moved)
    while after is not None:
        with database.transaction("routing") as connection:
            after = keeping_out.look_again(connection, after, now=moved.now, keys=moved.keys, limit=2)
    assert str(moved.case.officer_id) != holder
    assert {case.id: case.case.officer_id for case in cases[1:]} == others
    assert holder in excluded_officers(routing, moved.id)


@pytest.mark.parametrize("state", [t.ACCEPTED, t.ANSWERED])
def test_who_leaves_an_accused_unit_is_told_of_it_again(routing, keys, state):
    """Nobody is left whom it is directed against; that is news for who kept somebody out. An answered case may be disputed yet."""
    case = Desk(routing, keys)
    case.act("accept")
    add_unit(routing)
    routing.rows("UPDATE officer SET rank = 'sub' WHERE institution = 'WAJ' AND rank = 'head' RETURNING 1")
    case.act("implicate", case.coordinator, unit="WAJ-X", reason="x")
    # Of nobody nobody is told.
    assert "ComplaintRestricted" not in [fact.type for fact in routing.facts(case.id)]
    if state == t.ANSWERED:
        case.act("propose_reply", case.main, **REPLY)
        case.act("approve_reply", case.approver)
    moved = case.staff("sub", number=4).id
    for unit, excluded in (("WAJ-X", [moved]), (None, [])):
        routing.rows(
            "UPDATE officer SET unit = %(unit)s WHERE id = %(id)s RETURNING 1", {"unit": unit, "id": moved}
        )
        look_again(case)
        assert (case.case.status, restricted(case, keys)["officers"]) == (state, excluded)
        assert for_notification(case, keys)["officers"] == excluded


def test_a_case_whose_names_nobody_can_open_any_more_stops_no_other(routing, keys):
    """The key that names are sealed with was changed: the case goes on by what is known of it, and the next one is looked at."""
    first, second = sorted((Desk(routing, keys) for _ in range(2)), key=lambda each: each.id)
    add_unit(routing)
    for each in (first, second):
        each.act("implicate", each.coordinator, unit="WAJ-X", reason="x")
    look_again(first)
    gone = seal(new_keys()[1], {"persons": [{"name": "سمير", "institution": None, "unit": None}]})
    routing.rows(
        "UPDATE restriction SET names = %(names)s WHERE complaint_id = %(id)s RETURNING 1",
        {"names": gone, "id": first.id},
    )
    holder = str(second.case.officer_id)
    routing.rows("UPDATE officer SET unit = 'WAJ-X' WHERE id = %(id)s RETURNING 1", {"id": holder})
    assert look_again(first) == second.id
    assert str(second.case.officer_id) != holder
