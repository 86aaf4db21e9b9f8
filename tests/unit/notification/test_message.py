"""Who is told by which channel, when, and what becomes of a message after a try."""

from datetime import UTC, datetime, time, timedelta

import pytest

from services.notification.message import (
    AWAITING_RECIPIENT,
    DELIVERED,
    FAILED,
    PENDING,
    RETRY,
    SENT,
    SUPPRESSED,
    UNKNOWN,
    Notice,
    Quiet,
    can_text,
    officer_of,
    plan,
    recipient_of,
)
from services.notification.outcome import Accepted, Later, Lost, Patience, Refused, after_receipts, judge

NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, 21, tzinfo=UTC)
CONTACT = {
    "name": "أحمد",
    "phone": "+962791234567",
    "email": "a@example.jo",
    "language": "ar",
    "contact_preference": "any",
}
NOTICE = Notice("e1", "c1", "complainant", "received")


def planned(contact, now=NOON):
    recipient = recipient_of("c1", contact, "ar")
    return plan([NOTICE], {("c1", recipient.key): recipient}, now=now, quiet=Quiet())


def test_a_complainant_is_told_by_every_channel_given():
    assert [(each.channel, each.state) for each in planned(CONTACT)] == [("sms", PENDING), ("email", PENDING)]
    assert [each.channel for each in planned(CONTACT | {"email": None})] == ["sms"]
    assert [each.channel for each in planned(CONTACT | {"phone": None})] == ["email"]


def test_the_anonymous_are_told_nothing():
    assert planned(None) == []
    assert planned({"phone": None, "email": None}) == []


def test_portal_only_leaves_one_suppressed_row():
    (only,) = planned(CONTACT | {"contact_preference": "portal_only"})
    assert (only.state, only.reason) == (SUPPRESSED, "portal_only")


def test_no_calls_does_not_forbid_writing():
    assert len(planned(CONTACT | {"contact_preference": "no_calls"})) == 2


def test_an_unknown_recipient_is_awaited():
    made = plan([NOTICE], {}, now=NOON, quiet=Quiet())
    assert [(each.channel, each.state) for each in made] == [
        ("sms", AWAITING_RECIPIENT),
        ("email", AWAITING_RECIPIENT),
    ]


def test_officers_are_written_to_by_email_and_else_by_sms():
    assert (officer_of("c1", "o1", CONTACT).email, officer_of("c1", "o1", CONTACT).sms) == (True, False)
    without = officer_of("c1", "o1", CONTACT | {"email": None})
    assert (without.key, without.email, without.sms) == ("officer:o1", False, True)


@pytest.mark.parametrize(
    ("phone", "can"),
    [("+962791234567", True), ("+96264641234", False), ("+201001234567", True), (None, False), ("", False)],
)
def test_landlines_in_jordan_take_no_sms(phone, can):
    assert can_text(phone) is can


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # Amman is three hours ahead of UTC.
        ((17, 59), None),
        ((18, 0), datetime(2026, 11, 24, 5, tzinfo=UTC)),
        ((20, 59), datetime(2026, 11, 24, 5, tzinfo=UTC)),
        ((21, 0), datetime(2026, 11, 24, 5, tzinfo=UTC)),
        ((4, 59), datetime(2026, 11, 23, 5, tzinfo=UTC)),
        ((5, 0), None),
    ],
)
def test_quiet_hours_in_amman(moment, expected):
    at = datetime(2026, 11, 23, *moment, tzinfo=UTC)
    assert Quiet().earliest(at) == (expected or at)
    assert Quiet(active=False).earliest(at) == at


def test_quiet_hours_within_a_day():
    quiet = Quiet(time(13), time(15))
    assert quiet.earliest(datetime(2026, 11, 23, 11, tzinfo=UTC)) == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert quiet.earliest(datetime(2026, 11, 23, 9, tzinfo=UTC)) == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_at_night_the_phone_waits_and_the_email_does_not():
    by_channel = {each.channel: each.not_before for each in planned(CONTACT, now=MIDNIGHT)}
    assert by_channel == {"sms": datetime(2026, 11, 24, 5, tzinfo=UTC), "email": MIDNIGHT}


def test_an_officer_is_not_spared_at_night():
    officer = officer_of("c1", "o1", CONTACT | {"email": None})
    notice = Notice("e1", "c1", officer.key, "officer_assigned")
    (only,) = plan([notice], {("c1", officer.key): officer}, now=MIDNIGHT, quiet=Quiet())
    assert (only.channel, only.not_before) == ("sms", MIDNIGHT)


def verdict(outcome, attempt=1, age=timedelta(0), jitter=0.5):
    return judge(
        outcome, attempt=attempt, created_at=NOON - age, now=NOON, patience=Patience(), jitter=jitter
    )


def test_each_outcome_has_its_state():
    assert verdict(Accepted()).state == SENT
    assert (verdict(Refused("smtp_550")).state, verdict(Refused("smtp_550")).reason) == (FAILED, "smtp_550")
    assert verdict(Lost("answer_lost")).state == UNKNOWN
    assert verdict(Later("smtp_451")).state == RETRY


def test_back_off_doubles_with_jitter_up_to_an_hour():
    assert verdict(Later("x"), 1).not_before == NOON + timedelta(seconds=30)
    assert verdict(Later("x"), 3).not_before == NOON + timedelta(seconds=120)
    assert verdict(Later("x"), 3, jitter=0).not_before == NOON + timedelta(seconds=96)
    assert Patience().delay(30, 1) == timedelta(seconds=3600 * 1.2)


def test_the_last_attempt_fails_unless_the_provider_was_to_blame():
    assert verdict(Later("smtp_451"), 8).reason == "attempts_exhausted"
    away = verdict(Later("sms_provider_away", counts=False), 8)
    assert (away.state, away.uncount) == (RETRY, True)


def test_what_is_too_old_expires():
    assert verdict(Later("sms_provider_away", counts=False), age=timedelta(hours=72)).reason == "expired"
    assert verdict(Accepted(), age=timedelta(hours=100)).state == SENT


def test_a_long_message_is_delivered_when_all_its_parts_are():
    assert after_receipts([DELIVERED, None]) is None
    assert after_receipts([DELIVERED, DELIVERED]) == DELIVERED
    assert after_receipts([None, FAILED]) == FAILED
    assert after_receipts([]) is None
