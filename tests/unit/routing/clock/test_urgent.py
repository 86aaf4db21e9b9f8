"""Urgent cases: by the minute, by night, to who is on call, until somebody has seen them."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import database
from services.chassis.clock import new_id
from services.routing.cases.step import Keys, Who
from services.routing.clock import store as store_timers
from tests.unit.routing.clock.ticking import sweep, whole
from tests.unit.routing.conftest import received
from tests.unit.routing.desk import Desk

NIGHT = datetime(2026, 11, 27, 23, tzinfo=UTC)


@pytest.fixture
def rota(routing, ids):
    """rota(institution, officers): who is on call all winter, in this order."""

    def set_(institution, officers):
        for position, officer in enumerate(officers, start=1):
            routing.rows(
                "INSERT INTO on_call (id, institution, officer_id, starts_at, ends_at, position)"
                " VALUES (%(id)s, %(institution)s, %(officer)s, '2026-11-01', '2027-03-01', %(position)s)",
                {"id": new_id(), "institution": institution, "officer": officer, "position": position},
            )

    return set_


@pytest.fixture
def urgent(routing, keys):
    """urgent(): an urgent case that comes at two at night on a Saturday."""

    def open_(**accused):
        event = received(received_at=NIGHT)
        event.data.update({"urgent": True, "urgent_ground": "child_danger", **accused})
        routing.receive([event], now=NIGHT)
        desk = Desk.__new__(Desk)
        desk.routing, desk.id, desk.now, desk.sequence = routing, event.subject, NIGHT, 1
        desk.keys = Keys(keys["SEAL_PUBLIC_KEY"], keys["INTAKE_SEAL_PUBLIC_KEY"])
        return desk

    return open_


def calls(desk) -> list[tuple]:
    """(minutes after it came, whom it went to) of each step of the way."""
    found = []
    for fact in desk.routing.facts(desk.id):
        if fact.type in ("ComplaintAssigned", "ComplaintEscalated"):
            at = datetime.fromisoformat(fact.data.get("assigned_at") or fact.data["at"])
            whom = (
                fact.data["officer_id"]
                if fact.type == "ComplaintAssigned"
                else (fact.data["level"], fact.data["holder_id"])
            )
            found.append((int((at - NIGHT).total_seconds() // 60), whom))
    return found


def minutes(desk, until) -> None:
    """The clock goes on minute by minute."""
    for minute in range(1, until + 1):
        desk.sweep(NIGHT + timedelta(minutes=minute), urgent=True)


def test_who_is_on_call_is_asked_then_the_next_then_higher(urgent, rota, ids):
    first, second = ids("WAJ", "sub")[:2]
    rota("WAJ", [first, second])
    desk = urgent()
    assert (desk.case.wall_hours, desk.case.due_at) == (24, NIGHT + timedelta(hours=24))
    assert desk.case.acknowledge_by == NIGHT + timedelta(minutes=30)
    minutes(desk, 150)
    assert calls(desk) == [
        (0, first),
        (30, second),
        (60, (1, ids("WAJ", "main")[0])),
        (90, (2, ids("WAJ", "head")[0])),
        (120, (3, None)),
    ]
    facts = [fact.data for fact in desk.routing.facts(desk.id) if fact.type == "ComplaintAssigned"]
    assert [(data["urgent"], data.get("handed_over")) for data in facts] == [(True, None), (True, True)]
    assert (desk.load(first), desk.load(second)) == (0, 1)
    with database.transaction("routing") as connection:
        count, oldest, _ = store_timers.figures(connection, NIGHT + timedelta(minutes=150))
    assert (count, oldest > 0) == (1, True)
    whole(desk)


def test_whoever_accepts_ends_the_calling(urgent, rota, ids):
    (first,) = ids("WAJ", "sub")[:1]
    rota("WAJ", [first])
    desk = urgent()
    desk.act("accept", Who(first, frozenset({"officer"}), "WAJ"))
    assert desk.case.acknowledge_by is None
    minutes(desk, 120)
    assert len(calls(desk)) == 1
    with database.transaction("routing") as connection:
        assert store_timers.figures(connection, NIGHT + timedelta(hours=3))[:2] == (0, 0.0)


def test_a_body_with_nobody_on_call_is_answered_for_by_the_coordinators_rota(urgent, rota, ids):
    (on_call,) = ids("MOH", "head")[:1]
    rota(None, [on_call])
    desk = urgent()
    minutes(desk, 120)
    assert calls(desk)[1:] == [(1, (3, on_call))]
    assert desk.fact("ComplaintEscalated").data["cause"] == "unacknowledged"


def test_the_accused_is_not_called(urgent, rota, ids):
    first, second = ids("WAJ", "sub")[:2]
    rota("WAJ", [first, second])
    desk = urgent()
    desk.routing.rows("UPDATE cases SET implicated = %(who)s", {"who": [f"person:{second}"]})
    minutes(desk, 40)
    assert calls(desk)[1][1] == (1, ids("WAJ", "main")[0])


def test_an_urgent_case_that_nobody_has_is_told_within_minutes(urgent, routing):
    routing.rows("UPDATE officer SET present = false")
    desk = urgent()
    assert desk.case.status == "received"
    for minute in range(1, 90):
        desk.sweep(NIGHT + timedelta(minutes=minute))
    assert [each[0] for each in calls(desk)] == [5, 60]


def test_urgent_cases_do_not_stand_behind_the_others(urgent, rota, ids, routing, keys):
    rota("WAJ", ids("WAJ", "sub")[:2])
    routing.receive([received() for _ in range(20)])
    desk = urgent()
    late = NIGHT + timedelta(days=40)
    assert sweep(keys, late, limit=1, urgent=True).looked == 1
    assert len(calls(desk)) == 2


@pytest.mark.parametrize("rights", [True, False])
def test_of_who_is_on_call_a_right_is_for_who_is_certified(urgent, rota, ids, routing, rights):
    first, second = ids("WAJ", "sub")[:2]
    routing.rows(
        "DELETE FROM certificate WHERE officer_id = ANY(CAST(%(ids)s AS uuid[])) RETURNING 1",
        {"ids": [first, second]},
    )
    routing.rows(
        "INSERT INTO certificate (officer_id, part, issued_on, expires_on)"
        " SELECT %(id)s, part, '2026-01-01', '2027-12-31' FROM unnest(ARRAY['technical', 'rights']) AS part RETURNING 1",
        {"id": second},
    )
    rota("WAJ", [first, second])
    flags = {"rights": True, "rights_codes": ["R01"]} if rights else {}
    desk = urgent(**flags)
    order = [second, first] if rights else [first, second]
    assert str(desk.case.officer_id) == order[0]
    # Who is not certified is asked all the same, before nobody is.
    minutes(desk, 30)
    assert calls(desk) == [(0, order[0]), (30, order[1])]
    whole(desk)


def test_what_finds_its_officer_late_must_be_acknowledged_too(urgent, ids, routing):
    routing.rows("UPDATE officer SET present = false WHERE institution = 'WAJ' RETURNING 1")
    desk = urgent()
    assert (desk.case.status, desk.case.acknowledge_by) == ("received", None)
    routing.rows("UPDATE officer SET present = true WHERE institution = 'WAJ' AND rank = 'sub' RETURNING 1")
    later = NIGHT + timedelta(hours=2)
    assert routing.retry(now=later)[0] == 1
    assert (desk.case.status, desk.case.acknowledge_by) == ("assigned", later + timedelta(minutes=30))
    desk.sweep(later, urgent=True)
    desk.sweep(later + timedelta(minutes=30), urgent=True)
    assert desk.fact("ComplaintEscalated").data["cause"] == "unacknowledged"
    whole(desk)


def test_what_comes_back_from_another_body_must_be_acknowledged_anew(urgent, rota, ids):
    first, second = ids("WAJ", "sub")[:2]
    rota("WAJ", [first, second])
    desk = urgent()
    desk.now = NIGHT
    desk.act("transfer", desk.staff("main"), institution="MOH", reason="ليست لنا.")
    desk.act("object_to_transfer", desk.staff("main", "MOH"), reason="ليست لنا.")
    assert (desk.case.status, str(desk.case.officer_id)) == ("assigned", first)
    assert desk.case.acknowledge_by == desk.now + timedelta(minutes=30)
    desk.sweep(desk.case.acknowledge_by, urgent=True)
    assert str(desk.case.officer_id) == second
    whole(desk)
