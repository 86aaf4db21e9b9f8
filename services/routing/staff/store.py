"""The tables of accounts, sessions and tries, and their queries."""

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    Update,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.routing.staff.lockout import ELSEWHERE_COUNTS, HERE_COUNTS, HOLDS, MOST_CODES, Tries
from services.routing.store import institution, metadata, officer

_UTC = DateTime(timezone=True)

account = Table(
    "account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject", Text),
    Column("officer_id", Uuid),
    Column("institution", Text),
    Column("roles", ARRAY(Text)),
    Column("state", Text),
    Column("password_hash", Text),
    Column("password_set_at", _UTC),
    Column("must_change", Boolean),
    Column("totp_secret", LargeBinary),
    Column("totp_step", BigInteger),
    Column("epoch", Integer),
    Column("phone_code", LargeBinary),
    Column("phone_code_until", _UTC),
    Column("created_at", _UTC),
    Column("signed_in_at", _UTC),
)
recovery_code = Table(
    "recovery_code",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    Column("used_at", _UTC),
)
session = Table(
    "session",
    metadata,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("account_id", Uuid),
    Column("family", Uuid),
    Column("began_at", _UTC),
    Column("issued_at", _UTC),
    Column("seen_at", _UTC),
    Column("expires_at", _UTC),
    Column("rotated_from", LargeBinary),
    Column("replaced_at", _UTC),
    Column("revoked_at", _UTC),
    Column("used", Boolean),
    Column("place", Text),
    Column("agent", Text),
    Column("provider", Text),
    Column("provider_subject", Text),
    Column("provider_session", Text),
)
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
_OPEN_SESSIONS = text(
    """
    SELECT DISTINCT ON (family) family::text, began_at, seen_at, place, agent FROM session
    WHERE account_id = :account AND revoked_at IS NULL AND replaced_at IS NULL AND expires_at > :now AND seen_at > :idle_since
    ORDER BY family, issued_at DESC
    """
)
_SPEND_CODE = text(
    "UPDATE recovery_code SET used_at = :now WHERE account_id = :account AND hash = :hash AND used_at IS NULL RETURNING 1"
)


def account_of(connection: Connection, subject: str) -> Row[Any] | None:
    """The account of this name, or None."""
    return connection.execute(select(account).where(account.c.subject == subject)).one_or_none()


def lock_account(connection: Connection, account_id: str) -> Row[Any] | None:
    """The account of this id, to be changed by nobody else until the transaction ends; or None.

    Whoever needs the lock of a session too takes this one first.
    """
    # Not the full lock: an id of a session that is added refers to its account, and would wait for it while it holds the one it replaces.
    query = select(account).where(account.c.id == account_id).with_for_update(key_share=True)
    return connection.execute(query).one_or_none()


def insert_account(connection: Connection, row: Mapping[str, Any]) -> None:
    """Adds an account."""
    connection.execute(account.insert().values(row))


def change_account(connection: Connection, account_id: str, **values: Any) -> None:
    """Changes columns of an account."""
    connection.execute(account.update().where(account.c.id == account_id).values(values))


def accounts_page(connection: Connection, code: str | None, after: str | None, limit: int) -> list[Row[Any]]:
    """Accounts in the order in which they were made, from behind the id `after`; `code` limits them to an institution."""
    query = select(account).order_by(account.c.id).limit(limit)
    if code is not None:
        query = query.where(account.c.institution == code)
    if after is not None:
        query = query.where(account.c.id > after)
    return list(connection.execute(query))


def officer_of(connection: Connection, email: str) -> Row[Any] | None:
    """The officer with this address, if there is exactly one."""
    rows = connection.execute(select(officer).where(func.lower(officer.c.email) == email).limit(2)).all()
    return rows[0] if len(rows) == 1 else None


def is_institution(connection: Connection, code: str) -> bool:
    """Whether the directory has this body."""
    return connection.scalar(select(institution.c.code).where(institution.c.code == code)) is not None


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


def replace_recovery_codes(connection: Connection, account_id: str, hashes: Iterable[bytes]) -> None:
    """These are the recovery codes from now on."""
    connection.execute(recovery_code.delete().where(recovery_code.c.account_id == account_id))
    rows = [{"account_id": account_id, "hash": each} for each in hashes]
    if rows:
        connection.execute(recovery_code.insert(), rows)


def spend_recovery_code(connection: Connection, account_id: str, hashed: bytes, now: datetime) -> bool:
    """Whether it is a recovery code that was not used yet; it is used now."""
    found = connection.execute(_SPEND_CODE, {"account": account_id, "hash": hashed, "now": now})
    return found.one_or_none() is not None


def recovery_codes_left(connection: Connection, account_id: str) -> int:
    """How many were not used."""
    query = select(func.count()).where(
        recovery_code.c.account_id == account_id, recovery_code.c.used_at.is_(None)
    )
    return connection.execute(query).scalar_one()


def insert_session(connection: Connection, row: Mapping[str, Any]) -> None:
    """Adds an id of a session."""
    connection.execute(session.insert().values(row))


def session_row(connection: Connection, id_hash: bytes, *, lock: bool = False) -> Row[Any] | None:
    """An id of a session with what its account is now, or None. `lock`: nobody else changes it until the transaction ends."""
    query = (
        select(
            session,
            account.c.subject,
            account.c.roles,
            account.c.institution,
            account.c.officer_id,
            account.c.must_change,
            account.c.state,
            (account.c.totp_secret.is_not(None)).label("phone_known"),
        )
        .join(account, account.c.id == session.c.account_id)
        .where(session.c.id_hash == id_hash)
    )
    if lock:
        query = query.with_for_update(of=session)
    return connection.execute(query).one_or_none()


def replace_unused(connection: Connection, family: str, id_hash: bytes, now: datetime) -> bool:
    """Marks the id that took the place of this one as replaced, if it never came back; whether there is one."""
    change = session.update().where(
        session.c.family == family,
        session.c.rotated_from == id_hash,
        session.c.used.is_(False),
        session.c.replaced_at.is_(None),
        session.c.revoked_at.is_(None),
    )
    return connection.execute(change.values(replaced_at=now)).rowcount == 1


def change_session(connection: Connection, id_hash: bytes, **values: Any) -> None:
    """Changes columns of one id of a session."""
    connection.execute(session.update().where(session.c.id_hash == id_hash).values(values))


def revoke_sessions(
    connection: Connection, now: datetime, *, account_id: str, family: str | None = None, but: str = ""
) -> int:
    """Ends sessions of an account: one, or all but one. Returns how many there were that had not ended."""
    change = session.update().where(
        session.c.account_id == account_id, session.c.revoked_at.is_(None), session.c.expires_at > now
    )
    if family is not None:
        change = change.where(session.c.family == family)
    if but:
        change = change.where(session.c.family != but)
    return revoke(connection, change, now)


def revoke(connection: Connection, change: Update, now: datetime) -> int:
    """Ends the sessions that `change` is about; how many there were.

    Again until none is left: a statement that waits for an id which is being replaced does not see the one that takes its place.
    """
    families: set[Any] = set()
    while (
        found := connection.execute(change.values(revoked_at=now).returning(session.c.family)).scalars().all()
    ):
        families.update(found)
    return len(families)


def open_sessions(
    connection: Connection, account_id: str, now: datetime, idle_since: datetime
) -> list[Row[Any]]:
    """The sessions of an account that have not ended, the newest first."""
    rows = connection.execute(
        _OPEN_SESSIONS, {"account": account_id, "now": now, "idle_since": idle_since}
    ).all()
    return sorted(rows, key=lambda row: row.began_at, reverse=True)


def forget(connection: Connection, tries_before: datetime, sessions_before: datetime) -> tuple[int, int]:
    """Deletes tries and ended sessions that are older; (how many tries, how many ids of sessions)."""
    gone = connection.execute(sign_in_attempt.delete().where(sign_in_attempt.c.at < tries_before)).rowcount
    ended = connection.execute(session.delete().where(session.c.expires_at < sessions_before)).rowcount
    return gone, ended


def coordinators(connection: Connection, account_ids: Iterable[str]) -> set[str]:
    """Those of the accounts that are the coordinator's."""
    wanted = list(account_ids)
    if not wanted:
        return set()
    query = select(account.c.id).where(account.c.id.in_(wanted), account.c.roles.any("coordinator"))
    return {str(each) for each in connection.execute(query).scalars()}
