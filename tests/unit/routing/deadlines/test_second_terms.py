"""What is reopened is promised anew, and the arbiter has a day: terms that do not count from the receipt."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import database
from services.routing.desks import desk as desks
from services.routing.desks import store_worklist, views
from services.routing.desks.store_worklist import Wanted
from tests.unit.routing.clock.ticking import DUE, through, told, whole
from tests.unit.routing.deadlines.circulars import recompute, record, said
from tests.unit.routing.desk import COORDINATOR, Desk

# The answer was late, the dispute came on the 17th of December, a Thursday, and is decided on the Sunday after it.
DISPUTED = datetime(2026, 12, 17, 9, tzinfo=UTC)
DECIDED = datetime(2026, 12, 20, 9, tzinfo=UTC)


@pytest.fixture
def desk(routing, keys):
    return Desk(routing, keys)


def reopen(desk) -> None:
    through(desk, DUE + timedelta(days=2))
    desk.now = DUE + timedelta(days=2)
    desk.act("accept", desk.main)
    desk.act(
        "propose_reply",
        desk.main,
        outcome="satisfactory",
        found="x",
        remedy="x",
        legal_basis="x",
        summary="x",
    )
    desk.act("approve_reply", desk.approver)
    desk.now = DISPUTED
    desk.said("dispute")
    desk.now = DECIDED - timedelta(minutes=1)
    desk.act("resolve_dispute", COORDINATOR, decision="reopened", reason="لم يُجب عن الشكوى.")


def days_until(desk) -> int:
    """Working days by the finger: the 25th is a holiday, a Friday anyway; and the first of January too."""
    day, found = DECIDED.date(), 0
    while day < desk.case.due_at.date():
        day += timedelta(days=1)
        found += day.weekday() not in (4, 5)
    return found


def test_what_is_reopened_is_promised_anew(desk):
    reopen(desk)
    case = desk.case
    assert (case.promised_from, case.escalation_level, case.escalated_at) == (DECIDED, 0, None)
    assert case.due_at > DECIDED + timedelta(days=13)
    moved = desk.fact("PromiseMoved").data
    assert moved["cause"] == "reopened"
    assert datetime.fromisoformat(moved["due_at"]) == case.due_at
    # That the first promise was broken stays on record.
    assert datetime.fromisoformat(moved["previous_due_at"]) == DUE
    assert desk.row("SELECT due_before FROM promise_change WHERE complaint_id = %(id)s").due_before == DUE
    assert case.check_at > DECIDED
    whole(desk)


def test_nobody_is_told_at_once_and_the_levels_begin_anew(desk):
    reopen(desk)
    before = len(told(desk))
    desk.sweep(DECIDED + timedelta(minutes=1))
    assert len(told(desk)) == before
    through(desk, desk.case.due_at - timedelta(minutes=1))
    assert {each[1] for each in told(desk)[before:] if each[0] == "ComplaintEscalated"} == {1}
    assert "answer" not in [each[1] for each in told(desk)[before:] if each[0] == "CaseOverdue"]
    desk.sweep(desk.case.due_at)
    assert ("ComplaintEscalated", 2) in [each[:2] for each in told(desk)[before:]]


def test_a_row_says_how_long_what_is_reopened_may_take(desk):
    desk.routing.rows(
        "INSERT INTO term (id, flag, priority, valid_from, working_days)"
        " VALUES ('reopened#1', 'reopened', 15, '2026-12-01', 3) RETURNING 1"
    )
    reopen(desk)
    assert (desk.case.working_days, days_until(desk)) == (3, 3)


def to_the_arbiter(desk) -> datetime:
    for receiver, by in (("MOH", None), ("WAJ", "MOH"), ("MOH", None)):
        desk.act("transfer", desk.staff("main", by) if by else desk.main, institution=receiver, reason="x")
        if desk.case.transfers < 3:
            desk.act("accept_transfer", desk.staff("main", receiver))
    return desk.now


def arbiter_reminders(desk) -> int:
    return len(
        [
            fact
            for fact in desk.routing.facts(desk.id)
            if fact.type == "ComplaintEscalated" and fact.data["cause"] == "arbiter"
        ]
    )


def test_the_arbiter_is_reminded_once_when_the_day_is_over(desk):
    # Monday; so the term ends with Tuesday's work.
    since = to_the_arbiter(desk)
    ends = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert (desk.case.arbiter_since, desk.case.check_at <= ends) == (since, True)
    through(desk, ends - timedelta(minutes=1))
    assert arbiter_reminders(desk) == 0
    desk.sweep(ends)
    reminded = desk.fact("ComplaintEscalated").data
    assert (reminded["cause"], reminded["level"], reminded["holder_id"]) == ("arbiter", 3, None)
    assert (desk.case.escalation_level, desk.case.escalated_at) == (0, None)
    through(desk, ends + timedelta(days=3))
    assert arbiter_reminders(desk) == 1
    desk.act("decide_transfer", COORDINATOR, institution="MOH", reason="يخصها.")
    assert desk.case.arbiter_since is None
    whole(desk)


def test_a_circular_that_comes_late_does_not_remind_the_arbiter_again(desk):
    """Tuesday was a day off after all, so the term ends with Wednesday's work: of the same transfer the coordinator has heard."""
    to_the_arbiter(desk)
    ends = datetime(2026, 11, 24, 12, tzinfo=UTC)
    through(desk, ends)
    assert arbiter_reminders(desk) == 1
    desk.now = ends + timedelta(hours=1)
    record(said(first=ends.date()), now=desk.now)
    recompute(now=desk.now)
    through(desk, ends + timedelta(days=2))
    assert arbiter_reminders(desk) == 1
    # Of another transfer they hear.
    desk.act("decide_transfer", COORDINATOR, institution="MOH", reason="يخصها.")
    desk.act("transfer", desk.staff("main", "MOH"), institution="WAJ", reason="x")
    through(desk, ends + timedelta(days=7))
    assert arbiter_reminders(desk) == 2
    whole(desk)


def test_the_coordinator_s_list_says_until_when(desk):
    to_the_arbiter(desk)
    with database.transaction("routing") as connection:
        reader = desks.reader(connection, COORDINATOR)
        wanted = Wanted(views.ARBITER, views.scope(reader, views.ARBITER, None, None), {})
        rows, _ = store_worklist.page(connection, wanted, reader, views.times(desk.now), None, 5)
        (shown,) = desks.shown(connection, rows, desk.now)
    assert shown["decide_by"] == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_who_decides_in_time_is_not_reminded(desk):
    to_the_arbiter(desk)
    desk.act("decide_transfer", COORDINATOR, institution="MOH", reason="يخصها.")
    through(desk, datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert arbiter_reminders(desk) == 0


@pytest.mark.parametrize(
    ("measure", "amount", "ends"),
    [
        ("wall_minutes", 2880, datetime(2026, 11, 25, 9, tzinfo=UTC)),
        ("working_hours", 14, datetime(2026, 11, 25, 9, tzinfo=UTC)),
    ],
)
def test_idleness_is_measured_as_its_row_says(routing, keys, measure, amount, ends):
    """Monday noon in Amman: two days by the wall clock, and fourteen hours of work, are over on Wednesday at noon."""
    routing.rows(
        f"INSERT INTO escalation_term (id, trigger, level, {measure}, category, valid_from)"
        f" VALUES ('idle-water#1', 'idle', 1, {amount}, 'water.outage', '2026-01-01') RETURNING 1"
    )
    desk = Desk(routing, keys)
    desk.sweep(ends - timedelta(minutes=1))
    assert told(desk, ("ComplaintEscalated",)) == []
    desk.sweep(ends)
    assert [each[:2] for each in told(desk, ("ComplaintEscalated",))] == [("ComplaintEscalated", 1)]
