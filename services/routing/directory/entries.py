"""What an entry of the directory must fulfil, whether it comes from a request or from the line of a file. Pure.

Entries are plain rows: dictionaries with the names of the columns, ids as text. Each check raises Refused with the field that is wrong.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from services.routing.directory.presence import day_of
from services.routing.directory.refusals import Refused

Row = dict[str, Any]

#: ISO 3166-2:JO.
GOVERNORATES = frozenset(
    f"JO-{code}" for code in ("AJ", "AM", "AQ", "AT", "AZ", "BA", "IR", "JA", "KA", "MA", "MD", "MN")
)
MOST_LEVELS = 20
LONGEST_LEAVE = timedelta(days=366)


def check_unit(unit: Row, before: Row | None, units: Mapping[str, Row], institutions: Iterable[str]) -> None:
    """A unit stands in one body, below units of that body, and never above itself. `units` are as they will be, this one included."""
    if unit["institution"] not in institutions:
        raise Refused("unknown_institution", "institution")
    if before is not None and before["institution"] != unit["institution"]:
        raise Refused("unit_moves", "institution")
    check_place(unit)
    _check_order(unit["valid_from"], unit["valid_to"])
    above, code = [unit["code"]], unit["parent"]
    while code is not None:
        if code in above:
            raise Refused("unit_cycle", "parent", above[above.index(code) :])
        parent = units.get(code)
        if parent is None:
            raise Refused("unknown_unit", "parent")
        if parent["institution"] != unit["institution"]:
            raise Refused("unit_elsewhere", "parent")
        above.append(code)
        if len(above) > MOST_LEVELS:
            raise Refused("unit_too_deep", "parent")
        code = parent["parent"]


def check_institution(
    body: Row, before: Row | None, bodies: Mapping[str, Row], busy: Iterable[str], today: date
) -> None:
    """A body that ends does so today or later, and while it has open cases only for another that goes on. `bodies` are as they will be."""
    check_place(body)
    _check_order(body["valid_from"], body["valid_to"])
    ended = before["valid_to"] if before else None
    if body["valid_to"] is None:
        if body["successor"] is not None:
            raise Refused("required", "valid_to")
        return
    if body["valid_to"] != ended and body["valid_to"] < today:
        raise Refused("in_the_past", "valid_to")
    if body["successor"] is None:
        if body["code"] in busy:
            raise Refused("institution_has_cases", "valid_to")
        return
    after, code = [body["code"]], body["successor"]
    while code is not None:
        if code in after:
            raise Refused("successor_cycle", "successor", after[after.index(code) :])
        if code not in bodies:
            raise Refused("unknown_institution", "successor")
        after.append(code)
        code = bodies[code]["successor"]
    end = bodies[body["successor"]]["valid_to"]
    if end is not None and end <= body["valid_to"]:
        raise Refused("successor_over", "successor")


def check_officer(
    officer: Row, before: Row | None, units: Mapping[str, Row], institutions: Iterable[str]
) -> None:
    """An officer belongs to one body, and to a unit of that body or to none."""
    if officer["institution"] not in institutions:
        raise Refused("unknown_institution", "institution")
    if before is not None and before["institution"] != officer["institution"]:
        raise Refused("officer_moves", "institution")
    if officer["unit"] is not None:
        unit = units.get(officer["unit"])
        if unit is None:
            raise Refused("unknown_unit", "unit")
        if unit["institution"] != officer["institution"]:
            raise Refused("unit_elsewhere", "unit")
    _check_order(officer["valid_from"], officer["valid_to"])


def check_leave(leave: Row, others: Iterable[Row], officers: Mapping[str, Row]) -> None:
    """Days of one officer that no other leave of theirs holds, covered by somebody else of the body. `others` are the officer's."""
    officer = officers.get(leave["officer_id"])
    if officer is None:
        raise Refused("unknown_officer", "officer_id")
    if leave["last_day"] < leave["first_day"]:
        raise Refused("ends_before_it_begins", "last_day")
    if leave["last_day"] - leave["first_day"] > LONGEST_LEAVE:
        raise Refused("leave_too_long", "last_day")
    if leave["cover_id"] is not None:
        cover = officers.get(leave["cover_id"])
        if cover is None:
            raise Refused("unknown_officer", "cover")
        if leave["cover_id"] == leave["officer_id"]:
            raise Refused("cover_is_self", "cover")
        if cover["institution"] != officer["institution"]:
            raise Refused("cover_elsewhere", "cover")
    for other in others:
        if leave["first_day"] <= other["last_day"] and other["first_day"] <= leave["last_day"]:
            raise Refused("leave_overlaps", "first_day")


def check_certificate(certificate: Row, officers: Mapping[str, Row], today: date) -> None:
    """A certificate of an officer, issued by today, that runs for a day at least."""
    if certificate["officer_id"] not in officers:
        raise Refused("unknown_officer", "officer_id")
    if certificate["issued_on"] > today:
        raise Refused("in_the_future", "issued_on")
    if certificate["expires_on"] <= certificate["issued_on"]:
        raise Refused("ends_before_it_begins", "expires_on")


def check_duty(
    duty: Row, rota: Iterable[Row], officers: Mapping[str, Row], institutions: Iterable[str]
) -> None:
    """A turn on the rota of a body by an officer of it, or of the coordinator's desk by any, in a position that is free all the time."""
    officer = officers.get(duty["officer_id"])
    if officer is None:
        raise Refused("unknown_officer", "officer_id")
    if duty["institution"] is not None:
        if duty["institution"] not in institutions:
            raise Refused("unknown_institution", "institution")
        if officer["institution"] != duty["institution"]:
            raise Refused("officer_elsewhere", "officer_id")
    if duty["ends_at"] <= duty["starts_at"]:
        raise Refused("ends_before_it_begins", "ends_at")
    for other in rota:
        same = (other["institution"], other["position"]) == (duty["institution"], duty["position"])
        if same and duty["starts_at"] < other["ends_at"] and other["starts_at"] < duty["ends_at"]:
            raise Refused("duty_taken", "position")


def check_rule(rule: Row, replaced: Row | None, institutions: Iterable[str], now: datetime) -> None:
    """A new rule begins now or later, since what it would say of the past has happened otherwise; the one it replaces still runs then."""
    if rule["institution"] not in institutions:
        raise Refused("unknown_institution", "institution")
    check_place(rule)
    if rule["valid_from"] < now:
        raise Refused("in_the_past", "valid_from")
    _check_order(rule["valid_from"], rule["valid_to"])
    if replaced is None:
        return
    if replaced["category"] != rule["category"]:
        raise Refused("rule_of_another_category", "replaces")
    over = replaced["valid_to"] is not None and replaced["valid_to"] <= rule["valid_from"]
    if over or replaced["valid_from"] >= rule["valid_from"]:
        raise Refused("rule_over", "replaces")


def check_rule_end(rule: Row, before: Row, now: datetime) -> None:
    """Of a rule that is there only the end may change, and neither the old end nor the new one may have been."""
    if any(rule[name] != before[name] for name in rule if name != "valid_to"):
        raise Refused("rule_fixed", next(name for name in rule if rule[name] != before[name]))
    if rule["valid_to"] == before["valid_to"]:
        return
    if any(end is not None and end < now for end in (rule["valid_to"], before["valid_to"])):
        raise Refused("in_the_past", "valid_to")
    _check_order(rule["valid_from"], rule["valid_to"])


def check_place(entry: Row) -> None:
    """The governorate is one of the twelve, or none."""
    if entry["governorate"] is not None and entry["governorate"] not in GOVERNORATES:
        raise Refused("unknown_governorate", "governorate")


def begins(given: date | datetime | None, now: datetime) -> date | datetime:
    """The beginning that is meant: none, and the day of today, mean now."""
    if given is None:
        return now
    if isinstance(given, datetime):
        return now if given < now and day_of(given) == day_of(now) else given
    return given


def rule_stem(rule: Row) -> str:
    """What the ids of all versions of a rule begin with: what it is about."""
    place = f"@{rule['governorate']}" if rule["governorate"] else ""
    return f"{rule['category']}{place}#"


def highest_numbers(ids: Iterable[str]) -> Counter[str]:
    """The highest number among the ids of rules, by their stems."""
    highest: Counter[str] = Counter()
    for identity in ids:
        stem, _, number = identity.rpartition("#")
        if number.isascii() and number.isdigit():
            highest[f"{stem}#"] = max(highest[f"{stem}#"], int(number))
    return highest


def _check_order(begin: date, end: date | None) -> None:
    if end is not None and end <= begin:
        raise Refused("ends_before_it_begins", "valid_to")
