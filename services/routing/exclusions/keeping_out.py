"""The directory has changed: whoever is tied to what a case is directed against since then is kept out of it, too."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from services.chassis import database, logs
from services.routing import snapshot
from services.routing.cases import actions
from services.routing.cases.step import Keys
from services.routing.exclusions import exclusion, restriction
from services.routing.exclusions import store as store_exclusions
from services.routing.exclusions.store import Restricted
from services.routing.known import Directory

log = logs.get()


#: A transaction that had read the directory before it changed is over by then.
SETTLES = timedelta(minutes=2)


class Place(NamedTuple):
    """Behind which case a pass over the cases goes on; first those of which something is owed, then the settled ones."""

    settled: bool = False
    after: str | None = None


@dataclass(slots=True)
class _Seen:
    """By what all cases were looked at, when first, and whether they were once more after that."""

    what: tuple[Any, ...]
    at: datetime
    twice: bool = False


#: Of a process that starts nothing is known: it looks.
_seen: WeakKeyDictionary[Engine, _Seen] = WeakKeyDictionary()


def look_again(
    connection: Connection, place: Place | None, *, now: datetime, keys: Keys, limit: int
) -> Place | None:
    """Looks at up to `limit` cases that are directed against somebody, in order of their ids; returns where to go on, None at the end.

    Who came under a name that was accused is found; who has a case and is tied to it now gives it up. A second pass, when whatever was
    under way is over, finds what was written meanwhile by the directory as it had been.
    """
    known = snapshot.current(connection)
    if place is None:
        if not _is_due(_seen.get(connection.engine), _who_is_where(known), now):
            return None
        store_exclusions.refresh(connection)
        place = Place()
    rows = store_exclusions.lock_restricted(connection, place.after, limit, settled=place.settled)
    _look_at_each(connection, known, rows, now, keys)
    if len(rows) == limit:
        return Place(place.settled, rows[-1].complaint_id)
    if not place.settled:
        return Place(settled=True)
    database.after_commit(connection, partial(_note, connection.engine, _who_is_where(known), now))
    return None


def _who_is_where(known: Directory) -> tuple[Any, ...]:
    """What of the directory decides who is kept out. Leave and certificates, which change daily, do not."""
    return known.tied, known.of_bodies, known.posts, known.named, known.units, frozenset(known.names)


def _is_due(seen: _Seen | None, what: tuple[Any, ...], now: datetime) -> bool:
    if seen is None or seen.what != what:
        return True
    return not seen.twice and now >= seen.at + SETTLES


def _note(engine: Engine, what: tuple[Any, ...], now: datetime) -> None:
    seen = _seen.get(engine)
    if seen is None or seen.what != what:
        _seen[engine] = _Seen(what, now)
    else:
        seen.twice = True


def look_at(connection: Connection, complaint_ids: Collection[str], *, now: datetime, keys: Keys) -> int:
    """Looks at those of the cases, which are locked, that are directed against somebody; at how many."""
    rows = store_exclusions.restricted(connection, complaint_ids)
    _look_at_each(connection, snapshot.current(connection), rows, now, keys)
    return len(rows)


def _look_at_each(
    connection: Connection, known: Directory, rows: Iterable[Restricted], now: datetime, keys: Keys
) -> None:
    for row in rows:
        try:
            with connection.begin_nested():
                _look(connection, known, row, now, keys)
        except Exception as error:
            # One that cannot be looked at (its names were sealed with a key that is gone, say) stops no other. One that lost against
            # another transaction can be, and would not be before the directory changes again.
            if database.is_away(error) or database.has_lost(error):
                raise
            log.error("case_not_looked_at", complaint_id=row.complaint_id, error=database.safe_text(error))


def _look(connection: Connection, known: Directory, row: Restricted, now: datetime, keys: Keys) -> None:
    subjects = frozenset(row.implicated)
    if row.names:
        subjects |= restriction.look_up(known, row.names, keys.names)
    wanted = restriction.told(known, subjects)
    # Whoever was kept out of it stays out.
    former = set(row.told.officers).difference(wanted.officers)
    subjects |= {exclusion.kept(officer) for officer in former}
    if former or subjects != frozenset(row.implicated) or wanted != row.told or row.holder in wanted.officers:
        actions.act(
            connection,
            row.complaint_id,
            "keep_out",
            {"subjects": subjects},
            actions.CLOCK,
            version=None,
            now=now,
            keys=keys,
        )
