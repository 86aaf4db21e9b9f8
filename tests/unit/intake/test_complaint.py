"""How a complaint stands, folded from what routing said."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from services.intake.complaint import Contact, Progress, Submission, contact_to_carry, public_status

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WATER = {"ar": "سلطة المياه", "en": "Water Authority"}
HEALTH = {"ar": "وزارة الصحة", "en": "Ministry of Health"}


def at(minutes):
    return START + timedelta(minutes=minutes)


def assigned(sequence, institution="WAJ", name=None):
    return Progress(sequence, at(sequence), "assigned", institution, name or WATER)


def promised(sequence, days=10):
    return Progress(sequence, at(sequence), due_at=START + timedelta(days=days))


def failed(sequence):
    return Progress(sequence, at(sequence), "received")


def test_a_new_complaint_is_received():
    status = public_status(START, [])
    assert (status.code, status.institution, status.due_at) == ("received", None, None)
    assert status.history == (("received", START),)


def test_an_assigned_one_names_the_body_and_the_due_time():
    status = public_status(START, [assigned(1), promised(2)])
    assert (status.code, status.institution, status.institution_name) == ("assigned", "WAJ", WATER)
    assert status.due_at == START + timedelta(days=10)
    assert status.history == (("received", START), ("assigned", at(1)))


def test_the_order_of_arrival_does_not_matter():
    steps = [failed(1), promised(2, 10), assigned(3), promised(4, 12), assigned(5, "MOH", HEALTH)]
    expected = public_status(START, steps)
    assert expected.institution == "MOH"
    assert expected.due_at == START + timedelta(days=12)
    assert all(public_status(START, order) == expected for order in permutations(steps))


def test_nobody_to_take_it_is_no_news_to_the_complainant():
    status = public_status(START, [failed(1), promised(2)])
    assert status.code == "received"
    assert status.due_at is not None
    assert status.history == (("received", START),)


def test_losing_its_officer_brings_it_back_to_received():
    status = public_status(START, [assigned(1), failed(2)])
    assert (status.code, status.institution, status.institution_name) == ("received", None, None)
    assert [code for code, _ in status.history] == ["received", "assigned", "received"]


def test_another_officer_of_the_same_body_is_no_new_line():
    assert len(public_status(START, [assigned(1), assigned(2)]).history) == 2
    assert len(public_status(START, [assigned(1), assigned(2, "MOH", HEALTH)]).history) == 3


def submission(**change):
    usual = {
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-IR",
        "text": "المياه مقطوعة منذ أسبوع",
        "channel": "web",
        "language": "ar",
    }
    return Submission(**{**usual, **change})


def test_a_language_of_the_header_does_not_make_another_submission():
    arabic, english = submission(language="ar"), submission(language="en")
    assert arabic.normal_form(False) == english.normal_form(False)
    assert arabic.normal_form(True) != english.normal_form(True)


def test_whatever_was_said_makes_another_submission():
    contact = Contact("سارة", "+962791234567", "sara@example.com", "any")
    forms = [
        submission(**change).normal_form(True)
        for change in (
            {},
            {"kind": "praise"},
            {"category": "water.bill"},
            {"governorate": "JO-AM"},
            {"text": "نص آخر طويل"},
            {"title": "عنوان"},
            {"channel": "api"},
            {"contact": contact},
            {"contact": Contact("سارة", "+962791234567", "sara@example.com", "no_calls")},
            {"contact": Contact(None, "+962791234567", "sara@example.com", "any")},
        )
    ]
    assert all(first != second for index, first in enumerate(forms) for second in forms[index + 1 :])


def test_an_anonymous_one_carries_no_contact():
    assert contact_to_carry(submission(), "BK-1") is None


def test_nothing_said_shows_in_a_repr():
    shown = repr(submission(title="عنوان", contact=Contact("سارة", "+962791234567")))
    for secret in ("المياه", "عنوان", "سارة", "791234567"):
        assert secret not in shown
