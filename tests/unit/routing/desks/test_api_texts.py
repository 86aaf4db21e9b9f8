"""What people keep at their desks, over HTTP: lists under a name, and texts for replies."""

from uuid import uuid4

import pytest

from services.chassis.actor import Actor
from tests.unit.routing.conftest import officer_of, received

COORDINATOR = Actor("c", frozenset({"coordinator"}))
TEXT = {"name": "عطل", "language": "ar", "found": "تبيّن العطل.", "remedy": "أُصلح."}
TEMPLATES = "/staff/reply-templates"


def main_of(institution: str) -> Actor:
    return officer_of(institution, "m", "officer", "main_officer")


def names(call, who, query="") -> list[str]:
    return [each["name"] for each in call(who, "GET", TEMPLATES + query).json]


# --- kept lists -----------------------------------------------------------------------------------


def test_a_list_is_kept_under_its_name_and_forgotten(call):
    query = {"view": "overdue", "category": "water.outage", "institution": "WAJ", "rights": "false"}
    kept = call(officer_of("WAJ"), "POST", "/staff/views", {"name": " متأخرة ", "query": query})
    assert (kept.status_code, kept.json["name"]) == (201, "متأخرة")
    assert kept.json["query"] == query | {"rights": False}
    again = call(officer_of("WAJ"), "POST", "/staff/views", {"name": "متأخرة", "query": {"view": "mine"}})
    assert again.json["id"] == kept.json["id"]
    assert [each["query"] for each in call(officer_of("WAJ"), "GET", "/staff/views").json] == [
        {"view": "mine"}
    ]
    assert call(officer_of("WAJ", "p"), "GET", "/staff/views").json == []
    place = f"/staff/views/{kept.json['id']}"
    assert call(officer_of("WAJ", "p"), "DELETE", place).status_code == 404
    assert call(officer_of("WAJ"), "DELETE", place).status_code == 204
    assert call(officer_of("WAJ"), "DELETE", place).status_code == 404
    assert call(officer_of("WAJ"), "GET", "/staff/views").json == []


def test_an_account_keeps_so_many_lists_and_no_more(call):
    officer = str(uuid4())
    for number in range(20):
        query = {"view": "team", "officer_id": officer}
        assert (
            call(COORDINATOR, "POST", "/staff/views", {"name": f"{number}", "query": query}).status_code
            == 201
        )
    one_more = call(COORDINATOR, "POST", "/staff/views", {"name": "20", "query": {}}, "ar")
    assert (one_more.status_code, one_more.json["code"]) == (409, "too_many_views")
    assert "20" in one_more.json["detail"]
    changed = call(COORDINATOR, "POST", "/staff/views", {"name": "7", "query": {"view": "unowned"}})
    assert changed.json["query"] == {"view": "unowned"}
    assert len(call(COORDINATOR, "GET", "/staff/views").json) == 20


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "query": {}}, "name"),
        ({"name": "x" * 81, "query": {}}, "name"),
        ({"name": "x"}, "query"),
        ({"name": "x", "query": {"view": "all"}}, "query.view"),
        ({"name": "x", "query": {"after": "x"}}, "query.after"),
        ({"name": "x", "query": {"officer_id": "me"}}, "query.officer_id"),
    ],
)
def test_a_list_that_is_none_is_not_kept(call, body, field):
    refused = call(officer_of("WAJ"), "POST", "/staff/views", body)
    assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, [field])
    assert call(officer_of("WAJ"), "GET", "/staff/views").json == []


# --- texts for replies ----------------------------------------------------------------------------


def test_everybody_is_offered_the_texts_for_all_bodies_in_both_languages(call):
    found = call(officer_of("WAJ"), "GET", TEMPLATES).json
    assert {each["language"] for each in found} == {"ar", "en"}
    assert {each["institution"] for each in found} == {None}
    assert all(each["found"] and each["summary"] for each in found)


def test_a_main_officer_writes_for_the_body_and_the_coordinator_for_all(call):
    before = len(names(call, officer_of("WAJ")))
    ours = call(main_of("WAJ"), "POST", TEMPLATES, TEXT | {"category": "water.outage"})
    assert (ours.status_code, ours.json["institution"], ours.json["version"]) == (201, "WAJ", 1)
    assert ours.json["legal_basis"] == ours.json["summary"] == ""
    national = call(COORDINATOR, "POST", TEMPLATES, TEXT | {"name": "للجميع", "outcome": "shelved"})
    assert national.json["institution"] is None
    assert names(call, officer_of("WAJ"))[0] == "عطل"
    assert len(names(call, officer_of("WAJ"))) == before + 2
    assert len(names(call, officer_of("WAJ"), "?category=health.waiting")) == before + 1
    assert "عطل" not in names(call, officer_of("MOH")) + names(call, COORDINATOR)
    assert "للجميع" in names(call, officer_of("MOH", "h", "head"))
    for who in (officer_of("WAJ"), officer_of("WAJ", "a", "approver")):
        assert call(who, "POST", TEMPLATES, TEXT).status_code == 403


def test_a_text_has_versions_of_which_the_last_counts(call, routing):
    written = call(main_of("WAJ"), "POST", TEMPLATES, TEXT).json
    place = f"{TEMPLATES}/{written['id']}"
    changed = call(main_of("WAJ"), "PUT", place, TEXT | {"remedy": "x", "version": 1})
    assert (changed.status_code, changed.json["version"], changed.json["remedy"]) == (200, 2, "x")
    late = call(main_of("WAJ"), "PUT", place, TEXT | {"version": 1}, "ar")
    assert (late.status_code, late.json["code"]) == (412, "version_conflict")
    for who in (main_of("MOH"), COORDINATOR):
        assert call(who, "PUT", place, TEXT).status_code == 404
        assert call(who, "POST", f"{place}/withdraw", {}).status_code == 404
    for _ in range(2):
        gone = call(main_of("WAJ"), "POST", f"{place}/withdraw", {})
        assert (gone.status_code, gone.json["version"], gone.json["withdrawn"]) == (200, 3, True)
    assert call(main_of("WAJ"), "PUT", place, TEXT).status_code == 404
    assert "عطل" not in names(call, officer_of("WAJ"))
    kept = routing.rows(
        "SELECT version, remedy, withdrawn FROM reply_template WHERE id = %(id)s ORDER BY version",
        {"id": written["id"]},
    )
    assert kept == [(1, "أُصلح.", False), (2, "x", False), (3, "x", True)]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"language": "fr"}, "language", "unknown_value"),
        ({"outcome": "fine"}, "outcome", "unknown_value"),
        ({"found": "x" * 8001}, "found", "too_long"),
        ({"found": " ", "remedy": ""}, "found", "blank"),
        ({"institution": "MOH"}, "institution", "unknown_field"),
    ],
)
def test_a_text_that_is_none_is_not_kept(call, change, field, code):
    refused = call(main_of("WAJ"), "POST", TEMPLATES, TEXT | change, "ar")
    assert refused.status_code == 422
    assert [(each["field"], each["code"]) for each in refused.json["errors"]] == [(field, code)]


def test_a_withdrawn_text_does_not_come_back_with_the_next_seed(call, routing):
    from services.chassis import database
    from services.routing import seed
    from tests.unit.routing.conftest import NOW

    first = call(COORDINATOR, "GET", TEMPLATES).json[0]
    call(COORDINATOR, "POST", f"{TEMPLATES}/{first['id']}/withdraw", {})
    with database.transaction("routing") as connection:
        seed.fill(connection, NOW)
    assert first["id"] not in {each["id"] for each in call(COORDINATOR, "GET", TEMPLATES).json}


def test_a_case_says_how_many_texts_fit_it(call, routing):
    event = received()
    routing.receive([event])
    before = call(officer_of("WAJ"), "GET", f"/staff/cases/{event.subject}").json["templates"]
    assert before == len(names(call, officer_of("WAJ"), "?category=water.outage")) > 0
    call(main_of("WAJ"), "POST", TEMPLATES, TEXT | {"category": "water.outage"})
    call(main_of("WAJ"), "POST", TEMPLATES, TEXT | {"category": "water.leak"})
    assert call(officer_of("WAJ"), "GET", f"/staff/cases/{event.subject}").json["templates"] == before + 1
