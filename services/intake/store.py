"""Queries of intake; the tables are laid out in migrations/.

The row of a complaint is written once and never changed, and what changes is told by rows of `progress` that
are only added: so the tables grow at their end and nothing in them has to be cleaned up, however many rows
there are.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Row, text

from services.chassis import database, outbox
from services.chassis.prepared import Prepared
from services.intake import store_search
from services.intake.complaint import Complaint, Progress

_TRACKING_UNIQUE = "complaint_tracking_hash_key"
_UNIQUE_VIOLATION = "23505"

# One statement stores all of a submission and its fact, so it is a transaction by itself. With a key, whoever inserts
# the key first files the complaint; whoever comes second waits on the unique index for the first one's commit and then
# files nothing. A key whose time is over is taken over.
_KEEP_KEY = """
    claimed AS (
        INSERT INTO idempotency (key_hash, body_hash, answer, expires_at)
        VALUES (%(key_hash)s, %(body_hash)s, %(answer)s, %(expires_at)s)
        ON CONFLICT (key_hash) DO UPDATE
            SET body_hash = excluded.body_hash, answer = excluded.answer, expires_at = excluded.expires_at
            WHERE idempotency.expires_at <= %(received_at)s
        RETURNING key_hash
    ),
"""
_FILE = """
    WITH {claimed}
    filed AS (
        INSERT INTO complaint (
            id, tracking_hash, received_at, kind, category, governorate, language, channel, anonymous, title, text,
            service, rights, rights_codes, groups, urgent, accused
        )
        SELECT CAST(%(id)s AS uuid), %(tracking_hash)s, %(received_at)s, %(kind)s, %(category)s, %(governorate)s,
               %(language)s, %(channel)s, %(anonymous)s, %(title)s, %(text)s,
               %(service)s, %(rights)s, %(rights_codes)s, %(groups)s, %(urgent)s, %(accused)s
        {only_claimed}
        RETURNING id
    ), known AS (
        INSERT INTO complainant (complaint_id, wrapped_key, sealed)
        SELECT id, %(wrapped_key)s, %(sealed)s FROM filed WHERE NOT %(anonymous)s
    ), {first_fact}
    SELECT count(*) FROM filed
"""
_FACT = outbox.first_fact_sql(guard="filed")
_TYPES = outbox.FIRST_FACT_TYPES | {
    "id": "uuid",
    "tracking_hash": "bytea",
    "received_at": "timestamptz",
    "anonymous": "boolean",
    "wrapped_key": "bytea",
    "sealed": "bytea",
    "key_hash": "bytea",
    "body_hash": "bytea",
    "answer": "bytea",
    "expires_at": "timestamptz",
    "service": "boolean",
    "rights": "boolean",
    "rights_codes": "text[]",
    "groups": "text[]",
    "accused": "jsonb",
}
_FILE_PLAIN = Prepared("file_plain", _FILE.format(claimed="", only_claimed="", first_fact=_FACT), _TYPES)
_FILE_KEYED = Prepared(
    "file_keyed", _FILE.format(claimed=_KEEP_KEY, only_claimed="FROM claimed", first_fact=_FACT), _TYPES
)


class NumberTaken(Exception):
    """Another complaint has this tracking number. Likely once in a hundred million receipts; draw again."""


def file_complaint(
    connection: Connection,
    filed: Complaint,
    *,
    tracking_hash: bytes,
    locked_contact: tuple[bytes, bytes] | None,
    kept_answer: tuple[bytes, bytes, bytes, datetime] | None,
    fact: dict[str, Any],
) -> bool:
    """Stores a complaint, its contact (wrapped key, sealed), the parameters of its first fact and, for an Idempotency-Key, the
    (key hash, body hash, locked answer, expiry) that belong to it. False, and nothing is stored, if the key is known.

    Raises NumberTaken, and nothing is stored.
    """
    said = filed.submission
    wrapped_key, sealed = locked_contact or (None, None)
    parameters = {
        "id": filed.id,
        "tracking_hash": tracking_hash,
        "received_at": filed.received_at,
        "kind": said.kind,
        "category": said.category,
        "governorate": said.governorate,
        "language": said.language,
        "channel": said.channel,
        "anonymous": filed.anonymous,
        "title": said.title,
        "text": said.text,
        "wrapped_key": wrapped_key,
        "sealed": sealed,
        **said.flags.as_dict(),
        "accused": json.dumps(said.flags.as_dict()["accused"], ensure_ascii=False),
        **fact,
    }
    if kept_answer is not None:
        parameters |= zip(("key_hash", "body_hash", "answer", "expires_at"), kept_answer, strict=True)
    statement = _FILE_PLAIN if kept_answer is None else _FILE_KEYED
    try:
        return statement.execute(connection, parameters).scalar_one() == 1
    except sqlalchemy.exc.IntegrityError as error:
        if database.sqlstate(error) == _UNIQUE_VIOLATION and _TRACKING_UNIQUE in str(error.orig):
            raise NumberTaken from None
        raise


def kept_answer(connection: Connection, key_hash: bytes) -> tuple[bytes, bytes] | None:
    """(body hash, locked answer) of an Idempotency-Key; None if there is none."""
    row = connection.execute(
        text("SELECT body_hash, answer FROM idempotency WHERE key_hash = :key_hash"), {"key_hash": key_hash}
    ).one_or_none()
    return (bytes(row.body_hash), bytes(row.answer)) if row else None


def forget_answers(connection: Connection, now: datetime, limit: int) -> int:
    """Removes up to `limit` answers whose time is over, oldest first; returns how many."""
    statement = text(
        """
        DELETE FROM idempotency WHERE key_hash IN (
            SELECT key_hash FROM idempotency WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
        )
        """
    )
    return connection.execute(statement, {"now": now, "limit": limit}).rowcount


_PUBLIC = text(
    """
    SELECT c.id::text, c.kind, c.category, c.governorate, c.received_at,
           p.sequence, p.at, p.status, p.institution, p.institution_name, p.due_at, p.receiver, p.reason, p.history_hash
    FROM complaint c LEFT JOIN progress p ON p.complaint_id = c.id
    WHERE c.tracking_hash = :tracking_hash
    """
)
_STAFF = text(
    """
    SELECT c.id::text, c.kind, c.category, c.governorate, c.language, c.channel, c.anonymous, c.title, c.text,
    c.received_at, c.service, c.rights, c.rights_codes, c.groups, c.urgent, c.accused,
           p.sequence, p.at, p.status, p.institution, p.institution_name, p.due_at, p.receiver, p.reason, p.history_hash
    FROM complaint c LEFT JOIN progress p ON p.complaint_id = c.id
    WHERE c.id = CAST(:complaint_id AS uuid)
    """
)


def by_tracking(connection: Connection, tracking_hash: bytes) -> tuple[Row[Any], list[Progress]] | None:
    """What its complainant may see of a complaint, and its progress; None if there is none."""
    return _with_progress(connection.execute(_PUBLIC, {"tracking_hash": tracking_hash}).all())


def by_id(connection: Connection, complaint_id: str) -> tuple[Row[Any], list[Progress]] | None:
    """What staff may see of a complaint, and its progress; None if there is none. The contact is not a part
    of it.
    """
    return _with_progress(connection.execute(_STAFF, {"complaint_id": complaint_id}).all())


def _with_progress(rows: Sequence[Row[Any]]) -> tuple[Row[Any], list[Progress]] | None:
    if not rows:
        return None
    steps = [
        Progress(
            row.sequence,
            row.at,
            row.status,
            row.institution,
            row.institution_name,
            row.due_at,
            row.receiver,
            row.reason,
            row.history_hash,
        )
        for row in rows
        if row.sequence is not None
    ]
    return rows[0], steps


_ADD_PROGRESS = text(
    """
    INSERT INTO progress (
        complaint_id, sequence, at, status, institution, institution_name, due_at, receiver, reason, history_hash
    )
    SELECT f.complaint_id, f.sequence, f.at, f.status, f.institution, CAST(f.institution_name AS jsonb),
    f.due_at, f.receiver, f.reason, f.history_hash FROM unnest(
        CAST(:complaint_ids AS uuid[]), CAST(:sequences AS integer[]), CAST(:times AS timestamptz[]),
        CAST(:statuses AS text[]), CAST(:institutions AS text[]), CAST(:names AS text[]), CAST(:due AS
        timestamptz[]), CAST(:receivers AS text[]), CAST(:reasons AS text[]), CAST(:hashes AS text[])
    ) AS f (
        complaint_id, sequence, at, status, institution, institution_name, due_at, receiver, reason, history_hash
    )
    ORDER BY f.complaint_id, f.sequence
    ON CONFLICT (complaint_id, sequence) DO NOTHING
    """
)


def add_progress(connection: Connection, steps: Sequence[tuple[str, Progress]]) -> None:
    """Adds (complaint id, progress) pairs, those of a complaint in their order, however many with the same few statements. What is there
    already stays as it is.
    """
    if not steps:
        return
    store_search.follow(connection, steps)
    connection.execute(
        _ADD_PROGRESS,
        {
            "complaint_ids": [complaint_id for complaint_id, _ in steps],
            "sequences": [step.sequence for _, step in steps],
            "times": [step.at for _, step in steps],
            "statuses": [step.status for _, step in steps],
            "institutions": [step.institution for _, step in steps],
            "names": [
                json.dumps(step.institution_name, ensure_ascii=False) if step.institution_name else None
                for _, step in steps
            ],
            "due": [step.due_at for _, step in steps],
            "receivers": [step.receiver for _, step in steps],
            "reasons": [step.reason for _, step in steps],
            "hashes": [step.history_hash for _, step in steps],
        },
    )
