"""Promises that no circular counts again, because nothing was waited for or the case was elsewhere when it came."""

from datetime import date, timedelta

import pytest

from tests.unit.routing.conftest import received
from tests.unit.routing.deadlines.circulars import due, recompute, record, said
from tests.unit.routing.desk import COORDINATOR, Desk

CLOSED = date(2026, 11, 30)


@pytest.fixture
def desk(routing, keys):
    return Desk(routing, keys)


def test_a_circular_that_came_while_a_case_was_answered_counts_once_it_is_disputed(desk, routing):
    before = desk.case.due_at
    desk.answer()
    record(said(first=CLOSED))
    assert recompute() == (0, 0)
    assert desk.case.due_at == before
    desk.said("dispute")
    assert (desk.case.due_at, desk.case.status) == (before + timedelta(days=1), "disputed")
    assert desk.history[-2:] == ["dispute", "promise_moved"]
    assert desk.fact("PromiseMoved").data["cause"] == "calendar"
    assert desk.case.version == len(desk.history)


def test_the_calendar_of_the_body_that_has_it_now_counts(desk):
    before = desk.case.due_at
    record(said(scope="institution", code="GAM", first=CLOSED))
    assert recompute() == (0, 0)
    desk.act("transfer", institution="GAM", reason="ليست لنا.")
    assert desk.case.due_at == before
    desk.act("accept_transfer", desk.staff("main", "GAM"))
    assert desk.case.due_at == before + timedelta(days=1)
    desk.act("transfer", desk.staff("main", "GAM"), institution="WAJ", reason="ليست لنا.")
    desk.act("accept_transfer", desk.main)
    assert desk.case.due_at == before


def test_a_case_that_finds_its_body_late_is_counted_by_that_body(routing):
    record(said(scope="institution", code="MOT", first=CLOSED))
    routing.receive([received(category="space.travel")])
    before = due(routing)[0]
    routing.rows(
        "INSERT INTO rule (id, category, institution, priority, valid_from)"
        " VALUES ('space.travel#1', 'space.travel', 'MOT', 10, '2026-01-01')"
    )
    assert routing.retry() == (1, None)
    assert due(routing) == [before + timedelta(days=1)]
    assert [fact.type for fact in routing.facts()][-2:] == ["ComplaintAssigned", "PromiseMoved"]
    assert routing.rows("SELECT version FROM cases") == [(4,)]


def test_nothing_moves_where_nothing_differs(desk):
    record(said(scope="institution", code="MOH", first=CLOSED))
    recompute()
    desk.act("transfer", institution="GAM", reason="ليست لنا.")
    desk.act("accept_transfer", desk.staff("main", "GAM"))
    desk.act("reassign", COORDINATOR, officer_id=desk.staff("sub", "GAM", 1).id, reason="أقل حملًا.")
    assert "promise_moved" not in desk.history
