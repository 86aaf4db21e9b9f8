"""The event log of a service: facts are recorded in the transaction of the change that they state, and kept.

The relay (relay.py) publishes what is not yet marked. Rows stay, in monthly partitions, so that a projection can be rebuilt and a
late subscriber can be served from the start.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from sqlalchemy import text

from services.chassis import database, logs, partitions, tracing
from services.chassis.clock import new_id
from services.chassis.contract import Fact
from services.chassis.event import Event, dump
from services.chassis.prepared import Prepared

CHANNEL = "outbox"
"""PostgreSQL notification channel that wakes the relay, suffixed with the service."""

_wakers: dict[str, Any] = {}

_DDL = (
    """
    CREATE TABLE outbox (
        position bigint GENERATED ALWAYS AS IDENTITY,
        recorded_at timestamptz NOT NULL,
        event_id uuid NOT NULL,
        type text NOT NULL,
        version smallint NOT NULL,
        subject uuid NOT NULL,
        sequence integer NOT NULL,
        scope text NOT NULL,
        correlation_id text NOT NULL,
        causation_id uuid,
        traceparent text,
        data json NOT NULL,
        published_at timestamptz,
        refusals integer NOT NULL DEFAULT 0,
        retry_at timestamptz,
        PRIMARY KEY (position, recorded_at)
    ) PARTITION BY RANGE (recorded_at)
    """,
    "CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT",
    "CREATE INDEX outbox_unpublished ON outbox (position) WHERE published_at IS NULL",
    "CREATE TABLE outbox_sequence (subject uuid PRIMARY KEY, last integer NOT NULL) WITH (fillfactor = 80)",
)

# One statement for one fact or five hundred. The upsert locks the row of each subject until the commit, so that the sequence has
# no gaps, and so that two transactions about one subject enter the log in the order of their sequence.
_RECORD = Prepared(
    "record_facts",
    """
    WITH counted AS (
        INSERT INTO outbox_sequence (subject, last)
        SELECT * FROM unnest(%(subjects)s, %(counts)s)
        ON CONFLICT (subject) DO UPDATE SET last = outbox_sequence.last + excluded.last
        RETURNING subject, last
    )
    INSERT INTO outbox (recorded_at, event_id, type, version, subject, sequence, scope, correlation_id, causation_id, traceparent, data)
    SELECT %(now)s, f.event_id, f.type, f.version, f.subject, counted.last - f.behind, f.scope, f.correlation_id, f.causation_id,
           f.traceparent, CAST(f.data AS json)
    FROM unnest(
        %(ids)s, %(types)s, %(versions)s, %(fact_subjects)s,
        %(behind)s, %(scopes)s, %(correlations)s, %(causes)s,
        %(traces)s, %(bodies)s
    ) WITH ORDINALITY AS f (event_id, type, version, subject, behind, scope, correlation_id, causation_id, traceparent, data, nth)
    JOIN counted ON counted.subject = f.subject
    ORDER BY f.nth
    RETURNING event_id, sequence
    """,
    {
        "subjects": "uuid[]",
        "counts": "integer[]",
        "ids": "uuid[]",
        "types": "text[]",
        "versions": "smallint[]",
        "fact_subjects": "uuid[]",
        "behind": "integer[]",
        "scopes": "text[]",
        "correlations": "text[]",
        "causes": "uuid[]",
        "traces": "text[]",
        "bodies": "text[]",
        "now": "timestamptz",
    },
)


def record(
    connection: sqlalchemy.Connection,
    facts: Sequence[Fact],
    *,
    source: str,
    now: datetime,
    cause: Event | None = None,
) -> list[Event]:
    """Writes the facts into the log of `source`, in the caller's transaction, and has the relay woken after the commit."""
    return record_each(connection, [(fact, cause) for fact in facts], source=source, now=now)


def record_each(
    connection: sqlalchemy.Connection,
    pairs: Sequence[tuple[Fact, Event | None]],
    *,
    source: str,
    now: datetime,
) -> list[Event]:
    """The batch form: each fact with the event that caused it, or None where a request or the clock did."""
    if not pairs:
        return []
    ids = [new_id() for _ in pairs]
    counts = Counter(fact.subject for fact, _ in pairs)
    correlation = logs.correlation_id()
    trace = tracing.current_traceparent()
    behind: list[int] = []
    left = dict(counts)
    for fact, _ in pairs:
        left[fact.subject] -= 1
        behind.append(left[fact.subject])
    correlations = [
        cause.correlation_id if cause else correlation or ids[i] for i, (_, cause) in enumerate(pairs)
    ]
    traces = [cause.traceparent if cause else trace for _, cause in pairs]
    # Sorted, so that two batches lock the subjects that they share in one order and cannot deadlock.
    subjects = sorted(counts)
    rows = _RECORD.execute(
        connection,
        {
            "now": now,
            "subjects": subjects,
            "counts": [counts[subject] for subject in subjects],
            "ids": ids,
            "types": [fact.type for fact, _ in pairs],
            "versions": [fact.version for fact, _ in pairs],
            "fact_subjects": [fact.subject for fact, _ in pairs],
            "behind": behind,
            "scopes": [fact.scope for fact, _ in pairs],
            "correlations": correlations,
            "causes": [cause.id if cause else None for _, cause in pairs],
            "traces": traces,
            "bodies": [dump(fact.data) for fact, _ in pairs],
        },
    )
    sequences = {str(event_id): sequence for event_id, sequence in rows}
    if source in _wakers:
        database.after_commit(connection, _wakers[source])
    return [
        Event(
            id=ids[i],
            type=fact.type,
            version=fact.version,
            source=source,
            subject=fact.subject,
            sequence=sequences[ids[i]],
            time=now,
            scope=fact.scope,
            data=fact.data,
            correlation_id=correlations[i],
            causation_id=cause.id if cause else None,
            traceparent=traces[i],
        )
        for i, (fact, cause) in enumerate(pairs)
    ]


# The same for the commonest case of all, in the words of a statement that makes the subject itself: no second round trip.
_FIRST = """
    first_counted AS (
        INSERT INTO outbox_sequence (subject, last) SELECT CAST(%(fact_subject)s AS uuid), 1 FROM {guard}
    ), first_recorded AS (
        INSERT INTO outbox (recorded_at, event_id, type, version, subject, sequence, scope, correlation_id, traceparent, data)
        SELECT %(fact_now)s, CAST(%(fact_id)s AS uuid), %(fact_type)s, %(fact_version)s, CAST(%(fact_subject)s AS uuid), 1,
               %(fact_scope)s, %(fact_correlation)s, %(fact_trace)s, CAST(%(fact_data)s AS json)
        FROM {guard}
    )
"""


FIRST_FACT_TYPES = {
    "fact_id": "uuid",
    "fact_now": "timestamptz",
    "fact_version": "smallint",
    "fact_subject": "uuid",
    "fact_data": "json",
}
"""PostgreSQL types of the parameters of `first_fact_sql` that are not text."""


def first_fact_sql(guard: str) -> str:
    """CTEs that record the first fact about a subject, if the CTE `guard` before them has its one row; see `first_fact`."""
    return _FIRST.format(guard=guard)


def first_fact(
    connection: sqlalchemy.Connection, fact: Fact, *, source: str, now: datetime
) -> dict[str, Any]:
    """The parameters (fact_…) of `first_fact_sql` for a driver-level statement; has the relay woken after the commit."""
    if source in _wakers:
        database.after_commit(connection, _wakers[source])
    event_id = new_id()
    return {
        "fact_id": event_id,
        "fact_now": now,
        "fact_type": fact.type,
        "fact_version": fact.version,
        "fact_subject": fact.subject,
        "fact_scope": fact.scope,
        "fact_correlation": logs.correlation_id() or event_id,
        "fact_trace": tracing.current_traceparent(),
        "fact_data": dump(fact.data),
    }


def wake_with(source: str, waker: Any) -> None:
    """The relay of this process asks to be called after each commit that recorded facts; None takes it back."""
    if waker is None:
        _wakers.pop(source, None)
    else:
        _wakers[source] = waker


def create_tables(op: Any) -> None:
    """For a service's first alembic migration: the log, its sequence table, and partitions from this month on."""
    for statement in _DDL:
        op.execute(statement)
    for statement in partitions.partition_statements(datetime.now(UTC), months=4):
        op.execute(statement)


_ROW = """
    SELECT position, recorded_at, event_id::text, type, version, subject::text, sequence, scope, correlation_id,
           causation_id::text, traceparent, data::text AS body, refusals
    FROM outbox
"""


def fetch_unpublished(connection: sqlalchemy.Connection, limit: int) -> list[sqlalchemy.Row[Any]]:
    """The oldest facts that the broker has not confirmed and that are not waiting after a refusal, in the order of the log."""
    wanted = "WHERE published_at IS NULL AND (retry_at IS NULL OR retry_at <= now()) ORDER BY position LIMIT :limit"
    return list(connection.execute(text(_ROW + wanted), {"limit": limit}))


def fetch_published(
    connection: sqlalchemy.Connection, *, after: int, until: int | None, limit: int
) -> list[sqlalchemy.Row[Any]]:
    """Published facts behind a position of the log and not behind `until`, in the order of the log."""
    wanted = """
        WHERE published_at IS NOT NULL AND position > :after AND position <= coalesce(:until, 9223372036854775807)
        ORDER BY position LIMIT :limit
    """
    return list(connection.execute(text(_ROW + wanted), {"after": after, "until": until, "limit": limit}))


def mark_published(connection: sqlalchemy.Connection, rows: Sequence[Any], now: datetime) -> None:
    """Marks rows that the broker confirmed. The bounds of recorded_at let PostgreSQL look into the right partitions only."""
    if rows:
        connection.execute(
            text(
                """
                UPDATE outbox SET published_at = :now
                WHERE position = ANY(CAST(:positions AS bigint[])) AND recorded_at BETWEEN :oldest AND :newest
                """
            ),
            {
                "now": now,
                "positions": [row.position for row in rows],
                "oldest": min(row.recorded_at for row in rows),
                "newest": max(row.recorded_at for row in rows),
            },
        )


def mark_refused(connection: sqlalchemy.Connection, rows: Sequence[Any]) -> None:
    """Puts rows off that no queue took or that the broker refused: 1 s, 2 s, 4 s… to a minute. They are never given up."""
    for row in rows:
        connection.execute(
            text(
                """
                UPDATE outbox SET refusals = refusals + 1,
                       retry_at = now() + least(60, power(2, least(refusals, 6))) * interval '1 second'
                WHERE position = :position AND recorded_at = :recorded_at
                """
            ),
            {"position": row.position, "recorded_at": row.recorded_at},
        )


def backlog(connection: sqlalchemy.Connection) -> tuple[int, float]:
    """(unpublished facts, age of the oldest in seconds)."""
    count, oldest = connection.execute(
        text(
            "SELECT count(*), coalesce(extract(epoch FROM now() - min(recorded_at)), 0) FROM outbox WHERE published_at IS NULL"
        )
    ).one()
    return int(count), max(0.0, float(oldest))


def to_event(row: Any, source: str) -> Event:
    """The envelope of a row of the log, with an empty `data`: the stored JSON text is sent as it is."""
    return Event(
        id=row.event_id,
        type=row.type,
        version=row.version,
        source=source,
        subject=row.subject,
        sequence=row.sequence,
        time=row.recorded_at,
        scope=row.scope,
        data={},
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        traceparent=row.traceparent,
    )
