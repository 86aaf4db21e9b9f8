"""The lists whose names pages show, asked of the services that own them and kept for a while.

What was read once is shown on when its service is away: a list of governorates that is ten minutes old is better than no page.
"""

import json
import time
from typing import Any
from urllib.parse import quote

from gateway import auth
from gateway.api import forward
from gateway.web import render
from services.chassis.problems import Problem

KEEP_SECONDS = 300
ASK_AGAIN_SECONDS = 5
# Short, so that pages are back as soon as the service is; long enough that a hanging one is not asked by each of them.
FAIL_SECONDS = 1
MOST_UNITS = 500
#: list → (service, address, the part of the answer that it is; None for all of it).
_SOURCES = {
    "categories": ("intake", "/categories", None),
    "governorates": ("intake", "/governorates", None),
    "rights": ("intake", "/rights-codes", "codes"),
    "concerned": ("intake", "/rights-codes", "groups"),
    "grounds": ("intake", "/rights-codes", "urgent_grounds"),
    "bodies": ("routing", "/institutions", None),
}
_Rows = list[dict[str, Any]]
#: None: it was never read.
_kept: dict[str, tuple[float, _Rows | None]] = {}


def of(name: str) -> _Rows:
    """The rows ({code, name: {ar, en}, …}) of a list. Raises Problem 503 when it was never read and cannot be now."""
    return _of(name, *_SOURCES[name])


def units(body: str) -> _Rows:
    """The units of a body that is in the list of bodies, as `of` gives a list."""
    # No body has more; what is beyond could be named as a person or in the text.
    target = f"/institutions/{quote(body, safe='')}/units?limit={MOST_UNITS}"
    return _of(f"units of {body}", "routing", target, "items")


def units_by_code(body: str) -> dict[str, dict[str, str]]:
    """As `by_code`."""
    try:
        return {row["code"]: row["name"] for row in units(body)}
    except Problem:
        return {}


def _of(name: str, service: str, target: str, part: str | None) -> _Rows:
    until, rows = _kept.get(name, (0.0, None))
    if time.monotonic() < until:
        if rows is None:
            raise _away()
        return rows
    if rows is not None:
        # Noted before asking: while one request asks a service that hangs, the others go on with what there is.
        _kept[name] = (time.monotonic() + ASK_AGAIN_SECONDS, rows)
    try:
        found = _read(service, target, part)
    except (Problem, ValueError):
        _kept[name] = (time.monotonic() + (FAIL_SECONDS if rows is None else ASK_AGAIN_SECONDS), rows)
        if rows is None:
            raise _away() from None
        return rows
    _kept[name] = (time.monotonic() + KEEP_SECONDS, found)
    return found


def _read(service: str, target: str, part: str | None) -> _Rows:
    answer = forward.ask(auth.PUBLIC, service, "GET", target)
    if answer.status != 200:
        raise _away()
    rows = json.loads(answer.body)
    return rows if part is None else rows[part]


def _away() -> Problem:
    return Problem(503, "busy", headers={"Retry-After": "5"})


def by_code(name: str) -> dict[str, dict[str, str]]:
    """code → {ar, en}. Empty, rather than an error, when the list cannot be read: the page then shows codes."""
    try:
        return {row["code"]: row["name"] for row in of(name)}
    except Problem:
        return {}


def choices(name: str) -> list[tuple[str, str]]:
    """(code, name in the language of the page) of a list, by name; empty when it cannot be read."""
    known = ((code, render.name_of(each)) for code, each in by_code(name).items())
    return sorted(known, key=lambda each: each[1])


def forget() -> None:
    """Reads everything afresh. For tests."""
    _kept.clear()
