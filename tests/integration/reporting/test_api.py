"""The dashboard over HTTP: who may ask, what is refused, and that the figures are those of the facts."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import actor, clock
from services.reporting import api, kpi, schemas, service
from tests.integration.reporting.facts import apply, assigned, failed, promised, received, some_id

RIGHTS = {"service": True, "rights": True, "rights_codes": ["CP-LIFE", "ES-HEALTH"]}


@pytest.fixture
def client(databases):
    return api.create_reporting_app().test_client()


@pytest.fixture
def client_without_database(environment):
    """A wrong question is refused before the database is asked."""
    environment({"DATABASE_URL_REPORTING": "postgresql://127.0.0.1:1/nothing"})
    return api.create_reporting_app().test_client()


@pytest.fixture
def coordinator():
    return as_role("coordinator")


def as_role(role: str) -> dict[str, str]:
    signed = actor.sign(actor.Actor("test", frozenset({role}), {}), "reporting", clock.now())
    return {"Authorization": f"Bearer {signed}", "Accept-Language": "en"}


def test_only_the_coordinator_sees_it(client):
    for path in ("/dashboard", "/dashboard/definitions"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=as_role("officer")).status_code == 403
        assert client.get(path, headers=as_role("coordinator")).status_code == 200


def test_the_dashboard_shows_what_the_facts_say(client, coordinator):
    one, two, three = some_id(), some_id(), some_id()
    apply(
        [
            received(one, **RIGHTS),
            received(two, kind="question"),
            received(three, received_at="2026-11-17T10:00:00Z"),
        ]
    )
    apply([assigned(one), promised(one, "2026-11-20T08:00:00Z"), failed(two)])
    answer = client.get("/dashboard?from=2026-11-18&to=2026-11-19", headers=coordinator)
    assert answer.status_code == 200, answer.text
    page = answer.get_json()
    assert page["period"] == {"from": "2026-11-18", "to": "2026-11-19", "days": 2}
    assert page["previous_period"] == {"from": "2026-11-16", "to": "2026-11-17", "days": 2}
    assert page["totals"]["received"] == {"value": 2, "previous": 1, "change": 1.0}
    assert page["totals"]["assigned"]["value"] == page["totals"]["unowned"]["value"] == 1
    assert page["totals"]["overdue"]["value"] == 1
    assert [(row["day"], row["received"]) for row in page["by_day"]] == [("2026-11-18", 0), ("2026-11-19", 2)]
    assert [(row["code"], row["name"]) for row in page["by_institution"]] == [
        (None, kpi.NOT_ASSIGNED),
        ("MWI", {"ar": "وزارة MWI", "en": "Ministry MWI"}),
    ]
    assert {row["code"]: row["received"] for row in page["by_kind"]} == {"complaint": 1, "question": 1}
    # One is both; of the other nothing was said.
    assert {row["code"]: (row["name"]["en"], row["received"]) for row in page["by_flag"]} == {
        "service": ("Service", 2),
        "rights": ("Rights", 1),
    }
    assert [(row["code"], row["name"], row["overdue"]) for row in page["by_rights_code"]] == [
        ("CP-LIFE", None, 1),
        ("ES-HEALTH", None, 1),
    ]
    assert {row["code"]: row["name"]["ar"] for row in page["by_status"]} == {
        "received": "مستلمة",
        "assigned": "محالة إلى الجهة",
    }
    assert [each["code"] for each in page["definitions"]] == list(kpi.FIGURES)
    assert page["filters"] == {"institution": None, "governorate": None, "category": None, "kind": None}
    # The answer is what its schema says, no more and no less.
    assert schemas.DashboardSchema().validate(page) == {}
    filtered = client.get(
        "/dashboard?from=2026-11-18&to=2026-11-19&institution=MWI&kind=complaint", headers=coordinator
    )
    assert filtered.get_json()["totals"]["received"]["value"] == 1
    assert filtered.get_json()["filters"]["institution"] == "MWI"


def test_without_a_period_it_is_the_last_thirty_days(client, coordinator):
    page = client.get("/dashboard", headers=coordinator).get_json()
    assert page["period"]["days"] == 30
    assert page["period"]["to"] == kpi.today(clock.now()).isoformat()
    assert len(page["by_day"]) == 30


def test_the_definitions_travel_alone_too(client, coordinator):
    found = client.get("/dashboard/definitions", headers=coordinator).get_json()
    assert [each["code"] for each in found] == list(kpi.FIGURES)
    assert all(each["definition"]["ar"] and each["definition"]["en"] for each in found)


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("from=yesterday", "from", "not_date"),
        ("to=2026-02-30", "to", "not_date"),
        ("from=2026-11-02&to=2026-11-01", "to", "period_reversed"),
        ("from=2025-01-01&to=2026-01-02", "to", "period_too_long"),
        ("from=0001-01-01", "from", "day_out_of_range"),
        ("to=9999-12-31", "to", "day_out_of_range"),
        ("kind=rumour", "kind", None),
        ("institution=%D9%88", "institution", "not_a_code"),
        ("governorate=JO-AM%0A", "governorate", "not_a_code"),
        ("category=' OR 1=1", "category", "not_a_code"),
        ("category=" + "a" * 65, "category", "not_a_code"),
        ("institutoin=MOH", "institutoin", "unknown_field"),
    ],
)
@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_wrong_question_is_refused_with_the_name_of_the_field(
    client_without_database, coordinator, query, field, code, language
):
    answer = client_without_database.get(
        f"/dashboard?{query}", headers={**coordinator, "Accept-Language": language}
    )
    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    (error,) = answer.get_json()["errors"]
    assert error["field"] == field
    assert code is None or error["code"] == code
    assert any("؀" <= character <= "ۿ" for character in error["message"]) == (language == "ar")


def test_a_year_and_a_day_of_leap_is_the_longest_period(client, coordinator):
    assert client.get("/dashboard?from=2024-01-01&to=2024-12-31", headers=coordinator).status_code == 200
    assert client.get("/dashboard?from=2024-01-01&to=2025-01-01", headers=coordinator).status_code == 422


def test_what_fell_due_is_counted_by_the_schedule_in_chunks(databases):
    from services.chassis import database
    from services.reporting import handlers

    now = datetime(2026, 11, 25, tzinfo=UTC)
    ids = [some_id() for _ in range(5)]
    due = (now - timedelta(hours=1)).isoformat()
    apply([received(each) for each in ids] + [promised(each, due) for each in ids])
    marked = []
    for _ in range(3):
        with database.transaction("reporting") as connection:
            marked.append(handlers.mark_overdue(connection, now=now, limit=3))
    assert marked == [3, 2, 0]


def test_a_scrape_shows_what_has_no_receipt(databases):
    client = api.create_reporting_app().test_client()
    figures = service.create_figures()

    def scraped() -> str:
        figures.measure()
        page = client.get("/metrics").text
        (line,) = re.findall(r"^bekhedmetkom_reporting_complaints_without_receipt (.*)$", page, re.MULTILINE)
        return line

    one = some_id()
    apply([assigned(one), received(some_id())])
    assert scraped() == "1.0"
    apply([received(one)])
    assert scraped() == "0.0"


def test_a_scrape_bears_a_database_that_is_away(environment):
    environment({"DATABASE_URL_REPORTING": "postgresql://127.0.0.1:1/nothing"})
    service.create_figures().measure()
    assert "complaints_without_receipt NaN" in api.create_reporting_app().test_client().get("/metrics").text
