"""How a text becomes short messages: GSM 7-bit where it can be, UCS-2 otherwise, in parts with a header (3GPP TS 23.038, 23.040).

A part of a long message holds 6 octets of header, so 153 septets or 67 UTF-16 units; neither an escape sequence nor a surrogate pair
is ever cut in two. The same text and reference give the same parts, so that an interrupted long message can be completed.
"""

from dataclasses import dataclass

GSM7 = 0
"""data_coding of the default alphabet: one septet to an octet, as SMPP centres expect it."""
UCS2 = 8
"""data_coding of UTF-16, big endian."""

_SINGLE = {GSM7: 160, UCS2: 70}
_CONCATENATED = {GSM7: 153, UCS2: 67}
_MOST_PARTS = 255

# The basic table; the place of a character is its code. The escape itself (0x1B) is no character.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_ESCAPE = 0x1B
_SEPTETS = {character: bytes([code]) for code, character in enumerate(_BASIC) if code != _ESCAPE} | {
    character: bytes([_ESCAPE, code]) for character, code in _EXTENDED.items()
}


class TooLong(ValueError):
    """The text needs more than 255 parts."""


@dataclass(frozen=True, slots=True)
class Part:
    """One short message: `octets` are the user data, with the header in front where there are several parts."""

    number: int
    total: int
    octets: bytes
    coding: int

    @property
    def has_header(self) -> bool:
        """Whether the user data starts with a header (UDHI)."""
        return self.total > 1


def split(text: str, reference: int) -> list[Part]:
    """The parts of `text`. `reference` (0–255) tells the parts of one message from those of another to the same phone.

    Raises TooLong. Unpaired surrogates become U+FFFD: they are no text.
    """
    coding, units = _encode(text)
    width = 1 if coding == GSM7 else 2
    if sum(map(len, units)) <= _SINGLE[coding] * width:
        return [Part(1, 1, b"".join(units), coding)]
    pieces = _fill(units, _CONCATENATED[coding] * width)
    total = len(pieces)
    if total > _MOST_PARTS:
        raise TooLong
    return [
        Part(number, total, bytes((5, 0, 3, reference & 0xFF, total, number)) + piece, coding)
        for number, piece in enumerate(pieces, start=1)
    ]


def count(text: str) -> int:
    """How many short messages `text` costs."""
    return len(split(text, 0))


def _encode(text: str) -> tuple[int, list[bytes]]:
    """The coding and the indivisible pieces: one septet or escape sequence, one UTF-16 unit or surrogate pair each."""
    try:
        return GSM7, [_SEPTETS[character] for character in text]
    except KeyError:
        return UCS2, [
            character.encode("utf-16-be", "surrogatepass") if not _lone(character) else b"\xff\xfd"
            for character in text
        ]


def _lone(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _fill(units: list[bytes], room: int) -> list[bytes]:
    pieces: list[bytes] = []
    current = bytearray()
    for unit in units:
        if len(current) + len(unit) > room:
            pieces.append(bytes(current))
            current.clear()
        current += unit
    pieces.append(bytes(current))
    return pieces
