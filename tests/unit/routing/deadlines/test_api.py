"""The HTTP resources of the working calendar."""

import pytest

from services.chassis import database
from services.chassis.clock import new_id, now
from services.routing.deadlines import promises
from tests.unit.routing.conftest import officer_of, received
from tests.unit.routing.test_api import COORDINATOR, PUBLIC, call  # noqa: F401 - `call` is a fixture.

OVERRIDES = "/staff/calendar/overrides"
SNOW = {
    "scope": "governorate",
    "code": "JO-AJ",
    "effect": "closed",
    "first_day": "2026-11-24",
    "last_day": "2026-11-24",
    "reference": "2026/77",
    "note": {"ar": "عطلة بسبب الثلوج", "en": "Closed for snow"},
}


def of(found, identity):
    return next(each for each in found if each["id"] == identity)


def test_a_circular_is_recorded_worked_off_and_withdrawn(call, routing):  # noqa: F811
    routing.receive([received(governorate="JO-AJ")])
    status, recorded = call(COORDINATOR, "POST", OVERRIDES, SNOW)
    assert status == 200
    assert {name: recorded[name] for name in SNOW} == SNOW
    assert (recorded["recorded_by"], recorded["withdrawn_at"]) == ("c", None)
    assert recorded["recomputation"]["finished_at"] is None
    assert call(COORDINATOR, "POST", OVERRIDES, SNOW)[1]["id"] == recorded["id"]
    with database.transaction("routing") as connection:
        promises.recompute(connection, now=now())
    shown = of(call(COORDINATOR, "GET", OVERRIDES)[1], recorded["id"])
    assert (shown["recomputation"]["seen"], shown["recomputation"]["moved"]) == (1, 1)
    assert shown["recomputation"]["finished_at"] is not None
    for _ in range(2):
        status, withdrawn = call(COORDINATOR, "POST", f"{OVERRIDES}/{recorded['id']}/withdraw", {})
        assert (status, withdrawn["withdrawn_by"]) == (200, "c")
    assert routing.rows("SELECT count(*) FROM recompute_job") == [(2,)]
    assert call(COORDINATOR, "POST", f"{OVERRIDES}/{new_id()}/withdraw", {})[0] == 404


def test_a_circular_is_tried_before_it_is_recorded(call, routing):  # noqa: F811
    routing.receive(
        [received(governorate="JO-AJ"), received(governorate="JO-AJ"), received(governorate="JO-AM")]
    )
    before = routing.rows("SELECT count(*) FROM calendar_override")
    tried = call(COORDINATOR, "POST", OVERRIDES + "/dry-run", SNOW)
    assert tried == (200, {"concerned": 2, "tried": 2, "would_move": 2})
    later = SNOW | {"first_day": "2027-06-01", "last_day": "2027-06-01"}
    assert call(COORDINATOR, "POST", OVERRIDES + "/dry-run", later)[1]["concerned"] == 0
    friday = SNOW | {"first_day": "2026-11-27", "last_day": "2026-11-27"}
    assert call(COORDINATOR, "POST", OVERRIDES + "/dry-run", friday)[1]["would_move"] == 0
    assert call(COORDINATOR, "POST", OVERRIDES + "/dry-run", SNOW | {"code": "JO-XX"})[0] == 422
    assert call(PUBLIC, "POST", OVERRIDES + "/dry-run", SNOW)[0] == 403
    assert routing.rows("SELECT count(*) FROM calendar_override") == before
    assert routing.rows("SELECT count(*) FROM recompute_job") == [(0,)]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"code": None}, "code", "code_needed"),
        ({"scope": "nation"}, "code", "code_not_allowed"),
        ({"code": "JO-XX"}, "code", "place_unknown"),
        ({"scope": "institution"}, "code", "place_unknown"),
        ({"scope": "world"}, "scope", "unknown_choice"),
        ({"last_day": "2026-11-23"}, "last_day", "days_reversed"),
        ({"last_day": "2026-12-21"}, "last_day", "closes_a_month"),
        ({"last_day": "2027-11-25", "confirmed": True}, "last_day", "too_many_days"),
        ({"first_day": "0001-01-01"}, "first_day", "out_of_range"),
        ({"opens": "08:00", "closes": "12:00"}, "opens", "hours_not_allowed"),
        ({"effect": "hours"}, "opens", "hours_needed"),
        ({"effect": "open", "opens": "08:00"}, "opens", "hours_needed"),
        ({"effect": "hours", "opens": "12:00", "closes": "12:00"}, "closes", "hours_reversed"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_both_languages(call, routing, change, field, code):  # noqa: F811
    status, problem = call(COORDINATOR, "POST", OVERRIDES, SNOW | change)
    assert (status, problem["code"]) == (422, "validation")
    found = {each["field"]: each["code"] for each in problem["errors"]}
    assert found.keys() == {field}
    if code not in ("unknown_choice", "out_of_range"):
        assert found[field] == code
    assert routing.rows("SELECT count(*) FROM recompute_job") == [(0,)]


def test_a_month_is_closed_when_it_is_meant(call):  # noqa: F811
    status, _ = call(COORDINATOR, "POST", OVERRIDES, SNOW | {"last_day": "2026-12-21", "confirmed": True})
    assert status == 200


@pytest.mark.parametrize("path", [OVERRIDES, OVERRIDES + "/dry-run"])
def test_years_that_are_closed_one_by_one_are_refused(call, routing, path):  # noqa: F811
    """Complaints would be promised nothing, and wait in the inbox."""
    year = SNOW | {"confirmed": True, "first_day": "2026-11-25", "last_day": "2027-11-25"}
    assert call(COORDINATOR, "POST", OVERRIDES, year)[0] == 200
    more = year | {"scope": "nation", "code": None, "first_day": "2027-11-26", "last_day": "2028-11-25"}
    status, problem = call(COORDINATOR, "POST", path, more)
    assert (status, problem["code"]) == (422, "validation")
    assert [(each["field"], each["code"]) for each in problem["errors"]] == [
        ("last_day", "too_few_days_left")
    ]
    routing.receive([received(governorate="JO-AJ")])
    assert routing.rows("SELECT due_at::date::text FROM cases") == [("2027-12-08",)]


def test_the_hours_of_days_are_those_of_the_place(call):  # noqa: F811
    call(COORDINATOR, "POST", OVERRIDES, SNOW)
    hours = {"scope": "institution", "code": "MOH", "effect": "hours", "opens": "10:00", "closes": "13:00"}
    call(COORDINATOR, "POST", OVERRIDES, SNOW | hours)
    path = "/staff/calendar/days?from=2026-11-24&to=2026-11-27"

    def shown(rest=""):
        status, found = call(COORDINATOR, "GET", path + rest)
        assert status == 200
        return [each["opens"] for each in found]

    assert shown() == ["08:00:00", "08:00:00", "08:00:00", None]
    assert shown("&governorate=JO-AJ") == [None, "08:00:00", "08:00:00", None]
    assert shown("&institution=MOH") == ["10:00:00", "08:00:00", "08:00:00", None]
    assert shown("&governorate=JO-AJ&institution=MOH") == [None, "08:00:00", "08:00:00", None]
    for wrong in ("&governorate=MOH", "&institution=XX"):
        assert call(COORDINATOR, "GET", path + wrong)[0] == 422
    assert call(COORDINATOR, "GET", "/staff/calendar/days?from=2026-11-24&to=2026-11-23")[0] == 422
    assert call(COORDINATOR, "GET", "/staff/calendar/days?from=2026-11-24&to=2027-11-25")[0] == 422


def test_the_calendar_is_the_coordinators(call):  # noqa: F811
    for who in (PUBLIC, officer_of("MOH")):
        assert call(who, "GET", OVERRIDES)[0] == 403
        assert call(who, "POST", OVERRIDES, SNOW)[0] == 403
        assert call(who, "GET", "/staff/calendar/days?from=2026-11-24&to=2026-11-27")[0] == 403
