"""The directory has changed: whoever is tied to what a case is directed against since then is kept out of it, too."""

from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from services.chassis import database, logs
from services.routing.cases import actions
from services.routing.cases.step import Keys
from services.routing.directory import snapshot
from services.routing.directory.snapshot import Directory
from services.routing.exclusions import restriction
from services.routing.exclusions import store as store_exclusions

log = logs.get()

#: The version of the directory by which all open cases were looked at. A process that starts looks once.
_seen: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()


def look_again(
    connection: Connection, after: str | None, *, now: datetime, keys: Keys, limit: int
) -> str | None:
    """Looks at up to `limit` open cases that are directed against somebody, in order of their ids; returns where to go on, None at the end.

    Who came under a name that was accused is found; who has a case and is tied to it now gives it up.
    """
    known = snapshot.current(connection)
    if after is None:
        if _seen.get(connection.engine) == known.version:
            return None
        store_exclusions.refresh(connection)
    rows = store_exclusions.lock_restricted(connection, after, limit)
    for row in rows:
        try:
            with connection.begin_nested():
                _look(connection, known, row, now, keys)
        except Exception as error:
            # One that cannot be looked at (its names were sealed with a key that is gone, say) stops no other.
            if database.is_away(error):
                raise
            log.error("case_not_looked_at", complaint_id=row.complaint_id, error=database.safe_text(error))
    if len(rows) == limit:
        return rows[-1].complaint_id
    database.after_commit(connection, lambda: _seen.__setitem__(connection.engine, known.version))
    return None


def _look(
    connection: Connection, known: Directory, row: store_exclusions.Restricted, now: datetime, keys: Keys
) -> None:
    subjects = frozenset(row.implicated)
    if row.names:
        subjects |= restriction.look_up(known, row.names, keys.names)
    if subjects != frozenset(row.implicated) or _news(known, row, subjects):
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


def _news(known: Directory, row: store_exclusions.Restricted, subjects: frozenset[str]) -> bool:
    wanted = restriction.told(known, subjects)
    return wanted != row.told or str(row.officer_id) in wanted.officers
