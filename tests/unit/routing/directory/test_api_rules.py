"""Rules over HTTP: new versions, and a dry run on the complaints of a period."""

from datetime import timedelta

from services.chassis.clock import now
from tests.unit.routing.conftest import COORDINATOR, NOW, officer_of, received


def test_a_rule_is_a_new_version_that_ends_the_one_before(ask, routing):
    old = "water.outage#1"
    body = {"category": "water.outage", "institution": "MWI", "priority": 10, "replaces": old}
    begins = (now() + timedelta(days=1)).isoformat()
    status, made = ask(COORDINATOR, "POST", "/rules", {**body, "valid_from": begins})
    assert (status, made["id"]) == (201, "water.outage#2")
    assert ask(COORDINATOR, "POST", "/rules", {**body, "valid_from": begins})[1] == made
    versions = {each["id"]: each for each in ask(COORDINATOR, "GET", "/rules?category=water.outage")[1]}
    assert versions[old]["valid_to"] == made["valid_from"]
    in_force = ask(COORDINATOR, "GET", f"/rules?category=water.outage&at={now().isoformat()[:19]}Z")[1]
    assert [each["id"] for each in in_force] == [old]
    # The complaint that comes after the change goes by the new one.
    later = now() + timedelta(days=2)
    routing.receive([received()], now=now())
    routing.receive([received()], now=later)
    assert routing.rows("SELECT rule_id FROM cases ORDER BY rule_id") == [(old,), (made["id"],)]
    yesterday = (now() - timedelta(days=1)).isoformat()
    assert ask(COORDINATOR, "POST", "/rules", {**body, "valid_from": yesterday})[1]["errors"][0]["code"] == (
        "in_the_past"
    )
    assert ask(COORDINATOR, "POST", "/rules", {**body, "valid_from": begins, "priority": 20})[0] == 409


def test_a_dry_run_says_where_the_complaints_of_a_period_would_have_gone(ask, routing):
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
    status, found = ask(COORDINATOR, "POST", "/rules/dry-run", body)
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
    ended = ask(COORDINATOR, "POST", "/rules/dry-run", {**body, "add": [], "end": ["water.outage#1"]})[1]
    assert ended["moves"] == [{"category": "water.outage", "from": "WAJ", "to": None, "cases": 3}]
    assert (
        routing.rows("SELECT (SELECT count(*) FROM rule), (SELECT count(*) FROM directory_change)") == before
    )
    assert ask(COORDINATOR, "POST", "/rules/dry-run", {**body, "to": body["from"]})[0] == 422
    assert ask(COORDINATOR, "POST", "/rules/dry-run", {**body, "end": ["none"]})[0] == 422
    assert ask(officer_of("MOH"), "POST", "/rules/dry-run", body)[0] == 403
