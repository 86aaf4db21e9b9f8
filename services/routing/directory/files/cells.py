"""The columns of each kind of file, and what the text of a cell means. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from services.routing.deadlines.calendar import AMMAN
from services.routing.directory.entries import GOVERNORATES
from services.routing.directory.files.sheet import FORMULA, MOST_CELL, storable, western
from services.routing.directory.presence import PARTS, RANKS
from services.routing.directory.refusals import Refused

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_LOCAL_PHONE = re.compile(r"0(7[0-9]{8})")
_LANGUAGE = re.compile(r"[a-z]{2}")
_YEAR_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DAY_AND_TIME = re.compile(r"(\S{8,10})[ T](\d{2}:\d{2}(?::\d{2})?)")
_YEARS = range(1990, 2101)
#: What a body is. The platform treats all of them alike.
INSTITUTION_KINDS = (
    "ministry",
    "authority",
    "regulator",
    "commission",
    "council",
    "corporation",
    "department",
    "fund",
    "judiciary",
    "municipality",
    "security",
    "coordinator",
)


@dataclass(frozen=True, slots=True)
class Column:
    """`needed`: the file must have the column, and each line a text in it."""

    name: str
    parse: Callable[[str], Any]
    needed: bool = False


def read(column: Column, cell: str) -> Any:
    """The value of a cell; None for an empty one. Raises Refused."""
    if not cell:
        if column.needed:
            raise Refused("required", column.name)
        return None
    if len(cell) > MOST_CELL:
        raise Refused("too_long", column.name)
    if not storable(cell):
        raise Refused("forbidden_character", column.name)
    try:
        return column.parse(cell)
    except Refused as refused:
        raise Refused(refused.code, column.name) from None


def name_of(cell: str) -> str:
    """A name for people, on one line. A formula is none."""
    if cell.startswith(FORMULA):
        raise Refused("formula")
    if len(cell) > 200:
        raise Refused("too_long")
    return " ".join(cell.split())


def day(cell: str) -> date:
    """2026-11-23 or 23/11/2026, in Arabic digits too."""
    text = western(cell).replace(" 00:00:00", "")
    if match := _DAY_FIRST.fullmatch(text):
        text = f"{match[3]}-{int(match[2]):02d}-{int(match[1]):02d}"
    try:
        found = date.fromisoformat(text) if _YEAR_FIRST.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise Refused("not_date")
    return found


def wall_moment(cell: str) -> datetime:
    """A time of the wall clock in Amman, such as 2026-11-23 22:00, or one with its zone; a day begins at midnight."""
    text = western(cell)
    if match := _DAY_AND_TIME.fullmatch(text):
        try:
            return datetime.combine(day(match[1]), time.fromisoformat(match[2]), AMMAN)
        except (Refused, ValueError):
            raise Refused("not_moment") from None
    return moment(text)


def moment(cell: str) -> datetime:
    """A day, which begins at midnight in Amman, or an ISO 8601 time with its zone."""
    text = western(cell)
    if "T" not in text:
        try:
            return datetime.combine(day(text), time(), AMMAN)
        except Refused:
            raise Refused("not_moment") from None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("not_moment") from None
    if found.tzinfo is None or found.year not in _YEARS:
        raise Refused("not_moment")
    return found


def number(cell: str) -> int:
    """A whole number from 1 to 1000."""
    text = western(cell)
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= 1000):
        raise Refused("not_number")
    return int(text)


def identity(cell: str) -> str:
    """A UUID."""
    try:
        return str(UUID(cell))
    except ValueError:
        raise Refused("not_id") from None


def email(cell: str) -> str:
    """A mail address, as far as its form tells."""
    if len(cell) > 254 or not _EMAIL.fullmatch(cell):
        raise Refused("not_email")
    return cell


def phone(cell: str) -> str:
    """A number with its country code; one of Jordan may be written as people do (079 …)."""
    text = re.sub(r"[ ()./-]", "", western(cell))
    text = f"+{text[2:]}" if text.startswith("00") else text
    if match := _LOCAL_PHONE.fullmatch(text):
        text = f"+962{match[1]}"
    if not _PHONE.fullmatch(text):
        raise Refused("not_phone")
    return text


def languages(cell: str) -> list[str]:
    """Codes with blanks or commas between them; the first is the one that the officer is written to in."""
    found = list(dict.fromkeys(re.split(r"[\s,;|،]+", cell.lower())))
    if found[0] not in ("ar", "en") or not all(map(_LANGUAGE.fullmatch, found)):
        raise Refused("not_language")
    return found


def governorate(cell: str) -> str:
    """One of the twelve."""
    if cell.upper() not in GOVERNORATES:
        raise Refused("unknown_governorate")
    return cell.upper()


def _code(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(cell: str) -> str:
        if not pattern.fullmatch(cell):
            raise Refused("not_code")
        return cell

    return parse


def _one_of(choices: tuple[str, ...], code: str) -> Callable[[str], str]:
    def parse(cell: str) -> str:
        if cell.lower() not in choices:
            raise Refused(code)
        return cell.lower()

    return parse


def _rule(cell: str) -> str:
    if len(cell) > 100 or cell.startswith(FORMULA):
        raise Refused("not_code")
    return cell


institution_code = _code(re.compile(r"[A-Z][A-Z0-9]{0,15}"))
unit_code = _code(re.compile(r"[A-Z][A-Z0-9-]{0,31}"))
category_code = _code(re.compile(r"[a-z][a-z0-9_]{0,50}(\.[a-z0-9_]{1,50}){0,5}"))

_INSTITUTION_COLUMN = Column("institution", institution_code, needed=True)
_GOVERNORATE_COLUMN = Column("governorate", governorate)
_NAMES = (Column("name_ar", name_of, needed=True), Column("name_en", name_of, needed=True))
_SERVICE = (Column("valid_from", day), Column("valid_to", day))
_OFFICER = (Column("officer_id", identity), Column("email", email))

COLUMNS: dict[str, tuple[Column, ...]] = {
    "institutions": (
        Column("code", institution_code, needed=True),
        Column("kind", _one_of(INSTITUTION_KINDS, "not_kind"), needed=True),
        *_NAMES,
        _GOVERNORATE_COLUMN,
        *_SERVICE,
        Column("successor", institution_code),
    ),
    "units": (
        Column("code", unit_code, needed=True),
        _INSTITUTION_COLUMN,
        Column("parent", unit_code),
        *_NAMES,
        _GOVERNORATE_COLUMN,
        *_SERVICE,
    ),
    "officers": (
        Column("id", identity),
        Column("email", email, needed=True),
        _INSTITUTION_COLUMN,
        Column("unit", unit_code),
        Column("rank", _one_of(RANKS, "not_rank"), needed=True),
        *_NAMES,
        Column("phone", phone, needed=True),
        Column("languages", languages, needed=True),
        *_SERVICE,
    ),
    "rules": (
        Column("id", _rule),
        Column("category", category_code, needed=True),
        _GOVERNORATE_COLUMN,
        _INSTITUTION_COLUMN,
        Column("priority", number, needed=True),
        Column("valid_from", moment),
        Column("valid_to", moment),
        Column("replaces", _rule),
    ),
    "leave": (
        *_OFFICER,
        Column("first_day", day, needed=True),
        Column("last_day", day, needed=True),
        Column("cover", email),
        Column("cover_id", identity),
    ),
    "certificates": (
        *_OFFICER,
        Column("part", _one_of(PARTS, "not_part"), needed=True),
        Column("issued_on", day, needed=True),
        Column("expires_on", day, needed=True),
    ),
    "on_call": (
        Column("id", identity),
        # Empty: the coordinator's desk.
        Column("institution", institution_code),
        *_OFFICER,
        Column("starts_at", wall_moment, needed=True),
        Column("ends_at", wall_moment, needed=True),
        Column("position", number, needed=True),
    ),
}
KINDS = tuple(COLUMNS)
