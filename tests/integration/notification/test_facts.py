"""What facts write: one message per fact, recipient and channel, whatever their order, and no personal data in it."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from services.chassis import database
from services.chassis.clock import new_id, now
from services.chassis.seal import new_keys
from services.chassis.subscriber import Permanent
from services.notification import handlers, sending
from services.notification.message import Quiet
from tests.support.notices import (
    CONTACT,
    EMAIL,
    NAME,
    NIGHT_IS_OFF,
    OFFICER,
    PHONE,
    TRACKING,
    Facts,
    handle,
    handle_batch,
    unseal,
)


@pytest.fixture
def messages(databases):
    """(template, recipient without its id, channel, state) of all messages, counted."""

    def messages() -> Counter:
        rows = databases.rows(
            "notification", "SELECT template, split_part(recipient, ':', 1), channel, state FROM message"
        )
        return Counter(" ".join(row) for row in rows)

    return messages


ALL = Counter(
    [
        "received complainant sms pending",
        "received complainant email pending",
        "assigned complainant sms pending",
        "assigned complainant email pending",
        "officer_assigned officer email pending",
        "promised complainant sms pending",
        "promised complainant email pending",
    ]
)


def test_the_usual_way(facts, messages):
    fact = facts()
    handle(fact.received(), fact.assigned(), fact.promised())
    assert messages() == ALL


def test_a_promise_that_moved_is_told_once(facts, messages):
    fact = facts()
    moved = fact.moved()
    handle(fact.received(), moved, moved)
    assert messages() == Counter(
        {each: 1 for each in ALL if each.startswith("received")}
        | {"promise_moved complainant sms pending": 1, "promise_moved complainant email pending": 1}
    )


def test_the_same_fact_twice_makes_one_message(facts, messages):
    fact = facts()
    story = [fact.received(), fact.assigned(), fact.promised()]
    handle(*story, *story)
    assert messages() == ALL


def test_the_order_of_sources_does_not_matter(facts, messages):
    fact = facts()
    handle(fact.promised(), fact.assigned())
    assert messages() == Counter(
        [
            "assigned complainant sms awaiting_recipient",
            "assigned complainant email awaiting_recipient",
            "officer_assigned officer email pending",
            "promised complainant sms awaiting_recipient",
            "promised complainant email awaiting_recipient",
        ]
    )
    handle(fact.received())
    assert messages() == ALL


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (None, []),
        (
            CONTACT | {"phone": None},
            ["received complainant email pending", "assigned complainant email pending"],
        ),
        (
            CONTACT | {"contact_preference": "portal_only"},
            ["received complainant sms suppressed", "assigned complainant sms suppressed"],
        ),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_wishes_and_missing_contacts_are_obeyed_in_either_order(facts, messages, contact, expected, swapped):
    fact = facts(contact)
    story = [fact.received(), fact.assigned()]
    handle(*(reversed(story) if swapped else story))
    assert messages() == Counter([*expected, "officer_assigned officer email pending"])


def test_two_transactions_at_once_leave_nothing_behind(facts, messages):
    """Neither sees the other's row; the sweep does."""
    fact = facts()
    usual = {"now": now(), "new_id": new_id, "quiet": NIGHT_IS_OFF}
    with database.transaction("notification") as one, database.transaction("notification") as other:
        handlers.promises_set(one, [fact.promised()], **usual)
        handlers.complaints_received(other, [fact.received()], unseal=unseal, **usual)
    assert messages()["promised complainant sms awaiting_recipient"] == 1
    with database.transaction("notification") as connection:
        assert handlers.release(connection, None, now=now(), quiet=NIGHT_IS_OFF) == 2
    assert messages()["promised complainant sms pending"] == 1
    with database.transaction("notification") as connection:
        assert handlers.release(connection, None, now=now(), quiet=NIGHT_IS_OFF) == 0


def test_the_coordinator_is_told_of_what_nobody_has(facts, messages):
    handle(facts().unowned())
    assert messages() == Counter(["unowned coordinator email pending"])


def test_an_officer_who_follows_another_is_told_too(facts, messages):
    fact = facts()
    handle(fact.received(), fact.assigned())
    fact.officer = new_id()
    handle(fact.assigned())
    assert messages()["officer_assigned officer email pending"] == 1
    assert messages()["officer_assigned officer email withheld"] == 1


def test_an_officer_is_written_to_where_the_newest_fact_says(facts, databases):
    fact = facts()
    handle(fact.received(), fact.assigned())
    fact.contact = OFFICER | {"email": None}
    handle(fact.assigned())
    statement = "SELECT channel, state FROM message WHERE recipient LIKE 'officer:%' ORDER BY id"
    assert databases.rows("notification", statement) == [("email", "pending"), ("sms", "pending")]
    claims = sending.claim("sms", limit=9, now=now(), quiet=NIGHT_IS_OFF)
    (claimed,) = [each for each in claims if each.recipient == f"officer:{fact.officer}"]
    assert unseal(claimed.sealed) == fact.contact
    # What the complainant gave, and what is left of it, no later fact changes.
    databases.rows("notification", "UPDATE recipient SET sealed = NULL WHERE key = 'complainant' RETURNING 1")
    handle(fact.received())
    statement = "SELECT sealed FROM recipient WHERE key = 'complainant'"
    assert databases.rows("notification", statement) == [(None,)]


def test_a_batch_is_one_transaction(facts, messages):
    many = [facts() for _ in range(50)]
    handle_batch([fact.promised() for fact in many])
    handle_batch([fact.received() for fact in many])
    assert messages() == Counter({each: 50 for each in ALL if each.startswith(("received", "promised"))})


def test_a_contact_that_cannot_be_opened_is_parked_at_once(facts, messages):
    _, public = new_keys()
    with pytest.raises(Permanent, match="contact_unreadable"):
        handle(Facts({"SEAL_PUBLIC_KEY": public}).received())
    assert messages() == Counter()


def test_nothing_personal_is_kept_in_clear(facts, databases):
    fact = facts()
    handle(fact.received(), fact.assigned(), fact.promised(), fact.unowned())
    for table in ("message", "recipient", "outbox", "inbox"):
        kept = " ".join(str(row) for row in databases.rows("notification", f"SELECT t::text FROM {table} t"))
        for secret in (NAME, PHONE, EMAIL, TRACKING, OFFICER["name"], OFFICER["email"]):
            assert secret not in kept


def test_at_night_the_phone_waits(facts, databases):
    fact = facts()
    handle(fact.received(), at=datetime(2026, 11, 23, 22, tzinfo=UTC), quiet=Quiet())
    rows = dict(databases.rows("notification", "SELECT channel, not_before FROM message"))
    assert rows["sms"].astimezone(UTC) == datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert rows["email"].astimezone(UTC) == datetime(2026, 11, 23, 22, tzinfo=UTC)
