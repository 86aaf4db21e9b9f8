"""Accepting a complaint, on a real database: all of it or nothing, and once per Idempotency-Key."""

import json
from contextlib import closing
from datetime import timedelta

import eventlet
import pytest

from services.chassis import database, seal
from services.chassis.clock import new_id
from services.intake import handlers, tracking, vault
from services.intake.complaint import Accused, Complaint, Flags
from services.intake.store_restrictions import Reader
from tests.support.poll import until
from tests.unit.intake.conftest import CONTACT, NOON, submission

TABLES = ("complaint", "complainant", "idempotency", "outbox")


def counts(databases) -> list[int]:
    return [databases.rows("intake", f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]


def everything(databases) -> bytes:
    """All that is stored, as PostgreSQL writes it out."""
    rows = [str(databases.rows("intake", f"SELECT t::text FROM {table} t")) for table in TABLES]
    return "".join(rows).encode()


def test_a_named_complaint_is_stored_with_its_contact_sealed_and_its_fact(databases, submit, locks, keys):
    receipt = submit()
    assert counts(databases) == [1, 1, 0, 1]
    assert databases.rows("intake", "SELECT last FROM outbox_sequence") == [(1,)]
    [(complaint_id, text, anonymous)] = databases.rows("intake", "SELECT id, text, anonymous FROM complaint")
    assert (text, anonymous) == (submission().text, False)
    [(wrapped, sealed)] = databases.rows("intake", "SELECT wrapped_key, sealed FROM complainant")
    expected = {
        "name": CONTACT.name,
        "phone": CONTACT.phone,
        "email": CONTACT.email,
        "language": "ar",
        "tracking_number": receipt.tracking_number,
        "contact_preference": "any",
    }
    assert vault.unlock_contact(locks.keys.contact, complaint_id, bytes(wrapped), bytes(sealed)) == expected
    [(kind, subject, sequence, scope, data)] = databases.rows(
        "intake", "SELECT type, subject, sequence, scope, data FROM outbox"
    )
    assert (kind, subject, sequence, scope) == ("ComplaintReceived", complaint_id, 1, "-")
    assert seal.unseal(keys["SEAL_PRIVATE_KEY"], data.pop("sealed")) == expected
    assert data == {
        "complaint_id": complaint_id,
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-IR",
        "language": "ar",
        "channel": "web",
        "anonymous": False,
        "received_at": NOON.isoformat(),
        "service": True,
        "rights": False,
        "urgent": False,
        "urgent_ground": None,
        "rights_codes": [],
        "groups": [],
        "accused": [],
    }


def test_whom_it_is_directed_against_travels_as_codes_and_names_sealed(databases, submit, keys):
    name = "المهندس سالم الزعبي"
    accused = (
        Accused("WAJ", "WAJ-IR", name),
        Accused(person="خالد العمري"),
        Accused("MOH"),
        Accused("WAJ", person="نادر"),
    )
    submit(submission(flags=Flags(False, True, ("CP-LIFE",), ("children",), "detention", accused)))
    [(data,)] = databases.rows("intake", "SELECT data FROM outbox")
    sealed = seal.unseal(keys["ROUTING_SEAL_PRIVATE_KEY"], data.pop("accused_sealed"))
    assert [each["name"] for each in sealed["persons"]] == [name, "خالد العمري", "نادر"]
    assert sealed["persons"][0] == {"name": name, "institution": "WAJ", "unit": "WAJ-IR"}
    # A body where a person works is not accused itself.
    assert data["accused"] == [
        {"institution": "WAJ", "unit": "WAJ-IR"},
        {"institution": "MOH", "unit": None},
    ]
    assert (data["service"], data["rights"], data["urgent"], data["urgent_ground"]) == (
        False,
        True,
        True,
        "detention",
    )
    assert (data["rights_codes"], data["groups"]) == (["CP-LIFE"], ["children"])
    assert "الزعبي" not in json.dumps(data, ensure_ascii=False)
    [row] = databases.rows(
        "intake", "SELECT service, rights, rights_codes, groups, urgent, accused FROM complaint"
    )
    assert row[:5] == (False, True, ["CP-LIFE"], ["children"], "detention")
    assert row[5] == [each.as_dict() for each in accused]


def test_an_anonymous_complaint_leaves_its_receipt_nowhere(databases, submit):
    receipt = submit(submission(contact=None), key="k" * 20)
    assert counts(databases) == [1, 0, 1, 1]
    digits = receipt.tracking_number.replace("-", "")
    assert len(digits) == 16
    stored = everything(databases)
    for form in (receipt.tracking_number, digits):
        assert form.encode() not in stored
        assert form.encode().hex().encode() not in stored
    [(data,)] = databases.rows("intake", "SELECT data FROM outbox")
    assert (data["sealed"], data["anonymous"]) == (None, True)


def test_nothing_of_a_person_or_a_story_is_stored_in_the_open(databases, submit):
    receipt = submit(submission(title="انقطاع المياه"), key="my key")
    stored = everything(databases)
    for secret in (CONTACT.name, CONTACT.phone, CONTACT.email, receipt.tracking_number, "my key"):
        assert secret.encode() not in stored
        assert secret.encode().hex().encode() not in stored
    [(data,)] = databases.rows("intake", "SELECT data::text FROM outbox")
    for told in ("المياه", "الحي", CONTACT.name):
        assert told not in data


def test_the_same_key_and_body_give_the_same_answer(databases, submit):
    for key, said in (("named", submission()), ("anonymous", submission(contact=None))):
        first, again = submit(said, key), submit(said, key, now=NOON + timedelta(hours=23))
        assert again == first
    assert counts(databases) == [2, 1, 2, 2]


def test_the_same_key_with_another_body_is_refused(databases, submit):
    submit(submission(), "key")
    with pytest.raises(handlers.KeyReused):
        submit(submission(text="شيء آخر تمامًا"), "key")
    assert counts(databases) == [1, 1, 1, 1]


def test_without_a_key_every_submission_is_a_complaint(databases, submit):
    assert submit().tracking_number != submit().tracking_number
    assert counts(databases) == [2, 2, 0, 2]


def test_a_key_whose_time_is_over_is_taken_over(databases, submit, locks):
    first = submit(submission(), "key")
    later = NOON + locks.keep_answers
    second = submit(submission(text="شيء آخر تمامًا"), "key", now=later)
    assert second != first
    assert submit(submission(text="شيء آخر تمامًا"), "key", now=later + timedelta(hours=1)) == second
    assert counts(databases) == [2, 2, 1, 2]


@pytest.mark.parametrize("same_body", [True, False])
def test_of_many_at_once_with_one_key_one_wins(databases, submit, same_body):
    def one(index):
        said = submission() if same_body else submission(text=f"النص رقم {index} من عشرة")
        try:
            return submit(said, "key")
        except handlers.KeyReused:
            return None

    answers = [thread.wait() for thread in [eventlet.spawn(one, index) for index in range(10)]]
    assert len(set(answers) - {None}) == 1
    assert answers.count(None) == (0 if same_body else 9)
    assert counts(databases) == [1, 1, 1, 1]


def test_the_second_waits_for_the_first_and_takes_over_when_it_fails(databases, submit, locks):
    """The first one's transaction is open while the second comes, and then rolls back: the second must file, not answer
    with what never was."""
    said = submission()
    key_hash, body_hash = vault.request_hashes(
        locks.keys.pepper, "key", said.normal_form(language_given=True)
    )
    row = (key_hash, body_hash, b"never was", NOON + locks.keep_answers)
    with closing(databases.connect("intake")) as first, first.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO intake.idempotency VALUES (%s, %s, %s, %s)", row)
        second = eventlet.spawn(submit, said, "key")
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %(name)s AND wait_event = 'transactionid'"
        )
        until(lambda: databases.rows("intake", waiting, {"name": databases.name})[0][0])
        cursor.execute("ROLLBACK")
    receipt = second.wait()
    assert submit(said, "key") == receipt
    assert counts(databases) == [1, 1, 1, 1]


def test_a_number_that_is_taken_is_drawn_again(databases, submit):
    drawn = iter([7, 7, 7, 8])
    first = submit(submission(contact=None), "a", randbelow=lambda _: next(drawn))
    second = submit(submission(contact=None), "b", randbelow=lambda _: next(drawn))
    assert first.tracking_number != second.tracking_number
    assert next(drawn, None) is None
    assert counts(databases) == [2, 0, 2, 2]


def test_a_fact_that_is_refused_leaves_nothing_behind(databases, submit, monkeypatch):
    monkeypatch.setattr(Complaint, "received", lambda self, *_: {"complaint_id": self.id})
    with pytest.raises(ValueError, match="ComplaintReceived"):
        submit(submission(), "key")
    assert counts(databases) == [0, 0, 0, 0]


def test_answers_whose_time_is_over_are_forgotten_in_chunks(databases, submit, locks, monkeypatch):
    monkeypatch.setattr(handlers, "FORGET_CHUNK", 2)
    for index in range(5):
        submit(submission(), f"key {index}")
    kept = submit(submission(), "kept", now=NOON + timedelta(hours=1))
    assert handlers.forget_answers(NOON + locks.keep_answers) == 5
    assert counts(databases) == [6, 6, 1, 6]
    assert submit(submission(), "kept", now=NOON + timedelta(hours=2)) == kept


def test_a_complaint_is_found_by_its_number_alone(databases, submit, locks):
    named, anonymous = submit(), submit(submission(contact=None))
    pepper = locks.keys.pepper
    with database.transaction("intake") as connection:
        for receipt in (named, anonymous):
            standing = handlers.track(connection, tracking.parse(receipt.tracking_number), pepper=pepper)
            assert standing.status.code == "received"
            assert not hasattr(standing.row, "text")
        with pytest.raises(handlers.NoSuchComplaint):
            handlers.track(connection, tracking.new_receipt(lambda _: 1), pepper=pepper)
        with pytest.raises(handlers.NoSuchComplaint):
            handlers.track(connection, named.tracking_number, pepper=b"another pepper")
        with pytest.raises(handlers.NoSuchComplaint):
            handlers.read(connection, new_id(), reader=Reader("somebody", None))


def test_secrets_do_not_show_in_a_repr(submit, locks):
    receipt = submit()
    shown = repr(locks) + repr(receipt)
    assert receipt.tracking_number not in shown
    assert json.dumps(locks.seal_public_key) not in json.dumps(shown)
