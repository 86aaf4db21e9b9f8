"""The tables of accounts and sessions, and their queries."""

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
    Select,
    Table,
    Text,
    Update,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.routing.staff.store_tries import sign_in_attempt
from services.routing.store import institution, metadata, officer

#: So many sessions of an account are shown.
MOST_SHOWN = 50

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
_SERVICE = (
    officer.c.valid_from.label("serves_from"),
    officer.c.valid_to.label("serves_to"),
    institution.c.valid_to.label("body_to"),
)
_OPEN_SESSIONS = text(
    """
    SELECT * FROM (
        SELECT DISTINCT ON (family) family::text, began_at, seen_at, place, agent FROM session
        WHERE account_id = :account AND revoked_at IS NULL AND replaced_at IS NULL AND expires_at > :now AND seen_at > :idle_since
        ORDER BY family, issued_at DESC
    ) AS open ORDER BY began_at DESC LIMIT :most
    """
)
_SPEND_CODE = text(
    "UPDATE recovery_code SET used_at = :now WHERE account_id = :account AND hash = :hash AND used_at IS NULL RETURNING 1"
)


def accounts() -> Select[Any]:
    """The accounts, each with the days from and to which its officer serves, if it is an officer's, and the first day without its body."""
    query = select(account, *_SERVICE).outerjoin(officer, officer.c.id == account.c.officer_id)
    return query.outerjoin(institution, institution.c.code == account.c.institution)


def account_of(connection: Connection, subject: str) -> Row[Any] | None:
    """The account of this name, or None."""
    return connection.execute(accounts().where(account.c.subject == subject)).one_or_none()


def lock_account(connection: Connection, account_id: str) -> Row[Any] | None:
    """The account of this id, to be changed by nobody else until the transaction ends; or None.

    Whoever needs the lock of a session too takes this one first.
    """
    # Not the full lock: an id of a session that is added refers to its account, and would wait for it while it holds the one it replaces.
    query = accounts().where(account.c.id == account_id).with_for_update(of=account, key_share=True)
    return connection.execute(query).one_or_none()


def insert_account(connection: Connection, row: Mapping[str, Any]) -> None:
    """Adds an account."""
    connection.execute(account.insert().values(row))


def change_account(connection: Connection, account_id: str, **values: Any) -> None:
    """Changes columns of an account."""
    connection.execute(account.update().where(account.c.id == account_id).values(values))


def accounts_page(connection: Connection, code: str | None, after: str | None, limit: int) -> list[Row[Any]]:
    """Accounts in the order in which they were made, from behind the id `after`; `code` limits them to an institution."""
    query = accounts().order_by(account.c.id).limit(limit)
    if code is not None:
        query = query.where(account.c.institution == code)
    if after is not None:
        query = query.where(account.c.id > after)
    return list(connection.execute(query))


def officer_of(connection: Connection, email: str, code: str | None) -> Row[Any] | None:
    """The officer of a body with this address, or None. Somebody who moved is in the directory once for each body."""
    query = select(officer).where(func.lower(officer.c.email) == email, officer.c.institution == code)
    return connection.execute(query.order_by(officer.c.valid_from.desc()).limit(1)).one_or_none()


def of_officers(connection: Connection) -> list[Row[Any]]:
    """The accounts of officers: whose, of which body, with which roles, in which state."""
    query = select(account.c.officer_id, account.c.institution, account.c.roles, account.c.state)
    return list(connection.execute(query.where(account.c.officer_id.is_not(None))))


def is_institution(connection: Connection, code: str) -> bool:
    """Whether the directory has this body."""
    return connection.scalar(select(institution.c.code).where(institution.c.code == code)) is not None


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
            *_SERVICE,
        )
        .join(account, account.c.id == session.c.account_id)
        .outerjoin(officer, officer.c.id == account.c.officer_id)
        .outerjoin(institution, institution.c.code == account.c.institution)
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
    """The sessions of an account that have not ended, the newest first, MOST_SHOWN at most: who has more ends all others at once."""
    values = {"account": account_id, "now": now, "idle_since": idle_since, "most": MOST_SHOWN}
    return list(connection.execute(_OPEN_SESSIONS, values))


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
