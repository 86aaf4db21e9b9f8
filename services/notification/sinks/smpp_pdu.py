"""SMPP 3.4 from the other side: just the PDUs that a message centre needs, packed and parsed by hand.

The sender uses smpplib; the sink does not, so that the two cannot be wrong together.
"""

import struct
from dataclasses import dataclass

GENERIC_NACK = 0x80000000
BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 0x1, 0x2, 0x9
SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x4, 0x5, 0x6, 0x15
RESPONSE = 0x80000000

OK, INVALID_LENGTH, INVALID_COMMAND, NOT_BOUND, INVALID_PASSWORD = 0x0, 0x2, 0x3, 0x4, 0xE

UDHI, RECEIPT = 0x40, 0x04
_RECEIPTED_ID, _STATE, _REFERENCE = 0x001E, 0x0427, 0x0204
_MOST = 64 * 1024


@dataclass(frozen=True)
class Pdu:
    command: int
    status: int
    sequence: int
    body: bytes

    def pack(self) -> bytes:
        """The bytes on the wire."""
        return struct.pack(">IIII", 16 + len(self.body), self.command, self.status, self.sequence) + self.body


@dataclass(frozen=True)
class Submission:
    """What a submit_sm says."""

    source: str
    destination: str
    esm_class: int
    registered: int
    coding: int
    octets: bytes
    reference: int | None


def read(stream) -> Pdu | None:
    """The next PDU of a binary file; None at its end. Raises ValueError, EOFError."""
    head = stream.read(16)
    if not head:
        return None
    if len(head) < 16:
        raise EOFError
    length, command, status, sequence = struct.unpack(">IIII", head)
    if not 16 <= length <= _MOST:
        raise ValueError("command_length")
    body = stream.read(length - 16)
    if len(body) < length - 16:
        raise EOFError
    return Pdu(command, status, sequence, body)


def bind(body: bytes) -> tuple[str, str]:
    """(system_id, password) of a bind request."""
    system_id, rest = _text(body)
    password, _ = _text(rest)
    return system_id, password


def submission(body: bytes) -> Submission:
    """A submit_sm. Raises ValueError, LookupError."""
    _, rest = _text(body)
    source, rest = _text(rest[2:])
    destination, rest = _text(rest[2:])
    esm_class, rest = rest[0], rest[3:]
    _, rest = _text(rest)
    _, rest = _text(rest)
    if len(rest) < 5:
        raise ValueError("short body")
    registered, _, coding, _, length = rest[:5]
    octets, optional = rest[5 : 5 + length], rest[5 + length :]
    if len(octets) != length:
        raise ValueError("sm_length")
    reference = _optional(optional).get(_REFERENCE)
    return Submission(
        source,
        destination,
        esm_class,
        registered,
        coding,
        octets,
        int.from_bytes(reference, "big") if reference else None,
    )


def receipt(source: str, destination: str, text: bytes, message_id: str, state: int) -> Pdu:
    """A deliver_sm that carries a delivery receipt: in its text as older centres do, and in optional parameters.

    The session that delivers it gives it a sequence number.
    """
    identity = message_id.encode() + b"\x00"
    body = (
        b"\x00\x01\x01"
        + source.encode()
        + b"\x00\x01\x01"
        + destination.encode()
        + b"\x00"
        + bytes((RECEIPT, 0, 0))
        + b"\x00\x00"
        + bytes((0, 0, 0, 0, len(text)))
        + text
        + struct.pack(">HH", _RECEIPTED_ID, len(identity))
        + identity
        + struct.pack(">HHB", _STATE, 1, state)
    )
    return Pdu(DELIVER_SM, OK, 0, body)


def _text(data: bytes) -> tuple[str, bytes]:
    """A C-octet string and what follows it."""
    end = data.index(b"\x00")
    return data[:end].decode("latin-1"), data[end + 1 :]


def _optional(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        tag, length = struct.unpack(">HH", data[:4])
        found[tag] = data[4 : 4 + length]
        data = data[4 + length :]
    return found
