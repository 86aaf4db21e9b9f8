"""What a file would change of the bodies themselves and of the on-call rota: two of the planners of importing.py. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from services.routing.directory import entries
from services.routing.directory.entries import Row
from services.routing.directory.files.naming import by_code, by_email, officer_of
from services.routing.directory.plan import Known, Plan
from services.routing.directory.presence import day_of
from services.routing.directory.refusals import Refused

_DUTY = ("institution", "starts_at", "ends_at", "position")


def institutions(
    made: Plan, lines: Sequence[tuple[int, Row]], known: Known, now: datetime, _make_id: Any
) -> None:
    """Bodies by their codes."""
    default = {"governorate": None, "valid_from": day_of(now), "valid_to": None, "successor": None}
    after = by_code(made, lines, known.institutions, default)
    bodies = {**known.institutions, **{code: body for code, (_, body) in after.items()}}
    rows = {code: row for code, (row, _) in after.items()}
    for code, (row, body) in after.items():
        with made.line(row, rows):
            entries.check_institution(body, known.institutions.get(code), bodies, known.busy, day_of(now))
            made.add(code, known.institutions.get(code), body)


def on_call(
    made: Plan, lines: Sequence[tuple[int, Row]], known: Known, _now: datetime, make_id: Callable[[], str]
) -> None:
    """Turns on a rota, by id, or by body, position and beginning."""
    addresses = by_email(known.officers.values())
    ids = {_turn(each): key for key, each in known.duties.items()}
    after: dict[str, tuple[int, Row]] = {}
    for row, values in lines:
        with made.line(row):
            key = values.get("id")
            if key is not None and key not in known.duties:
                raise Refused("unknown_duty", "id")
            said = {name: values[name] for name in _DUTY if name in values}
            duty = {"institution": None, **known.duties.get(key, {}), **said}
            duty["officer_id"] = officer_of(values, addresses, "officer_id", "email")
            duty["id"] = key or ids.setdefault(_turn(duty), make_id())
            if duty["id"] in after:
                raise Refused("duplicate_row", "starts_at")
            after[duty["id"]] = row, duty
    rota = {**known.duties, **{key: duty for key, (_, duty) in after.items()}}
    by_position: dict[tuple[Any, ...], list[Row]] = {}
    for each in rota.values():
        by_position.setdefault((each["institution"], each["position"]), []).append(each)
    for key, (row, duty) in after.items():
        others = [each for each in by_position[duty["institution"], duty["position"]] if each["id"] != key]
        with made.line(row):
            entries.check_duty(duty, others, known.officers, known.institutions)
            made.add(key, known.duties.get(key), duty)


def _turn(duty: Row) -> tuple[Any, ...]:
    return duty["institution"], duty["position"], duty["starts_at"]
