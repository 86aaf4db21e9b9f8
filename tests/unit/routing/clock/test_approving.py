"""Whoever could approve a reply goes in the middle of a day, or has no account to approve with: somebody above is asked at once."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.chassis import database
from services.chassis.clock import new_id
from services.routing.clock import approving
from services.routing.staff import accounts
from services.routing.staff.standing import powerless
from tests.unit.routing.clock.ticking import head_of, whole
from tests.unit.routing.desk import COORDINATOR, REPLY, Desk

ROLES = {"approver": "approver", "main": "main_officer", "sub": "officer", "head": "head"}


@pytest.fixture
def desk(routing, keys):
    """At two o'clock on a Monday in Amman; work ends at three. The main officer has written a reply."""
    case = Desk(routing, keys)
    case.act("accept", case.main)
    case.act("propose_reply", case.main, **REPLY)
    look(case)
    case.now = datetime(2026, 11, 23, 11, tzinfo=UTC)
    return case


def look(desk) -> None:
    """A look of the clock as the service has it, some seconds later."""
    desk.now += timedelta(seconds=2)
    with database.transaction("routing") as connection:
        approving.look_again(connection, now=desk.now, key=desk.keys.notification)
    desk.sweep(desk.now)


def gone(desk, rank="approver") -> None:
    desk.routing.rows(
        "UPDATE officer SET present = false WHERE institution = 'WAJ' AND rank = %(rank)s RETURNING 1",
        {"rank": rank},
    )


def give_accounts(desk, *ranks, roles=ROLES) -> None:
    with database.transaction("routing") as connection:
        for rank, email in desk.routing.rows("SELECT rank, email FROM officer WHERE institution = 'WAJ'"):
            if rank in ranks:
                accounts.add(connection, email, (roles[rank],), "WAJ", "-", now=desk.now, account_id=new_id())


def raised(desk) -> list[tuple]:
    return [
        (fact.data["cause"], fact.data["level"], fact.data["holder_id"])
        for fact in desk.routing.facts(desk.id)
        if fact.type == "ComplaintEscalated"
    ]


def test_who_goes_in_the_middle_of_a_day_is_replaced_at_once_and_nobody_is_told_twice(desk):
    look(desk)
    assert raised(desk) == []
    gone(desk)
    look(desk)
    assert raised(desk) == [("no_approver", 2, head_of(desk).id)]
    # Whatever else of the directory changes.
    gone(desk, "sub")
    look(desk)
    assert len(raised(desk)) == 1
    # A head who does not decide is not asked again with every look.
    desk.act("send_back", head_of(desk), reason="لا أبت في هذا.")
    look(desk)
    assert len(raised(desk)) == 1
    whole(desk)


def test_who_goes_on_leave_today_is_replaced_today(desk):
    desk.routing.rows(
        "INSERT INTO officer_leave VALUES (gen_random_uuid(), %(id)s, '2026-11-23', '2026-11-23', NULL, now(), 'c') RETURNING 1",
        {"id": desk.approver.id},
    )
    look(desk)
    assert raised(desk) == [("no_approver", 2, head_of(desk).id)]


def test_at_night_nobody_is_asked_before_work_begins(desk):
    desk.now = datetime(2026, 11, 23, 20, tzinfo=UTC)
    gone(desk)
    look(desk)
    assert raised(desk) == []
    desk.sweep(desk.case.check_at)
    assert [each[:2] for each in raised(desk)] == [("no_approver", 2)]


def test_what_somebody_is_acting_on_is_looked_at_the_next_time(desk):
    gone(desk)
    with database.transaction("routing") as other:
        other.exec_driver_sql("SELECT 1 FROM cases WHERE complaint_id = %s FOR UPDATE", (desk.id,))
        look(desk)
    assert raised(desk) == []
    look(desk)
    assert len(raised(desk)) == 1


def test_an_approver_without_an_account_approves_nothing(desk):
    give_accounts(desk, "main", "sub", "head")
    look(desk)
    assert raised(desk) == [("no_approver", 2, head_of(desk).id)]


def test_a_head_without_an_account_is_not_asked(desk):
    give_accounts(desk, "main", "sub")
    look(desk)
    assert raised(desk) == [("no_approver", 3, None)]
    assert "approve_reply" in desk.allowed(COORDINATOR)


def test_the_account_of_an_approver_is_disabled_or_given_other_roles(desk):
    give_accounts(desk, *ROLES)
    look(desk)
    assert raised(desk) == []
    ((email,),) = desk.routing.rows("SELECT email FROM officer WHERE id = %(id)s", {"id": desk.approver.id})
    with database.transaction("routing") as connection:
        assert accounts.change(connection, email, ("officer",), "WAJ", now=desk.now)
    look(desk)
    assert raised(desk) == [("no_approver", 2, head_of(desk).id)]


def test_a_reply_is_proposed_where_the_approver_has_no_account(routing, keys):
    case = Desk(routing, keys)
    give_accounts(case, "main", "sub", "head")
    case.act("accept", case.main)
    case.act("propose_reply", case.main, **REPLY)
    assert raised(case) == [("no_approver", 2, head_of(case).id)]
    # The main officer approves what somebody else wrote.
    other = Desk(routing, keys)
    holder = SimpleNamespace(id=str(other.case.officer_id))
    other.officer = next(
        each for each in (other.staff("sub", number=n) for n in range(2)) if each.id == holder.id
    )
    other.propose()
    assert raised(other) == []


def test_signing_in_is_no_change_of_the_directory(desk):
    give_accounts(desk, *ROLES)
    before = desk.routing.rows("SELECT version FROM directory_version")
    desk.routing.rows("UPDATE account SET signed_in_at = now(), epoch = epoch + 1 RETURNING 1")
    assert desk.routing.rows("SELECT version FROM directory_version") == before
    desk.routing.rows("UPDATE account SET state = 'disabled' RETURNING 1")
    assert desk.routing.rows("SELECT version FROM directory_version") != before


def test_who_can_do_nothing_with_an_account():
    def account(officer, roles, state="active", institution="A"):
        return SimpleNamespace(officer_id=officer, institution=institution, roles=roles, state=state)

    ranks = {"A": {"main": ["m"], "approver": ["p", "q"], "sub": ["s"], "head": ["h"]}, "B": {"main": ["b"]}}
    assert powerless(ranks, []) == {}
    found = powerless(
        ranks,
        [
            account("m", ["officer"]),
            account("p", ["officer"]),
            account("q", ["approver"], "disabled"),
            account("h", ["head"]),
        ],
    )
    assert found == {"A": {"p", "q", "s"}}
    assert powerless(ranks, [account("q", ["approver"], "disabled"), account("q", ["approver"])])["A"] == {
        "m",
        "p",
        "s",
        "h",
    }
