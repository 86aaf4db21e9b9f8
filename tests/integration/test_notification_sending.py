"""From a row to the provider and back: what is sent, what is tried again, and what is never repeated."""

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
import structlog.testing

from services.chassis import database
from services.chassis.clock import now
from services.notification import outbound, sending
from services.notification.message import Quiet
from services.notification.senders.smpp_codes import Receipt
from tests.support.notices import CONTACT, NAME, TRACKING, Facts, Outside, Sending, expire, handle
from tests.support.poll import until

ONLY_SMS = CONTACT | {"email": None}
ONLY_EMAIL = CONTACT | {"phone": None}


@pytest.fixture
def outside(databases, environment):
    outside = Outside()
    environment(outside.environment)
    yield outside
    outside.close()


@pytest.fixture
def start(outside):
    """Starts the senders of a replica."""
    running = []

    def start():
        running.append(Sending())
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def facts(outside, keys):
    return lambda contact=CONTACT: Facts(keys, contact)


@pytest.fixture
def rows(databases):
    return lambda statement: databases.rows("notification", statement)


@pytest.fixture
def states(rows):
    """How many messages are in which state, by channel."""
    return lambda: Counter(" ".join(row) for row in rows("SELECT channel, state FROM message"))


@pytest.fixture
def stated(rows):
    """The facts in the log: (type, channel, audience, reason)."""
    return lambda: Counter(
        rows("SELECT type, data->>'channel', data->>'audience', data->>'reason' FROM outbox")
    )


def test_everybody_is_told_and_the_facts_say_so(facts, start, states, stated, outside, rows):
    fact = facts()
    handle(fact.received(), fact.assigned(), fact.promised(), fact.unowned())
    start()
    until(lambda: states() == {"sms delivered": 3, "email sent": 5}, 20)
    texts = outside.texts()
    assert len(texts) == 3
    assert all(TRACKING in text and NAME not in text and "الصحة" not in text for text in texts)
    mails = {mail["subject"]: mail for mail in outside.smtp.received.list()}
    assert NAME in mails[f"استلمنا طلبك رقم {TRACKING}"]["text"]
    assert "وزارة الصحة" in mails[f"أُحيل طلبك رقم {TRACKING} إلى الجهة المعنية"]["text"]
    assert "الاثنين 7 كانون الأول 2026" in mails[f"موعد الرد على طلبك رقم {TRACKING}"]["text"]
    assert mails["A new request has been assigned to you"]["to"] == "salma@moh.example"
    assert mails[f"طلب لا يتولاه أحد: {fact.complaint}"]["to"] == "coordinator@example.jo"
    until(lambda: sum(stated().values()) == 8)
    assert stated() == {
        ("NotificationDelivered", "sms", "complainant", "receipt"): 3,
        ("NotificationDelivered", "email", "complainant", "handed_over"): 3,
        ("NotificationDelivered", "email", "officer", "handed_over"): 1,
        ("NotificationDelivered", "email", "coordinator", "handed_over"): 1,
    }
    assert rows("SELECT DISTINCT subject::text, correlation_id FROM outbox") == [
        (fact.complaint, "test-correlation")
    ]
    assert rows("SELECT count(*) FROM receipt") == [(0,)]


def test_throttled_is_sent_later_and_once(facts, start, states, outside):
    outside.smpp.faults.throttle_next = 2
    handle(facts(ONLY_SMS).received())
    start()
    until(lambda: states() == {"sms delivered": 1}, 20)
    assert outside.smpp.received.summary() == {"count": 1, "distinct": 1, "repeated": []}


def test_dropped_after_accept_is_unknown_and_not_repeated(facts, start, states, stated, outside):
    outside.smpp.faults.drop_next = outside.smtp.faults.drop_next = 1
    handle(facts().received())
    start()
    until(lambda: states() == {"sms unknown": 1, "email unknown": 1}, 20)
    # Later messages go their way; the two stay as they are.
    handle(facts().received())
    until(lambda: states() == {"sms unknown": 1, "email unknown": 1, "sms delivered": 1, "email sent": 1}, 20)
    assert outside.smtp.received.summary() == {"count": 2, "distinct": 2, "repeated": []}
    # Of the first text message only the first of two parts went out.
    assert (outside.smpp.received.summary()["count"], outside.smpp.partial()) == (1, 1)
    assert sum(stated().values()) == 2


def test_an_unforeseen_error_of_the_database_ends_no_lane(facts, start, states, rows):
    handle(facts().received())
    rows("ALTER TABLE message RENAME TO hidden")
    with structlog.testing.capture_logs() as logs:
        start()
        until(lambda: {each["channel"] for each in logs if each["event"] == "claim_failed"} == {"sms", "email"})
    rows("ALTER TABLE hidden RENAME TO message")
    until(lambda: states() == {"sms delivered": 1, "email sent": 1}, 20)


def test_mail_refused_for_now_is_sent_later(facts, start, states, outside):
    outside.smtp.faults.later_next = 2
    handle(facts(ONLY_EMAIL).received())
    start()
    until(lambda: states() == {"email sent": 1}, 20)
    assert outside.smtp.received.summary()["count"] == 1


def test_mail_refused_for_good_has_failed(facts, start, states, stated, outside):
    outside.smtp.faults.refuse_code = 550
    handle(facts(ONLY_EMAIL).received())
    start()
    until(lambda: states() == {"email failed": 1}, 20)
    assert stated() == {("NotificationFailed", "email", "complainant", "smtp_550"): 1}


def test_attempts_end(facts, start, states, stated, outside, environment):
    environment({"NOTICE_ATTEMPTS": "3", "NOTICE_RETRY_SECONDS": "0.05"})
    outside.smtp.faults.refuse_code = 451
    handle(facts(ONLY_EMAIL).received())
    start()
    until(lambda: states() == {"email failed": 1}, 20)
    assert stated() == {("NotificationFailed", "email", "complainant", "attempts_exhausted"): 1}


def test_an_undelivered_text_has_failed(facts, start, states, stated, outside):
    outside.smpp.faults.receipt = "failed"
    handle(facts(ONLY_SMS).received())
    start()
    until(lambda: states() == {"sms failed": 1}, 20)
    assert stated() == {("NotificationFailed", "sms", "complainant", "sms_undeliverable"): 1}


def test_a_provider_that_is_away_delays_and_uses_up_no_attempt(
    facts, start, states, outside, rows, environment
):
    environment({"NOTICE_ATTEMPTS": "1"})
    outside.smpp.stop()
    outside.smtp.stop()
    handle(facts().received())
    start()
    until(
        lambda: (
            rows("SELECT count(*) FROM message WHERE channel = 'email' AND reason = 'email_server_away'")
            == [(1,)]
        )
    )
    outside.smpp.start()
    outside.smtp.start()
    until(lambda: states() == {"sms delivered": 1, "email sent": 1}, 30)


def test_a_process_that_died_between_claim_and_result_leaves_an_unknown(facts, start, states, outside):
    handle(facts().received())
    for channel in ("sms", "email"):
        assert len(sending.claim(channel, limit=10, now=now(), quiet=Quiet(active=False))) == 1
    assert states() == {"sms sending": 1, "email sending": 1}
    assert expire(timedelta(minutes=5)) == 0
    assert expire() == 2
    start()
    handle(facts().received())
    until(lambda: states() == {"sms unknown": 1, "email unknown": 1, "sms delivered": 1, "email sent": 1}, 20)
    assert len(outside.texts()) == len(outside.subjects()) == 1


def test_what_was_given_up_too_early_still_learns_its_result(facts, states):
    handle(facts(ONLY_EMAIL).received())
    (claim,) = sending.claim("email", limit=10, now=now(), quiet=Quiet(active=False))
    expire()
    assert states() == {"email unknown": 1}
    sending.record([_accepted(claim)], now=now())
    assert states() == {"email sent": 1}


def test_a_result_of_an_older_claim_changes_nothing(facts, states, rows):
    handle(facts(ONLY_EMAIL).received())
    (claim,) = sending.claim("email", limit=10, now=now(), quiet=Quiet(active=False))
    rows("UPDATE message SET claimed_at = claimed_at + interval '1 second'")
    sending.record([_accepted(claim)], now=now())
    assert states() == {"email sending": 1}


def _accepted(claim, provider_ids=None, parts=1):
    from services.notification.outcome import Accepted, Patience

    outcome = Accepted(provider_ids or {}, parts)
    return sending.result(claim, outcome, now=now(), patience=Patience(), jitter=0.5)


@pytest.mark.parametrize("receipt_first", [False, True])
def test_receipts_and_results_meet_in_either_order(facts, states, rows, receipt_first):
    handle(facts(ONLY_SMS).received())
    (claim,) = sending.claim("sms", limit=10, now=now(), quiet=Quiet(active=False))
    first, second = (Receipt(each, "delivered", None) for each in ("p1", "p2"))
    if receipt_first:
        sending.take_receipts([first, second, first], now=now())
        sending.record([_accepted(claim, {1: "p1", 2: "p2"}, 2)], now=now())
    else:
        sending.record([_accepted(claim, {1: "p1", 2: "p2"}, 2)], now=now())
        sending.take_receipts([first, first], now=now())
        assert states() == {"sms sent": 1}
        sending.take_receipts([second], now=now())
    assert states() == {"sms delivered": 1}
    assert rows("SELECT count(*) FROM receipt") == [(0,)]
    assert len(rows("SELECT 1 FROM outbox")) == 1


def test_a_receipt_that_crossed_its_result_is_found_by_the_next_look(facts, states):
    """Two transactions at once: neither sees the other's row."""
    handle(facts(ONLY_SMS).received())
    (claim,) = sending.claim("sms", limit=10, now=now(), quiet=Quiet(active=False))
    with database.transaction("notification") as receiving:
        outbound.add_receipts(receiving, [("p1", "delivered", None)], now())
        sending.record([_accepted(claim, {1: "p1"})], now=now())
    assert states() == {"sms sent": 1}
    sending.take_receipts([], now=now())
    assert states() == {"sms delivered": 1}


def test_receipts_that_belong_to_nothing_are_forgotten(databases, environment, rows):
    sending.take_receipts([Receipt("stranger", "delivered", None)], now=now() - timedelta(days=8))
    assert sending.forget_receipts(now=now()) == 1


def test_quiet_hours_hold_back_what_was_due_before(facts, states, rows):
    """A backlog that reaches into the night, and a retry that falls into it, wait for the morning."""
    handle(facts().received(), at=datetime.fromisoformat("2026-11-23T17:59:00+00:00"), quiet=Quiet())
    night = datetime.fromisoformat("2026-11-23T18:30:00+00:00")
    assert sending.claim("sms", limit=10, now=night, quiet=Quiet()) == []
    assert len(sending.claim("email", limit=10, now=night, quiet=Quiet())) == 1
    (until_,) = rows("SELECT not_before FROM message WHERE channel = 'sms'")[0]
    assert until_ == datetime.fromisoformat("2026-11-24T05:00:00+00:00")
    assert len(sending.claim("sms", limit=10, now=until_, quiet=Quiet())) == 1


def test_a_template_that_cannot_be_rendered_fails_the_message(facts, start, states, stated):
    handle(facts(ONLY_SMS | {"tracking_number": None}).received())
    start()
    until(lambda: states() == {"sms failed": 1}, 20)
    assert stated() == {("NotificationFailed", "sms", "complainant", "token_missing"): 1}


def test_an_erased_contact_fails_the_message(facts, start, states, stated, rows):
    handle(facts(ONLY_SMS).received())
    rows("UPDATE recipient SET sealed = NULL")
    start()
    until(lambda: states() == {"sms failed": 1}, 20)
    assert stated() == {("NotificationFailed", "sms", "complainant", "contact_erased"): 1}


def test_two_replicas_share_the_work_and_send_nothing_twice(facts, start, states, outside):
    for number in range(40):
        handle(facts(CONTACT | {"phone": f"+9627900000{number:02}"}).received())
    start(), start()
    until(lambda: states() == {"sms delivered": 40, "email sent": 40}, 40)
    assert outside.smtp.received.summary() == {"count": 40, "distinct": 40, "repeated": []}
    assert outside.smpp.received.summary()["count"] == 40


def test_stopping_finishes_calls_and_gives_back_what_was_not_begun(
    facts, start, states, outside, environment
):
    environment({"SMS_PER_SECOND": "20"})
    for number in range(30):
        handle(facts(ONLY_SMS | {"phone": f"+9627900000{number:02}"}).received())
    sender = start()
    until(lambda: outside.smpp.received.summary()["count"] > 2, 20)
    stopped = threading.Thread(target=sender.stop)
    stopped.start()
    stopped.join()
    assert states()["sms sending"] == 0
    assert states()["sms unknown"] == 0
    arrived = outside.smpp.received.summary()["count"]
    assert states()["sms delivered"] + states()["sms sent"] == arrived < 30
    start()
    until(lambda: states() == {"sms delivered": 30}, 20)
    assert outside.smpp.received.summary()["count"] == 30
