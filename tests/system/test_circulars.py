"""A circular that comes late moves the promises that it concerns, everywhere, and no others."""

from datetime import timedelta

from gateway import auth
from services.chassis.clock import in_amman, now
from tests.support import books, journey
from tests.support.poll import until


def test_a_day_of_snow_moves_the_promises_of_one_governorate_and_is_taken_back(disturbed, filled, sinks):
    headers = {
        "Authorization": f"Bearer {auth.issue('c', ('coordinator',), now(), lifetime=timedelta(hours=1))}"
    }
    calendar = f"{disturbed.gateway}/v1/staff/calendar"
    snowed, dry = (journey.file(disturbed.gateway, governorate=place) for place in ("JO-AJ", "JO-AM"))
    first = {
        tracking: journey.wait_until_assigned(disturbed.gateway, tracking)["due_at"]
        for tracking in (snowed, dry)
    }

    today = in_amman(now()).date()
    span = f"from={today + timedelta(days=1)}&to={today + timedelta(days=10)}&governorate=JO-AJ"
    days = journey.ask(f"{calendar}/days?{span}", headers=headers).body
    worked = next(each["day"] for each in days if each["opens"])
    circular = {
        "scope": "governorate",
        "code": "JO-AJ",
        "effect": "closed",
        "first_day": worked,
        "last_day": worked,
        "reference": "2026/77",
        "note": {"ar": "عطلة بسبب الثلوج", "en": "Closed for snow"},
    }
    recorded = journey.ask(f"{calendar}/overrides", circular, headers)
    assert recorded.status == 200, recorded

    until(lambda: journey.track(disturbed.gateway, snowed)["due_at"] > first[snowed], every=0.1)
    until(lambda: not books.open_items(filled), 60, every=0.2)
    assert journey.track(disturbed.gateway, dry)["due_at"] == first[dry]
    assert _due(filled, "routing", "cases") == _due(filled, "reporting", "complaint")
    told = "SELECT template, channel, count(*)::int FROM message WHERE template = 'promise_moved' GROUP BY 1, 2 ORDER BY 2"
    assert filled.rows("notification", told) == [("promise_moved", "email", 1), ("promise_moved", "sms", 1)]

    taken = journey.ask(f"{calendar}/overrides/{recorded.body['id']}/withdraw", {}, headers)
    assert taken.status == 200, taken
    until(lambda: journey.track(disturbed.gateway, snowed)["due_at"] == first[snowed], every=0.1)
    until(lambda: not books.open_items(filled), 60, every=0.2)
    assert books.gaps(filled) == []
    assert _due(filled, "routing", "cases") == _due(filled, "reporting", "complaint")


def _due(databases, service: str, table: str) -> list:
    return databases.rows(service, f"SELECT complaint_id::text, due_at FROM {table} ORDER BY 1")
