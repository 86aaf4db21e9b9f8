"""Passwords, codes, tickets and marks: ours open, nothing else does."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.staff import credentials
from services.routing.staff.credentials import Refused

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEYS = credentials.keys(base64.b64encode(b"k" * 32).decode())
OTHER = credentials.keys(base64.b64encode(b"o" * 32).decode())
PASSWORD = "حصان صحيح بطارية دباسة"


def test_a_password_is_kept_as_argon2id():
    kept = credentials.hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert credentials.is_password(kept, PASSWORD)
    assert not credentials.is_password(kept, PASSWORD + " ")
    assert kept != credentials.hash_password(PASSWORD)


def test_nobody_has_the_password_of_no_account():
    assert credentials.nobodys_hash().split("$")[1:4] == credentials.hash_password("x").split("$")[1:4]
    assert not credentials.is_password(None, PASSWORD)


def test_a_letter_with_its_mark_is_one_letter():
    assert credentials.is_password(credentials.hash_password("caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301")


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", "short"),
        ("x" * 129, "long"),
        ("the old password", "same"),
        ("rania@mwi.gov.jo!", "like_name"),
        ("rania1234567", "like_name"),
        ("rania and a horse of her own", None),
        (PASSWORD, None),
    ],
)
def test_what_a_password_must_not_be(password, fault):
    assert credentials.password_fault(password, "the old password", "rania@mwi.gov.jo") == fault


def test_first_passwords_are_good_enough_and_differ():
    made = {credentials.new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(credentials.password_fault(each, "", "somebody@example.org") is None for each in made)


#: RFC 6238, appendix B, SHA1, the last six of eight digits.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(seconds, code):
    at = datetime.fromtimestamp(seconds, UTC)
    assert credentials.matching_step(b"12345678901234567890", code, at) == seconds // 30


def test_a_clock_may_differ_by_a_step_and_not_by_two():
    secret = credentials.new_secret()
    step = int(NOW.timestamp()) // 30
    codes = {n: credentials._totp(secret).generate((step + n) * 30).decode() for n in range(-3, 4)}
    for n, code in codes.items():
        expected = step + n if abs(n) <= 1 else None
        if list(codes.values()).count(code) == 1:
            assert credentials.matching_step(secret, code, NOW) == expected
    assert credentials.matching_step(secret, "12345", NOW) is None
    assert credentials.matching_step(secret, "", NOW) is None


@pytest.mark.parametrize("typed", ["287 082", "٢٨٧٠٨٢", "۲۸۷-۰۸۲", " 287082\n"])
def test_a_code_is_read_as_people_type_it(typed):
    assert credentials.plain_code(typed) == "287082"


def test_a_recovery_code_is_read_as_people_copy_it():
    typed = credentials.plain_code("0oil1-abcde")
    assert credentials.recovery_hash(KEYS, "a", typed) == credentials.recovery_hash(KEYS, "a", "00111ABCDE")
    assert credentials.recovery_hash(KEYS, "b", typed) != credentials.recovery_hash(KEYS, "a", typed)


@given(st.text())
def test_whatever_is_typed_is_no_error(typed):
    credentials.matching_step(b"1" * 20, credentials.plain_code(typed), NOW)
    assert credentials.known_device(KEYS, "a", 1, typed, NOW) is None
    with pytest.raises(Refused):
        credentials.open_ticket(KEYS, typed, NOW)


def test_a_ticket_is_read_by_us_and_for_ten_minutes():
    made = credentials.ticket(KEYS, {"account": "a"}, NOW)
    late = NOW + credentials.TICKET_LIFE
    assert credentials.open_ticket(KEYS, made, late - timedelta(seconds=1))["account"] == "a"
    for keys, text, at in (
        (KEYS, made, late),
        (OTHER, made, NOW),
        (KEYS, made[:-4] + "AAAA", NOW),
        (KEYS, "", NOW),
    ):
        with pytest.raises(Refused):
            credentials.open_ticket(keys, text, at)


def test_a_secret_opens_for_its_account_alone():
    locked = credentials.lock_secret(KEYS, "a", b"secret")
    assert credentials.unlock_secret(KEYS, "a", locked) == b"secret"
    for keys, account in ((KEYS, "b"), (OTHER, "a")):
        with pytest.raises(Refused):
            credentials.unlock_secret(keys, account, locked)


def test_a_mark_makes_a_device_known_to_one_account_until_it_expires():
    mark = credentials.device_mark(KEYS, "a", 1, "device-1", NOW)
    assert credentials.known_device(KEYS, "a", 1, mark, NOW) == "device-1"
    late = NOW + credentials.DEVICE_LIFE
    for keys, account, epoch, text, at in (
        (KEYS, "b", 1, mark, NOW),
        (KEYS, "a", 2, mark, NOW),
        (OTHER, "a", 1, mark, NOW),
        (KEYS, "a", 1, mark, late),
        (KEYS, "a", 1, mark.replace("device-1", "device-2"), NOW),
        (KEYS, "a", 1, mark + "0", NOW),
        (KEYS, "a", 1, None, NOW),
    ):
        assert credentials.known_device(keys, account, epoch, text, at) is None
