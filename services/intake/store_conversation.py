"""Queries of what is said after the complaint."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from services.intake.conversation import Utterance

# Locked so that two requests about one complaint come one after the other; nothing of the row changes.
_LOCK = text("SELECT id::text FROM complaint WHERE tracking_hash = :tracking_hash FOR NO KEY UPDATE")
_SAID = text(
    "SELECT kind, at, words, facts FROM utterance WHERE complaint_id = CAST(:complaint_id AS uuid) ORDER BY at, id"
)
_BY_KEY = text(
    """
    SELECT kind, at, words, facts, body_hash FROM utterance
    WHERE complaint_id = CAST(:complaint_id AS uuid) AND key_hash = :key_hash
    """
)
_ADD = text(
    """
    INSERT INTO utterance (id, complaint_id, kind, at, words, facts, key_hash, body_hash)
    SELECT r.id, r.complaint_id, r.kind, r.at, r.words, r.facts, r.key_hash, r.body_hash
    FROM json_to_recordset(CAST(:rows AS json)) AS r (
        id uuid, complaint_id uuid, kind text, at timestamptz, words jsonb, facts jsonb, key_hash bytea, body_hash bytea)
    ON CONFLICT (id) DO NOTHING
    """
)


def lock(connection: Connection, tracking_hash: bytes) -> str | None:
    """The id of the complaint with this number, which nobody else adds to until the transaction ends; None if there is none."""
    return connection.execute(_LOCK, {"tracking_hash": tracking_hash}).scalar()


def said(connection: Connection, complaint_id: str) -> list[Utterance]:
    """Everything that was said after the complaint, in order."""
    return [Utterance(*row) for row in connection.execute(_SAID, {"complaint_id": complaint_id})]


def by_key(connection: Connection, complaint_id: str, key_hash: bytes) -> Row[Any] | None:
    """What a client said with an Idempotency-Key before, and the hash of the body; None if nothing."""
    return connection.execute(_BY_KEY, {"complaint_id": complaint_id, "key_hash": key_hash}).one_or_none()


def add(
    connection: Connection,
    rows: Sequence[tuple[str, str, Utterance]],
    hashes: tuple[bytes, bytes] | None = None,
) -> None:
    """Keeps (id, complaint id, utterance); an id that is there stays as it is. `hashes` are those of a client's key and body."""
    if not rows:
        return
    key_hash, body_hash = (f"\\x{each.hex()}" for each in hashes) if hashes else (None, None)
    filed = [
        {
            "id": identity,
            "complaint_id": complaint_id,
            "kind": each.kind,
            "at": each.at.isoformat(),
            "words": dict(each.words),
            "facts": dict(each.facts),
            "key_hash": key_hash,
            "body_hash": body_hash,
        }
        for identity, complaint_id, each in rows
    ]
    connection.execute(_ADD, {"rows": json.dumps(filed, ensure_ascii=False)})
