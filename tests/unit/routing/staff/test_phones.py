"""A phone that is lost, recovery codes that run out, first passwords that lie about, and answers that get lost on their way."""

import base64
from datetime import timedelta

import pytest

from services.chassis import database
from services.chassis.clock import new_id
from services.routing.staff import accounts, credentials, lockout, phones, sessions, sign_in, store_identity
from services.routing.staff.credentials import Cost
from services.routing.staff.session import GRACE
from tests.unit.routing.staff.door import HOME, LIFE, PASSWORD, RANIA, Door

SOMEBODY = "0191d4c0-0000-7000-8000-000000000001"
DAYS = timedelta(hours=72)


def second(number: int) -> timedelta:
    return timedelta(seconds=number)


@pytest.fixture
def door(routing, keys) -> Door:
    made = Door(routing, keys["ACCOUNT_KEY"])
    made.add()
    return made


def account_id(door) -> str:
    ((found,),) = door.rows("SELECT id::text FROM account WHERE subject = %(name)s", {"name": RANIA})
    return found


def forget(door, by: str = SOMEBODY):
    with database.transaction("routing") as connection:
        return phones.forget(connection, account_id(door), by=by, life=DAYS, keys=door.keys, now=door.now)


def renew(door, session, proof):
    """What came of a wish for new recovery codes: a fault, or the codes."""
    with database.transaction("routing") as connection:
        wish = phones.start_renewal(
            connection, session, proof, HOME, keys=door.keys, life=LIFE, now=door.now, attempt=new_id()
        )
    if wish.fault or wish.codes:
        return wish.fault or wish.codes
    if proof != PASSWORD:
        return "refused"
    with database.transaction("routing") as connection:
        return phones.renew(connection, wish, session, keys=door.keys, life=LIFE, now=door.now)


def history(door) -> list[str]:
    with database.transaction("routing") as connection:
        return [each.what for each in store_identity.events_page(connection, account_id(door), None, 50)][
            ::-1
        ]


def test_another_phone_takes_the_place_of_a_lost_one(door):
    entered, secret = door.enrol()
    code = forget(door)
    assert door.resume(entered.session) is None
    door.now += second(60)
    half = door.knock()
    assert (half.enrolment, half.anew) == (None, True)
    for wrong in (door.code(secret), entered.recovery_codes[0], "ABCDE-FGHJK"):
        refused = door.show(half.ticket, wrong)
        assert (refused.outcome, refused.anew, refused.enrolment) == ("refused", True, None)
    shown = door.show(half.ticket, f"{code[:5]}-{code[5:]}".lower())
    assert shown.outcome == "enrol"
    fresh = base64.b32decode(shown.enrolment.secret)
    assert fresh != secret
    # Whoever stops in the middle begins again.
    assert door.show(door.knock().ticket, code).outcome == "enrol"
    come = door.show(shown.ticket, door.code(fresh))
    assert (come.outcome, len(come.recovery_codes)) == ("in", 10)
    door.now += second(60)
    half = door.knock()
    assert half.anew is False
    assert door.show(half.ticket, code).outcome == "refused"
    assert door.show(half.ticket, door.code(fresh)).outcome == "in"
    assert history(door) == ["made", "phone_known", "phone_forgotten", "phone_known"]
    ((actor,),) = door.rows("SELECT actor FROM account_event WHERE what = 'phone_forgotten'")
    assert actor == SOMEBODY


def test_the_password_alone_makes_no_phone_known_after_a_loss(door):
    before = door.knock()
    forget(door)
    # A page with a secret that was open before.
    assert door.show(before.ticket, door.code(base64.b32decode(before.enrolment.secret))).outcome == "expired"
    assert door.knock().enrolment is None


def test_a_code_that_was_handed_over_is_good_for_a_while_and_until_the_next(door):
    door.enrol()
    first = forget(door)
    code = forget(door)
    assert door.show(door.knock().ticket, first).outcome == "refused"
    door.now += DAYS
    assert door.show(door.knock().ticket, code).outcome == "refused"
    code = forget(door)
    assert door.show(door.knock().ticket, code).outcome == "enrol"


def test_it_is_guessed_no_faster_than_any_code(door):
    door.enrol()
    code = forget(door)
    ticket = door.knock().ticket
    for _ in range(lockout.FREE_HERE):
        assert door.show(ticket, "ABCDE-FGHJK").outcome == "refused"
    assert door.show(ticket, code).outcome == "wait"


def test_nobody_makes_another_phone_their_own_with_a_session_that_they_hold(door):
    entered, _ = door.enrol()
    with pytest.raises(phones.OwnAccount):
        forget(door, by=account_id(door))
    assert door.resume(entered.session) is not None


def test_the_history_of_an_account_is_only_added_to(door):
    for change in ("UPDATE account_event SET actor = 'x'", "DELETE FROM account_event"):
        with pytest.raises(Exception, match="only added to"):
            door.rows(change)


def test_recovery_codes_are_renewed_by_password_or_code(door):
    entered, secret = door.enrol()
    assert renew(door, entered.session, "another password") == "refused"
    assert renew(door, entered.session, entered.recovery_codes[0]) == "refused"
    # The code that signed in is good no more.
    assert renew(door, entered.session, door.code(secret)) == "refused"
    fresh = renew(door, entered.session, PASSWORD)
    assert len(set(fresh)) == 10
    assert door.show(door.knock().ticket, entered.recovery_codes[0]).outcome == "refused"
    door.now += second(60)
    code = door.code(secret)
    newest = renew(door, entered.session, code)
    assert len(set(newest)) == 10
    assert renew(door, entered.session, code) == "refused"
    assert door.show(door.knock().ticket, fresh[0]).outcome == "refused"
    used = door.show(door.knock().ticket, newest[0])
    assert (used.outcome, used.recovery_codes_left) == ("in", 9)
    assert history(door) == [
        "made",
        "phone_known",
        "recovery_codes_renewed",
        "recovery_codes_renewed",
        "recovery_code_used",
    ]


def test_a_stolen_session_cannot_guess_its_way_to_recovery_codes(door):
    entered, _ = door.enrol()
    for _ in range(lockout.FREE_HERE):
        assert renew(door, entered.session, "wrong") == "refused"
    assert renew(door, entered.session, PASSWORD) == "wait"
    assert isinstance(door.knock(), sign_in.Half)
    assert renew(door, "nonsense", PASSWORD) == "over"


def test_a_first_password_that_lay_about_too_long_opens_nothing(door):
    door.now += sign_in.FIRST_PASSWORD - second(1)
    entered, _ = door.enrol()
    door.now += second(1)
    assert door.knock() == "refused"
    # Who is in may still change it.
    with database.transaction("routing") as connection:
        changing = accounts.start_change(
            connection,
            entered.session,
            PASSWORD,
            "a horse that is correct",
            HOME,
            keys=door.keys,
            life=LIFE,
            now=door.now,
            attempt=new_id(),
        )
    assert changing.fault is None


def test_a_password_is_hashed_anew_when_guessing_it_is_to_cost_more(door):
    dearer = Cost(passes=3, memory_mib=20)
    ((kept,),) = door.rows("SELECT password_hash FROM account")
    assert credentials.costs(kept, Cost())
    assert not credentials.costs(kept, dearer)
    anew = credentials.hash_password(PASSWORD, dearer)
    assert credentials.costs(anew, dearer)
    with database.transaction("routing") as connection:
        started = sign_in.start(connection, RANIA, HOME, keys=door.keys, now=door.now, attempt=new_id())
    with database.transaction("routing") as connection:
        sign_in.password_was_right(connection, started, keys=door.keys, now=door.now, hashed_anew=anew)
    assert door.rows("SELECT password_hash FROM account") == [(anew,)]
    # Whoever changed the password meanwhile keeps the new one.
    with database.transaction("routing") as connection:
        sign_in.password_was_right(connection, started, keys=door.keys, now=door.now, hashed_anew="old")
    assert door.rows("SELECT password_hash FROM account") == [(anew,)]


def test_an_answer_that_got_lost_signs_nobody_out(door):
    entered, _ = door.enrol()
    lost = door.resume(entered.session, renew=sessions.AT_ONCE).fresh
    door.now += GRACE
    found = door.resume(entered.session)
    assert found.fresh not in (None, lost)
    assert door.resume(found.fresh) is not None
    # It turns up after all: two hold the session.
    door.now += GRACE
    assert door.resume(lost) is None
    assert door.resume(found.fresh) is None


def test_an_old_id_does_not_come_back_from_a_session_that_nobody_uses(door):
    entered, _ = door.enrol()
    door.resume(entered.session, renew=sessions.AT_ONCE)
    door.now += LIFE.idle
    assert door.resume(entered.session) is None


def test_an_id_that_arrived_makes_the_old_one_a_thief_s(door):
    entered, _ = door.enrol()
    fresh = door.resume(entered.session, renew=sessions.AT_ONCE).fresh
    assert door.resume(fresh) is not None
    door.now += GRACE
    assert door.resume(entered.session) is None
    assert door.resume(fresh) is None
