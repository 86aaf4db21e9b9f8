"""Results and receipts find their messages, whichever comes first."""

from datetime import timedelta

import pytest

from services.chassis import database
from services.chassis.clock import now
from services.notification import metrics, outbound, sending
from services.notification.message import Quiet
from services.notification.outcome import Accepted, Later, Patience, Refused
from services.notification.senders.smpp_codes import Receipt
from tests.support.notices import CONTACT, expire, handle

ONLY_SMS = CONTACT | {"email": None}
ONLY_EMAIL = CONTACT | {"phone": None}


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


@pytest.mark.parametrize("receipt_first", [False, True])
def test_a_receipt_of_a_part_whose_message_was_refused_is_taken_quietly(facts, states, rows, receipt_first):
    """The part was delivered and paid for; that the message as a whole has failed does not change by it."""
    before = metrics.sms_parts_total.labels("received")._value.get()
    handle(facts(ONLY_SMS).received())
    (claim,) = sending.claim("sms", limit=10, now=now(), quiet=Quiet(active=False))
    refused = Refused("sms_rejected", provider_ids={1: "p1"}, total=2)
    steps = [
        lambda: sending.record(
            [sending.result(claim, refused, now=now(), patience=Patience(), jitter=0.5)], now=now()
        ),
        lambda: sending.take_receipts([Receipt("p1", "delivered", None)], now=now()),
        lambda: sending.take_receipts([], now=now()),
    ]
    if receipt_first:
        steps[:2] = reversed(steps[:2])
    for step in steps:
        step()
    assert states() == {"sms failed": 1}
    assert rows("SELECT count(*) FROM receipt") == [(0,)]
    assert rows("SELECT number, state FROM sms_part") == [(1, "delivered")]
    assert rows("SELECT type, data->>'reason' FROM outbox") == [("NotificationFailed", "sms_rejected")]
    assert metrics.sms_parts_total.labels("received")._value.get() == before + 1


def test_receipts_that_belong_to_nothing_are_forgotten(databases, environment, rows):
    sending.take_receipts([Receipt("stranger", "delivered", None)], now=now() - timedelta(days=8))
    assert sending.forget_receipts(now=now()) == 1


def test_what_was_given_up_too_early_still_learns_its_result(facts, states):
    handle(facts(ONLY_EMAIL).received())
    (claim,) = sending.claim("email", limit=10, now=now(), quiet=Quiet(active=False))
    expire()
    assert states() == {"email unknown": 1}
    sending.record([_accepted(claim)], now=now())
    assert states() == {"email sent": 1}


def test_parts_that_are_through_are_known_to_the_next_try_whatever_it_cost(facts):
    """Also where the provider was to blame, so that the try did not count."""
    handle(facts(ONLY_SMS).received())
    moment = now()
    (claim,) = sending.claim("sms", limit=10, now=moment, quiet=Quiet(active=False))
    assert claim.accepted == {}
    throttled = Later("sms_throttled", counts=False, delay=1.0, provider_ids={1: "p1"}, total=3)
    sending.record(
        [sending.result(claim, throttled, now=moment, patience=Patience(), jitter=0.5)], now=moment
    )
    later = moment + timedelta(seconds=5)
    (again,) = sending.claim("sms", limit=10, now=later, quiet=Quiet(active=False))
    assert (again.attempts, again.accepted) == (1, {1: "p1"})


def test_a_result_of_an_older_claim_changes_nothing(facts, states, rows):
    handle(facts(ONLY_EMAIL).received())
    (claim,) = sending.claim("email", limit=10, now=now(), quiet=Quiet(active=False))
    rows("UPDATE message SET claimed_at = claimed_at + interval '1 second'")
    sending.record([_accepted(claim)], now=now())
    assert states() == {"email sending": 1}


def _accepted(claim, provider_ids=None, parts=1):
    outcome = Accepted(provider_ids or {}, parts)
    return sending.result(claim, outcome, now=now(), patience=Patience(), jitter=0.5)
