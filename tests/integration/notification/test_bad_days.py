"""Connections, providers, processes and the database fail: nothing is sent twice, and nothing is forgotten."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy
import structlog.testing

from services.chassis.clock import now
from services.notification import sending
from services.notification.message import Quiet
from tests.support.cut import Cut
from tests.support.notices import CONTACT, expire, handle
from tests.support.poll import until

ONLY_SMS = CONTACT | {"email": None}


def test_dropped_after_accept_is_unknown_and_not_repeated(facts, start, states, stated, outside):
    outside.smpp.faults.drop_next = outside.smtp.faults.drop_next = 1
    handle(facts().received())
    start()
    until(lambda: states() == {"sms unknown": 1, "email unknown": 1})
    # Later messages go their way; the two stay as they are.
    handle(facts().received())
    until(lambda: states() == {"sms unknown": 1, "email unknown": 1, "sms delivered": 1, "email sent": 1})
    assert outside.smtp.received.summary() == {"count": 2, "distinct": 2, "repeated": []}
    # Of the first text message only the first of two parts went out.
    assert (outside.smpp.received.summary()["count"], outside.smpp.partial()) == (1, 1)
    assert sum(stated().values()) == 2


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
    until(lambda: states() == {"sms delivered": 1, "email sent": 1})


def test_a_process_that_died_between_claim_and_result_leaves_an_unknown(facts, start, states, outside):
    handle(facts().received())
    for channel in ("sms", "email"):
        assert len(sending.claim(channel, limit=10, now=now(), quiet=Quiet(active=False))) == 1
    assert states() == {"sms sending": 1, "email sending": 1}
    assert expire(timedelta(minutes=5)) == 0
    assert expire() == 2
    start()
    handle(facts().received())
    until(lambda: states() == {"sms unknown": 1, "email unknown": 1, "sms delivered": 1, "email sent": 1})
    assert len(outside.texts()) == len(outside.subjects()) == 1


def test_nothing_is_claimed_that_no_worker_is_free_to_send(facts, start, states, outside, environment):
    """So a process that is killed leaves no message unknown that it had not begun."""
    environment({"SMPP_WINDOW": "3", "MAIL_CONNECTIONS": "2"})
    outside.smpp.faults.late_seconds = outside.smtp.faults.late_seconds = 0.5
    for number in range(8):
        handle(facts(CONTACT | {"phone": f"+9627900000{number:02}"}).received())
    start()
    most: Counter[str] = Counter()

    def done() -> bool:
        now_ = states()
        for channel, sink in (("sms", outside.smpp), ("email", outside.smtp)):
            claimed = 8 - now_[f"{channel} pending"]
            most[channel] = max(most[channel], claimed - sink.received.summary()["count"])
        return now_ == {"sms delivered": 8, "email sent": 8}

    until(done)
    assert 0 < most["sms"] <= 3
    assert most["email"] <= 2


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
    until(lambda: outside.smpp.received.summary()["count"] > 2)
    stopped = threading.Thread(target=sender.stop)
    stopped.start()
    stopped.join()
    assert states()["sms sending"] == 0
    assert states()["sms unknown"] == 0
    arrived = outside.smpp.received.summary()["count"]
    assert states()["sms delivered"] + states()["sms sent"] == arrived < 30
    start()
    until(lambda: states() == {"sms delivered": 30})
    assert outside.smpp.received.summary()["count"] == 30


@pytest.fixture
def cut(databases, environment):
    """Between the service and its database. Asked for before `outside`, which makes the first connections."""
    url = sqlalchemy.make_url(databases.urls["notification"])
    with Cut((url.host, url.port)) as cut:
        through = url.set(host="127.0.0.1", port=cut.port).render_as_string(hide_password=False)
        environment({"DATABASE_URL_NOTIFICATION": through})
        yield cut


def test_a_database_that_goes_away_delays_results_and_repeats_nothing(cut, facts, start, states, outside):
    outside.smpp.faults.late_seconds = outside.smtp.faults.late_seconds = 0.3
    for number in range(10):
        handle(facts(CONTACT | {"phone": f"+9627900000{number:02}"}).received())
    start()
    # Calls are under way; their results find no database.
    until(lambda: states()["email sending"] > 0 and states()["sms sending"] > 0)
    cut.cut()
    try:
        with structlog.testing.capture_logs() as logs:
            until(lambda: [each for each in logs if each["event"] == "results_wait_for_the_database"])
    finally:
        cut.heal()
    until(lambda: states() == {"sms delivered": 10, "email sent": 10}, 60)
    assert outside.smtp.received.summary() == {"count": 10, "distinct": 10, "repeated": []}
    assert outside.smpp.received.summary() == {"count": 10, "distinct": 10, "repeated": []}
