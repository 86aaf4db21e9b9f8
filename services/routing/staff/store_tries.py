"""The table of what was tried at the door, and its queries."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, DateTime, LargeBinary, Table, Text, Uuid, text

from services.routing.staff.lockout import ELSEWHERE_COUNTS, HERE_COUNTS, HOLDS, MOST_CODES, Tries
from services.routing.store import metadata

_UTC = DateTime(timezone=True)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject_key", LargeBinary),
    Column("place", Text),
    Column("known", Boolean),
    Column("step", Text),
    Column("outcome", Text),
    Column("at", _UTC),
)

# First number of the two-part advisory locks under which the tries for one account are counted.
_TRIES_LOCK = 0x74727973
_LOCK_TRIES = text("SELECT pg_advisory_xact_lock(:space, :key)")
# Everything is bounded, so that a long attack makes no try slower.
_TRIES = text(
    """
    WITH here AS (
        SELECT outcome, at FROM sign_in_attempt
        WHERE subject_key = :key AND place = :place AND at > :day ORDER BY at DESC LIMIT 200
    ), passed AS (
        SELECT coalesce(max(at) FILTER (WHERE outcome = 'in'), '-infinity') AS entered,
               coalesce(max(at) FILTER (WHERE outcome <> 'held'), '-infinity') AS judged
        FROM here
    ), own AS (
        SELECT count(*) FILTER (WHERE outcome = 'wrong' AND at > entered) AS here,
               max(at) FILTER (WHERE outcome = 'wrong' AND at > entered) AS last_here,
               min(at) FILTER (WHERE outcome = 'held' AND at > judged) AS held_since
        FROM here, passed
    )
    SELECT own.*,
           (SELECT count(*) FROM (
                SELECT FROM sign_in_attempt
                WHERE subject_key = :key AND at > :hour AND place <> :place AND NOT known AND outcome = 'wrong' LIMIT :most
            ) AS others) AS elsewhere,
           (SELECT at FROM sign_in_attempt
            WHERE subject_key = :key AND at > :hour AND step = 'code' AND NOT known AND outcome = 'wrong'
            ORDER BY at DESC OFFSET :codes LIMIT 1) AS spent_code_at
    FROM own
    """
)


def tries(connection: Connection, key: bytes, place: str, now: datetime) -> Tries:
    """What was tried for an account, seen from a place. Until the transaction ends nobody else counts or adds tries of this account."""
    connection.execute(_LOCK_TRIES, {"space": _TRIES_LOCK, "key": zlib.crc32(key) - 2**31})
    found = connection.execute(
        _TRIES,
        {
            "key": key,
            "place": place,
            "day": now - HERE_COUNTS,
            "hour": now - ELSEWHERE_COUNTS,
            "most": HOLDS[0][0],
            "codes": MOST_CODES - 1,
        },
    ).one()
    return Tries(**found._mapping)


def insert_try(connection: Connection, row: Mapping[str, Any]) -> None:
    """Notes a try."""
    connection.execute(sign_in_attempt.insert().values(row))


def settle_try(connection: Connection, attempt: str, outcome: str) -> None:
    """Says how a try ended."""
    change = sign_in_attempt.update().where(sign_in_attempt.c.id == attempt)
    connection.execute(change.values(outcome=outcome))
