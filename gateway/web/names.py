"""The lists whose names pages show, asked of the services that own them and kept for a while.

What was read once is shown on when its service is away: a list of governorates that is ten minutes old is better than no page.
"""

import json
import time
from typing import Any

from gateway import auth
from gateway.api import forward
from services.chassis.problems import Problem

KEEP_SECONDS = 300
ASK_AGAIN_SECONDS = 5
# Short, so that pages are back as soon as the service is; long enough that a hanging one is not asked by each of them.
FAIL_SECONDS = 1
#: list → (service, address, the part of the answer that it is; None for all of it).
_SOURCES = {
    "categories": ("intake", "/categories", None),
    "governorates": ("intake", "/governorates", None),
    "rights": ("intake", "/rights-codes", "codes"),
    "concerned": ("intake", "/rights-codes", "groups"),
    "grounds": ("intake", "/rights-codes", "urgent_grounds"),
    "bodies": ("routing", "/institutions", None),
}
_kept: dict[str, tuple[float, list[dict[str, Any]]]] = {}


def of(name: str) -> list[dict[str, Any]]:
    """The rows ({code, name: {ar, en}, …}) of a list. Raises Problem 503 when it was never read and cannot be now."""
    until, rows = _kept.get(name, (0.0, []))
    if time.monotonic() < until:
        if not rows:
            raise _away()
        return rows
    if rows:
        # Noted before asking: while one request asks a service that hangs, the others go on with what there is.
        _kept[name] = (time.monotonic() + ASK_AGAIN_SECONDS, rows)
    try:
        rows = _read(name)
    except (Problem, ValueError):
        _kept[name] = (time.monotonic() + (ASK_AGAIN_SECONDS if rows else FAIL_SECONDS), rows)
        if not rows:
            raise _away() from None
        return rows
    _kept[name] = (time.monotonic() + KEEP_SECONDS, rows)
    return rows


def _read(name: str) -> list[dict[str, Any]]:
    service, target, part = _SOURCES[name]
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


def forget() -> None:
    """Reads everything afresh. For tests."""
    _kept.clear()
