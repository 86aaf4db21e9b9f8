"""The SMPP sender against a message centre on a real socket."""

import dataclasses
import uuid

import pytest

from services.notification.outcome import Accepted, Later, Lost, Refused
from services.notification.senders.base import Letter
from services.notification.senders.smpp import account
from services.notification.sinks.smpp_sink import Faults, SmppSink
from tests.support.poll import until

ARABIC = "بخدمتكم: استلمنا طلبك. رقم المتابعة BK-7F3KM-9QXAT-M2D4C تابعه على https://bekhedmetkom.gov.jo " * 3


@pytest.fixture
def sink():
    sink = SmppSink().start()
    yield sink
    sink.stop()


def letter(text=ARABIC, to="+962791234567", **more):
    return Letter(str(uuid.uuid4()), to, text, **more)


def test_a_long_arabic_message_arrives_whole_with_a_receipt_for_each_part(sink, connect, receipts):
    outcome = connect().send(letter())
    assert isinstance(outcome, Accepted)
    assert sorted(outcome.provider_ids) == list(range(1, outcome.total + 1))
    (received,) = sink.received.list()
    assert (received["text"], received["to"], received["from"]) == (ARABIC, "+962791234567", "Bekhedmet")
    assert received["parts"] == outcome.total > 1
    until(lambda: len(receipts) == outcome.total)
    assert {each.provider_id for each in receipts} == set(outcome.provider_ids.values())
    assert {each.state for each in receipts} == {"delivered"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [("ش" * 68 + "🙂", 1), ("ش" * 69 + "🙂", 2), ("ش" * 66 + "🙂" + "ش" * 66, 3), ("plain [text] €", 1)],
)
def test_borders_survive_the_wire(sink, connect, text, parts):
    connect().send(letter(text))
    (received,) = sink.received.list()
    assert (received["text"], received["parts"]) == (text, parts)


def test_throttled_is_to_be_tried_again_and_pauses_the_sender(sink, connect):
    sink.faults.throttle_next = 1
    sender = connect()
    outcome = sender.send(letter("hello"))
    assert isinstance(outcome, Later)
    assert (outcome.reason, outcome.counts) == ("sms_throttled", False)
    assert not sender.ready()
    until(sender.ready)
    assert isinstance(sender.send(letter("hello")), Accepted)


def test_a_part_that_is_through_is_not_submitted_again(sink, connect):
    sender = connect()
    sent = letter("ش" * 150)
    submit = []
    sink.faults = _ThrottleSecond(submit)
    first = sender.send(sent)
    assert isinstance(first, Later)
    assert list(first.provider_ids) == [1]
    assert (sink.partial(), sink.received.list()) == (1, [])
    sink.faults = Faults()
    second = sender.send(dataclasses.replace(sent, accepted=first.provider_ids))
    assert isinstance(second, Accepted)
    assert second.provider_ids[1] == first.provider_ids[1]
    assert [each["text"] for each in sink.received.list()] == ["ش" * 150]


def test_what_was_taken_of_a_message_that_is_refused_is_said(sink, connect):
    sink.faults = _RefuseSecond([])
    outcome = connect().send(letter("ش" * 150))
    assert isinstance(outcome, Refused)
    assert (list(outcome.provider_ids), outcome.total) == ([1], 3)


class _RefuseSecond(Faults):
    """Takes one submission and refuses the next for good."""

    def __init__(self, seen):
        super().__init__()
        object.__setattr__(self, "seen", seen)

    @property
    def refuse_status(self):
        self.seen.append(1)
        return 0x66 if len(self.seen) > 1 else 0

    @refuse_status.setter
    def refuse_status(self, value):
        pass


class _ThrottleSecond(Faults):
    """Takes one submission and throttles from then on."""

    def __init__(self, seen):
        super().__init__()
        object.__setattr__(self, "seen", seen)

    @property
    def throttle_next(self):
        self.seen.append(1)
        return len(self.seen) > 1

    @throttle_next.setter
    def throttle_next(self, value):
        pass


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x0B, Refused("sms_destination_invalid")),
        (0x0A, Refused("sms_source_invalid")),
        (0x66, Refused("sms_rejected")),
        (0x08, Later("sms_system_error")),
        (0x64, Later("sms_temporary_error")),
        (0x400, Later("sms_other_status")),
    ],
)
def test_statuses(sink, connect, status, expected):
    sink.faults.refuse_status = status
    outcome = connect().send(letter("hello"))
    assert (type(outcome), outcome.reason) == (type(expected), expected.reason)
    assert sink.received.list() == []


def test_dropped_after_accept_is_lost_and_the_next_one_goes_over_a_new_session(sink, connect):
    sink.faults.drop_next = 1
    sender = connect()
    outcome = sender.send(letter("one"))
    assert isinstance(outcome, Lost)
    assert [each["text"] for each in sink.received.list()] == ["one"]
    assert isinstance(sender.send(letter("two")), Accepted)
    assert [each["text"] for each in sink.received.list()] == ["one", "two"]


def test_an_answer_that_comes_too_late_is_lost(sink, connect):
    sink.faults.late_seconds = 0.4
    sender = connect(answer_seconds=0.1)
    assert isinstance(sender.send(letter("one")), Lost)


def test_a_provider_that_is_away_costs_no_attempt_and_is_found_again(sink, connect):
    sender = connect()
    sink.stop()
    outcome = sender.send(letter("one"))
    assert isinstance(outcome, Later)
    assert (outcome.reason, outcome.counts) == ("sms_provider_away", False)
    assert not sender.ready()
    sink.start()
    until(sender.ready)
    assert isinstance(sender.send(letter("one")), Accepted)


def test_a_refused_bind_is_no_session(sink, connect):
    sink.faults.refuse_bind = True
    sender = connect()
    assert not sender.ready()
    assert isinstance(sender.send(letter("one")), Later)


def test_a_failed_receipt_says_why(sink, connect, receipts):
    sink.faults.receipt = "expired"
    connect().send(letter("one"))
    until(lambda: receipts)
    assert (receipts[0].state, receipts[0].reason) == ("failed", "sms_expired")


def test_many_at_once_share_a_session(sink, connect):
    import eventlet

    sender = connect()
    sink.faults.late_seconds = 0.01
    pool = eventlet.GreenPool(20)
    outcomes = list(pool.imap(lambda n: sender.send(letter(f"message {n}")), range(60)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert sink.received.summary() == {"count": 60, "distinct": 60, "repeated": []}


def test_a_silent_link_is_asked_and_stays(sink, connect):
    sender = connect(enquire_seconds=0.1, answer_seconds=1.0)
    assert sender.ready()
    session = sender._session
    asked = []
    original = session._client.send_pdu
    session._client.send_pdu = lambda pdu: (asked.append(pdu.command), original(pdu))
    until(lambda: "enquire_link" in asked)
    assert isinstance(sender.send(letter("still there")), Accepted)
    assert sender._session is session


def test_a_link_that_went_dead_is_given_up(sink, connect):
    from tests.support.cut import Cut

    with Cut(("127.0.0.1", sink.port)) as cut:
        sender = connect(port=cut.port, enquire_seconds=0.1, answer_seconds=0.3)
        assert sender.ready()
        session = sender._session
        cut.blackhole()
        until(lambda: session.lost)


@pytest.mark.parametrize(
    "url",
    [
        "http://a:b@h",
        "smpp://host",
        "smpp://a:longpassword@h:1",
        "smpp://averyveryverylongid:b@h",
        "smpp://a:b@",
    ],
)
def test_a_wrong_address_is_refused(url):
    with pytest.raises(ValueError, match="address"):
        account(url)
