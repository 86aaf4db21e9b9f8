"""The tables of notification and what handlers and the API ask of them. What a batch does is one statement, however large the batch.

What the senders do with messages is in outbound.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.chassis.event import dump
from services.notification.message import Notice, Planned, Recipient

_ADD_RECIPIENTS = text(
    """
    INSERT INTO recipient AS r (complaint_id, key, language, sms, email, portal_only, urgent, sealed, created_at)
    SELECT n.*, :now FROM unnest(
        CAST(:complaint_ids AS uuid[]), CAST(:keys AS text[]), CAST(:languages AS text[]), CAST(:sms AS boolean[]),
        CAST(:email AS boolean[]), CAST(:portal_only AS boolean[]), CAST(:urgent AS boolean[]), CAST(:sealed AS text[])
    ) AS n
    ON CONFLICT (complaint_id, key) DO UPDATE
    SET language = excluded.language, sms = excluded.sms, email = excluded.email, sealed = excluded.sealed
    WHERE r.key <> 'complainant'
    """
)
_RECIPIENTS = text(
    """
    SELECT complaint_id::text, key, language, sms, email, portal_only, urgent FROM recipient
    WHERE complaint_id = ANY(CAST(:ids AS uuid[]))
    """
)
_ADD_MESSAGES = text(
    """
    INSERT INTO message (id, complaint_id, event_id, recipient, channel, template, language, parameters, correlation_id,
                         state, reason, not_before, urgent, created_at)
    SELECT n.id, n.complaint_id, n.event_id, n.recipient, n.channel, n.template, n.language, CAST(n.parameters AS jsonb),
           n.correlation_id, n.state, n.reason, n.not_before, n.urgent, :now
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:complaint_ids AS uuid[]), CAST(:event_ids AS uuid[]), CAST(:recipients AS text[]),
        CAST(:channels AS text[]), CAST(:templates AS text[]), CAST(:languages AS text[]), CAST(:parameters AS text[]),
        CAST(:correlations AS text[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:not_before AS timestamptz[]),
        CAST(:urgent AS boolean[])
    ) AS n (id, complaint_id, event_id, recipient, channel, template, language, parameters, correlation_id, state, reason, not_before,
            urgent)
    ON CONFLICT ON CONSTRAINT one_notice DO NOTHING
    """
)
# SKIP LOCKED: whoever holds a row is releasing it. Rows are few: only facts that overtook another service's.
_AWAITING = """
    SELECT m.id::text, m.event_id::text, m.channel, m.template, r.complaint_id::text, r.key, r.language, r.sms, r.email, r.portal_only,
           r.urgent
    FROM message m JOIN recipient r ON r.complaint_id = m.complaint_id AND r.key = m.recipient
    WHERE m.state = 'awaiting_recipient' {some} ORDER BY m.id LIMIT :limit FOR UPDATE OF m SKIP LOCKED
"""
_AWAITING_ALL = text(_AWAITING.format(some=""))
_AWAITING_SOME = text(_AWAITING.format(some="AND m.complaint_id = ANY(CAST(:ids AS uuid[]))"))
_RELEASE = text(
    """
    UPDATE message m SET state = n.state, reason = n.reason, language = n.language, not_before = n.not_before, urgent = n.urgent
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:languages AS text[]),
                CAST(:not_before AS timestamptz[]), CAST(:urgent AS boolean[])) AS n (id, state, reason, language, not_before, urgent)
    WHERE m.id = n.id
    """
)
_DROP = text("DELETE FROM message WHERE id = ANY(CAST(:ids AS uuid[]))")
_NOTICES = text(
    """
    SELECT id, event_id, template, channel, split_part(recipient, ':', 1) AS audience, language, state, reason, attempts, parts,
           created_at, not_before, sent_at, finished_at
    FROM message WHERE complaint_id = :complaint_id ORDER BY id
    """
)
# Ids are in the order of time, so the primary key finds the rows of a period.
_COUNTS = text(
    """
    SELECT channel, template, state, count(*) AS messages FROM message WHERE id >= CAST(:first_id AS uuid)
    GROUP BY channel, template, state ORDER BY channel, template, state
    """
)
_PENDING = text(
    """
    SELECT channel, count(*), greatest(0, extract(epoch FROM :now - min(not_before)))
    FROM message WHERE state IN ('pending', 'retry') GROUP BY channel
    """
)


def add_recipients(
    connection: Connection, recipients: Sequence[tuple[Recipient, str | None]], now: datetime
) -> None:
    """Keeps recipients with their sealed contacts. Of an officer who is known already the newest counts; a complainant is said once."""
    # Of one complaint twice in a statement is refused by the database.
    recipients = list({(each.complaint_id, each.key): (each, sealed) for each, sealed in recipients}.values())
    if recipients:
        connection.execute(
            _ADD_RECIPIENTS,
            {
                "now": now,
                "complaint_ids": [each.complaint_id for each, _ in recipients],
                "keys": [each.key for each, _ in recipients],
                "languages": [each.language for each, _ in recipients],
                "sms": [each.sms for each, _ in recipients],
                "email": [each.email for each, _ in recipients],
                "portal_only": [each.portal_only for each, _ in recipients],
                "urgent": [each.urgent for each, _ in recipients],
                "sealed": [sealed for _, sealed in recipients],
            },
        )


def recipients(connection: Connection, complaint_ids: Iterable[str]) -> dict[tuple[str, str], Recipient]:
    """All recipients of the complaints, by (complaint id, key)."""
    rows = connection.execute(_RECIPIENTS, {"ids": sorted(set(complaint_ids))})
    return {(row.complaint_id, row.key): Recipient(*row) for row in rows}


def add_messages(connection: Connection, planned: Sequence[tuple[str, str, Planned]], now: datetime) -> None:
    """Writes messages, each with its new id and the correlation id of its fact; one that is there already stays as it is."""
    if planned:
        connection.execute(
            _ADD_MESSAGES,
            {
                "now": now,
                "ids": [identity for identity, _, _ in planned],
                "complaint_ids": [each.notice.complaint_id for _, _, each in planned],
                "event_ids": [each.notice.event_id for _, _, each in planned],
                "recipients": [each.notice.recipient for _, _, each in planned],
                "channels": [each.channel for _, _, each in planned],
                "templates": [each.notice.template for _, _, each in planned],
                "languages": [each.language for _, _, each in planned],
                "parameters": [dump(dict(each.notice.parameters)) for _, _, each in planned],
                "correlations": [correlation for _, correlation, _ in planned],
                "states": [each.state for _, _, each in planned],
                "reasons": [each.reason for _, _, each in planned],
                "not_before": [each.not_before for _, _, each in planned],
                "urgent": [each.urgent for _, _, each in planned],
            },
        )


def awaiting(
    connection: Connection, complaint_ids: Sequence[str] | None, limit: int
) -> list[tuple[str, str, Notice, Recipient]]:
    """(message id, channel, notice, recipient) of locked messages whose recipient has become known; of some complaints, or of all."""
    statement = _AWAITING_ALL if complaint_ids is None else _AWAITING_SOME
    rows = connection.execute(statement, {"limit": limit, "ids": complaint_ids or []})
    return [
        (
            row.id,
            row.channel,
            Notice(row.event_id, row.complaint_id, row.key, row.template),
            Recipient(
                row.complaint_id, row.key, row.language, row.sms, row.email, row.portal_only, row.urgent
            ),
        )
        for row in rows
    ]


def release(connection: Connection, planned: Mapping[str, Planned], dropped: Sequence[str]) -> None:
    """Gives awaiting messages, by id, what was planned for them, and removes those of channels that the recipient does not have."""
    if planned:
        connection.execute(
            _RELEASE,
            {
                "ids": list(planned),
                "states": [each.state for each in planned.values()],
                "reasons": [each.reason for each in planned.values()],
                "languages": [each.language for each in planned.values()],
                "not_before": [each.not_before for each in planned.values()],
                "urgent": [each.urgent for each in planned.values()],
            },
        )
    if dropped:
        connection.execute(_DROP, {"ids": list(dropped)})


def notices(connection: Connection, complaint_id: str) -> Sequence[Row[Any]]:
    """The messages about a complaint, oldest first."""
    return connection.execute(_NOTICES, {"complaint_id": complaint_id}).all()


def counts(connection: Connection, first_id: str) -> Sequence[Row[Any]]:
    """How many messages with an id from `first_id` on there are, by channel, template and state."""
    return connection.execute(_COUNTS, {"first_id": first_id}).all()


def pending(connection: Connection, now: datetime) -> dict[str, tuple[int, float]]:
    """(waiting messages, how overdue the oldest is in seconds) by channel."""
    return {
        channel: (int(count), float(seconds))
        for channel, count, seconds in connection.execute(_PENDING, {"now": now})
    }
