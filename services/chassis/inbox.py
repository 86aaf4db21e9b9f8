"""The inbox of a service: which events have taken effect, which wait, which are parked.

One row per event, written in the transaction of its effect, and one cursor per (source, subject) with the sequence up to which facts
have taken effect. A row that is not done keeps its whole envelope, so that it can be run again without the broker (stored.py).

    done      the effect is committed
    retry     it failed and will be tried again at next_attempt_at
    waiting   an earlier fact of the same source and subject has not taken effect yet
    parked    it failed for good; a person replays or discards it
"""

import base64
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import text

from services.chassis import stored
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
    connection: sqlalchemy.Connection, streams: Iterable[tuple[str, str]], *, wait: bool = True
) -> dict[tuple[str, str], int]:
    """The last sequence that took effect for each (source, subject); absent means none. The rows stay locked until the commit.

    Without `wait`, those that another transaction has locked are left out as if they were absent.
    """
    ordered = sorted(set(streams), key=lambda stream: (stream[1], stream[0]))
    if not ordered:
        return {}
    rows = connection.execute(
        text(
            f"""
            SELECT c.source, c.subject::text, c.last FROM inbox_cursor c
            JOIN unnest(CAST(:sources AS text[]), CAST(:subjects AS uuid[])) AS wanted (source, subject) USING (source, subject)
            ORDER BY c.subject, c.source FOR UPDATE OF c {"" if wait else "SKIP LOCKED"}
            """  # noqa: S608 - a constant.
        ),
        {"sources": [stream[0] for stream in ordered], "subjects": [stream[1] for stream in ordered]},
    )
    return {(source, subject): last for source, subject, last in rows}


def advance(
    connection: sqlalchemy.Connection, cursors: Mapping[tuple[str, str], int], most: int = 0
) -> list[stored.Stored]:
    """Moves the cursors on to the given sequences, never back; takes up the waiting events, at most `most`, that are next now.

    One statement for both, so that the look costs no round trip where nothing waits: on one replica, nearly always. It never waits for
    a lock on a waiting row, and it leaves the row as it is; see `stored.settle`.
    """
    ordered = sorted(cursors, key=lambda stream: (stream[1], stream[0]))
    if not ordered:
        return []
    rows = connection.execute(
        text(
            """
            WITH moved AS (
                SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:subjects AS uuid[]), CAST(:lasts AS integer[]))
                    AS moved (source, subject, last)
            ), advanced AS (
                INSERT INTO inbox_cursor (source, subject, last) SELECT * FROM moved
                ON CONFLICT (source, subject) DO UPDATE SET last = excluded.last WHERE inbox_cursor.last < excluded.last
            )
            SELECT i.envelope, i.attempts FROM moved JOIN inbox i
                ON i.status = 'waiting' AND i.source = moved.source AND i.subject = moved.subject AND i.sequence = moved.last + 1
            LIMIT :most FOR UPDATE OF i SKIP LOCKED
            """
        ),
        {
            "sources": [stream[0] for stream in ordered],
            "subjects": [stream[1] for stream in ordered],
            "lasts": [cursors[stream] for stream in ordered],
            "most": most,
        },
    )
    return [stored.of(*row) for row in rows]


def hold(connection: sqlalchemy.Connection, events: Iterable[Event]) -> None:
    """Claimed events whose turn has not come: keeps them whole, as waiting."""
    envelopes = {event.id: dump(envelope(event)) for event in events}
    if envelopes:
        connection.execute(
            text(
                """
                UPDATE inbox SET status = 'waiting', envelope = CAST(held.envelope AS jsonb)
                FROM unnest(CAST(:ids AS uuid[]), CAST(:envelopes AS text[])) AS held (event_id, envelope)
                WHERE inbox.event_id = held.event_id
                """
            ),
            {"ids": list(envelopes), "envelopes": list(envelopes.values())},
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


def envelope(event: Event) -> dict[str, Any]:
    """The whole event as JSON; `stored.of` reads it."""
    return {
        "headers": event.headers(),
        "routing_key": event.routing_key,
        "content_type": "application/json",
        "data": event.data,
    }
