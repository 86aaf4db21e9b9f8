"""The HTTP resources of the directory: who may do what, what is kept, and what assignment makes of it."""

import io
from datetime import timedelta
from uuid import uuid4

import openpyxl
import psycopg2
import pytest

from services.chassis import actor, database
from services.chassis.actor import Actor
from services.chassis.clock import now
from services.routing import directory, handlers_directory
from services.routing.presence import day_of
from services.routing.service import create_app
from tests.unit.routing.conftest import NOW, received

COORDINATOR = Actor("c", frozenset({"coordinator"}))
PUBLIC = Actor("p", frozenset({"public"}))
TODAY = day_of(now())
BASE = "/staff/directory"


def main_of(institution: str) -> Actor:
    return Actor("o", frozenset({"officer"}), {"institution": institution})


@pytest.fixture
def call(routing):
    """call(actor, method, path, json, language) → (status, body)."""
    client = create_app().test_client()

    def send(who: Actor | None, method: str, path: str, body=None, language="en"):
        headers = {"Accept-Language": language}
        if who is not None:
            headers["Authorization"] = f"Bearer {actor.sign(who, 'routing', now())}"
        answer = client.open(BASE + path, method=method, json=body, headers=headers)
        return answer.status_code, answer.get_json(silent=True) if answer.is_json else answer.get_data()

    return send


@pytest.fixture
def ids(routing):
    """ids(institution, rank=None) → the ids of its officers."""

    def find(institution, rank=None):
        where = "AND rank = %(rank)s" if rank else ""
        query = f"SELECT id::text FROM officer WHERE institution = %(code)s {where} ORDER BY rank, email"
        return [each for (each,) in routing.rows(query, {"code": institution, "rank": rank})]

    return find


def days(first: int, last: int, **more) -> dict:
    return {
        "first_day": (TODAY + timedelta(days=first)).isoformat(),
        "last_day": (TODAY + timedelta(days=last)).isoformat(),
        **more,
    }


def test_everybody_of_a_body_with_what_is_known_of_them(call, ids):
    status, found = call(COORDINATOR, "GET", "/officers?institution=MOH")
    assert status == 200
    assert {each["rank"] for each in found} == {"main", "sub", "approver", "head"}
    assert all(each["there"] and each["email"] and each["phone"] for each in found)
    main = next(each for each in found if each["rank"] == "main")
    assert {one["part"] for one in main["certificates"]} == {"technical", "rights"}
    assert main["certified"]["rights"] == main["certificates"][1]["expires_on"] > TODAY.isoformat()
    own = call(main_of("MOH"), "GET", "/officers?institution=MOH")[1]
    assert [each["id"] for each in own] == [each["id"] for each in found]
    assert {(each["email"], each["phone"]) for each in own} == {(None, None)}
    assert call(main_of("GAM"), "GET", "/officers?institution=MOH")[0] == 403
    assert call(Actor("o", frozenset({"officer"})), "GET", "/officers?institution=MOH")[0] == 403
    assert call(PUBLIC, "GET", "/officers?institution=MOH")[0] == 403


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


def test_leave_by_the_day_and_its_withdrawal(call, ids, routing):
    officer, cover = ids("MOH", "sub")[:2]
    status, leave = call(main_of("MOH"), "POST", f"/officers/{officer}/leave", days(0, 3, cover=cover))
    assert (status, leave["cover_id"]) == (201, cover)
    assert call(main_of("MOH"), "POST", f"/officers/{officer}/leave", days(0, 3, cover=cover))[1] == leave
    status, problem = call(COORDINATOR, "POST", f"/officers/{officer}/leave", days(3, 5), "ar")
    assert (status, problem["code"], problem["errors"][0]["field"]) == (409, "leave_overlaps", "first_day")
    assert "إجازة" in problem["detail"]
    by_id = {each["id"]: each for each in call(COORDINATOR, "GET", "/officers?institution=MOH")[1]}
    assert (by_id[officer]["there"], by_id[officer]["cover_id"]) == (False, cover)
    later = (TODAY + timedelta(days=4)).isoformat()
    after = call(COORDINATOR, "GET", f"/officers?institution=MOH&day={later}")[1]
    assert all(each["there"] for each in after)
    assert call(main_of("GAM"), "POST", f"/leave/{leave['id']}/withdraw", {})[0] == 404
    for _ in range(2):
        assert call(main_of("MOH"), "POST", f"/leave/{leave['id']}/withdraw", {})[0] == 204
    assert call(COORDINATOR, "POST", f"/officers/{officer}/leave", days(3, 5))[0] == 201
    assert call(COORDINATOR, "POST", f"/leave/{uuid4()}/withdraw", {})[0] == 404
    history = call(COORDINATOR, "GET", f"/changes?entity=leave&key={leave['id']}")[1]["items"]
    assert [(each["actor"], each["before"] is None) for each in history] == [("o", False), ("o", True)]
    assert history[0]["after"]["withdrawn_at"]


def test_a_main_officer_records_leave_for_their_own_body_alone(call, ids):
    (other, *_) = ids("GAM")
    own, *_ = ids("MOH")
    assert (
        call(main_of("MOH"), "POST", f"/officers/{other}/leave", days(0, 1))[1]["code"] == "officer_not_found"
    )
    assert call(COORDINATOR, "POST", f"/officers/{uuid4()}/leave", days(0, 1))[0] == 404
    status, problem = call(COORDINATOR, "POST", f"/officers/{own}/leave", days(0, 1, cover=other))
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


def test_units_have_an_order_without_a_circle(call):
    body = {"institution": "MOH", "name": {"ar": "وحدة", "en": "A unit"}}
    status, made = call(COORDINATOR, "PUT", "/units/MOH-NEW", {**body, "parent": "MOH-AM-BASHIR"})
    assert (status, made["parent"], made["valid_from"]) == (200, "MOH-AM-BASHIR", TODAY.isoformat())
    status, problem = call(COORDINATOR, "PUT", "/units/MOH-AM", {**body, "parent": "MOH-NEW"})
    assert (status, problem["errors"][0]["code"]) == (422, "unit_cycle")
    assert call(COORDINATOR, "PUT", "/units/moh", body)[1]["code"] == "not_code"
    assert call(COORDINATOR, "PUT", "/units/GAM-MARKA", body)[1]["errors"][0]["code"] == "unit_moves"
    assert call(main_of("MOH"), "PUT", "/units/MOH-NEW", body)[0] == 403
    wrong = call(COORDINATOR, "PUT", "/units/X", {**body, "name": {"ar": "=1", "en": ""}})[1]["errors"]
    assert {(each["field"], each["code"]) for each in wrong} == {
        ("name.ar", "formula"),
        ("name.en", "required"),
    }
    moh = call(main_of("MOH"), "GET", "/units")[1]
    assert {each["institution"] for each in moh} == {"MOH"}
    assert len(call(COORDINATOR, "GET", "/units")[1]) == 71


def test_certificates(call, ids, routing):
    (officer,) = ids("MOH", "head")
    routing.rows("DELETE FROM certificate")
    body = {
        "part": "rights",
        "issued_on": TODAY.isoformat(),
        "expires_on": (TODAY + timedelta(9)).isoformat(),
    }
    for _ in range(2):
        assert call(COORDINATOR, "POST", f"/officers/{officer}/certificates", body)[0] == 201
    longer = {**body, "expires_on": (TODAY + timedelta(90)).isoformat()}
    assert call(COORDINATOR, "POST", f"/officers/{officer}/certificates", longer)[0] == 201
    found = call(COORDINATOR, "GET", "/officers?institution=MOH")[1]
    assert (
        next(each for each in found if each["id"] == officer)["certified"]["rights"] == longer["expires_on"]
    )
    history = call(COORDINATOR, "GET", f"/changes?key={officer}/rights/{TODAY}")[1]["items"]
    assert [each["before"] is None for each in history] == [False, True], "the repetition left no line"
    assert call(COORDINATOR, "POST", f"/officers/{uuid4()}/certificates", body)[0] == 404
    assert call(main_of("MOH"), "POST", f"/officers/{officer}/certificates", body)[0] == 403


def test_the_rota_names_who_is_asked_next(call, ids):
    first, second, third = ids("MOH")[:3]
    begin, end = now() - timedelta(hours=1), now() + timedelta(hours=1)
    turn = {"institution": "MOH", "starts_at": begin.isoformat(), "ends_at": end.isoformat()}
    for position, officer in ((2, second), (1, first)):
        status, duty = call(
            COORDINATOR, "POST", "/on-call", {**turn, "officer_id": officer, "position": position}
        )
        assert status == 201
    assert call(main_of("MOH"), "GET", "/on-call?institution=MOH")[1]["officers"] == [first, second]
    desk = call(COORDINATOR, "GET", "/on-call")[1]
    assert (desk["officers"], desk["rota"]) == ([], [])
    call(COORDINATOR, "POST", f"/officers/{first}/leave", days(0, 0, cover=third))
    assert call(COORDINATOR, "GET", "/on-call?institution=MOH")[1]["officers"] == [third, second]
    taken = call(COORDINATOR, "POST", "/on-call", {**turn, "officer_id": third})
    assert (taken[0], taken[1]["code"]) == (409, "duty_taken")
    elsewhere = {**turn, "officer_id": ids("GAM")[0], "position": 3}
    assert call(COORDINATOR, "POST", "/on-call", elsewhere)[1]["errors"][0]["code"] == "officer_elsewhere"
    desk = {**elsewhere, "institution": None}
    assert call(COORDINATOR, "POST", "/on-call", desk)[0] == 201
    assert call(COORDINATOR, "POST", f"/on-call/{duty['id']}/withdraw", {})[0] == 204
    assert call(COORDINATOR, "GET", "/on-call?institution=MOH")[1]["officers"] == [second]
    assert call(main_of("MOH"), "POST", "/on-call", desk)[0] == 403


def test_a_rule_is_a_new_version_that_ends_the_one_before(call, routing):
    old = "water.outage#1"
    body = {"category": "water.outage", "institution": "MWI", "priority": 10, "replaces": old}
    begins = (now() + timedelta(days=1)).isoformat()
    status, made = call(COORDINATOR, "POST", "/rules", {**body, "valid_from": begins})
    assert (status, made["id"]) == (201, "water.outage#2")
    assert call(COORDINATOR, "POST", "/rules", {**body, "valid_from": begins})[1] == made
    versions = {each["id"]: each for each in call(COORDINATOR, "GET", "/rules?category=water.outage")[1]}
    assert versions[old]["valid_to"] == made["valid_from"]
    in_force = call(COORDINATOR, "GET", f"/rules?category=water.outage&at={now().isoformat()[:19]}Z")[1]
    assert [each["id"] for each in in_force] == [old]
    # The complaint that comes after the change goes by the new one.
    later = now() + timedelta(days=2)
    routing.receive([received()], now=now())
    routing.receive([received()], now=later)
    assert routing.rows("SELECT rule_id FROM cases ORDER BY rule_id") == [(old,), (made["id"],)]
    yesterday = (now() - timedelta(days=1)).isoformat()
    assert call(COORDINATOR, "POST", "/rules", {**body, "valid_from": yesterday})[1]["errors"][0]["code"] == (
        "in_the_past"
    )
    assert call(COORDINATOR, "POST", "/rules", {**body, "valid_from": begins, "priority": 20})[0] == 409


def test_a_dry_run_says_where_the_complaints_of_a_period_would_have_gone(call, routing):
    routing.receive([received(governorate=place) for place in ("JO-IR", "JO-IR", "JO-AM")])
    routing.receive([received(category="space.travel"), received(received_at=NOW - timedelta(days=90))])
    before = routing.rows("SELECT (SELECT count(*) FROM rule), (SELECT count(*) FROM directory_change)")
    tried = {"category": "water.outage", "governorate": "JO-IR", "institution": "MWI"}
    space = {"category": "space.travel", "institution": "MOT"}
    body = {
        "from": (NOW - timedelta(days=30)).isoformat(),
        "to": (NOW + timedelta(days=1)).isoformat(),
        "add": [tried, space, {"category": "typing.error", "institution": "MOT"}],
    }
    status, found = call(COORDINATOR, "POST", "/rules/dry-run", body)
    assert status == 200
    assert found == {
        "cases": 4,
        "same": 1,
        "moves": [
            {"category": "water.outage", "from": "WAJ", "to": "MWI", "cases": 2},
            {"category": "space.travel", "from": None, "to": "MOT", "cases": 1},
        ],
        "hits": [{"add": 0, "cases": 2}, {"add": 1, "cases": 1}, {"add": 2, "cases": 0}],
    }
    ended = call(COORDINATOR, "POST", "/rules/dry-run", {**body, "add": [], "end": ["water.outage#1"]})[1]
    assert ended["moves"] == [{"category": "water.outage", "from": "WAJ", "to": None, "cases": 3}]
    assert (
        routing.rows("SELECT (SELECT count(*) FROM rule), (SELECT count(*) FROM directory_change)") == before
    )
    assert call(COORDINATOR, "POST", "/rules/dry-run", {**body, "to": body["from"]})[0] == 422
    assert call(COORDINATOR, "POST", "/rules/dry-run", {**body, "end": ["none"]})[0] == 422
    assert call(main_of("MOH"), "POST", "/rules/dry-run", body)[0] == 403


def test_presence_is_in_the_history_too(call, ids, routing):
    (officer, *_) = ids("MOH")
    with database.transaction("routing") as connection:
        for _ in range(2):
            handlers_directory.set_presence(connection, officer, False, actor="c", now=NOW)
    items = call(COORDINATOR, "GET", f"/changes?key={officer}")[1]["items"]
    assert [(each["before"], each["after"]) for each in items] == [({"present": True}, {"present": False})]


def test_the_history_comes_in_pages_and_is_only_added_to(call, ids, routing):
    for officer in ids("MOH")[:5]:
        call(COORDINATOR, "POST", f"/officers/{officer}/leave", days(0, 1))
    seen, path = [], "/changes?entity=leave&limit=2"
    while path:
        page = call(COORDINATOR, "GET", path)[1]
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


def test_exports_hold_contact_data_for_the_coordinator_alone(call, routing):
    ((email, phone),) = routing.rows("SELECT email, phone FROM officer WHERE institution = 'MOH' LIMIT 1")
    for kind in ("officers", "leave", "certificates"):
        whole = call(COORDINATOR, "GET", f"/export?kind={kind}")[1].decode()
        part = call(main_of("MOH"), "GET", f"/export?kind={kind}")[1].decode()
        assert ("@officers.example.org" in whole) == (kind != "leave")
        assert "@" not in part
        assert phone not in part
        assert "GAM" not in part
    assert f"'{phone}" in call(COORDINATOR, "GET", "/export?kind=officers")[1].decode()
    book = openpyxl.load_workbook(
        io.BytesIO(call(COORDINATOR, "GET", "/export?kind=officers&format=xlsx&institution=MOH")[1])
    )
    assert email in {row[1] for row in book.active.values}
    assert call(PUBLIC, "GET", "/export?kind=officers")[0] == 403
    assert call(main_of("MOH"), "GET", "/export?kind=officers&institution=GAM")[0] == 403


def test_the_day_is_looked_at_once(routing):
    with database.transaction("routing") as connection:
        known = directory.current(connection)
        assert known.officers_of("MOH", NOW) is known.officers_of("MOH", NOW + timedelta(hours=1))
        for number in range(9):
            known.officers_of("MOH", NOW + timedelta(days=number))
        assert len(known._days) <= 3


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"])
def test_moments_that_no_clock_shows_are_refused(call, moment, ids):
    assert call(COORDINATOR, "GET", f"/on-call?at={moment}")[0] == 422
    assert call(COORDINATOR, "GET", f"/rules?at={moment}")[0] == 422
    assert call(COORDINATOR, "GET", f"/officers?institution=MOH&day={moment[:10]}")[0] == 422
    leave = {"first_day": moment[:10], "last_day": moment[:10]}
    assert call(COORDINATOR, "POST", f"/officers/{ids('MOH')[0]}/leave", leave)[0] == 422
    period = {"from": moment.replace("%2B", "+"), "to": moment.replace("%2B", "+")}
    assert call(COORDINATOR, "POST", "/rules/dry-run", period)[0] == 422
