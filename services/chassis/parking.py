"""What a person and the housekeeping do with inbox rows: count, list, replay, discard, remove."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import text

UNDONE = ("retry", "waiting", "parked")


def counts(connection: sqlalchemy.Connection) -> dict[str, int]:
    """How many rows are undone, by status; every status is present."""
    found = dict.fromkeys(UNDONE, 0)
    for status in UNDONE:
        # One index-only scan each: the partial indexes hold exactly these rows.
        found[status] = connection.execute(
            text(f"SELECT count(*) FROM inbox WHERE status = '{status}'")  # noqa: S608 - a constant above.
        ).scalar_one()
    return found


def parked(connection: sqlalchemy.Connection, limit: int = 100, event_id: str | None = None) -> Sequence[Any]:
    """The parked rows, oldest first, or the one with the given id."""
    return connection.execute(
        text(
            """
            SELECT event_id::text, source, subject::text, sequence, type, received_at, attempts, handler, reason, envelope, body
            FROM inbox WHERE status = 'parked' AND (CAST(:id AS uuid) IS NULL OR event_id = CAST(:id AS uuid))
            ORDER BY received_at LIMIT :limit
            """
        ),
        {"limit": limit, "id": event_id},
    ).all()


def replay(connection: sqlalchemy.Connection, event_id: str, now: datetime) -> bool:
    """Has a parked event run again at the next sweep, with fresh attempts. False when it is not parked or was undecodable."""
    return bool(
        connection.execute(
            text(
                """
                UPDATE inbox SET status = 'retry', attempts = 0, next_attempt_at = :now
                WHERE event_id = :id AND status = 'parked' AND source <> ''
                """
            ),
            {"id": event_id, "now": now},
        ).rowcount
    )


def discard(connection: sqlalchemy.Connection, event_id: str) -> bool:
    """Gives a parked event up: it has no effect, and what waits behind it goes on at the next sweep. False when it is not parked."""
    changed = connection.execute(
        text(
            """
            UPDATE inbox SET status = 'waiting', envelope = envelope || '{"discarded": true}'
            WHERE event_id = :id AND status = 'parked' AND source <> ''
            """
        ),
        {"id": event_id},
    ).rowcount
    if not changed:
        # An undecodable delivery stands in nobody's way: it is simply let go.
        changed = connection.execute(
            text(
                """
                UPDATE inbox SET status = 'discarded', envelope = NULL, body = NULL
                WHERE event_id = :id AND status = 'parked'
                """
            ),
            {"id": event_id},
        ).rowcount
    return bool(changed)


def forget_old(connection: sqlalchemy.Connection, before: datetime, limit: int = 5000) -> int:
    """Removes done rows from before the given time and returns how many; the cursors go on refusing such events as duplicates."""
    return connection.execute(
        text(
            """
            DELETE FROM inbox WHERE event_id IN (
                SELECT event_id FROM inbox WHERE status IN ('done', 'discarded') AND event_id < CAST(:before_id AS uuid)
                ORDER BY event_id LIMIT :limit)
            """
        ),
        {"before_id": _first_id_of(before), "limit": limit},
    ).rowcount


def _first_id_of(moment: datetime) -> str:
    """The smallest UUIDv7 of a millisecond: event ids are in the order of their creation, so the primary key serves as a time index."""
    return str(uuid.UUID(int=(int(moment.timestamp() * 1000) << 80)))
