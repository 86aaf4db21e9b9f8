"""Who is told what in the life of a case, on a real database."""

from datetime import UTC, datetime

import pytest

from services.chassis import database, seal
from services.chassis.clock import new_id
from services.chassis.event import Event
from services.notification import events
from services.notification.service import NotificationService

CASE = "0192f3a1-7c41-7d3e-9b52-4f6a8c1d2e30"
OFFICER = "5b1f6c8e-0d55-4c4e-9a53-3a0f0c2b7d11"
NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)
NAME = {"ar": "وزارة الصحة", "en": "Ministry of Health"}


@pytest.fixture
def told(databases, environment, keys):
    """told(reads, **data): hands a fact over; the new (recipient, channel, template, state)s."""
    environment(
        {
            "AMQP_URI": "embedded://",
            "SMTP_URL": "smtp://127.0.0.1:9",
            "SMPP_URL": "smpp://nobody:none@127.0.0.1:9",
            "MAIL_FROM": "no-reply@example.org",
            "SMS_FROM": "Test",
            "COORDINATOR_EMAIL": "coordinator@example.org",
        }
    )
    service = NotificationService()
    contact = {"name": "سارة", "phone": "+962791234567", "email": "sara@example.org", "language": "ar"}
    sealed = seal.seal(keys["SEAL_PUBLIC_KEY"], contact)
    seen: set = set()

    def hand_over(reads, method, **data):
        loaded = reads.schema().load({"complaint_id": CASE, **data})
        fact = Event(new_id(), reads.type, 1, reads.source, CASE, 1, NOON, "-", loaded, correlation_id="c")
        with database.transaction("notification") as connection:
            getattr(service, method)(connection, [fact])
        rows = databases.rows("notification", "SELECT id, recipient, channel, template, state FROM message")
        new = sorted(row[1:] for row in rows if row[0] not in seen)
        seen.update(row[0] for row in rows)
        return new

    hand_over(events.COMPLAINT_RECEIVED, "complaint_received", language="ar", sealed=sealed)
    hand_over(
        events.COMPLAINT_ASSIGNED,
        "complaint_assigned",
        institution_name=NAME,
        officer_id=OFFICER,
        sealed=sealed,
    )
    return hand_over


def by_both(template):
    return [("complainant", "email", template, "pending"), ("complainant", "sms", template, "pending")]


@pytest.mark.parametrize(
    ("reads", "method", "data", "template"),
    [
        (events.INFORMATION_REQUESTED, "information_requested", {"answer_by": NOON.isoformat()}, "asked"),
        (events.REPLY_APPROVED, "reply_approved", {"confirm_until": NOON.isoformat()}, "answered"),
        (events.COMPLAINT_CLOSED, "complaint_closed", {}, "closed"),
        (
            events.COMPLAINT_TRANSFERRED,
            "complaint_transferred",
            {"receiver_name": NAME, "arbiter": False},
            "transferred",
        ),
        (events.COMPLAINT_REFERRED, "complaint_referred", {"outside_body_name": NAME}, "transferred"),
    ],
)
def test_the_complainant_is_told_by_both_channels(told, reads, method, data, template):
    assert told(reads, method, **data) == by_both(template)


def test_the_arbiter_is_told_that_one_is_needed(told):
    found = told(events.COMPLAINT_TRANSFERRED, "complaint_transferred", receiver_name=NAME, arbiter=True)
    assert found == [*by_both("transferred"), ("coordinator", "email", "arbiter", "pending")]


def test_the_officer_is_told_of_an_answer_and_of_nothing_else_that_resumes(told):
    officer = f"officer:{OFFICER}"
    for reason in ("no_answer", "transfer_objected"):
        assert told(events.CASE_RESUMED, "case_resumed", officer_id=OFFICER, reason=reason) == []
    found = told(events.CASE_RESUMED, "case_resumed", officer_id=OFFICER, reason="answered")
    assert found == [(officer, "email", "officer_message", "pending")]
    found = told(events.REPLY_RETURNED, "reply_returned", officer_id=OFFICER)
    assert found == [(officer, "email", "officer_returned", "pending")]
