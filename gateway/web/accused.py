"""Whom a complaint is directed against, as filing gathers it: one after the other, each as the fields of its page.

The one whose page is being filled in stands among the other fields of a draft; those before it wait in one field as JSON.
"""

import json
from collections.abc import MutableMapping

AGAINST = "against"
#: kind → the fields of its page, first the one without which there is nobody.
KINDS: dict[str, tuple[str, ...]] = {
    "person": ("accused_person", "accused_body", "accused_unit"),
    "unit": ("unit", "unit_of"),
    "body": ("whole_body",),
}
#: field of the page → field of intake.
SENT = {
    "accused_person": "person",
    "accused_body": "institution",
    "accused_unit": "unit",
    "unit": "unit",
    "unit_of": "institution",
    "whole_body": "institution",
}
_NAMED = "named"

Values = MutableMapping[str, str]
Entry = dict[str, str]


def entries(values: Values) -> list[Entry]:
    """All who were named, in order: {"against": kind, field: value, …}."""
    here = _present(values)
    return [*_before(values), *([here] if here else [])]


def add(values: Values) -> None:
    """Makes room for one more."""
    _keep(values, entries(values), {})


def take_up(values: Values, index: int) -> str:
    """Has one of them be changed, and says which kind it is; empty when there is no such one."""
    others = entries(values)
    if index >= len(others):
        return ""
    wanted = others.pop(index)
    _keep(values, others, wanted)
    return wanted[AGAINST]


def remove(values: Values, index: int) -> None:
    """Takes one of them back."""
    _keep(values, [each for number, each in enumerate(entries(values)) if number != index], {})


def sent(entry: Entry) -> dict[str, str]:
    """One of them as intake takes it: a person, at a body or a unit of it if that is named; a unit of a body; or a body
    as a whole.
    """
    said = {SENT[name]: entry.get(name, "").strip() for name in KINDS[entry[AGAINST]]}
    return {name: value for name, value in said.items() if value}


def _present(values: Values) -> Entry | None:
    kind = values.get(AGAINST, "")
    fields = KINDS.get(kind)
    if fields is None or not values.get(fields[0], "").strip():
        return None
    return {AGAINST: kind, **{name: values.get(name, "") for name in fields}}


def _before(values: Values) -> list[Entry]:
    return json.loads(values.get(_NAMED) or "[]")


def _keep(values: Values, others: list[Entry], here: Entry) -> None:
    for name in (AGAINST, *(name for fields in KINDS.values() for name in fields)):
        values.pop(name, None)
    values.update(here)
    values[_NAMED] = json.dumps(others)
