"""From a row to the provider and back: what is sent, what is tried again, and what is never repeated."""

from datetime import datetime, timedelta

import structlog.testing

from services.notification import sending
from services.notification.message import Quiet
from tests.support.notices import CONTACT, NAME, TRACKING, handle
from tests.support.poll import until

ONLY_SMS = CONTACT | {"email": None}
ONLY_EMAIL = CONTACT | {"phone": None}


def test_everybody_is_told_and_the_facts_say_so(facts, start, states, stated, outside, rows):
    fact, unowned = facts(), facts()
    handle(fact.received(), fact.assigned(), fact.promised(), unowned.unowned())
    start()
    until(lambda: states() == {"sms delivered": 3, "email sent": 5})
    texts = outside.texts()
    assert len(texts) == 3
    assert all(TRACKING in text and NAME not in text and "الصحة" not in text for text in texts)
    mails = {mail["subject"]: mail for mail in outside.smtp.received.list()}
    assert NAME in mails[f"استلمنا طلبك رقم {TRACKING}"]["text"]
    assert "وزارة الصحة" in mails[f"أُحيل طلبك رقم {TRACKING} إلى الجهة المعنية"]["text"]
    assert "الاثنين 7 كانون الأول 2026" in mails[f"موعد الرد على طلبك رقم {TRACKING}"]["text"]
    assert mails["A new request has been assigned to you"]["to"] == "salma@moh.example"
    assert mails[f"طلب لا يتولاه أحد: {unowned.complaint}"]["to"] == "coordinator@example.jo"
    until(lambda: sum(stated().values()) == 8)
    assert stated() == {
        ("NotificationDelivered", "sms", "complainant", "receipt"): 3,
        ("NotificationDelivered", "email", "complainant", "handed_over"): 3,
        ("NotificationDelivered", "email", "officer", "handed_over"): 1,
        ("NotificationDelivered", "email", "coordinator", "handed_over"): 1,
    }
    assert set(rows("SELECT subject::text, correlation_id FROM outbox")) == {
        (each.complaint, "test-correlation") for each in (fact, unowned)
    }
    assert rows("SELECT count(*) FROM receipt") == [(0,)]


def test_throttled_is_sent_later_and_once(facts, start, states, outside):
    outside.smpp.faults.throttle_next = 2
    handle(facts(ONLY_SMS).received())
    start()
    until(lambda: states() == {"sms delivered": 1})
    assert outside.smpp.received.summary() == {"count": 1, "distinct": 1, "repeated": []}


def test_an_unforeseen_error_of_the_database_ends_no_lane(facts, start, states, rows):
    handle(facts().received())
    rows("ALTER TABLE message RENAME TO hidden")
    with structlog.testing.capture_logs() as logs:
        start()
        until(
            lambda: {each["channel"] for each in logs if each["event"] == "claim_failed"} == {"sms", "email"}
        )
    rows("ALTER TABLE hidden RENAME TO message")
    until(lambda: states() == {"sms delivered": 1, "email sent": 1})


def test_under_the_rate_limit_workers_are_claimed_for_together(facts, start, states, rows, environment):
    """Each claim is a transaction, and at the limit of the rate no worker is free for long."""
    environment({"MAIL_PER_SECOND": "50", "MAIL_CONNECTIONS": "4"})
    for _ in range(24):
        handle(facts(ONLY_EMAIL).received())
    start()
    until(lambda: states() == {"email sent": 24})
    assert rows("SELECT count(DISTINCT claimed_at) <= 16 FROM message") == [(True,)]


def test_mail_refused_for_now_is_sent_later(facts, start, states, outside):
    outside.smtp.faults.later_next = 2
    handle(facts(ONLY_EMAIL).received())
    start()
    until(lambda: states() == {"email sent": 1})
    assert outside.smtp.received.summary()["count"] == 1


def test_mail_refused_for_good_has_failed(facts, start, states, stated, outside):
    outside.smtp.faults.refuse_code = 550
    handle(facts(ONLY_EMAIL).received())
    start()
    until(lambda: states() == {"email failed": 1})
    assert stated() == {("NotificationFailed", "email", "complainant", "smtp_550"): 1}


def test_attempts_end(facts, start, states, stated, outside, environment):
    environment({"NOTICE_ATTEMPTS": "3", "NOTICE_RETRY_SECONDS": "0.05"})
    outside.smtp.faults.refuse_code = 451
    handle(facts(ONLY_EMAIL).received())
    start()
    until(lambda: states() == {"email failed": 1})
    assert stated() == {("NotificationFailed", "email", "complainant", "attempts_exhausted"): 1}


def test_an_undelivered_text_has_failed(facts, start, states, stated, outside):
    outside.smpp.faults.receipt = "failed"
    handle(facts(ONLY_SMS).received())
    start()
    until(lambda: states() == {"sms failed": 1})
    assert stated() == {("NotificationFailed", "sms", "complainant", "sms_undeliverable"): 1}


def test_quiet_hours_hold_back_what_was_due_before(facts, states, rows):
    """A backlog that reaches into the night, and a retry that falls into it, wait for the morning."""
    handle(facts().received(), at=datetime.fromisoformat("2026-11-23T17:59:00+00:00"), quiet=Quiet())
    night = datetime.fromisoformat("2026-11-23T18:30:00+00:00")
    assert sending.claim("sms", limit=10, now=night, quiet=Quiet()) == []
    assert len(sending.claim("email", limit=10, now=night, quiet=Quiet())) == 1
    (until_,) = rows("SELECT not_before FROM message WHERE channel = 'sms'")[0]
    assert until_ == datetime.fromisoformat("2026-11-24T05:00:00+00:00")
    assert len(sending.claim("sms", limit=10, now=until_, quiet=Quiet())) == 1


def test_what_is_urgent_does_not_wait_for_the_morning(facts, rows):
    """Also what came before its recipient was known, and a retry that falls into the night."""
    fact = facts(ONLY_SMS)
    night = datetime.fromisoformat("2026-11-23T22:00:00+00:00")
    handle(fact.promised(), fact.received(urgent=True), facts(ONLY_SMS).received(), at=night, quiet=Quiet())
    claims = sending.claim("sms", limit=10, now=night, quiet=Quiet())
    assert {(each.complaint_id, each.template) for each in claims} == {
        (fact.complaint, "received"),
        (fact.complaint, "promised"),
    }
    rows("UPDATE message SET state = 'retry', not_before = created_at WHERE state = 'sending' RETURNING 1")
    assert len(sending.claim("sms", limit=10, now=night, quiet=Quiet())) == 2
    assert len(sending.claim("sms", limit=10, now=night + timedelta(hours=8), quiet=Quiet())) == 1


def test_a_template_that_cannot_be_rendered_fails_the_message(facts, start, states, stated):
    handle(facts(ONLY_SMS | {"tracking_number": None}).received())
    start()
    until(lambda: states() == {"sms failed": 1})
    assert stated() == {("NotificationFailed", "sms", "complainant", "token_missing"): 1}


def test_a_template_of_a_newer_release_waits_for_a_replica_that_has_it(facts, start, states, stated, rows):
    handle(facts(ONLY_SMS).received())
    rows("UPDATE message SET template = 'of_tomorrow' RETURNING 1")
    start()
    until(lambda: states() == {"sms retry": 1})
    assert rows("SELECT reason, attempts FROM message") == [("template_unknown", 1)]
    rows("UPDATE message SET template = 'received', not_before = created_at RETURNING 1")
    until(lambda: states() == {"sms delivered": 1})


def test_an_erased_contact_fails_the_message(facts, start, states, stated, rows):
    handle(facts(ONLY_SMS).received())
    rows("UPDATE recipient SET sealed = NULL")
    start()
    until(lambda: states() == {"sms failed": 1})
    assert stated() == {("NotificationFailed", "sms", "complainant", "contact_erased"): 1}
