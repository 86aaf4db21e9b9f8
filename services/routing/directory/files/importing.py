"""What a file would change in the directory, and what is wrong with its lines: the plan of an import. Pure.

A line that names something which is there changes it; a column that the file does not have stays as it is. What the file does not name
stays, too: nothing ends because a line is missing. The same file planned again, after its plan was carried out, changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.routing.directory import entries
from services.routing.directory.entries import Row
from services.routing.directory.files import cells, importing_bodies
from services.routing.directory.files.naming import by_code, by_email, merged, officer_of
from services.routing.directory.files.sheet import Sheet
from services.routing.directory.plan import Known, Plan, RowError
from services.routing.directory.presence import day_of
from services.routing.directory.refusals import Refused

Line = tuple[int, dict[str, Any]]


def plan(kind: str, sheet: Sheet, known: Known, *, now: datetime, make_id: Callable[[], str]) -> Plan:
    """The plan of a file of one of cells.KINDS."""
    made = Plan(kind, rows=len(sheet.rows))
    columns = {column.name: column for column in cells.COLUMNS[kind]}
    made.errors += [RowError(1, name[:50], "unknown_column") for name in sheet.columns if name not in columns]
    made.errors += [
        RowError(1, column.name, "missing_column")
        for column in columns.values()
        if column.needed and column.name not in sheet.columns
    ]
    if not made.errors:
        lines = list(_read(sheet, columns, made))
        _PLANNERS[kind](made, lines, known, now, make_id)
        made.errors.sort(key=lambda error: error.row)
    return made


def _read(sheet: Sheet, columns: Mapping[str, cells.Column], made: Plan) -> Iterator[Line]:
    """The lines whose cells can all be read, as values by column."""
    for row, texts, beyond in sheet.rows:
        values: dict[str, Any] = {}
        wrong = len(made.errors)
        if beyond:
            made.refuse(row, Refused("too_many_cells"))
        for name, text in texts.items():
            try:
                values[name] = cells.read(columns[name], text)
            except Refused as refused:
                made.refuse(row, refused)
        if len(made.errors) == wrong:
            yield row, values


def _units(made: Plan, lines: Sequence[Line], known: Known, now: datetime, _make_id: Any) -> None:
    default = {"parent": None, "governorate": None, "valid_from": day_of(now), "valid_to": None}
    after = by_code(made, lines, known.units, default)
    units = {**known.units, **{code: unit for code, (_, unit) in after.items()}}
    rows = {code: row for code, (row, _) in after.items()}
    for code, (row, unit) in after.items():
        with made.line(row, rows):
            entries.check_unit(unit, known.units.get(code), units, known.institutions)
            made.add(code, known.units.get(code), unit)


def _officers(
    made: Plan, lines: Sequence[Line], known: Known, now: datetime, make_id: Callable[[], str]
) -> None:
    default = {"unit": None, "valid_from": day_of(now), "valid_to": None}
    addresses = by_email(known.officers.values())
    seen: set[Any] = set()
    after: dict[str, tuple[int, Row]] = {}
    for row, values in lines:
        with made.line(row):
            before = _known_officer(values, known, addresses)
            key = before["id"] if before else (values["email"].lower(), values["institution"])
            if key in seen:
                raise Refused("duplicate_row", "id" if values.get("id") else "email")
            seen.add(key)
            officer = merged(values, before or default) | {"id": before["id"] if before else make_id()}
            entries.check_officer(officer, before, known.units, known.institutions)
            after[officer["id"]] = row, officer
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for officer in {**known.officers, **{key: each for key, (_, each) in after.items()}}.values():
        if officer["valid_to"] is None:
            holders[officer["email"].lower()].append(officer["id"])
    for key, (row, officer) in after.items():
        with made.line(row):
            if officer["valid_to"] is None and len(holders[officer["email"].lower()]) > 1:
                raise Refused("duplicate_email", "email")
            made.add(key, known.officers.get(key), officer)


def _known_officer(values: Row, known: Known, addresses: Mapping[str, Row]) -> Row | None:
    """The officer that a line is about: the one with its id, or with its address. Who has left one body and comes to another is new."""
    if values.get("id"):
        if values["id"] not in known.officers:
            raise Refused("unknown_officer", "id")
        return known.officers[values["id"]]
    found = addresses.get(values["email"].lower())
    if found and found["valid_to"] is not None and found["institution"] != values["institution"]:
        return None
    return found


def _rules(made: Plan, lines: Sequence[Line], known: Known, now: datetime, _make_id: Any) -> None:
    rules = dict(known.rules)
    numbers = entries.highest_numbers(rules)
    running: dict[tuple[Any, ...], str] = {
        _content(rule): key
        for key, rule in rules.items()
        if rule["valid_to"] is None or rule["valid_to"] > now
    }
    seen: set[str] = set()
    for row, values in lines:
        with made.line(row):
            replaces = values.pop("replaces", None)
            # The rule that a line is about: the one with its id, or one that says the same and is not over.
            identity = values.get("id") or running.get(_content(values))
            if identity is not None:
                if identity not in rules:
                    raise Refused("unknown_rule", "id")
                if identity in seen:
                    raise Refused("duplicate_row")
                seen.add(identity)
                after = _ended(rules[identity], values)
                entries.check_rule_end(after, rules[identity], now)
                made.add(identity, rules[identity], after)
                rules[identity] = after
                continue
            replaced = rules.get(replaces) if replaces else None
            if replaces and replaced is None:
                raise Refused("unknown_rule", "replaces")
            rule = merged(values, {"governorate": None, "valid_to": None})
            rule["valid_from"] = entries.begins(values.get("valid_from"), now)
            stem = entries.rule_stem(rule)
            rule["id"] = f"{stem}{numbers[stem] + 1}"
            entries.check_rule(rule, replaced, known.institutions, now)
            numbers[stem] += 1
            if replaced is not None:
                rules[replaces] = replaced | {"valid_to": rule["valid_from"]}
                made.add(replaces, replaced, rules[replaces])
            made.add(rule["id"], None, rule)
            rules[rule["id"]] = rule
            running[_content(rule)] = rule["id"]
            seen.add(rule["id"])


def _content(rule: Row) -> tuple[Any, ...]:
    return tuple(rule.get(name) for name in ("category", "governorate", "institution", "priority"))


def _ended(rule: Row, values: Row) -> Row:
    """The rule as a line says it, which may differ in the end alone: see entries.check_rule_end."""
    if values.get("id"):
        return merged(values, rule)
    return rule | ({"valid_to": values["valid_to"]} if "valid_to" in values else {})


def _leave(
    made: Plan, lines: Sequence[Line], known: Known, _now: datetime, make_id: Callable[[], str]
) -> None:
    addresses = by_email(known.officers.values())
    ids = {(each["officer_id"], each["first_day"]): key for key, each in known.leaves.items()}
    after: dict[str, tuple[int, Row]] = {}
    for row, values in lines:
        with made.line(row):
            officer = officer_of(values, addresses, "officer_id", "email")
            cover = values.get("cover_id") or values.get("cover")
            stands_in = officer_of(values, addresses, "cover_id", "cover") if cover else None
            key = ids.setdefault((officer, values["first_day"]), make_id())
            if key in after:
                raise Refused("duplicate_row", "first_day")
            before = known.leaves.get(key)
            named = not values.keys().isdisjoint({"cover", "cover_id"})
            after[key] = (
                row,
                {
                    "id": key,
                    "officer_id": officer,
                    "first_day": values["first_day"],
                    "last_day": values["last_day"],
                    "cover_id": stands_in if named or before is None else before["cover_id"],
                },
            )
    of: defaultdict[str, list[Row]] = defaultdict(list)
    for each in {**known.leaves, **{key: leave for key, (_, leave) in after.items()}}.values():
        of[each["officer_id"]].append(each)
    neighbours: dict[str, list[Row]] = {}
    for own in of.values():
        # In the order of time a leave that overlaps any other overlaps one beside it, or that one overlaps another.
        own.sort(key=lambda each: (each["first_day"], each["id"]))
        for place, each in enumerate(own):
            neighbours[each["id"]] = [*own[max(0, place - 1) : place], *own[place + 1 : place + 2]]
    for key, (row, leave) in after.items():
        with made.line(row):
            entries.check_leave(leave, neighbours[key], known.officers)
            made.add(key, known.leaves.get(key), leave)


def _certificates(made: Plan, lines: Sequence[Line], known: Known, now: datetime, _make_id: Any) -> None:
    addresses = by_email(known.officers.values())
    seen: set[tuple[str, str, date]] = set()
    for row, values in lines:
        with made.line(row):
            officer = officer_of(values, addresses, "officer_id", "email")
            key = (officer, values["part"], values["issued_on"])
            if key in seen:
                raise Refused("duplicate_row", "issued_on")
            seen.add(key)
            names = ("part", "issued_on", "expires_on")
            certificate = {"officer_id": officer, **{name: values[name] for name in names}}
            entries.check_certificate(certificate, known.officers, day_of(now))
            made.add("/".join(map(str, key)), known.certificates.get(key), certificate)


_PLANNERS: dict[str, Callable[..., None]] = {
    "institutions": importing_bodies.institutions,
    "units": _units,
    "officers": _officers,
    "rules": _rules,
    "leave": _leave,
    "certificates": _certificates,
    "on_call": importing_bodies.on_call,
}
