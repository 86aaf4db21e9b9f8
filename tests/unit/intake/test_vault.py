"""Encryption at rest: each thing opens in its own place, with its own key, and nowhere else."""

import os

import pytest

from services.intake import vault

KEY, OTHER_KEY, PEPPER = os.urandom(32), os.urandom(32), os.urandom(32)
CONTACT = {"name": "سارة", "phone": "+962791234567", "email": None}
ID, OTHER_ID = "019400e5-0000-7000-8000-000000000001", "019400e5-0000-7000-8000-000000000002"


def test_a_contact_opens_again():
    assert vault.unlock_contact(KEY, ID, *vault.lock_contact(KEY, ID, CONTACT)) == CONTACT


def test_each_complainant_has_a_key_of_their_own():
    first, second = (vault.lock_contact(KEY, ID, CONTACT) for _ in range(2))
    assert first[0] != second[0]
    with pytest.raises(vault.VaultError):
        vault.unlock_contact(KEY, ID, first[0], second[1])


def test_a_contact_does_not_open_in_another_row():
    with pytest.raises(vault.VaultError):
        vault.unlock_contact(KEY, OTHER_ID, *vault.lock_contact(KEY, ID, CONTACT))


def test_another_key_is_named_as_the_cause():
    with pytest.raises(vault.VaultError, match="CONTACT_KEY"):
        vault.unlock_contact(OTHER_KEY, ID, *vault.lock_contact(KEY, ID, CONTACT))


@pytest.mark.parametrize("which", [0, 1])
def test_an_altered_byte_is_found(which):
    locked = list(vault.lock_contact(KEY, ID, CONTACT))
    locked[which] = locked[which][:-1] + bytes([locked[which][-1] ^ 1])
    with pytest.raises(vault.VaultError):
        vault.unlock_contact(KEY, ID, *locked)


def test_nothing_of_a_person_can_be_read_in_what_is_stored():
    stored = b"".join(vault.lock_contact(KEY, ID, CONTACT))
    assert "سارة".encode() not in stored
    assert b"791234567" not in stored


def test_a_kept_answer_opens_only_for_who_says_the_same_with_the_same_key():
    answer = {"tracking_number": "4831-0275-9916-3047"}
    key_hash, body_hash = vault.request_hashes(PEPPER, "key-1", {"text": "a"})
    locked = vault.lock_answer(PEPPER, "key-1", body_hash, answer)
    assert b"4831" not in locked
    assert vault.unlock_answer(PEPPER, "key-1", body_hash, locked) == answer
    _, other_body = vault.request_hashes(PEPPER, "key-1", {"text": "b"})
    for pepper, key, body in (
        (KEY, "key-1", body_hash),
        (PEPPER, "key-2", body_hash),
        (PEPPER, "key-1", other_body),
    ):
        with pytest.raises(vault.VaultError):
            vault.unlock_answer(pepper, key, body, locked)
    assert key_hash == vault.request_hashes(PEPPER, "key-1", {"text": "b"})[0]
    assert key_hash != vault.request_hashes(PEPPER, "key-2", {"text": "a"})[0]


def test_the_order_of_fields_does_not_change_a_body():
    assert vault.request_hashes(PEPPER, "k", {"a": 1, "b": 2}) == vault.request_hashes(
        PEPPER, "k", {"b": 2, "a": 1}
    )


def test_keys_do_not_show_in_a_repr():
    assert "x" not in repr(vault.Keys(b"x" * 32, b"x" * 32))
