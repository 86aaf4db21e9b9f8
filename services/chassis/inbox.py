"""The inbox of a service: which events have taken effect, which wait, which are parked.

One row per event, written in the transaction of its effect, and one cursor per (source, subject) with the sequence up to which facts
have taken effect. A row that is not done keeps its whole envelope, so that it can be run again without the broker.

    done      the effect is committed
    retry     it failed and will be tried again at next_attempt_at
    waiting   an earlier fact of the same source and subject has not taken effect yet
    parked    it failed for good; a person replays or discards it
"""

import base64
import hashlib
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import text

from services.chassis.event import Event, dump

_DDL = (
    """
    CREATE TABLE inbox (
        event_id uuid PRIMARY KEY,
        source text NOT NULL,
        subject uuid NOT NULL,
        sequence integer NOT NULL,
        type text NOT NULL,
        status text NOT NULL DEFAULT 'done' CHECK (status IN ('done', 'retry', 'waiting', 'parked', 'discarded')),
        received_at timestamptz NOT NULL,
        attempts smallint NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        handler text,
        reason text,
        envelope jsonb,
        body text
    )
    """,
    "CREATE INDEX inbox_due ON inbox (next_attempt_at) WHERE status = 'retry'",
    "CREATE INDEX inbox_waiting ON inbox (source, subject, sequence) WHERE status = 'waiting'",
    "CREATE INDEX inbox_parked ON inbox (received_at) WHERE status = 'parked'",
    """
    CREATE TABLE inbox_cursor (
        source text NOT NULL,
        subject uuid NOT NULL,
        last integer NOT NULL,
        PRIMARY KEY (source, subject)
    ) WITH (fillfactor = 80)
    """,
)


def create_tables(op: Any) -> None:
    """For a service's first alembic migration."""
    for statement in _DDL:
        op.execute(statement)


def claim(connection: sqlalchemy.Connection, events: Iterable[Event], now: datetime) -> set[str]:
    """Writes the ids of events that were never seen, as done, and returns them.

    Two replicas that got the same event meet here: the second waits for the first one's commit and then finds the id taken.
    """
    ordered = sorted({event.id: event for event in events}.values(), key=lambda event: event.id)
    if not ordered:
        return set()
    rows = connection.execute(
        text(
            """
            INSERT INTO inbox (event_id, source, subject, sequence, type, received_at)
            SELECT f.*, :now FROM unnest(CAST(:ids AS uuid[]), CAST(:sources AS text[]), CAST(:subjects AS uuid[]),
                CAST(:sequences AS integer[]), CAST(:types AS text[])) AS f
            ON CONFLICT (event_id) DO NOTHING RETURNING event_id::text
            """
        ),
        {
            "now": now,
            "ids": [event.id for event in ordered],
            "sources": [event.source for event in ordered],
            "subjects": [event.subject for event in ordered],
            "sequences": [event.sequence for event in ordered],
            "types": [event.type for event in ordered],
        },
    )
    return set(rows.scalars())


def lock_cursors(
    connection: sqlalchemy.Connection, streams: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """The last sequence that took effect for each (source, subject); absent means none. The rows stay locked until the commit."""
    ordered = sorted(set(streams), key=lambda stream: (stream[1], stream[0]))
    if not ordered:
        return {}
    rows = connection.execute(
        text(
            """
            SELECT c.source, c.subject::text, c.last FROM inbox_cursor c
            JOIN unnest(CAST(:sources AS text[]), CAST(:subjects AS uuid[])) AS wanted (source, subject) USING (source, subject)
            ORDER BY c.subject, c.source FOR UPDATE OF c
            """
        ),
        {"sources": [stream[0] for stream in ordered], "subjects": [stream[1] for stream in ordered]},
    )
    return {(source, subject): last for source, subject, last in rows}


def advance(connection: sqlalchemy.Connection, cursors: dict[tuple[str, str], int]) -> None:
    """Moves the cursors on to the given sequences; never back."""
    ordered = sorted(cursors, key=lambda stream: (stream[1], stream[0]))
    if not ordered:
        return
    connection.execute(
        text(
            """
            INSERT INTO inbox_cursor (source, subject, last)
            SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:subjects AS uuid[]), CAST(:lasts AS integer[]))
            ON CONFLICT (source, subject) DO UPDATE SET last = greatest(inbox_cursor.last, excluded.last)
            """
        ),
        {
            "sources": [stream[0] for stream in ordered],
            "subjects": [stream[1] for stream in ordered],
            "lasts": [cursors[stream] for stream in ordered],
        },
    )


def hold(connection: sqlalchemy.Connection, events: Iterable[Event]) -> None:
    """Claimed events whose turn has not come: keeps them whole, as waiting."""
    rows = [{"id": event.id, "envelope": dump(envelope(event))} for event in events]
    if rows:
        connection.execute(
            text(
                "UPDATE inbox SET status = 'waiting', envelope = CAST(:envelope AS jsonb) WHERE event_id = :id"
            ),
            rows,
        )


def fail(
    connection: sqlalchemy.Connection,
    event: Event,
    *,
    now: datetime,
    reason: str,
    handler: str,
    retry_after: timedelta | None,
) -> None:
    """Records a failed attempt: retry after the given time, or parked when it is None. `reason` holds no value of the event.

    An envelope that is kept already stays, and with it a person's mark that the event was given up.
    """
    connection.execute(
        text(
            """
            INSERT INTO inbox (event_id, source, subject, sequence, type, received_at, status, attempts, next_attempt_at,
                               handler, reason, envelope)
            VALUES (:id, :source, :subject, :sequence, :type, :now, :status, 1, :next, :handler, :reason, CAST(:envelope AS jsonb))
            ON CONFLICT (event_id) DO UPDATE SET status = excluded.status, attempts = inbox.attempts + 1,
                next_attempt_at = excluded.next_attempt_at, handler = excluded.handler, reason = excluded.reason,
                envelope = coalesce(inbox.envelope, excluded.envelope)
            WHERE inbox.status <> 'done'
            """
        ),
        {
            "id": event.id,
            "source": event.source,
            "subject": event.subject,
            "sequence": event.sequence,
            "type": event.type,
            "now": now,
            "status": "parked" if retry_after is None else "retry",
            "next": None if retry_after is None else now + retry_after,
            "handler": handler,
            "reason": reason[:300],
            "envelope": dump(envelope(event)),
        },
    )


def park_undecodable(
    connection: sqlalchemy.Connection,
    body: bytes,
    headers: dict[str, Any],
    properties: dict[str, Any],
    *,
    now: datetime,
    reason: str,
) -> None:
    """Keeps a delivery that is no event of ours, byte for byte. The same delivery again changes nothing."""
    raw = {
        "headers": {str(name): str(value)[:500] for name, value in headers.items()},
        "properties": {str(name): str(value)[:500] for name, value in properties.items()},
    }
    # A header of py-amqp can hold half of a surrogate pair, which no encoding does.
    shown = dump(raw).encode("utf-8", "replace").decode()
    digest = hashlib.sha256(body + shown.encode()).digest()
    connection.execute(
        text(
            """
            INSERT INTO inbox (event_id, source, subject, sequence, type, received_at, status, reason, envelope, body)
            VALUES (:id, '', :nil, 0, '', :now, 'parked', :reason, CAST(:envelope AS jsonb), :body)
            ON CONFLICT (event_id) DO NOTHING
            """
        ),
        {
            "id": str(uuid.UUID(bytes=digest[:16])),
            "nil": str(uuid.UUID(int=0)),
            "now": now,
            "reason": f"undecodable: {reason}"[:300],
            # jsonb cannot hold NUL; it is shown as an escape in a delivery that nobody can read anyway.
            "envelope": shown.replace("\\u0000", "\\ufffd"),
            "body": base64.b64encode(body).decode(),
        },
    )


class Due(NamedTuple):
    """A row whose turn it is. `discarded`: a person gave it up, and its turn only moves the cursor on."""

    event: Event
    attempts: int
    discarded: bool


def due(connection: sqlalchemy.Connection, now: datetime, limit: int) -> list[Due]:
    """The rows whose turn it is: retries that are due, then those that waited for one that is now done.

    The rows are not locked; whoever runs one locks it with `take_up`.
    """
    retries = connection.execute(
        text(
            """
            SELECT envelope, attempts FROM inbox WHERE status = 'retry' AND next_attempt_at <= :now
            ORDER BY next_attempt_at LIMIT :limit
            """
        ),
        {"now": now, "limit": limit},
    ).all()
    released = connection.execute(
        text(
            """
            SELECT i.envelope, i.attempts FROM inbox i
            LEFT JOIN inbox_cursor c ON c.source = i.source AND c.subject = i.subject
            WHERE i.status = 'waiting' AND i.sequence <= coalesce(c.last, 0) + 1
            ORDER BY i.source, i.subject, i.sequence LIMIT :limit
            """
        ),
        {"limit": limit},
    ).all()
    return [
        Due(from_envelope(stored), attempts, stored.get("discarded", False))
        for stored, attempts in [*retries, *released]
    ]


def take_up(connection: sqlalchemy.Connection, event_id: str) -> bool:
    """Locks an undone row and marks it done, in the transaction that runs it; False when another replica has it or it is settled."""
    found = connection.execute(
        text(
            "SELECT 1 FROM inbox WHERE event_id = :id AND status IN ('retry', 'waiting') FOR UPDATE SKIP LOCKED"
        ),
        {"id": event_id},
    ).first()
    if found is not None:
        connection.execute(
            text(
                "UPDATE inbox SET status = 'done', envelope = NULL, next_attempt_at = NULL WHERE event_id = :id"
            ),
            {"id": event_id},
        )
    return found is not None


def wait_again(connection: sqlalchemy.Connection, event: Event) -> None:
    """A row that was taken up and found not to be next after all goes back to waiting."""
    hold(connection, [event])


def envelope(event: Event) -> dict[str, Any]:
    """The whole event as JSON."""
    return {
        "headers": event.headers(),
        "routing_key": event.routing_key,
        "content_type": "application/json",
        "data": event.data,
    }


def from_envelope(stored: dict[str, Any]) -> Event:
    """The event that `envelope` kept."""
    return Event.from_amqp(
        dump(stored["data"]).encode(),
        stored["headers"],
        content_type=stored["content_type"],
        routing_key=stored["routing_key"],
    )
