"""Tracking numbers: what a complainant says, types or reads out to learn how the complaint stands.

A named complaint has a number such as `BK-7F3KM-9QXAT-M2D4C`: 14 random characters of an alphabet of 29 (68 bits) and a check
character by ISO 7064 MOD 29,2, which finds every wrong character and every two that changed places. An anonymous complaint has a
receipt of 16 digits such as `4831-0275-9916-3047`: 15 random digits and a check digit by Damm, which finds every wrong digit and
every two neighbours that changed places. Only a keyed hash of either is looked up, so that neither the table nor a copy of it opens
anything.
"""

import hmac
import re
from collections.abc import Callable

from stdnum import damm
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_37_2

ALPHABET = "0123456789ABCDEFGHJKMPQRTVWXY"
"""No I, L, O, S, U, Z: on paper they are 1, 0, 5, V and 2. No N: on the phone it is M. 29 is a prime and 2 generates all its
remainders, so that the check misses no exchange.
"""

PREFIX = "BK"
_RANDOM_CHARACTERS = 14
_RANDOM_DIGITS = 15
_NUMBER = re.compile(rf"[{ALPHABET}]{{{_RANDOM_CHARACTERS + 1}}}")
_RECEIPT = re.compile(rf"[0-9]{{{_RANDOM_DIGITS + 1}}}")
_LONGEST_INPUT = 80

# What people type for what they read or hear: other digits, other letters, and anything between the groups.
_TYPED = str.maketrans(
    {
        **{chr(0x0660 + digit): str(digit) for digit in range(10)},
        **{chr(0x06F0 + digit): str(digit) for digit in range(10)},
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **dict.fromkeys("Oo", "0"),
        **dict.fromkeys("IiLl", "1"),
        **dict.fromkeys("Ss", "5"),
        **dict.fromkeys("Zz", "2"),
        **dict.fromkeys("Uu", "V"),
        **dict.fromkeys("Nn", "M"),
    }
)
_BETWEEN = re.compile(
    r"[\s\-_.,/\u00ad\u0640\u060c\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2066-\u2069\u061c\u2212\ufeff]+"
)


def new_number(randbelow: Callable[[int], int]) -> str:
    """A new number for a named complaint. `randbelow` must be as unpredictable as `secrets.randbelow`."""
    rest = randbelow(len(ALPHABET) ** _RANDOM_CHARACTERS)
    characters = []
    for _ in range(_RANDOM_CHARACTERS):
        rest, index = divmod(rest, len(ALPHABET))
        characters.append(ALPHABET[index])
    body = "".join(characters)
    return _grouped_number(body + mod_37_2.calc_check_digit(body, ALPHABET))


def new_receipt(randbelow: Callable[[int], int]) -> str:
    """A new receipt for an anonymous complaint. `randbelow` as for `new_number`."""
    body = f"{randbelow(10**_RANDOM_DIGITS):0{_RANDOM_DIGITS}d}"
    return _grouped_receipt(body + damm.calc_check_digit(body))


def parse(typed: str) -> str | None:
    """The number or receipt in the form in which it was given out, from what somebody typed; None if it can
    be neither.

    Accepts Arabic-Indic, Persian and full-width digits, lower case, look-alike letters, with or without the
    prefix, and any spaces, dashes or invisible marks between the characters.
    """
    if len(typed) > _LONGEST_INPUT:
        return None
    compact = _BETWEEN.sub("", typed.translate(_TYPED)).upper()
    if _RECEIPT.fullmatch(compact) and damm.is_valid(compact):
        return _grouped_receipt(compact)
    if len(compact) == len(PREFIX) + _RANDOM_CHARACTERS + 1:
        compact = compact.removeprefix(PREFIX)
    if not _NUMBER.fullmatch(compact):
        return None
    try:
        mod_37_2.validate(compact, ALPHABET)
    except ValidationError:
        return None
    return _grouped_number(compact)


def lookup_hash(pepper: bytes, number: str) -> bytes:
    """The 16 bytes by which `number`, as `parse` gives it, is found: HMAC-SHA-256 keyed with the pepper, cut
    to 128 bits.
    """
    return hmac.digest(pepper, b"tracking\0" + number.encode(), "sha256")[:16]


def _grouped_number(characters: str) -> str:
    return f"{PREFIX}-{characters[:5]}-{characters[5:10]}-{characters[10:]}"


def _grouped_receipt(digits: str) -> str:
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))
