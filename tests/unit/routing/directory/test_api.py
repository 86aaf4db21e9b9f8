"""The HTTP resources of the directory: who may do what, what is kept, and what assignment makes of it."""

import io
from datetime import timedelta
from uuid import uuid4

import openpyxl
import psycopg2
import pytest

from services.chassis import database
from services.chassis.actor import Actor
from services.chassis.clock import now
from services.routing import snapshot
from services.routing.directory import handlers as handlers_directory
from services.routing.directory.presence import day_of
from tests.unit.routing.conftest import COORDINATOR, NOW, officer_of, received

PUBLIC = Actor("p", frozenset({"public"}))
TODAY = day_of(now())


def days(first: int, last: int, **more) -> dict:
    return {
        "first_day": (TODAY + timedelta(days=first)).isoformat(),
        "last_day": (TODAY + timedelta(days=last)).isoformat(),
        **more,
    }


def test_everybody_of_a_body_with_what_is_known_of_them(ask, ids):
    status, found = ask(COORDINATOR, "GET", "/officers?institution=MOH")
    assert status == 200
    assert {each["rank"] for each in found} == {"main", "sub", "approver", "head"}
    assert all(each["there"] and each["email"] and each["phone"] for each in found)
    main = next(each for each in found if each["rank"] == "main")
    assert {one["part"] for one in main["certificates"]} == {"technical", "rights"}
    assert main["certified"]["rights"] == main["certificates"][1]["expires_on"] > TODAY.isoformat()
    own = ask(officer_of("MOH"), "GET", "/officers?institution=MOH")[1]
    assert [each["id"] for each in own] == [each["id"] for each in found]
    assert {(each["email"], each["phone"]) for each in own} == {(None, None)}
    assert ask(officer_of("GAM"), "GET", "/officers?institution=MOH")[0] == 403
    assert ask(Actor("o", frozenset({"officer"})), "GET", "/officers?institution=MOH")[0] == 403
    assert ask(PUBLIC, "GET", "/officers?institution=MOH")[0] == 403


def test_about_four_of_five_liaison_officers_are_certified_and_somebody_of_every_body(routing):
    ((certified,),) = routing.rows(
        "SELECT count(DISTINCT o.id) FROM officer o JOIN certificate c ON c.officer_id = o.id"
        " WHERE c.part = 'rights' AND o.rank IN ('main', 'sub')"
    )
    assert 225 <= certified <= 255
    assert (
        routing.rows(
            "SELECT code FROM institution EXCEPT SELECT institution FROM officer o JOIN certificate c ON c.officer_id = o.id"
            " WHERE c.part = 'rights' AND o.rank IN ('main', 'sub')"
        )
        == []
    )


def test_leave_by_the_day_and_its_withdrawal(ask, ids, routing):
    officer, cover = ids("MOH", "sub")[:2]
    status, leave = ask(officer_of("MOH"), "POST", f"/officers/{officer}/leave", days(0, 3, cover=cover))
    assert (status, leave["cover_id"]) == (201, cover)
    assert ask(officer_of("MOH"), "POST", f"/officers/{officer}/leave", days(0, 3, cover=cover))[1] == leave
    status, problem = ask(COORDINATOR, "POST", f"/officers/{officer}/leave", days(3, 5), "ar")
    assert (status, problem["code"], problem["errors"][0]["field"]) == (409, "leave_overlaps", "first_day")
    assert "إجازة" in problem["detail"]
    by_id = {each["id"]: each for each in ask(COORDINATOR, "GET", "/officers?institution=MOH")[1]}
    assert (by_id[officer]["there"], by_id[officer]["cover_id"]) == (False, cover)
    later = (TODAY + timedelta(days=4)).isoformat()
    after = ask(COORDINATOR, "GET", f"/officers?institution=MOH&day={later}")[1]
    assert all(each["there"] for each in after)
    assert ask(officer_of("GAM"), "POST", f"/leave/{leave['id']}/withdraw", {})[0] == 404
    for _ in range(2):
        assert ask(officer_of("MOH"), "POST", f"/leave/{leave['id']}/withdraw", {})[0] == 204
    assert ask(officer_of("GAM"), "POST", f"/leave/{leave['id']}/withdraw", {})[0] == 404
    assert ask(COORDINATOR, "POST", f"/officers/{officer}/leave", days(3, 5))[0] == 201
    assert ask(COORDINATOR, "POST", f"/leave/{uuid4()}/withdraw", {})[0] == 404
    history = ask(COORDINATOR, "GET", f"/changes?entity=leave&key={leave['id']}")[1]["items"]
    assert [(each["actor"], each["before"] is None) for each in history] == [("o", False), ("o", True)]
    assert history[0]["after"]["withdrawn_at"]


def test_a_main_officer_records_leave_for_their_own_body_alone(ask, ids):
    (other, *_) = ids("GAM")
    own, *_ = ids("MOH")
    assert (
        ask(officer_of("MOH"), "POST", f"/officers/{other}/leave", days(0, 1))[1]["code"]
        == "officer_not_found"
    )
    assert ask(COORDINATOR, "POST", f"/officers/{uuid4()}/leave", days(0, 1))[0] == 404
    status, problem = ask(COORDINATOR, "POST", f"/officers/{own}/leave", days(0, 1, cover=other))
    assert (status, problem["errors"][0]["code"]) == (422, "cover_elsewhere")


def test_nothing_new_goes_to_who_is_on_leave_that_day_or_has_left(routing, ids):
    first, *rest = ids("MPWH", "main") + ids("MPWH", "sub")
    day = day_of(NOW)
    with database.transaction("routing") as connection:
        leave = {"first_day": day, "last_day": day, "cover_id": None}
        handlers_directory.record_leave(connection, first, leave, actor="c", now=NOW)
    left = rest.pop()
    routing.rows("UPDATE officer SET valid_to = %(day)s WHERE id = %(id)s", {"day": day, "id": left})
    events = [received(category="roads.damage", governorate="JO-KA") for _ in range(40)]
    routing.receive(events[:20])
    given = {each for (each,) in routing.rows("SELECT officer_id::text FROM cases")}
    assert given == set(rest)
    routing.receive(events[20:], now=NOW + timedelta(days=1))
    given = {each for (each,) in routing.rows("SELECT officer_id::text FROM cases")}
    assert given == {first, *rest}, "back the next day"


def test_approvers_and_heads_get_no_cases(routing):
    routing.rows("UPDATE officer SET present = false WHERE institution = 'WAJ' AND rank IN ('main', 'sub')")
    routing.receive([received()])
    assert routing.facts()[0].type == "AssignmentFailed"


def test_units_have_an_order_without_a_circle(ask):
    body = {"institution": "MOH", "name": {"ar": "وحدة", "en": "A unit"}}
    status, made = ask(COORDINATOR, "PUT", "/units/MOH-NEW", {**body, "parent": "MOH-AM-BASHIR"})
    assert (status, made["parent"], made["valid_from"]) == (200, "MOH-AM-BASHIR", TODAY.isoformat())
    status, problem = ask(COORDINATOR, "PUT", "/units/MOH-AM", {**body, "parent": "MOH-NEW"})
    assert (status, problem["errors"][0]["code"]) == (422, "unit_cycle")
    assert ask(COORDINATOR, "PUT", "/units/moh", body)[1]["code"] == "not_code"
    assert ask(COORDINATOR, "PUT", "/units/GAM-MARKA", body)[1]["errors"][0]["code"] == "unit_moves"
    assert ask(officer_of("MOH"), "PUT", "/units/MOH-NEW", body)[0] == 403
    wrong = ask(COORDINATOR, "PUT", "/units/X", {**body, "name": {"ar": "=1", "en": ""}})[1]["errors"]
    assert {(each["field"], each["code"]) for each in wrong} == {
        ("name.ar", "formula"),
        ("name.en", "required"),
    }
    moh = ask(officer_of("MOH"), "GET", "/units")[1]
    assert {each["institution"] for each in moh} == {"MOH"}
    assert len(ask(COORDINATOR, "GET", "/units")[1]) == 71


def test_certificates(ask, ids, routing):
    (officer,) = ids("MOH", "head")
    routing.rows("DELETE FROM certificate")
    body = {
        "part": "rights",
        "issued_on": TODAY.isoformat(),
        "expires_on": (TODAY + timedelta(9)).isoformat(),
    }
    for _ in range(2):
        assert ask(COORDINATOR, "POST", f"/officers/{officer}/certificates", body)[0] == 201
    longer = {**body, "expires_on": (TODAY + timedelta(90)).isoformat()}
    assert ask(COORDINATOR, "POST", f"/officers/{officer}/certificates", longer)[0] == 201
    found = ask(COORDINATOR, "GET", "/officers?institution=MOH")[1]
    assert (
        next(each for each in found if each["id"] == officer)["certified"]["rights"] == longer["expires_on"]
    )
    history = ask(COORDINATOR, "GET", f"/changes?key={officer}/rights/{TODAY}")[1]["items"]
    assert [each["before"] is None for each in history] == [False, True], "the repetition left no line"
    assert ask(COORDINATOR, "POST", f"/officers/{uuid4()}/certificates", body)[0] == 404
    assert ask(officer_of("MOH"), "POST", f"/officers/{officer}/certificates", body)[0] == 403


def test_the_rota_names_who_is_asked_next(ask, ids):
    first, second, third = ids("MOH")[:3]
    begin, end = now() - timedelta(hours=1), now() + timedelta(hours=1)
    turn = {"institution": "MOH", "starts_at": begin.isoformat(), "ends_at": end.isoformat()}
    for position, officer in ((2, second), (1, first)):
        status, duty = ask(
            COORDINATOR, "POST", "/on-call", {**turn, "officer_id": officer, "position": position}
        )
        assert status == 201
    assert ask(officer_of("MOH"), "GET", "/on-call?institution=MOH")[1]["officers"] == [first, second]
    desk = ask(COORDINATOR, "GET", "/on-call")[1]
    assert (desk["officers"], desk["rota"]) == ([], [])
    ask(COORDINATOR, "POST", f"/officers/{first}/leave", days(0, 0, cover=third))
    assert ask(COORDINATOR, "GET", "/on-call?institution=MOH")[1]["officers"] == [third, second]
    taken = ask(COORDINATOR, "POST", "/on-call", {**turn, "officer_id": third})
    assert (taken[0], taken[1]["code"]) == (409, "duty_taken")
    elsewhere = {**turn, "officer_id": ids("GAM")[0], "position": 3}
    assert ask(COORDINATOR, "POST", "/on-call", elsewhere)[1]["errors"][0]["code"] == "officer_elsewhere"
    desk = {**elsewhere, "institution": None}
    assert ask(COORDINATOR, "POST", "/on-call", desk)[0] == 201
    assert ask(COORDINATOR, "POST", f"/on-call/{duty['id']}/withdraw", {})[0] == 204
    assert ask(COORDINATOR, "GET", "/on-call?institution=MOH")[1]["officers"] == [second]
    assert ask(officer_of("MOH"), "POST", "/on-call", desk)[0] == 403


def test_presence_is_in_the_history_too(ask, ids, routing):
    (officer, *_) = ids("MOH")
    with database.transaction("routing") as connection:
        for _ in range(2):
            handlers_directory.set_presence(connection, officer, False, actor="c", now=NOW)
    items = ask(COORDINATOR, "GET", f"/changes?key={officer}")[1]["items"]
    assert [(each["before"], each["after"]) for each in items] == [({"present": True}, {"present": False})]


def test_the_history_comes_in_pages_and_is_only_added_to(ask, ids, routing):
    for officer in ids("MOH")[:5]:
        ask(COORDINATOR, "POST", f"/officers/{officer}/leave", days(0, 1))
    seen, path = [], "/changes?entity=leave&limit=2"
    while path:
        page = ask(COORDINATOR, "GET", path)[1]
        seen += [each["number"] for each in page["items"]]
        path = f"/changes?entity=leave&limit=2&before={page['next']}" if page["next"] else None
    assert len(seen) == 5
    assert seen == sorted(set(seen), reverse=True)
    for statement in (
        "UPDATE directory_change SET actor = 'x'",
        "DELETE FROM directory_change",
        "TRUNCATE directory_change",
    ):
        with pytest.raises(psycopg2.Error, match="only added to"):
            routing.rows(statement)


def test_exports_hold_contact_data_for_the_coordinator_alone(ask, routing):
    ((email, phone),) = routing.rows("SELECT email, phone FROM officer WHERE institution = 'MOH' LIMIT 1")
    for kind in ("officers", "leave", "certificates"):
        whole = ask(COORDINATOR, "GET", f"/export?kind={kind}")[1].decode()
        part = ask(officer_of("MOH"), "GET", f"/export?kind={kind}")[1].decode()
        assert ("@officers.example.org" in whole) == (kind != "leave")
        assert "@" not in part
        assert phone not in part
        assert "GAM" not in part
    assert f"'{phone}" in ask(COORDINATOR, "GET", "/export?kind=officers")[1].decode()
    book = openpyxl.load_workbook(
        io.BytesIO(ask(COORDINATOR, "GET", "/export?kind=officers&format=xlsx&institution=MOH")[1])
    )
    assert email in {row[1] for row in book.active.values}
    assert ask(PUBLIC, "GET", "/export?kind=officers")[0] == 403
    assert ask(officer_of("MOH"), "GET", "/export?kind=officers&institution=GAM")[0] == 403


def test_the_day_is_looked_at_once(routing):
    with database.transaction("routing") as connection:
        known = snapshot.current(connection)
        assert known.officers_of("MOH", NOW) is known.officers_of("MOH", NOW + timedelta(hours=1))
        for number in range(9):
            known.officers_of("MOH", NOW + timedelta(days=number))
        assert len(known._days) <= 3


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"])
def test_moments_that_no_clock_shows_are_refused(ask, moment, ids):
    assert ask(COORDINATOR, "GET", f"/on-call?at={moment}")[0] == 422
    assert ask(COORDINATOR, "GET", f"/rules?at={moment}")[0] == 422
    assert ask(COORDINATOR, "GET", f"/officers?institution=MOH&day={moment[:10]}")[0] == 422
    leave = {"first_day": moment[:10], "last_day": moment[:10]}
    assert ask(COORDINATOR, "POST", f"/officers/{ids('MOH')[0]}/leave", leave)[0] == 422
    period = {"from": moment.replace("%2B", "+"), "to": moment.replace("%2B", "+")}
    assert ask(COORDINATOR, "POST", "/rules/dry-run", period)[0] == 422
