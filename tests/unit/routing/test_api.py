"""The HTTP resources of routing, with signed actors."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from services.chassis import database
from services.chassis.actor import Actor
from services.routing.service import create_figures
from tests.unit.routing.conftest import officer_of, received

COORDINATOR = Actor("c", frozenset({"coordinator"}))
PUBLIC = Actor("p", frozenset({"public"}))


@pytest.fixture
def call(call):
    """call(actor, method, path, json) → (status, body)."""

    def send(*said):
        answer = call(*said)
        return answer.status_code, answer.get_json(silent=True)

    return send


def test_the_bodies_are_public(call):
    status, found = call(PUBLIC, "GET", "/institutions")
    assert status == 200
    assert len(found) == 63
    assert {
        "code": "GAM",
        "kind": "municipality",
        "governorate": "JO-AM",
        "name": {"ar": "أمانة عمان الكبرى", "en": "Greater Amman Municipality"},
    } in found


def test_the_units_of_a_body_are_public_page_by_page(call, routing):
    status, whole = call(PUBLIC, "GET", "/institutions/GAM/units")
    assert status == 200
    assert whole["next"] is None
    codes = [each["code"] for each in whole["items"]]
    assert codes == sorted(codes)
    assert len(codes) > 2
    assert set(whole["items"][0]) == {"code", "name"}
    assert set(whole["items"][0]["name"]) == {"ar", "en"}
    first = call(PUBLIC, "GET", "/institutions/GAM/units?limit=2")[1]
    assert [each["code"] for each in first["items"]] == codes[:2]
    rest = call(PUBLIC, "GET", f"/institutions/GAM/units?after={first['next']}")[1]
    assert [each["code"] for each in rest["items"]] == codes[2:]


def test_units_that_have_ended_or_not_begun_and_bodies_that_are_none_are_not_shown(call, routing):
    with database.transaction("routing") as connection:
        codes = connection.execute(
            text("SELECT code FROM unit WHERE institution = 'GAM' ORDER BY code")
        ).all()
        ended, ahead = codes[0].code, codes[1].code
        connection.execute(
            text("UPDATE unit SET valid_from = '2020-01-01', valid_to = '2021-01-01' WHERE code = :code"),
            {"code": ended},
        )
        connection.execute(
            text("UPDATE unit SET valid_from = '2999-01-01' WHERE code = :code"), {"code": ahead}
        )
    shown = {each["code"] for each in call(PUBLIC, "GET", "/institutions/GAM/units")[1]["items"]}
    assert shown == {each.code for each in codes} - {ended, ahead}
    assert call(PUBLIC, "GET", "/institutions/NONE/units")[0] == 404
    assert call(PUBLIC, "GET", "/institutions/GAM/units?limit=0")[0] == 422


def test_a_case_is_read_by_its_body_and_the_coordinator_and_by_nobody_else(call, routing):
    event = received()
    routing.receive([event])
    path = f"/staff/cases/{event.subject}"
    for who in (COORDINATOR, officer_of("WAJ")):
        status, case = call(who, "GET", path)
        assert status == 200
        assert (case["complaint_id"], case["status"], case["institution"]) == (
            event.subject,
            "assigned",
            "WAJ",
        )
        assert [each["action"] for each in case["history"]] == ["assigned", "promised"]
        assert case["due_at"] == "2026-12-07T12:00:00+00:00"
    for who, expected in ((officer_of("MOH"), 404), (PUBLIC, 403), (None, 401)):
        status, problem = call(who, "GET", path)
        assert (status, problem["status"]) == (expected, expected)
    other = call(officer_of("MOH"), "GET", path)[1]
    unknown = call(COORDINATOR, "GET", f"/staff/cases/{uuid4()}")[1]
    assert {**other, "correlation_id": 0} == {**unknown, "correlation_id": 0}


def test_an_unowned_case_is_read_by_the_coordinator_alone(call, routing):
    event = received(category="space.travel")
    routing.receive([event])
    assert call(COORDINATOR, "GET", f"/staff/cases/{event.subject}")[1]["reason"] == "no_rule"
    assert call(officer_of(""), "GET", f"/staff/cases/{event.subject}")[0] == 404


def test_the_unowned_come_in_pages_without_gap_or_repetition(call, routing):
    events = [received(category="space.travel") for _ in range(7)]
    routing.receive(events)
    seen, path = [], "/staff/unowned?limit=3"
    while path:
        status, page = call(COORDINATOR, "GET", path)
        assert status == 200
        seen += [case["complaint_id"] for case in page["items"]]
        path = f"/staff/unowned?limit=3&after={page['next']}" if page["next"] else None
    assert sorted(seen) == sorted(event.subject for event in events)
    assert call(officer_of("WAJ"), "GET", "/staff/unowned")[0] == 403


@pytest.mark.parametrize(
    "query", ["after=nonsense", "after=%D8%A7", "limit=0", "limit=201", "page=2", "after=MjAyNi0wMS0wMSB4"]
)
def test_a_wrong_page_is_named(call, query):
    status, problem = call(COORDINATOR, "GET", f"/staff/unowned?{query}")
    assert (status, problem["code"]) == (422, "validation")
    assert problem["errors"][0]["field"] == query.split("=")[0]


def test_an_officer_on_leave_gets_nothing_new(call, routing):
    officers = call(COORDINATOR, "GET", "/staff/officers?institution=MPWH")[1]
    assert [each["rank"] for each in officers] == ["main"] + ["sub"] * (len(officers) - 1)
    away = officers[0]["id"]
    status, changed = call(COORDINATOR, "POST", f"/staff/officers/{away}/presence", {"present": False})
    assert (status, changed["present"]) == (200, False)
    routing.receive([received(category="roads.damage", governorate="JO-KA") for _ in range(50)])
    loads = {
        each["id"]: each["open"] for each in call(COORDINATOR, "GET", "/staff/officers?institution=MPWH")[1]
    }
    assert loads.pop(away) == 0
    assert sum(loads.values()) == 50
    assert max(loads.values()) - min(loads.values()) <= 1
    call(COORDINATOR, "POST", f"/staff/officers/{away}/presence", {"present": True})
    routing.receive([received(category="roads.damage", governorate="JO-KA")])
    assert routing.rows("SELECT open FROM officer_load WHERE officer_id = %(id)s", {"id": away}) == [(1,)]


@pytest.mark.parametrize("body", [{}, {"present": "yes"}, {"present": None}, {"present": True, "more": 1}])
def test_a_wrong_presence_is_named(call, body):
    status, problem = call(COORDINATOR, "POST", f"/staff/officers/{uuid4()}/presence", body)
    assert (status, problem["code"]) == (422, "validation")


def test_presence_is_for_the_coordinator_and_of_officers_who_exist(call):
    path = f"/staff/officers/{uuid4()}/presence"
    assert call(officer_of("WAJ"), "POST", path, {"present": False})[0] == 403
    assert call(COORDINATOR, "POST", path, {"present": False})[0] == 404


def test_a_scrape_tells_how_much_nobody_owns(call, routing):
    import prometheus_client

    routing.receive([received(category="space.travel"), received()])
    figures = create_figures()
    figures.measure()
    text = prometheus_client.generate_latest().decode()
    assert "bekhedmetkom_unowned_cases 1.0" in text
    assert 'bekhedmetkom_assignment_failures_total{reason="no_rule"}' in text
    assert 'bekhedmetkom_assignments_total{reason="least_loaded"}' in text
    routing.rows("ALTER TABLE cases RENAME TO elsewhere")
    figures.measure()
    assert "bekhedmetkom_unowned_cases 1.0" in prometheus_client.generate_latest().decode()
