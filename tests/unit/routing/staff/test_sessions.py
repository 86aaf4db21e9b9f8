"""What was opened, and how it ends: sessions, resets, changed passwords."""

import base64
from datetime import timedelta

import eventlet
import pytest

from services.chassis import database
from services.chassis.clock import new_id
from services.routing.staff import accounts, credentials, lockout, sessions, sign_in
from services.routing.staff import store as store_accounts
from services.routing.staff.session import GRACE
from services.routing.staff.sessions import Where
from tests.support import poll
from tests.unit.routing.conftest import NOW
from tests.unit.routing.staff.door import HASHED, HOME, LIFE, PASSWORD, RANIA, Door


def second(number: int) -> timedelta:
    return timedelta(seconds=number)


@pytest.fixture
def door(routing, keys) -> Door:
    return Door(routing, keys["ACCOUNT_KEY"])


def test_a_disabled_account_has_no_session(door):
    door.add()
    entered, _ = door.enrol()
    with database.transaction("routing") as connection:
        assert accounts.set_state(connection, RANIA, "disabled", now=NOW)
    assert door.resume(entered.session) is None
    with database.transaction("routing") as connection:
        accounts.set_state(connection, RANIA, "active", now=NOW)
    assert door.resume(entered.session) is None


def test_a_session_changes_its_id_and_ends_when_idle_or_old(door):
    door.add()
    session = door.enrol()[0].session
    start, seen = door.now, [session]
    while door.now < start + LIFE.whole - timedelta(minutes=20):
        door.now += timedelta(minutes=20)
        found = door.resume(seen[-1])
        assert found is not None
        if found.fresh:
            seen.append(found.fresh)
    assert len(seen) == 12
    door.now = start + LIFE.whole
    assert door.resume(seen[-1]) is None


def test_a_session_that_nobody_uses_ends(door):
    door.add()
    session = door.enrol()[0].session
    door.now += LIFE.idle - second(1)
    assert door.resume(session) is not None
    door.now += LIFE.idle - second(1)
    assert door.resume(session) is not None
    door.now += LIFE.idle
    assert door.resume(session) is None


def test_an_old_id_is_good_for_what_is_under_way_and_then_a_thief_s(door):
    door.add()
    old = door.enrol()[0].session
    fresh = door.resume(old, renew=sessions.AT_ONCE).fresh
    door.now += GRACE - second(1)
    assert door.resume(old).fresh is None
    assert door.resume(fresh) is not None
    door.now += second(1)
    assert door.resume(old) is None
    assert door.resume(fresh) is None


def test_only_one_of_two_requests_at_once_changes_the_id(door):
    door.add()
    session = door.enrol()[0].session
    for _ in range(2):
        door.now += timedelta(minutes=25)
        door.resume(session)
    door.now += timedelta(minutes=25)
    together = eventlet.GreenPool()
    found = [each.fresh for each in together.imap(lambda _: door.resume(session), range(6))]
    assert len([each for each in found if each]) == 1


def test_sessions_are_listed_and_ended_by_their_owner(door):
    door.add()
    first, secret = door.enrol()
    one, two = door.come_in(secret).session, door.come_in(secret).session
    with database.transaction("routing") as connection:
        shown = sessions.own(connection, two, life=LIFE, now=door.now)
    assert [each["present"] for each in shown["sessions"]] == [True, False, False]
    assert {each["place"] for each in shown["sessions"]} == {"198.51.100.0/24"}
    assert shown["recovery_codes_left"] == 10
    with database.transaction("routing") as connection:
        other = str(shown["sessions"][1]["family"])
        assert sessions.end_others(connection, two, other, life=LIFE, now=door.now) == 1
    assert door.resume(one) is None
    with database.transaction("routing") as connection:
        assert sessions.end_others(connection, two, None, life=LIFE, now=door.now) == 1
    assert door.resume(first.session) is None
    assert door.resume(two) is not None
    with database.transaction("routing") as connection:
        assert sessions.end(connection, two, life=LIFE, now=door.now)
        assert not sessions.end(connection, two, life=LIFE, now=door.now)
    assert door.resume(two) is None


def test_nobody_ends_the_sessions_of_somebody_else(door):
    door.add()
    door.add(subject="salma@mwi.gov.jo")
    mine = door.enrol()[0].session
    half = door.knock(subject="salma@mwi.gov.jo")
    hers = door.show(half.ticket, door.code(base64.b32decode(half.enrolment.secret))).session
    with database.transaction("routing") as connection:
        family = sessions.resume(connection, hers, life=LIFE, now=door.now).family
        assert sessions.end_others(connection, mine, family, life=LIFE, now=door.now) == 0
        assert sessions.end_others(connection, mine, None, life=LIFE, now=door.now) == 0
    assert door.resume(hers) is not None


def test_a_reset_takes_everything_that_was_given_out(door):
    door.add()
    entered, secret = door.enrol()
    with database.transaction("routing") as connection:
        assert accounts.reset(connection, RANIA, HASHED, now=door.now)
        assert not accounts.reset(connection, "nobody@mwi.gov.jo", HASHED, now=door.now)
    assert door.resume(entered.session) is None
    half = door.knock()
    assert half.enrolment.secret != credentials.shown_secret(secret)
    assert door.rows("SELECT count(*) FROM recovery_code") == [(0,)]
    door.attack()
    assert door.knock(where=Where("192.0.2.0/24", "x", entered.mark)) == 10


def change(door, session, old=PASSWORD, new="a horse that is correct", meanwhile=None):
    """What came of a change of password; `meanwhile` is done while the old one is judged."""
    with database.transaction("routing") as connection:
        changing = accounts.start_change(
            connection, session, old, new, HOME, keys=door.keys, life=LIFE, now=door.now, attempt=new_id()
        )
    if changing.fault is not None:
        return changing.fault
    if old != PASSWORD:
        return "refused"
    if meanwhile is not None:
        meanwhile()
    with database.transaction("routing") as connection:
        hashed = credentials.hash_password(new)
        return accounts.change_password(
            connection, changing, session, hashed, keys=door.keys, life=LIFE, now=door.now, device=new_id()
        )


def test_who_presses_the_button_twice_changes_the_password_once_and_stays_signed_in(door):
    door.add()
    session = door.enrol()[0].session
    changed = []
    twice = change(
        door, session, new="another horse entirely", meanwhile=lambda: changed.append(change(door, session))
    )
    assert twice == "refused"
    assert door.resume(changed[0].session) is not None
    ((kept,),) = door.rows("SELECT password_hash FROM account")
    assert credentials.is_password(kept, "a horse that is correct")


def test_a_new_password_ends_what_the_old_one_opened(door):
    door.add()
    entered, secret = door.enrol()
    here = door.come_in(secret).session
    changed = change(door, here)
    assert door.resume(entered.session) is None
    assert door.resume(changed.session).account["must_change"] is False
    ((kept,),) = door.rows("SELECT password_hash FROM account")
    assert credentials.is_password(kept, "a horse that is correct")
    door.attack()
    assert door.knock(where=Where("192.0.2.0/24", "x", entered.mark)) == 10
    assert isinstance(door.knock(where=Where("192.0.2.0/24", "x", changed.mark)), sign_in.Half)


def test_the_old_password_cannot_be_guessed_in_a_stolen_session(door):
    door.add()
    session = door.enrol()[0].session
    for _ in range(lockout.FREE_HERE):
        assert change(door, session, old="wrong and wrong") == "refused"
    assert change(door, session) == "wait"
    assert isinstance(door.knock(), sign_in.Half)


@pytest.mark.parametrize(
    ("new", "fault"), [("short", "short"), (PASSWORD, "same"), (RANIA + "12", "like_name")]
)
def test_a_new_password_that_is_none_is_named(door, new, fault):
    door.add()
    session = door.enrol()[0].session
    assert change(door, session, new=new) == fault
    assert change(door, "nonsense") == "over"


def test_what_is_too_old_is_forgotten(door):
    door.add()
    door.enrol()
    door.knock("wrong")
    with database.transaction("routing") as connection:
        assert store_accounts.forget(connection, door.now, door.now) == (0, 0)
        assert store_accounts.forget(connection, door.now + second(1), door.now) == (2, 0)
        later = door.now + LIFE.whole + second(1)
        assert store_accounts.forget(connection, later, later) == (0, 1)


@pytest.fixture
def renewing(door):
    """A session whose id is being replaced by a request that has not ended yet: `(id, go)`; `go()` ends it and gives the new id."""
    door.add()
    old = door.enrol()[0].session
    on, done = eventlet.Event(), eventlet.Event()

    def renew():
        with database.transaction("routing") as connection:
            found = sessions.resume(connection, old, life=LIFE, now=door.now, renew=sessions.AT_ONCE)
            done.send(None)
            on.wait()
        return found.fresh

    request = eventlet.spawn(renew)
    done.wait()

    def go() -> str:
        on.send(None)
        return request.wait()

    return old, go


def end_all(door, _old):
    with database.transaction("routing") as connection:
        return accounts.end_sessions_of(connection, RANIA, now=door.now)


def sign_out(door, old):
    with database.transaction("routing") as connection:
        return sessions.end(connection, old, life=LIFE, now=door.now)


@pytest.mark.parametrize("ends", [end_all, sign_out])
def test_an_id_that_is_being_replaced_is_ended_with_the_one_that_takes_its_place(door, renewing, ends):
    old, go = renewing
    ending = eventlet.spawn(ends, door, old)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    poll.until(lambda: door.rows(waiting) == [(1,)])
    fresh = go()
    assert ending.wait() == 1
    assert door.resume(fresh) is None
    assert door.resume(old) is None


def test_who_cannot_hand_on_a_new_id_makes_none(door):
    door.add()
    old = door.enrol()[0].session
    for _ in range(3):
        door.now += timedelta(minutes=25)
        found = door.resume(old, renew=sessions.NEVER)
        assert (found is None, found.fresh) == (False, None)
    fresh = door.resume(old).fresh
    assert fresh is not None
    with database.transaction("routing") as connection:
        assert sessions.end(connection, fresh, life=LIFE, now=door.now)
    assert door.rows("SELECT count(*) FROM session") == [(2,)]
