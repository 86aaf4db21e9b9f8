"""Promises that no circular counts again, because nothing was waited for or the case was elsewhere when it came."""

from datetime import date, time, timedelta

import pytest

from tests.unit.routing.clock.ticking import DUE, sweep, through, told, whole
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.deadlines.circulars import due, recompute, record, said, withdraw
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


@pytest.mark.parametrize("how", ["opened", "withdrawn"])
def test_a_day_that_is_opened_brings_the_next_level_of_what_is_overdue_nearer(desk, how):
    """Its promise is over, and half as much again of it goes by in working time."""
    saturday, sunday = date(2026, 12, 12), date(2026, 12, 13)
    closure = record(said(first=sunday)) if how == "withdrawn" else None
    recompute()
    through(desk, DUE)
    assert desk.case.escalation_level == 2
    desk.now, before = DUE + timedelta(hours=1), desk.case.check_at
    if closure is None:
        record(said("open", first=saturday, opens=time(8), closes=time(15)), now=desk.now)
    else:
        withdraw(closure, now=desk.now)
    # No promise is of these days.
    assert recompute(now=desk.now) == (0, 0)
    after = desk.case.check_at
    assert after == before - timedelta(days=1)
    desk.sweep(after)
    assert desk.case.escalation_level == 3
    assert [level for kind, level, _ in told(desk) if kind == "ComplaintEscalated"] == [1, 2, 3]
    desk.sweep(before + timedelta(minutes=1))
    assert [level for kind, level, _ in told(desk) if kind == "ComplaintEscalated"] == [1, 2, 3]
    whole(desk)


def test_a_day_that_is_opened_is_one_on_which_nobody_has_it(routing, keys):
    """What has no promise waits for an officer in working time all the same."""
    wednesday = NOW + timedelta(days=2)
    praise = received(category="space.travel", kind="praise", received_at=wednesday)
    routing.receive([praise], now=wednesday)
    look = "SELECT due_at, check_at FROM cases"
    for _ in range(2):
        sweep(keys, routing.rows(look)[0][1])
    # Twenty-one hours of work, over a weekend.
    assert routing.rows(look) == [(None, wednesday + timedelta(days=5))]
    record(said("open", first=date(2026, 11, 27), opens=time(8), closes=time(15)))
    assert recompute(now=NOW + timedelta(days=3)) == (0, 0)
    assert routing.rows(look) == [(None, wednesday + timedelta(days=4))]


def test_nothing_moves_where_nothing_differs(desk):
    record(said(scope="institution", code="MOH", first=CLOSED))
    recompute()
    desk.act("transfer", institution="GAM", reason="ليست لنا.")
    desk.act("accept_transfer", desk.staff("main", "GAM"))
    desk.act("reassign", COORDINATOR, officer_id=desk.staff("sub", "GAM", 1).id, reason="أقل حملًا.")
    assert "promise_moved" not in desk.history
