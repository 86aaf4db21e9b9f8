"""There is always somebody who may approve a reply, and never its author or who is implicated."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import database
from services.routing import snapshot
from services.routing.cases import actions
from services.routing.cases.step import Who
from services.routing.clock import store as store_timers
from services.routing.desks import desk as desks
from services.routing.desks import store_worklist, views
from services.routing.desks.store_worklist import Wanted
from tests.unit.routing.clock.ticking import IDLE, head_of, whole
from tests.unit.routing.desk import COORDINATOR, REPLY, Desk

THURSDAY = datetime(2026, 11, 26, 9, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 29, 5, 1, tzinfo=UTC)


@pytest.fixture
def desk(routing, keys):
    return Desk(routing, keys)


def away(desk, *ranks) -> None:
    desk.routing.rows(
        "UPDATE officer SET present = false WHERE institution = 'WAJ' AND rank = ANY(%(ranks)s) RETURNING 1",
        {"ranks": list(ranks)},
    )


def main_writes(desk) -> None:
    desk.act("accept", desk.main)
    desk.act("propose_reply", desk.main, **REPLY)


def look(desk) -> None:
    """A look of the clock as the service has it, some seconds later."""
    desk.now += timedelta(seconds=2)
    with database.transaction("routing") as connection:
        store_timers.look_at_held_by(connection, snapshot.current(connection).away(desk.now), desk.now)
    desk.sweep(desk.now)


def raised(desk) -> list[tuple]:
    return [
        (fact.data["cause"], fact.data["level"], fact.data["holder_id"])
        for fact in desk.routing.facts(desk.id)
        if fact.type == "ComplaintEscalated"
    ]


def test_where_an_approver_is_there_nobody_above_is_asked(desk):
    main_writes(desk)
    assert raised(desk) == []
    assert "approve_reply" not in desk.allowed(head_of(desk)) | desk.allowed(COORDINATOR)


def test_the_head_approves_where_the_only_approver_is_away(desk):
    away(desk, "approver")
    main_writes(desk)
    head = head_of(desk)
    assert raised(desk) == [("no_approver", 2, head.id)]
    assert "approve_reply" not in desk.allowed(desk.main) | desk.allowed(COORDINATOR)
    desk.act("approve_reply", head)
    assert (desk.case.status, desk.case.escalated_at) == ("answered", None)
    whole(desk)


def test_the_coordinator_approves_where_the_approver_is_implicated(desk):
    approver = desk.staff("approver")
    desk.act("implicate", COORDINATOR, officer_id=approver.id, reason="يخص المعتمِد.")
    main_writes(desk)
    assert raised(desk) == [("no_approver", 3, None)]
    with pytest.raises(actions.NoSuchCase):
        desk.act("approve_reply", Who(approver.id, frozenset({"approver"}), "WAJ"))
    assert "approve_reply" not in desk.allowed(head_of(desk))
    desk.act("return_reply", COORDINATOR, reason="اذكر التاريخ.")
    desk.act("propose_reply", desk.main, **REPLY)
    # It is at the coordinator's desk still, and nobody is told again.
    assert len(raised(desk)) == 1
    desk.act("approve_reply", COORDINATOR)
    assert desk.case.status == "answered"


def test_a_head_who_wrote_the_reply_asks_the_coordinator(desk):
    away(desk, "approver", "main")
    desk.sweep(IDLE)
    head = head_of(desk)
    assert str(desk.case.escalated_to) == head.id
    desk.act("propose_reply", head, **REPLY)
    assert raised(desk)[-1] == ("no_approver", 3, None)
    assert "approve_reply" not in desk.allowed(head)
    assert "approve_reply" in desk.allowed(COORDINATOR)


def test_who_is_found_to_be_implicated_later_is_replaced(desk):
    main_writes(desk)
    approver = desk.staff("approver")
    desk.act("implicate", COORDINATOR, officer_id=approver.id, reason="تبيّن لاحقًا.")
    # The heads of the body are above who is accused.
    assert (desk.case.status, raised(desk)) == ("reply_proposed", [("no_approver", 3, None)])
    whole(desk)


def test_who_goes_on_leave_is_replaced_when_work_begins(desk):
    desk.now = THURSDAY
    main_writes(desk)
    away(desk, "approver")
    assert desk.case.check_at == SUNDAY
    desk.sweep(SUNDAY - timedelta(minutes=1))
    assert raised(desk) == []
    desk.sweep(SUNDAY)
    assert raised(desk) == [("no_approver", 2, head_of(desk).id)]
    desk.sweep(desk.case.check_at)
    assert len(raised(desk)) == 1
    whole(desk)


def test_who_it_was_raised_to_goes_on_leave_and_it_is_passed_on(desk):
    away(desk, "main")
    desk.sweep(IDLE)
    head = head_of(desk)
    assert str(desk.case.escalated_to) == head.id
    look(desk)
    assert len(raised(desk)) == 1
    cover = next(
        each
        for each in (desk.staff("sub", number=n) for n in range(2))
        if each.id != str(desk.case.officer_id)
    )
    desk.routing.rows(
        "INSERT INTO officer_leave VALUES (gen_random_uuid(), %(id)s, '2026-11-25', '2026-11-26', %(cover)s, now(), 'c') RETURNING 1",
        {"id": head.id, "cover": cover.id},
    )
    look(desk)
    assert raised(desk)[1:] == [("holder_away", 2, cover.id)]
    assert "send_back" in desk.allowed(cover)
    # The complainant and the officer have heard of it; a second look finds nothing new.
    look(desk)
    assert len(raised(desk)) == 2
    away(desk, "sub")
    look(desk)
    assert raised(desk)[2:] == [("holder_away", 3, None)]
    assert (desk.case.escalation_level, desk.case.escalated_to) == (3, None)
    whole(desk)


def test_while_the_complainant_is_asked_it_is_not_passed_on(desk):
    away(desk, "main")
    desk.sweep(IDLE)
    holder = Who(str(desk.case.officer_id), frozenset({"officer"}), "WAJ")
    desk.act("accept", holder)
    desk.act("ask", holder, question="متى انقطعت المياه؟")
    away(desk, "head")
    before = desk.case.check_at
    look(desk)
    assert (desk.case.check_at, len(raised(desk))) == (before, 1)
    desk.said("answer_question", message="018f3c1e-0000-7000-8000-000000000009")
    look(desk)
    assert raised(desk)[1:] == [("holder_away", 3, None)]
    whole(desk)


def test_who_ends_service_holds_nothing(desk):
    desk.sweep(IDLE)
    assert desk.case.escalation_level == 1
    holder = str(desk.case.escalated_to)
    desk.routing.rows(
        "UPDATE officer SET valid_to = '2026-11-25' WHERE id = %(id)s RETURNING 1", {"id": holder}
    )
    look(desk)
    assert raised(desk)[-1][0] == "holder_away"
    assert str(desk.case.escalated_to) != holder


def test_it_is_sent_back_and_asked_for_again(desk):
    away(desk, "approver")
    main_writes(desk)
    desk.act("send_back", head_of(desk), reason="لا أبت في هذا.")
    assert desk.case.escalated_at is None
    desk.sweep(desk.case.check_at)
    assert [each[:2] for each in raised(desk)] == [("no_approver", 2), ("no_approver", 2)]


def test_the_list_to_approve_has_it_for_who_may(desk):
    def listed(who: Who) -> list[str]:
        with database.transaction("routing") as connection:
            reader = desks.reader(connection, who)
            wanted = Wanted(views.TO_APPROVE, views.scope(reader, views.TO_APPROVE, None, None), {})
            rows, _ = store_worklist.page(connection, wanted, reader, views.times(desk.now), None, 10)
            (count,) = store_worklist.counts(
                connection, {"some": wanted}, reader, views.times(desk.now)
            ).values()
        assert count == len(rows)
        return [str(row.complaint_id) for row in rows]

    away(desk, "approver")
    main_writes(desk)
    head = head_of(desk)
    assert (listed(head), listed(desk.main), listed(COORDINATOR)) == ([desk.id], [], [])
    away(desk, "head")
    look(desk)
    assert raised(desk)[-1] == ("holder_away", 3, None)
    assert (listed(head), listed(desk.main), listed(COORDINATOR)) == ([], [], [desk.id])
    # What was raised for another reason is not theirs to approve.
    desk.act("return_reply", COORDINATOR, reason="اذكر التاريخ.")
    assert listed(COORDINATOR) == []
