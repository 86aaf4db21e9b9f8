"""Whom and what the line of a file names, and what it says of that. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from services.routing.directory.entries import Row
from services.routing.directory.plan import Plan
from services.routing.directory.refusals import Refused


def officer_of(values: Row, addresses: Mapping[str, Row], identity: str, email: str) -> str:
    """The id of the officer that a line names, by id or by address."""
    if values.get(identity):
        return values[identity]
    if not values.get(email):
        raise Refused("required", email)
    found = addresses.get(values[email].lower())
    if found is None:
        raise Refused("unknown_officer", email)
    return found["id"]


def by_email(officers: Iterable[Row]) -> dict[str, Row]:
    """Officers by address; of several with one address the one who serves, else the one who came last."""
    order = sorted(officers, key=lambda each: (each["valid_to"] is None, each["valid_from"]))
    return {each["email"].lower(): each for each in order}


def merged(values: Row, base: Row) -> Row:
    """What a line says, over what is there. An empty beginning is no beginning."""
    given = {name: value for name, value in values.items() if value is not None or name != "valid_from"}
    return {**base, **given}


def by_code(
    made: Plan, lines: Sequence[tuple[int, Row]], there: Mapping[str, Row], default: Row
) -> dict[str, tuple[int, Row]]:
    """The entries of lines that name them by code, each with its row, as they are after it. A second line about one is refused."""
    after: dict[str, tuple[int, Row]] = {}
    for row, values in lines:
        code = values["code"]
        if code in after:
            made.refuse(row, Refused("duplicate_row", "code"))
            continue
        after[code] = row, merged(values, there.get(code) or default)
    return after
