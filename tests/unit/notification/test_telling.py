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

    hand_over.sealed = sealed
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
        (events.INTERIM_REPLY_GIVEN, "interim_reply_given", {"expected_at": NOON.isoformat()}, "interim"),
        (events.COMPLAINANT_REMINDED, "complainant_reminded", {"confirm_until": NOON.isoformat()}, "rate"),
        (events.COMPLAINT_CLOSED, "complaint_closed", {}, "closed"),
        (
            events.COMPLAINT_TRANSFERRED,
            "complaint_transferred",
            {"receiver_name": NAME, "arbiter": False},
            "transferred",
        ),
        (events.COMPLAINT_REFERRED, "complaint_referred", {"outside_body_name": NAME}, "referred"),
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


HOLDER = "7d2a9b4e-3c11-4f6e-8a27-9e51d0c6b3f8"


def raised(told, **data):
    usual = {
        "level": 1,
        "cause": "promise",
        "officer_id": OFFICER,
        "holder_id": HOLDER,
        "urgent": False,
        "sealed": told.sealed,
    }
    return told(events.COMPLAINT_ESCALATED, "complaint_escalated", **usual | data)


def test_of_an_escalation_complainant_officer_and_holder_are_told_once(told):
    assert raised(told) == [
        *by_both("escalated"),
        (f"officer:{OFFICER}", "email", "officer_escalated", "pending"),
        (f"officer:{HOLDER}", "email", "holder_escalated", "pending"),
    ]
    assert raised(told, level=3, holder_id=None, sealed=None, cause="idle") == [
        *by_both("escalated"),
        ("coordinator", "email", "desk_escalated", "pending"),
        (f"officer:{OFFICER}", "email", "officer_escalated", "pending"),
    ]


def test_of_what_nobody_has_or_saw_the_complainant_hears_nothing(told):
    alone = raised(told, level=3, cause="unowned", officer_id=None, holder_id=None, sealed=None)
    assert alone == [("coordinator", "email", "desk_escalated", "pending")]
    assert raised(told, cause="another_body") == [
        (f"officer:{HOLDER}", "email", "holder_escalated", "pending")
    ]
    # By telephone too, at any hour: this one cannot wait for a mail to be read.
    other = "8e3b0c5f-4d22-5a7f-9b38-0f62e1d7c4a9"
    assert raised(told, cause="unacknowledged", urgent=True, holder_id=other) == [
        (f"officer:{OFFICER}", "email", "officer_escalated", "pending"),
        (f"officer:{other}", "email", "holder_escalated", "pending"),
        (f"officer:{other}", "sms", "holder_escalated", "pending"),
    ]


def test_the_officer_is_reminded_and_told_what_came_back(told):
    officer = f"officer:{OFFICER}"
    data = {"officer_id": OFFICER, "step": "answer", "due_at": NOON.isoformat()}
    for reads, method, template in (
        (events.CASE_DUE_SOON, "case_due_soon", "officer_due_soon"),
        (events.CASE_OVERDUE, "case_overdue", "officer_overdue"),
    ):
        assert told(reads, method, **data) == [(officer, "email", template, "pending")]
    found = told(events.ESCALATION_ANSWERED, "escalation_answered", officer_id=OFFICER, decision="sent_back")
    assert found == [(officer, "email", "officer_given_back", "pending")]


def test_an_urgent_case_rings_and_is_told_to_the_coordinator_once(told):
    other = "11111111-2222-4333-8444-555555555555"
    data = {"institution_name": NAME, "officer_id": other, "sealed": told.sealed, "urgent": True}
    officer = [(f"officer:{other}", channel, "officer_urgent", "pending") for channel in ("email", "sms")]
    assert told(events.COMPLAINT_ASSIGNED, "complaint_assigned", **data) == [
        *by_both("assigned"),
        ("coordinator", "email", "desk_urgent", "pending"),
        *officer,
    ]
    assert told(events.COMPLAINT_ASSIGNED, "complaint_assigned", **data, handed_over=True) == officer


def test_that_a_question_moves_the_promise_is_said_with_the_question(told):
    data = {"due_at": NOON.isoformat(), "previous_due_at": NOON.isoformat()}
    assert told(events.PROMISE_MOVED, "promise_moved", **data, cause="pause") == []
    for cause in ("calendar", "body"):
        assert told(events.PROMISE_MOVED, "promise_moved", **data, cause=cause) == by_both("promise_moved")
