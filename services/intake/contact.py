"""How a complainant can be reached: one form per address, so that nothing sent to it can go elsewhere."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberFormat, PhoneNumberType

HOME_REGION = "JO"
PREFERENCES = ("any", "no_calls", "portal_only")
_LONGEST_PHONE = 40
_LONGEST_EMAIL = 254
# Digits of any script, one leading plus, and what people put between digits. Letters would be read as keys of
# a telephone.
_PHONE = re.compile(r"[+\uff0b]?[\d\s().\-/\u2010-\u2015]+")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\u061c\ufeff]")
# Numbers that cost the caller extra, or reach nobody, are no way to reach a complainant and a way to be
# robbed.
_PERSONAL_TYPES = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)


class PhoneError(ValueError):
    """The text is no telephone number that can be dialled from Jordan. Never quotes it."""


class EmailError(ValueError):
    """The text is no address that mail can be delivered to. Never quotes it."""


def normalise_phone(typed: str) -> str:
    """E.164, such as +962791234567. National numbers are Jordan's; digits may be Arabic-Indic. Raises
    PhoneError.
    """
    text = _INVISIBLE.sub("", typed).strip()
    if len(text) > _LONGEST_PHONE or not _PHONE.fullmatch(text):
        raise PhoneError
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        raise PhoneError from None
    if phonenumbers.number_type(number) not in _PERSONAL_TYPES:
        raise PhoneError
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def normalise_email(typed: str) -> str:
    """The address with its domain in lower-case ASCII (punycode where it is not). Raises EmailError.

    Quoted and non-ASCII local parts are refused: many mail servers on the way cannot carry them, and the
    first can hide a header.
    """
    text = _INVISIBLE.sub("", typed).strip(" ")
    if len(text) > _LONGEST_EMAIL:
        raise EmailError
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise EmailError from None
    if not found.ascii_email or len(found.ascii_email) > _LONGEST_EMAIL:
        raise EmailError
    return found.ascii_email
