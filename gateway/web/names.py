"""The lists whose names pages show, asked of the services that own them and kept for a while.

What was read once is shown on when its service is away: a list of governorates that is ten minutes old is better than no page.
"""

import json
import threading
import time
from typing import Any

from gateway import auth
from gateway.api import forward
from services.chassis.problems import Problem

KEEP_SECONDS = 300
_SOURCES = {
    "categories": ("intake", "/categories"),
    "governorates": ("intake", "/governorates"),
    "bodies": ("routing", "/institutions"),
}
_kept: dict[str, tuple[float, list[dict[str, Any]]]] = {}
_lock = threading.Lock()


def of(name: str) -> list[dict[str, Any]]:
    """The rows ({code, name: {ar, en}, …}) of a list. Raises Problem 503 when it was never read and cannot be now."""
    until, rows = _kept.get(name, (0.0, []))
    if time.monotonic() < until:
        return rows
    with _lock:
        until, rows = _kept.get(name, (0.0, []))
        if time.monotonic() < until:
            return rows
        service, target = _SOURCES[name]
        try:
            answer = forward.ask(auth.PUBLIC, service, "GET", target)
            if answer.status != 200:
                raise Problem(503, "busy", headers={"Retry-After": "5"})
            rows = json.loads(answer.body)
        except Problem:
            if not rows:
                raise
            # Asked again soon, but not by every page while the service is away.
            _kept[name] = (time.monotonic() + 5, rows)
            return rows
        _kept[name] = (time.monotonic() + KEEP_SECONDS, rows)
        return rows


def by_code(name: str) -> dict[str, dict[str, str]]:
    """code → {ar, en}. Empty, rather than an error, when the list cannot be read: the page then shows codes."""
    try:
        return {row["code"]: row["name"] for row in of(name)}
    except Problem:
        return {}


def forget() -> None:
    """Reads everything afresh. For tests."""
    _kept.clear()
