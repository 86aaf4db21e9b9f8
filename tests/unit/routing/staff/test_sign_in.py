"""Signing in on a real database: who comes in, who waits, and that nobody can make somebody else wait."""

import base64
from datetime import timedelta

import pytest

from services.chassis import database
from services.routing.staff import accounts, credentials, lockout, sign_in
from services.routing.staff.sessions import Where
from tests.unit.routing.conftest import NOW
from tests.unit.routing.staff.door import HOME, PASSWORD, RANIA, Door


def second(number: int) -> timedelta:
    return timedelta(seconds=number)


@pytest.fixture
def door(routing, keys) -> Door:
    return Door(routing, keys["ACCOUNT_KEY"])


def test_the_first_time_the_phone_becomes_known(door):
    door.add()
    half = door.knock()
    assert half.enrolment.uri.startswith("otpauth://totp/Bekhedmetkom:rania%40mwi.gov.jo?")
    wrong = door.show(half.ticket, "000000")
    assert (wrong.outcome, wrong.enrolment) == ("refused", half.enrolment)
    entered, _ = door.enrol()
    assert entered.outcome == "in"
    assert entered.account["roles"] == ["officer"]
    assert entered.account["institution"] == "MWI"
    assert entered.account["must_change"] is True
    assert len(set(entered.recovery_codes)) == 10
    assert door.resume(entered.session).account == entered.account
    assert door.knock().enrolment is None


def test_what_is_kept_gives_nobody_a_way_in(door):
    door.add()
    entered, secret = door.enrol()
    kept = str(
        [
            door.rows(f"SELECT * FROM {table}")
            for table in ("account", "session", "recovery_code", "sign_in_attempt")
        ]
    )
    for given in (entered.session, secret.decode("latin-1"), PASSWORD, *entered.recovery_codes):
        assert given not in kept
    tries = str(door.rows("SELECT * FROM sign_in_attempt"))
    assert "rania" not in tries


def test_an_officer_of_the_directory_is_found_by_address(door):
    ((officer, email),) = door.rows(
        "SELECT id, email FROM officer WHERE institution = 'MWI' ORDER BY email LIMIT 1"
    )
    door.add(subject=email.upper())
    door.add(subject="stranger@mwi.gov.jo")
    found = dict(door.rows("SELECT subject, officer_id FROM account"))
    assert found == {email.lower(): officer, "stranger@mwi.gov.jo": None}


@pytest.mark.parametrize(
    ("subject", "roles", "institution"),
    [
        (RANIA, ("officer",), None),
        (RANIA, ("king",), "MWI"),
        (RANIA, (), "MWI"),
        (RANIA, ("officer",), "NONE"),
        ("two words", ("coordinator",), None),
        ("", ("coordinator",), None),
        ("SALMA@mwi.gov.jo", ("coordinator",), None),
    ],
)
def test_an_account_that_cannot_be_is_not_made(door, subject, roles, institution):
    door.add(subject="salma@mwi.gov.jo")
    with pytest.raises(accounts.NotAdded):
        door.add(subject, roles, institution)


def test_a_code_is_good_once_and_so_is_none_before_it(door):
    door.add()
    _, secret = door.enrol()
    door.now += second(60)
    before = door.code(secret)
    door.now += second(30)
    after = door.code(secret)
    ticket = door.knock().ticket
    assert door.show(ticket, after).outcome == "in"
    assert door.show(ticket, after).outcome == "refused"
    assert door.show(ticket, before).outcome == "refused"
    door.now += second(30)
    assert door.show(ticket, door.code(secret)).outcome == "in"


def test_a_recovery_code_is_good_once(door):
    door.add()
    entered, _ = door.enrol()
    first, second_one = entered.recovery_codes[:2]
    typed = f"{first[:5]}-{first[5:]}".lower()
    assert door.show(door.knock().ticket, typed).outcome == "in"
    assert door.show(door.knock().ticket, typed).outcome == "refused"
    assert door.show(door.knock().ticket, second_one).outcome == "in"
    assert door.rows("SELECT count(*) FROM recovery_code WHERE used_at IS NOT NULL") == [(2,)]


def test_a_ticket_is_of_one_time_and_one_epoch(door):
    door.add()
    _, secret = door.enrol()
    door.now += second(60)
    ticket = door.knock().ticket
    assert door.show("nonsense", door.code(secret)).outcome == "expired"
    with database.transaction("routing") as connection:
        accounts.end_sessions_of(connection, RANIA, now=door.now)
    assert door.show(ticket, door.code(secret)).outcome == "expired"
    ticket = door.knock().ticket
    door.now += credentials.TICKET_LIFE
    assert door.show(ticket, door.code(secret)).outcome == "expired"


def test_a_phone_whose_network_changes_in_between_comes_in(door):
    door.add()
    _, secret = door.enrol()
    door.now += second(60)
    assert door.show(door.knock().ticket, door.code(secret), Where("203.0.113.0/24", "x")).outcome == "in"


def test_a_phone_is_made_known_by_one_ticket_alone(door):
    door.add()
    early, late = door.knock(), door.knock()
    secret = base64.b32decode(early.enrolment.secret)
    assert door.show(early.ticket, door.code(secret)).outcome == "in"
    other = base64.b32decode(late.enrolment.secret)
    assert door.show(late.ticket, door.code(other)).outcome == "expired"


def test_wrong_tries_from_a_place_make_that_place_wait(door):
    door.add()
    _, secret = door.enrol()
    elsewhere = Where("203.0.113.0/24", "x")
    for _ in range(lockout.FREE_HERE):
        assert door.knock("wrong", elsewhere) == "refused"
    assert door.knock("wrong", elsewhere) == 5
    assert door.knock(PASSWORD, elsewhere) == 5
    assert isinstance(door.knock(), sign_in.Half)
    door.now += second(5)
    assert door.knock("wrong", elsewhere) == "refused"
    assert door.knock(PASSWORD, elsewhere) == 10
    door.now += second(10)
    assert door.come_in(secret, elsewhere).outcome == "in"
    assert door.knock("wrong", elsewhere) == "refused"


def test_what_waits_is_not_counted(door):
    door.add()
    for _ in range(lockout.FREE_HERE + 50):
        door.knock("wrong")
    assert door.rows("SELECT count(*) FROM sign_in_attempt") == [(lockout.FREE_HERE,)]


def test_who_is_known_by_the_device_signs_in_through_any_attack(door):
    door.add()
    entered, secret = door.enrol()
    marked = Where("192.0.2.0/24", "Firefox", entered.mark)
    door.attack()
    # The attackers sit in the same network, too.
    for _ in range(20):
        door.knock("wrong", Where("192.0.2.0/24", "x"))
    assert door.come_in(secret, marked).outcome == "in"


def test_who_comes_from_a_new_place_is_held_once_and_then_judged(door):
    door.add()
    _, secret = door.enrol()
    door.attack()
    new = Where("192.0.2.0/24", "Firefox")
    assert door.knock(where=new) == 10
    door.now += second(4)
    door.attack()
    wait = door.knock(where=new)
    assert wait in (6, 26)
    for _ in range(int(wait)):
        door.now += second(1)
        door.knock("wrong", Where("10.0.1.0/24", "x"))
    assert isinstance(door.knock(where=new), sign_in.Half)
    door.now += second(60)
    assert door.knock("wrong", new) in (10, 30)
    assert secret


def test_a_device_is_known_to_its_account_alone(door):
    door.add()
    door.add(subject="salma@mwi.gov.jo")
    entered, _ = door.enrol()
    door.attack(subject="salma@mwi.gov.jo")
    marked = Where("192.0.2.0/24", "Firefox", entered.mark)
    assert door.knock(where=marked, subject="salma@mwi.gov.jo") == 10


def test_a_guesser_on_a_known_device_waits_like_others(door):
    door.add()
    entered, _ = door.enrol()
    marked = Where("192.0.2.0/24", "Firefox", entered.mark)
    for _ in range(lockout.FREE_HERE):
        assert door.knock("wrong", marked) == "refused"
    assert door.knock(PASSWORD, marked) == 5


def test_codes_cannot_be_guessed_from_many_places_by_who_knows_the_password(door):
    door.add()
    entered, secret = door.enrol()
    door.now += second(60)
    judged = 0
    for number in range(lockout.MOST_CODES + 5):
        where = Where(f"10.1.{number}.0/24", "x")
        judged += door.show(door.knock(where=where).ticket, "12345x", where).outcome == "refused"
    assert judged == lockout.MOST_CODES
    new = Where("192.0.2.0/24", "Firefox")
    assert door.show(door.knock(where=new).ticket, door.code(secret), new).wait == timedelta(hours=1)
    assert door.come_in(secret, Where("192.0.2.0/24", "Firefox", entered.mark)).outcome == "in"


def test_no_account_and_a_wrong_password_are_one_and_the_same(door):
    door.add()
    door.add(subject="gone@mwi.gov.jo")
    with database.transaction("routing") as connection:
        accounts.set_state(connection, "gone@mwi.gov.jo", "disabled", now=NOW)
    seen = {
        subject: [door.knock("wrong", subject=subject) for _ in range(8)]
        for subject in (RANIA, "nobody@mwi.gov.jo", "gone@mwi.gov.jo")
    }
    assert len({str(each) for each in seen.values()}) == 1
    assert door.knock(PASSWORD, Where("192.0.2.0/24", "x"), "gone@mwi.gov.jo") == "refused"


def test_behind_a_spent_address_known_devices_are_judged_and_no_others(door):
    door.add()
    entered, secret = door.enrol()
    crowd = Where(HOME.place, "Firefox", None, spent=True)
    assert door.knock(where=crowd) == 60
    assert door.knock(where=crowd, subject="nobody@mwi.gov.jo") == 60
    assert door.come_in(secret, Where(HOME.place, "Firefox", entered.mark, spent=True)).outcome == "in"
