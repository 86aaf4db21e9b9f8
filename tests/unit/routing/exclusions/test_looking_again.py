"""The directory changes: who is tied to whom a case is directed against is looked at again."""

from datetime import timedelta

import eventlet
import pytest
from sqlalchemy.exc import DBAPIError

from services.chassis import database
from services.chassis.seal import new_keys, seal
from services.routing import store
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.exclusions import keeping_out
from services.routing.exclusions import store as store_exclusions
from tests.support.poll import until
from tests.unit.routing.conftest import officer_of
from tests.unit.routing.desk import REPLY, Desk, excluded_officers
from tests.unit.routing.exclusions.test_keeping_out import add_unit, desk, for_notification, restricted

__all__ = ["desk"]


def look_again(desk, place=None):
    with database.transaction("routing") as connection:
        return keeping_out.look_again(connection, place, now=desk.now, keys=desk.keys, limit=2)


def pass_over(desk) -> None:
    """Looks at all cases, a few in a transaction."""
    place = look_again(desk)
    while place is not None:
        place = look_again(desk, place)


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
    pass_over(moved)
    assert str(moved.case.officer_id) != holder
    assert {case.id: case.case.officer_id for case in cases[1:]} == others
    assert holder in excluded_officers(routing, moved.id)


@pytest.mark.parametrize("state", [t.ACCEPTED, t.ANSWERED, t.CLOSED, t.MERGED])
def test_who_is_of_an_accused_unit_stays_out_of_its_cases_in_another_post(routing, keys, call, state):
    """Also once it is settled: nobody is to find it then either. Whoever comes in their place is kept out like them."""
    case = Desk(routing, keys)
    other = case.open()
    case.act("accept")
    add_unit(routing)
    moved, next_one = (case.staff("sub", number=number).id for number in (4, 3))
    who = {each: officer_of("WAJ", each) for each in (moved, next_one)}

    def reads(officer) -> bool:
        return call(who[officer], "GET", f"/staff/cases/{case.id}").status_code == 200

    def post(officer, unit) -> None:
        with database.transaction("routing") as connection:
            connection.exec_driver_sql("UPDATE officer SET unit = %s WHERE id = %s", (unit, officer))
            store_exclusions.refresh(connection)

    case.act("implicate", case.coordinator, unit="WAJ-X", reason="x")
    if state == t.MERGED:
        case.act("merge", case.coordinator, into=other)
    elif state != t.ACCEPTED:
        case.act("propose_reply", case.main, **REPLY)
        case.act("approve_reply", case.approver)
        if state == t.CLOSED:
            case.said("rate", score=5)
    assert (case.case.status, reads(moved), reads(next_one)) == (state, True, True)
    post(moved, "WAJ-X")
    pass_over(case)
    assert moved in restricted(case, keys)["officers"]
    post(moved, None)
    post(next_one, "WAJ-X")
    assert (reads(moved), reads(next_one)) == (False, False)
    assert call(who[moved], "GET", f"/staff/worklist?state={state}").json["items"] == []
    pass_over(case)
    said = restricted(case, keys)
    assert {moved, next_one} <= set(said["officers"]) == set(for_notification(case, keys)["officers"])
    assert not {moved, next_one} & set(said["colleagues"])
    assert said["offices"] == ["WAJ"]
    # There is nothing new, however often somebody looks and whatever else changes.
    before = case.case.version
    routing.rows("UPDATE officer SET present = false WHERE institution = 'MOH' RETURNING 1")
    for minutes in (0, 5, 10):
        case.now += timedelta(minutes=minutes)
        pass_over(case)
    assert case.case.version == before


def test_what_was_under_way_when_the_directory_changed_is_looked_at_once_more(desk, routing):
    """It was decided by the directory as it had been, and committed after the look."""
    add_unit(routing)
    officer = desk.officer.id
    routing.rows("UPDATE officer SET unit = 'WAJ-X' WHERE id = %(id)s RETURNING 1", {"id": officer})
    pass_over(desk)
    with database.transaction("routing") as connection:
        connection.exec_driver_sql(
            "UPDATE cases SET implicated = '{unit:WAJ-X}' WHERE complaint_id = %s", (desk.id,)
        )
        connection.exec_driver_sql(
            "INSERT INTO restriction (complaint_id, officers, bodies, persons) VALUES (%s, '{}', '{}', '{}')",
            (desk.id,),
        )
    pass_over(desk)
    assert str(desk.case.officer_id) == officer
    desk.now += keeping_out.SETTLES
    pass_over(desk)
    assert str(desk.case.officer_id) != officer
    with database.transaction("routing") as connection:
        assert keeping_out.look_again(connection, None, now=desk.now, keys=desk.keys, limit=2) is None


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
    assert look_again(first) == (False, second.id)
    assert str(second.case.officer_id) != holder


def test_a_look_that_lost_against_another_transaction_is_made_again(desk, routing):
    """It was given up as if the case could never be looked at, and its officer kept it until the directory changed once more."""
    holder = desk.officer.id
    add_unit(routing)
    desk.act("implicate", desk.coordinator, unit="WAJ-X", reason="x")
    routing.rows("UPDATE officer SET unit = 'WAJ-X' WHERE id = %(id)s RETURNING 1", {"id": holder})
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with database.transaction("routing") as other:
        # It has what the look will want, and then wants what the look has.
        store.lock_loads(other, ["WAJ"])
        look = eventlet.spawn(pass_over, desk)
        until(lambda: routing.rows(waiting), 20)
        store_cases.lock(other, desk.id)
    with pytest.raises(DBAPIError) as lost:
        look.wait()
    assert database.has_lost(lost.value)
    assert str(desk.case.officer_id) == holder
    pass_over(desk)
    assert str(desk.case.officer_id) != holder
