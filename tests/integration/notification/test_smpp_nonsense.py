"""The SMPP sender against a message centre that says what it should not: no session ends by it, and no message is blamed."""

import struct
import uuid
from types import SimpleNamespace

import pytest

from services.notification.outcome import Accepted, Later
from services.notification.senders.base import Letter
from services.notification.senders.smpp_codes import Receipt, receipt
from services.notification.sinks import smpp_pdu as smpp
from services.notification.sinks.smpp_sink import SmppSink
from tests.support.poll import until

DATA_SM, ALERT_ON_DELIVERY, UNHEARD_OF = 0x103, 0x130C, 0x00010203
WHOLE = smpp.receipt("962791234567", "Bekhedmet", b"id:p1 stat:DELIVRD", "p1", 2).body


class Odd(SmppSink):
    """Says `greeting` after each bind; `identity` is its word for each message; `bind_answer` is instead of an answer to a bind."""

    def __init__(self):
        super().__init__()
        self.greeting: list[bytes] = []
        self.identity: bytes | None = None
        self.bind_answer: bytes | None = None
        self.binds = 0
        self.answers: list[tuple[int, int, int]] = []

    def _bind(self, session, pdu):
        self.binds += 1
        if self.bind_answer is not None:
            session._connection.sendall(self.bind_answer)
            return False
        bound = super()._bind(session, pdu)
        for each in self.greeting:
            session._connection.sendall(each)
        return bound

    def _submit(self, session, pdu):
        if self.identity is None:
            return super()._submit(session, pdu)
        session.answer(pdu, body=self.identity + b"\x00")
        return True

    def serve(self, connection):
        stream = connection.makefile("rb")
        super().serve(
            SimpleNamespace(makefile=lambda _: _Listening(stream, self), sendall=connection.sendall)
        )


class _Listening:
    """Notes what the sender answers."""

    def __init__(self, stream, sink):
        self._stream, self._sink = stream, sink

    def read(self, size):
        octets = self._stream.read(size)
        if size == 16 and len(octets) == 16:
            self._sink.answers.append(struct.unpack(">4L", octets)[1:])
        return octets


@pytest.fixture
def sink():
    sink = Odd().start()
    yield sink
    sink.stop()


@pytest.fixture
def sender(connect):
    return connect(answer_seconds=5.0)


def letter(text="hello"):
    return Letter(str(uuid.uuid4()), "+962791234567", text)


def pdu(command, body=b"", sequence=7000):
    return smpp.Pdu(command, 0, sequence, body).pack()


@pytest.mark.parametrize("command", [UNHEARD_OF, DATA_SM, smpp.SUBMIT_SM])
def test_a_request_of_another_kind_is_refused_and_the_session_goes_on(sink, sender, command):
    sink.greeting = [pdu(command, b"\xff\x00\xff")]
    assert isinstance(sender.send(letter()), Accepted)
    until(lambda: (smpp.GENERIC_NACK, smpp.INVALID_COMMAND, 7000) in sink.answers)
    assert isinstance(sender.send(letter()), Accepted)
    assert sink.binds == 1


def test_an_answer_of_another_kind_is_let_pass(sink, sender):
    sink.greeting = [pdu(UNHEARD_OF | smpp.RESPONSE), pdu(smpp.SUBMIT_SM | smpp.RESPONSE, b"nobody asked")]
    assert isinstance(sender.send(letter()), Accepted)
    assert not [each for each in sink.answers if each[0] == smpp.GENERIC_NACK]
    assert sink.binds == 1


@pytest.mark.parametrize(
    "body", [b"", b"\x00", WHOLE[:20], WHOLE[:-3], b"\xff" * 300, WHOLE + b"\x14\x00\x00"]
)
def test_a_malformed_delivery_is_taken_and_does_not_come_back(sink, sender, body):
    """Left unanswered it would come again after every bind."""
    sink.greeting = [pdu(smpp.DELIVER_SM, body)]
    assert isinstance(sender.send(letter()), Accepted)
    until(lambda: (smpp.DELIVER_SM | smpp.RESPONSE, 0, 7000) in sink.answers)
    assert isinstance(sender.send(letter()), Accepted)
    assert sink.binds == 1


def test_a_receipt_with_a_parameter_that_is_out_of_place_is_a_receipt(sink, sender, receipts):
    sink.greeting = [pdu(smpp.DELIVER_SM, WHOLE + struct.pack(">HH", ALERT_ON_DELIVERY, 0))]
    assert sender.ready()
    until(lambda: receipts)
    assert receipts == [Receipt("p1", "delivered", None)]


def test_what_comes_in_pieces_and_together_is_put_in_order(sink, sender, receipts):
    whole = b"".join(pdu(smpp.DELIVER_SM, WHOLE, number) for number in (1, 2, 3))
    sink.greeting = [whole[:3], whole[3:40], whole[40:-50], whole[-50:]]
    assert sender.ready()
    until(lambda: sink.answers[1:] == [(smpp.DELIVER_SM | smpp.RESPONSE, 0, number) for number in (1, 2, 3)])
    assert receipts == [Receipt("p1", "delivered", None)] * 3


@pytest.mark.parametrize("length", [0, 3, 15, 0xFFFFFFFF])
def test_a_length_that_cannot_be_ends_the_session_and_there_is_another(sink, sender, length):
    sink.greeting = [struct.pack(">4L", length, smpp.ENQUIRE_LINK, 0, 7000)]
    assert sender.ready()
    first = sender._session
    until(lambda: first.lost)
    sink.greeting = []
    until(sender.ready)
    assert isinstance(sender.send(letter()), Accepted)
    assert sink.binds == 2


@pytest.mark.parametrize("identity", [b"", b"x" * 5000, b"\xff\xfe", b"a\x07b"])
def test_an_id_that_is_none_is_not_kept(sink, sender, identity):
    """The message went out; a receipt for it cannot be told from others."""
    sink.identity = identity
    outcome = sender.send(letter())
    assert isinstance(outcome, Accepted)
    assert outcome.provider_ids == {1: ""}


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        pdu(UNHEARD_OF),
        pdu(smpp.BIND_TRANSCEIVER | smpp.RESPONSE, b"\x02\x10\x00\x05", 1),
        b"\x00\x00\x00\x02",
    ],
)
def test_nonsense_in_answer_to_a_bind_blames_no_message(sink, sender, answer):
    sink.bind_answer = answer
    outcome = sender.send(letter())
    assert isinstance(outcome, Later)
    assert not outcome.counts
    sink.bind_answer = None
    until(sender.ready)
    assert isinstance(sender.send(letter()), Accepted)


@pytest.mark.parametrize("identity", [b"a\x00b", b"x" * 65, b"\xff", b""])
def test_a_receipt_with_an_id_that_the_database_cannot_hold_is_none(identity):
    said = SimpleNamespace(esm_class=4, short_message=b"", receipted_message_id=identity, message_state=2)
    assert receipt(said) is None


@pytest.mark.parametrize("state", [0, 1, 7, 99, 255, None])
def test_a_receipt_that_is_not_final_is_none(state):
    said = SimpleNamespace(esm_class=4, short_message=b"", receipted_message_id=b"p1", message_state=state)
    assert receipt(said) is None
