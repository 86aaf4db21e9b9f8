"""A small SMPP 3.4 message centre: binds, takes submit_sm, puts long messages together again, sends receipts, misbehaves on request."""

import dataclasses
import socket
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.notification.sinks import smpp_pdu as smpp
from services.notification.sinks.received import Received, digest
from services.notification.sinks.server import Server

_BINDS = (smpp.BIND_RECEIVER, smpp.BIND_TRANSMITTER, smpp.BIND_TRANSCEIVER)
_STATES = {"delivered": (2, "DELIVRD"), "expired": (3, "EXPIRED"), "failed": (5, "UNDELIV")}
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_THROTTLED = 0x58
#: ((reference, total, number) or None, the octets behind the header).
_Header = tuple[tuple[int, int, int] | None, bytes]


@dataclass
class Faults:
    """How the centre misbehaves. Numbers are how many of the next submissions it happens to; 0 is never.

    `refuse_status` answers all of them with this command status. `late_seconds` delays every answer. `drop_next` accepts and keeps a
    message and then cuts the connection instead of answering. `receipt` is delivered, failed, expired or none.
    """

    refuse_status: int = 0
    throttle_next: int = 0
    drop_next: int = 0
    late_seconds: float = 0.0
    receipt: str = "delivered"
    refuse_bind: bool = False


class SmppSink(Server):
    """Messages are kept when they are complete; `partial()` counts those that still lack a part."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        received: Received | None = None,
        faults: Faults | None = None,
        password: str | None = None,
    ) -> None:
        """With `password`, a bind with another one is refused."""
        super().__init__(host, port)
        self.received = received or Received()
        self.faults = faults or Faults()
        self._password = password
        self._parts: dict[tuple[str, str, int, int], dict[int, tuple[bytes, str]]] = {}
        # Receipts that no session has acknowledged, by message id: they are sent again after the next bind.
        self._owed: dict[str, smpp.Pdu] = {}
        self._state = threading.Lock()

    def partial(self) -> int:
        """Long messages of which a part is missing."""
        with self._state:
            return len(self._parts)

    def serve(self, connection: socket.socket) -> None:
        """One session: from bind to unbind, or until it breaks."""
        stream = connection.makefile("rb")
        session = _Session(connection)
        while (pdu := smpp.read(stream)) is not None:
            if pdu.command in _BINDS:
                if not self._bind(session, pdu):
                    return
            elif pdu.command == smpp.SUBMIT_SM and session.bound:
                if not self._submit(session, pdu):
                    return
            elif pdu.command == smpp.DELIVER_SM | smpp.RESPONSE:
                self._acknowledged(session, pdu)
            elif pdu.command == smpp.ENQUIRE_LINK:
                session.answer(pdu)
            elif pdu.command == smpp.UNBIND:
                session.answer(pdu)
                return
            elif pdu.command == smpp.SUBMIT_SM:
                session.answer(pdu, smpp.NOT_BOUND)
            elif not pdu.command & smpp.RESPONSE:
                session.send(smpp.Pdu(smpp.GENERIC_NACK, smpp.INVALID_COMMAND, pdu.sequence, b""))

    def _bind(self, session: "_Session", pdu: smpp.Pdu) -> bool:
        system_id, password = smpp.bind(pdu.body)
        if self.faults.refuse_bind or (self._password is not None and password != self._password):
            session.answer(pdu, smpp.INVALID_PASSWORD)
            return False
        session.bound = True
        session.answer(pdu, body=system_id.encode()[:15] + b"\x00")
        with self._state:
            owed = dict(self._owed)
        for message_id, receipt in owed.items():
            session.deliver(message_id, receipt)
        return True

    def _submit(self, session: "_Session", pdu: smpp.Pdu) -> bool:
        """Whether the connection goes on."""
        try:
            message = smpp.submission(pdu.body)
            header = _header(message)
        except (ValueError, LookupError):
            session.answer(pdu, smpp.INVALID_LENGTH)
            return True
        faults = self.faults
        status = faults.refuse_status
        if self._take("throttle_next"):
            status = _THROTTLED
        message_id = uuid.uuid4().hex[:16]
        if not status:
            self._keep(message, header, message_id)
        if faults.late_seconds:
            time.sleep(faults.late_seconds)
        if not status and self._take("drop_next"):
            return False
        session.answer(pdu, status, body=b"" if status else message_id.encode() + b"\x00")
        if not status and message.registered & 0x03 and faults.receipt in _STATES:
            self._send_receipt(session, message, message_id, faults.receipt)
        return True

    def _take(self, name: str) -> bool:
        with self._state:
            left = getattr(self.faults, name)
            if left:
                setattr(self.faults, name, left - 1)
            return bool(left)

    def _keep(self, message: smpp.Submission, header: _Header, message_id: str) -> None:
        part, octets = header
        if part is None:
            self._complete(message, [(octets, message_id)])
            return
        reference, total, number = part
        key = (message.source, message.destination, reference, total)
        with self._state:
            parts = self._parts.setdefault(key, {})
            parts[number] = (octets, message_id)
            if len(parts) < total:
                return
            del self._parts[key]
        self._complete(message, [parts[each] for each in sorted(parts)])

    def _complete(self, message: smpp.Submission, parts: list[tuple[bytes, str]]) -> None:
        text = _decode(b"".join(octets for octets, _ in parts), message.coding)
        entry: dict[str, Any] = {
            "from": message.source,
            "to": "+" + message.destination,
            "text": text,
            "parts": len(parts),
            "provider_ids": [identity for _, identity in parts],
            "reference": message.reference,
        }
        self.received.add(digest(message.destination, text), entry)

    def _send_receipt(
        self, session: "_Session", message: smpp.Submission, message_id: str, state: str
    ) -> None:
        code, word = _STATES[state]
        moment = datetime.now(UTC).strftime("%y%m%d%H%M")
        delivered = int(state == "delivered")
        text = (
            f"id:{message_id} sub:001 dlvrd:{delivered:03} submit date:{moment} done date:{moment} stat:{word} err:000 text:"
        ).encode()
        receipt = smpp.receipt(message.destination, message.source, text, message_id, code)
        with self._state:
            self._owed[message_id] = receipt
        session.deliver(message_id, receipt)

    def _acknowledged(self, session: "_Session", pdu: smpp.Pdu) -> None:
        message_id = session.delivered.pop(pdu.sequence, None)
        if message_id is not None and pdu.status == smpp.OK:
            with self._state:
                self._owed.pop(message_id, None)


class _Session:
    def __init__(self, connection: socket.socket) -> None:
        self.bound = False
        self.delivered: dict[int, str] = {}
        self._connection = connection
        self._sequence = 0

    def deliver(self, message_id: str, receipt: smpp.Pdu) -> None:
        self._sequence += 1
        self.delivered[self._sequence] = message_id
        self.send(dataclasses.replace(receipt, sequence=self._sequence))

    def send(self, pdu: smpp.Pdu) -> None:
        self._connection.sendall(pdu.pack())

    def answer(self, pdu: smpp.Pdu, status: int = smpp.OK, body: bytes = b"") -> None:
        self.send(smpp.Pdu(pdu.command | smpp.RESPONSE, status, pdu.sequence, body))


def _header(message: smpp.Submission) -> _Header:
    """Raises LookupError where it ends too early."""
    octets = message.octets
    if not message.esm_class & smpp.UDHI:
        return None, octets
    length = octets[0]
    elements, rest = octets[1 : 1 + length], octets[1 + length :]
    while len(elements) >= 2:
        kind, size = elements[0], elements[1]
        value, elements = elements[2 : 2 + size], elements[2 + size :]
        if kind == 0x00 and size == 3:
            return (value[0], value[1], value[2]), rest
        if kind == 0x08 and size == 4:
            return (int.from_bytes(value[:2], "big"), value[2], value[3]), rest
    return None, rest


def _decode(octets: bytes, coding: int) -> str:
    if coding == 8:
        return octets.decode("utf-16-be", "replace")
    text, escaped = [], False
    for octet in octets:
        if escaped:
            text.append(_EXTENSION.get(octet, "?"))
            escaped = False
        elif octet == 0x1B:
            escaped = True
        else:
            text.append(_ALPHABET[octet & 0x7F])
    return "".join(text)
