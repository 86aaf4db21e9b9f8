"""The events of the inbox that have not taken effect yet: which of them are due, and taking them up again.

Nobody waits for the lock of such a row: whoever finds it locked leaves it to the one who has it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import text

from services.chassis.event import Event, dump


class Stored(NamedTuple):
    """An event that was kept. `discarded`: a person gave it up, and its turn only moves the cursor on."""

    event: Event
    attempts: int
    discarded: bool


def retries(connection: sqlalchemy.Connection, now: datetime, limit: int) -> list[Stored]:
    """The events that failed before and are to be tried again now. They are not locked; `take_up` does that."""
    rows = connection.execute(
        text(
            """
            SELECT envelope, attempts FROM inbox WHERE status = 'retry' AND next_attempt_at <= :now
            ORDER BY next_attempt_at LIMIT :limit
            """
        ),
        {"now": now, "limit": limit},
    )
    return [of(*row) for row in rows]


def released(
    connection: sqlalchemy.Connection, limit: int, streams: Collection[tuple[str, str]] | None = None
) -> list[Stored]:
    """The events that waited for one that is now done, of some streams or of all; locked, except for those that somebody has."""
    if streams is None:
        # The cursors are read one by one, since they are far more than the events that wait: a join would go through them all.
        rows = connection.execute(
            text(
                """
                SELECT i.envelope, i.attempts FROM inbox i
                WHERE i.status = 'waiting' AND i.sequence <= 1 + coalesce(
                    (SELECT c.last FROM inbox_cursor c WHERE c.source = i.source AND c.subject = i.subject), 0)
                ORDER BY i.source, i.subject, i.sequence LIMIT :limit FOR UPDATE SKIP LOCKED
                """
            ),
            {"limit": limit},
        )
    else:
        rows = connection.execute(
            text(
                """
                SELECT i.envelope, i.attempts
                FROM unnest(CAST(:sources AS text[]), CAST(:subjects AS uuid[])) AS asked (source, subject)
                JOIN inbox_cursor c USING (source, subject)
                JOIN inbox i ON i.status = 'waiting' AND i.source = c.source AND i.subject = c.subject AND i.sequence <= c.last + 1
                LIMIT :limit FOR UPDATE OF i SKIP LOCKED
                """
            ),
            {
                "limit": limit,
                "sources": [stream[0] for stream in streams],
                "subjects": [stream[1] for stream in streams],
            },
        )
    return [of(*row) for row in rows]


def take_up(connection: sqlalchemy.Connection, event_id: str) -> list[Stored]:
    """The undone event of that id, locked; nothing when another replica has it or it is settled."""
    rows = connection.execute(
        text(
            """
            SELECT envelope, attempts FROM inbox WHERE event_id = :id AND status IN ('retry', 'waiting')
            FOR UPDATE SKIP LOCKED
            """
        ),
        {"id": event_id},
    )
    return [of(*row) for row in rows]


def settle(connection: sqlalchemy.Connection, event_ids: Collection[str]) -> None:
    """Marks events that were taken up as done, in the transaction of their effect."""
    if event_ids:
        connection.execute(
            text(
                """
                UPDATE inbox SET status = 'done', envelope = NULL, next_attempt_at = NULL
                WHERE event_id = ANY(CAST(:ids AS uuid[]))
                """
            ),
            {"ids": list(event_ids)},
        )


def wait_again(connection: sqlalchemy.Connection, event_ids: Collection[str]) -> None:
    """Events that were taken up and found not to be next after all wait; what is kept of them stays as it is."""
    if event_ids:
        connection.execute(
            text(
                """
                UPDATE inbox SET status = 'waiting', next_attempt_at = NULL
                WHERE event_id = ANY(CAST(:ids AS uuid[])) AND status = 'retry'
                """
            ),
            {"ids": list(event_ids)},
        )


def of(envelope: dict[str, Any], attempts: int) -> Stored:
    """A row as the event that `inbox.envelope` kept."""
    event = Event.from_amqp(
        dump(envelope["data"]).encode(),
        envelope["headers"],
        content_type=envelope["content_type"],
        routing_key=envelope["routing_key"],
    )
    return Stored(event, attempts, envelope.get("discarded", False))
