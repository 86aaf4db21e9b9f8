"""Whoever could approve a reply may go in the middle of a day: what waits for them is looked at when the directory has changed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Row

from services.chassis import database
from services.routing import snapshot
from services.routing.clock import people as people_of
from services.routing.clock import raising
from services.routing.clock import store as store_timers
from services.routing.exclusions import exclusion
from services.routing.known import Directory

#: By which version of the directory all were looked at. Of a process that starts nothing is known: it looks.
_seen: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()


def look_again(connection: Connection, *, now: datetime, key: str) -> None:
    """Where the directory has changed, the clock looks now at what nobody of its body may approve any more and nobody above was asked to.

    Once work has begun: before, and on the next day, the clock looks by itself. What somebody acts on is found the next time.
    """
    known = snapshot.current(connection)
    if _seen.get(connection.engine) == known.version:
        return
    rows = store_timers.proposed(connection, list(known.names), list(_able(known, now)), now)
    due = [str(row.complaint_id) for row in rows if _is_due(known, row, now, key)]
    if store_timers.look_now(connection, due, now) == len(due):
        database.after_commit(connection, lambda: _seen.__setitem__(connection.engine, known.version))


def _able(known: Directory, now: datetime) -> Iterator[str]:
    for institution in known.ranks:
        yield from people_of.able_to_approve(known.people(institution, now))


def _is_due(known: Directory, row: Row[Any], now: datetime, key: str) -> bool:
    calendar = known.calendars.of(row.governorate, row.institution)
    if row.wall_hours is None and not calendar.between(now, now + timedelta(minutes=1)):
        return False
    excluded = exclusion.excluded(row.implicated, known.tied)
    higher = raising.for_approval(known, row, author=row.author, excluded=excluded, now=now, key=key)
    return higher is not None
