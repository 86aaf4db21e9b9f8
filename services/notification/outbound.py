"""What the senders ask of the tables: claim, record, match receipts. Every function is one step inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.notification.message import SENDING, WITHHELD
from services.notification.outcome import Verdict

# Whatever was written, tried or released before: who must not be told of a complaint is asked here, and nothing is sent past this.
_CLAIM = text(
    """
    WITH due AS (
        SELECT id, complaint_id, recipient, EXISTS (
            SELECT FROM restriction r
            WHERE r.complaint_id = message.complaint_id AND split_part(message.recipient, ':', 2) = ANY(r.officers)
        ) AS excluded
        FROM message
        WHERE channel = :channel AND state IN ('pending', 'retry') AND not_before <= :now
          AND NOT (:quiet AND recipient = 'complainant' AND NOT urgent)
        ORDER BY not_before LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE message m
    SET state = CASE WHEN due.excluded THEN 'withheld' ELSE 'sending' END,
        reason = CASE WHEN due.excluded THEN 'excluded' ELSE m.reason END,
        claimed_at = CASE WHEN due.excluded THEN m.claimed_at ELSE :now END,
        attempts = m.attempts + CASE WHEN due.excluded THEN 0 ELSE 1 END,
        finished_at = CASE WHEN due.excluded THEN CAST(:now AS timestamptz) END
    FROM due LEFT JOIN recipient r ON r.complaint_id = due.complaint_id AND r.key = due.recipient
    WHERE m.id = due.id
    RETURNING m.state, m.id::text, m.complaint_id::text, m.event_id::text, m.recipient, m.channel, m.template, m.language, m.parameters,
              m.correlation_id, m.attempts, m.created_at, m.claimed_at, r.sealed,
              CASE WHEN m.parts IS NOT NULL AND m.channel = 'sms'
                   THEN (SELECT jsonb_object_agg(p.number, p.provider_id) FROM sms_part p WHERE p.message_id = m.id) END AS accepted
    """
)
_PUT_OFF = text(
    """
    UPDATE message SET not_before = :until WHERE id IN (
        SELECT id FROM message
        WHERE channel = :channel AND state IN ('pending', 'retry') AND not_before <= :now AND recipient = 'complainant'
          AND NOT urgent
        ORDER BY not_before LIMIT :limit FOR UPDATE SKIP LOCKED)
    """
)
# A result belongs to the claim that it was made under. A row that was given up as unknown in the meantime may still learn it.
_RECORD = text(
    """
    UPDATE message m
    SET state = n.state, reason = n.reason, not_before = coalesce(n.not_before, m.not_before), attempts = m.attempts - n.uncount,
        parts = coalesce(n.parts, m.parts), sent_at = CASE WHEN n.state = 'sent' THEN :now ELSE m.sent_at END,
        finished_at = CASE WHEN n.state IN ('failed', 'unknown') OR n.state = 'sent' AND m.channel = 'email' THEN :now END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:claimed AS timestamptz[]), CAST(:states AS text[]), CAST(:reasons AS text[]),
                CAST(:not_before AS timestamptz[]), CAST(:uncount AS smallint[]), CAST(:parts AS smallint[]))
         AS n (id, claimed_at, state, reason, not_before, uncount, parts)
    WHERE m.id = n.id AND m.claimed_at = n.claimed_at AND m.state IN ('sending', 'unknown')
    RETURNING m.id::text
    """
)
_ADD_PARTS = text(
    """
    INSERT INTO sms_part (provider_id, message_id, number)
    SELECT * FROM unnest(CAST(:provider_ids AS text[]), CAST(:message_ids AS uuid[]), CAST(:numbers AS smallint[]))
    ON CONFLICT (provider_id) DO NOTHING
    """
)
_ADD_RECEIPTS = text(
    """
    INSERT INTO receipt (provider_id, state, reason, received_at)
    SELECT DISTINCT ON (n.id) n.id, n.state, n.reason, CAST(:now AS timestamptz)
    FROM unnest(CAST(:provider_ids AS text[]), CAST(:states AS text[]), CAST(:reasons AS text[])) AS n (id, state, reason)
    ON CONFLICT (provider_id) DO NOTHING
    """
)
_MATCHED = text(
    "SELECT DISTINCT p.message_id::text FROM receipt r JOIN sms_part p ON p.provider_id = r.provider_id LIMIT :limit"
)
_LOCK = text("SELECT id FROM message WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")
_MATCH = text(
    """
    WITH matched AS (
        DELETE FROM receipt r USING sms_part p
        WHERE r.provider_id = p.provider_id AND p.message_id = ANY(CAST(:ids AS uuid[]))
        RETURNING r.provider_id, r.state, r.reason
    )
    UPDATE sms_part p SET state = matched.state, reason = matched.reason FROM matched
    WHERE p.provider_id = matched.provider_id AND p.state IS NULL
    """
)
_FATES = text(
    """
    SELECT m.id::text, m.complaint_id::text, m.event_id::text, m.recipient, m.channel, m.template, m.correlation_id, m.parts,
           array_agg(p.state) AS states, max(p.reason) AS reason
    FROM message m JOIN sms_part p ON p.message_id = m.id
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.state = 'sent' GROUP BY m.id
    """
)
_FINISH = text(
    """
    UPDATE message m SET state = n.state, reason = n.reason, finished_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:reasons AS text[])) AS n (id, state, reason)
    WHERE m.id = n.id
    """
)
_EXPIRE = text(
    """
    UPDATE message SET state = 'unknown', reason = 'claim_expired', finished_at = :now
    WHERE id IN (SELECT id FROM message WHERE state = 'sending' AND claimed_at < :before
                 ORDER BY claimed_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING channel, template
    """
)
_RECEIPTS_SINCE = text("SELECT EXISTS (SELECT 1 FROM receipt WHERE received_at > :moment)")
_FORGET_RECEIPTS = text("DELETE FROM receipt WHERE received_at < :before")


@dataclass(frozen=True)
class Claim:
    """A message that this process may send. `sealed` and what comes of it are personal and not shown."""

    id: str
    complaint_id: str
    event_id: str
    recipient: str
    channel: str
    template: str
    language: str
    parameters: Mapping[str, Any]
    correlation_id: str
    attempts: int
    created_at: datetime
    claimed_at: datetime
    sealed: str | None = field(repr=False)
    accepted: Mapping[int, str]


@dataclass(frozen=True)
class Result:
    """What a try came to. `parts` is how many parts the message has, None where that is not known."""

    claim: Claim
    verdict: Verdict
    provider_ids: Mapping[int, str]
    parts: int | None


def claim(
    connection: Connection, channel: str, *, limit: int, now: datetime, quiet_until: datetime | None
) -> tuple[list[Claim], list[Row[Any]]]:
    """Marks due messages as being sent and returns them, the longest due first; and those that are withheld instead.

    `quiet_until`: until then complainants are not disturbed on this channel unless it is urgent; their messages are put off.
    """
    if quiet_until is not None:
        connection.execute(
            _PUT_OFF, {"channel": channel, "now": now, "until": quiet_until, "limit": max(limit, 1000)}
        )
    rows = connection.execute(
        _CLAIM, {"channel": channel, "now": now, "limit": limit, "quiet": quiet_until is not None}
    ).all()
    return [_claim(row) for row in rows if row.state == SENDING], [
        row for row in rows if row.state == WITHHELD
    ]


def record(connection: Connection, results: Sequence[Result], now: datetime) -> set[str]:
    """Writes results; returns the ids of those whose claim still held. Parts are kept in any case: the provider has them."""
    recorded = connection.execute(
        _RECORD,
        {
            "now": now,
            "ids": [each.claim.id for each in results],
            "claimed": [each.claim.claimed_at for each in results],
            "states": [each.verdict.state for each in results],
            "reasons": [each.verdict.reason for each in results],
            "not_before": [each.verdict.not_before for each in results],
            "uncount": [int(each.verdict.uncount) for each in results],
            "parts": [each.parts for each in results],
        },
    )
    parts = [
        (provider_id, each.claim.id, number)
        for each in results
        for number, provider_id in each.provider_ids.items()
        if provider_id
    ]
    if parts:
        connection.execute(
            _ADD_PARTS,
            {
                "provider_ids": [provider_id for provider_id, _, _ in parts],
                "message_ids": [message_id for _, message_id, _ in parts],
                "numbers": [number for _, _, number in parts],
            },
        )
    return {row.id for row in recorded}


def add_receipts(
    connection: Connection, receipts: Sequence[tuple[str, str, str | None]], now: datetime
) -> None:
    """Keeps receipts as (provider's id, state, reason) until their parts are known; the first one of a part counts."""
    if receipts:
        connection.execute(
            _ADD_RECEIPTS,
            {
                "now": now,
                "provider_ids": [each for each, _, _ in receipts],
                "states": [state for _, state, _ in receipts],
                "reasons": [reason for _, _, reason in receipts],
            },
        )


def with_receipts(connection: Connection, limit: int) -> list[str]:
    """Ids of messages for whose parts there are receipts that have not been matched."""
    return [row.message_id for row in connection.execute(_MATCHED, {"limit": limit})]


def receipts_since(connection: Connection, moment: datetime) -> bool:
    """Whether there are unmatched receipts from after the given time."""
    return bool(connection.execute(_RECEIPTS_SINCE, {"moment": moment}).scalar_one())


def match(connection: Connection, message_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Gives the parts of the messages their receipts; returns the messages that are sent, each with the states of its known parts.

    The messages are locked first, in one order, so that of two replicas with receipts for one message the second sees both.
    """
    ids = {"ids": sorted(message_ids)}
    connection.execute(_LOCK, ids)
    connection.execute(_MATCH, ids)
    return connection.execute(_FATES, ids).all()


def finish(connection: Connection, fates: Sequence[tuple[str, str, str | None]], now: datetime) -> None:
    """Writes final states as (message id, state, reason)."""
    if fates:
        connection.execute(
            _FINISH,
            {
                "now": now,
                "ids": [identity for identity, _, _ in fates],
                "states": [state for _, state, _ in fates],
                "reasons": [reason for _, _, reason in fates],
            },
        )


def expire(connection: Connection, *, before: datetime, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Messages that were claimed before the given time and never heard of again become unknown."""
    return connection.execute(_EXPIRE, {"before": before, "now": now, "limit": limit}).all()


def forget_receipts(connection: Connection, before: datetime) -> int:
    """Removes receipts of parts that never became known; returns how many."""
    return connection.execute(_FORGET_RECEIPTS, {"before": before}).rowcount


def _claim(row: Row[Any]) -> Claim:
    values = dict(row._mapping)
    del values["state"]
    accepted = {int(number): each for number, each in (row.accepted or {}).items()}
    return Claim(**values | {"accepted": accepted})
