"""The use cases of sessions: opened by a sign-in, resumed by requests, given a new id now and then, ended by their owner or for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis import logs
from services.routing import metrics
from services.routing.staff import credentials
from services.routing.staff import store as store_accounts
from services.routing.staff.session import GOOD, OVER, REUSED, ROTATE, TOUCH, Life, Times, judge
from services.routing.staff.standing import ACTIVE, standing

#: When the id of a session is replaced by a new one.
BY_AGE, AT_ONCE, NEVER = "by_age", "at_once", "never"

log = logs.get()


@dataclass(frozen=True)
class Where:
    """From where somebody signs in: the neighbourhood of the address, the kind of browser, and the mark that the browser kept.

    `spent`: so much went wrong from this address that only known devices are judged.
    """

    place: str
    agent: str
    mark: str | None = None
    spent: bool = False


@dataclass(frozen=True)
class Via:
    """The provider of identity that signed somebody in, whom it means, and its own session."""

    provider: str
    subject: str
    session: str | None = None


@dataclass(frozen=True)
class Resumed:
    """A session that is good, and whose. `fresh`: its new id, if it has one from now on."""

    family: str
    account: dict[str, Any]
    fresh: str | None = None
    phone_known: bool = False


def open_session(
    connection: Connection,
    account_id: str,
    where: Where,
    *,
    family: str,
    life: Life,
    now: datetime,
    via: Via | None = None,
) -> str:
    """The id of a new session; `family` is the session through all its ids."""
    made = credentials.new_session_id()
    store_accounts.insert_session(
        connection,
        {
            "id_hash": credentials.session_hash(made),
            "account_id": account_id,
            "family": family,
            "began_at": now,
            "issued_at": now,
            "seen_at": now,
            "expires_at": now + life.whole,
            "used": True,
            "place": where.place,
            "agent": where.agent,
            "provider": via.provider if via else None,
            "provider_subject": via.subject if via else None,
            "provider_session": via.session if via else None,
        },
    )
    return made


def resume(
    connection: Connection, session_id: str, *, life: Life, now: datetime, renew: str = BY_AGE
) -> Resumed | None:
    """The session of an id, None when it is over. `renew`: when it gets a new id; NEVER for who cannot hand it on to the browser.

    An id that was replaced and comes back late ends the session: two hold it. Unless the new one never came back: then the answer that
    carried it was lost, and the old one gets another. Should the lost one turn up after all, two hold it.
    """
    hashed = credentials.session_hash(session_id)
    row = store_accounts.session_row(connection, hashed)
    verdict = _verdict(row, life, now, renew)
    if verdict in (ROTATE, REUSED):
        # Only one of several requests that come at once may replace the id.
        row = store_accounts.session_row(connection, hashed, lock=True)
        verdict = _verdict(row, life, now, renew)
    if row is None or verdict == OVER:
        return None
    if verdict == REUSED and _was_lost(connection, row, life, now):
        verdict = ROTATE
    if verdict == REUSED:
        store_accounts.revoke_sessions(
            connection, now, account_id=str(row.account_id), family=str(row.family)
        )
        metrics.sessions_reused_total.inc()
        log.warning("session_reused", account=row.account_id)
        return None
    fresh = None
    if verdict == ROTATE:
        fresh = _replaced(connection, row, now)
    elif verdict == TOUCH or not row.used:
        store_accounts.change_session(connection, hashed, seen_at=now, used=True)
    return Resumed(str(row.family), account_of(row), fresh, row.phone_known)


def end(connection: Connection, session_id: str, *, life: Life, now: datetime) -> bool:
    """Signs out; whether there was a session."""
    found = resume(connection, session_id, life=life, now=now, renew=NEVER)
    if found is None:
        return False
    store_accounts.revoke_sessions(connection, now, account_id=found.account["id"], family=found.family)
    return True


def provider_of(connection: Connection, session_id: str) -> str | None:
    """The provider that opened a session, ended or not; None without one."""
    row = store_accounts.session_row(connection, credentials.session_hash(session_id))
    return row.provider if row is not None else None


def owner_of(connection: Connection, session_id: str) -> str | None:
    """The account whose session this is, ended or not; None without one."""
    row = store_accounts.session_row(connection, credentials.session_hash(session_id))
    return str(row.account_id) if row is not None else None


def own(connection: Connection, session_id: str, *, life: Life, now: datetime) -> dict[str, Any] | None:
    """The sessions of the account, with what else its owner sees of it; None when the session is over."""
    found = resume(connection, session_id, life=life, now=now, renew=NEVER)
    if found is None:
        return None
    account_id = found.account["id"]
    rows = store_accounts.open_sessions(connection, account_id, now, now - life.idle)
    return {
        "account": found.account,
        "recovery_codes_left": store_accounts.recovery_codes_left(connection, account_id),
        "phone_known": found.phone_known,
        "sessions": [{**row._mapping, "present": row.family == found.family} for row in rows],
    }


def end_others(
    connection: Connection, session_id: str, family: str | None, *, life: Life, now: datetime
) -> int | None:
    """Ends one session of the account, or all but the present one; how many. None when the present one is over."""
    found = resume(connection, session_id, life=life, now=now, renew=NEVER)
    if found is None:
        return None
    return store_accounts.revoke_sessions(
        connection, now, account_id=found.account["id"], family=family, but=found.family
    )


def account_of(row: Row[Any]) -> dict[str, Any]:
    """What the gateway must know of the account of a session."""
    return {
        "id": str(row.account_id),
        "subject": row.subject,
        "roles": row.roles,
        "institution": row.institution,
        "officer_id": row.officer_id,
        # Who comes in by a provider does not use the password that was made for the account.
        "must_change": row.must_change and row.provider is None,
        "provider": row.provider,
    }


def _verdict(row: Row[Any] | None, life: Life, now: datetime, renew: str) -> str:
    if row is None or standing(row, now) != ACTIVE:
        return OVER
    times = Times(row.issued_at, row.seen_at, row.expires_at, row.replaced_at, row.revoked_at)
    verdict = judge(times, life, now)
    if renew == NEVER and verdict == ROTATE:
        return TOUCH
    if renew == AT_ONCE and verdict in (GOOD, TOUCH) and row.replaced_at is None:
        return ROTATE
    return verdict


def _was_lost(connection: Connection, row: Row[Any], life: Life, now: datetime) -> bool:
    """Whether the id that took this one's place never reached the browser; it is replaced in its turn."""
    fresh_enough = now < row.replaced_at + life.idle
    return fresh_enough and store_accounts.replace_unused(connection, str(row.family), row.id_hash, now)


def _replaced(connection: Connection, row: Row[Any], now: datetime) -> str:
    fresh = credentials.new_session_id()
    store_accounts.change_session(connection, row.id_hash, replaced_at=now)
    store_accounts.insert_session(
        connection,
        {
            "id_hash": credentials.session_hash(fresh),
            "account_id": row.account_id,
            "family": row.family,
            "began_at": row.began_at,
            "issued_at": now,
            "seen_at": now,
            "expires_at": row.expires_at,
            "rotated_from": row.id_hash,
            "used": False,
            "place": row.place,
            "agent": row.agent,
            "provider": row.provider,
            "provider_subject": row.provider_subject,
            "provider_session": row.provider_session,
        },
    )
    return fresh
