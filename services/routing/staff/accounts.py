"""The use cases of accounts: made, reset, disabled and listed by those who look after them; a password changed by its owner."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.routing.staff import credentials, sessions, sign_in, store_identity, store_tries
from services.routing.staff import store as store_accounts
from services.routing.staff.credentials import Keys
from services.routing.staff.session import Life
from services.routing.staff.sessions import Where
from services.routing.staff.standing import ACTIVE, OF_A_BODY, standing

#: Roles that an account may have. The gateway's table says what each may do.
ROLES = ("officer", "main_officer", "approver", "head", "coordinator", "operations")
#: Who acted where somebody did on the command line.
COMMAND = "command"


class NotAdded(Exception):
    """Why an account cannot be as it was asked for; a code of a few words."""


@dataclass(frozen=True)
class Changing:
    """A change of password that is to be judged outside of the transaction, or what stands against it: `over`, `wait`, or a fault of
    credentials.password_fault.
    """

    fault: str | None
    started: sign_in.Started | None = None
    family: str = ""


@dataclass(frozen=True)
class Changed:
    """A new password, and what the browser is known by from now on."""

    session: str = field(repr=False)
    mark: str = field(repr=False)


def add(
    connection: Connection,
    subject: str,
    roles: Sequence[str],
    institution: str | None,
    password_hash: str,
    *,
    now: datetime,
    account_id: str,
) -> None:
    """A new account, whose password must be changed at first. Raises NotAdded.

    An officer of the directory with this address, of this body, is the one whose account it is.
    """
    subject = credentials.normal_subject(subject)
    if not subject or len(subject) > 254 or any(each.isspace() for each in subject):
        raise NotAdded("the name is empty, too long or has spaces")
    if store_accounts.account_of(connection, subject) is not None:
        raise NotAdded("there is an account of this name")
    store_accounts.insert_account(
        connection,
        {
            "id": account_id,
            "subject": subject,
            **_post(connection, subject, roles, institution),
            "state": ACTIVE,
            "password_hash": password_hash,
            "password_set_at": now,
            "must_change": True,
            "created_at": now,
        },
    )
    store_identity.insert_event(connection, account_id, "made", COMMAND, now)


def change(
    connection: Connection, subject: str, roles: Sequence[str], institution: str | None, *, now: datetime
) -> bool:
    """Other roles, or another body, for who was given another post; all sessions end. Whether there is such an account. Raises NotAdded."""
    row = _locked(connection, subject)
    if row is None:
        return False
    account_id, post = str(row.id), _post(connection, row.subject, roles, institution)
    store_accounts.change_account(connection, account_id, **post, epoch=row.epoch + 1)
    store_accounts.revoke_sessions(connection, now, account_id=account_id)
    detail = " ".join((*post["roles"], institution or ""))
    store_identity.insert_event(connection, account_id, "changed", COMMAND, now, detail.strip())
    return True


def _post(
    connection: Connection, subject: str, roles: Sequence[str], institution: str | None
) -> dict[str, Any]:
    """What an account may do and for whom: its roles, its body, and the officer of that body whose it is. Raises NotAdded."""
    if not roles or not set(roles) <= set(ROLES):
        raise NotAdded("a role is missing or unknown")
    if OF_A_BODY & set(roles) and institution is None:
        raise NotAdded("these roles need an institution")
    if institution is not None and not store_accounts.is_institution(connection, institution):
        raise NotAdded("there is no such institution")
    officer = store_accounts.officer_of(connection, subject, institution)
    return {
        "roles": sorted(set(roles)),
        "institution": institution,
        "officer_id": officer.id if officer is not None else None,
    }


def reset(connection: Connection, subject: str, password_hash: str, *, now: datetime) -> bool:
    """A new first password; the phone, the recovery codes and all sessions are forgotten. Whether there is such an account."""
    row = _locked(connection, subject)
    if row is None:
        return False
    account_id = str(row.id)
    store_accounts.change_account(
        connection,
        account_id,
        password_hash=password_hash,
        password_set_at=now,
        must_change=True,
        totp_secret=None,
        totp_step=None,
        phone_code=None,
        phone_code_until=None,
        epoch=row.epoch + 1,
    )
    store_accounts.replace_recovery_codes(connection, account_id, ())
    store_accounts.revoke_sessions(connection, now, account_id=account_id)
    store_identity.insert_event(connection, account_id, "reset", COMMAND, now)
    return True


def set_state(connection: Connection, subject: str, state: str, *, now: datetime) -> bool:
    """Disables an account, which ends its sessions, or makes it active again. Whether there is such an account."""
    row = _locked(connection, subject)
    if row is None:
        return False
    store_accounts.change_account(connection, str(row.id), state=state, epoch=row.epoch + 1)
    store_identity.insert_event(connection, str(row.id), state, COMMAND, now)
    if state != "active":
        store_accounts.revoke_sessions(connection, now, account_id=str(row.id))
    return True


def end_sessions(connection: Connection, row: Row[Any], *, by: str, now: datetime) -> int:
    """Ends all sessions of an account and forgets its devices; how many sessions there were."""
    store_accounts.change_account(connection, str(row.id), epoch=row.epoch + 1)
    store_identity.insert_event(connection, str(row.id), "sessions_ended", by, now)
    return store_accounts.revoke_sessions(connection, now, account_id=str(row.id))


def end_sessions_of(connection: Connection, subject: str, *, now: datetime) -> int | None:
    """As `end_sessions`, by the account's name; None when there is no such account."""
    row = _locked(connection, subject)
    return None if row is None else end_sessions(connection, row, by=COMMAND, now=now)


def start_change(
    connection: Connection,
    session_id: str,
    old: str,
    new: str,
    where: Where,
    *,
    keys: Keys,
    life: Life,
    now: datetime,
    attempt: str,
) -> Changing:
    """Notes a change of password, whose old one is to be judged like that of a sign-in. Wrong ones count against this session alone."""
    found = sessions.resume(connection, session_id, life=life, now=now, renew=sessions.NEVER)
    if found is None:
        return Changing("over")
    subject = found.account["subject"]
    fault = credentials.password_fault(new, old, subject)
    if fault is not None:
        return Changing(fault)
    place = f"session {found.family}"
    started = sign_in.start(connection, subject, where, keys=keys, now=now, attempt=attempt, place=place)
    return Changing("wait" if started.wait else None, started, found.family)


def change_password(
    connection: Connection,
    changing: Changing,
    session_id: str,
    password_hash: str,
    *,
    keys: Keys,
    life: Life,
    now: datetime,
    device: str,
) -> Changed | str:
    """The owner's new password. Other sessions end, devices are forgotten but for this one, and this session gets a new id.

    `over` when the session has ended meanwhile; `refused` when the password was changed, as by who presses the button twice.
    """
    started = changing.started
    assert started is not None
    assert started.account is not None
    account_id = str(started.account.id)
    row = store_accounts.lock_account(connection, account_id)
    if row is not None and row.password_hash != started.password_hash:
        return "refused"
    found = sessions.resume(connection, session_id, life=life, now=now, renew=sessions.AT_ONCE)
    if row is None or found is None or row.epoch != started.account.epoch:
        return "over"
    store_tries.settle_try(connection, started.attempt, "right")
    epoch = row.epoch + 1
    store_accounts.change_account(
        connection,
        account_id,
        password_hash=password_hash,
        password_set_at=now,
        must_change=False,
        epoch=epoch,
    )
    store_identity.insert_event(connection, account_id, "password_changed", account_id, now)
    store_accounts.revoke_sessions(connection, now, account_id=account_id, but=found.family)
    mark = credentials.device_mark(keys, account_id, epoch, device, now)
    return Changed(found.fresh or session_id, mark)


def listed(row: Row[Any], now: datetime) -> dict[str, Any]:
    """An account as those see it who look after it."""
    return {
        "id": row.id,
        "subject": row.subject,
        "officer_id": row.officer_id,
        "institution": row.institution,
        "roles": row.roles,
        "state": standing(row, now),
        "must_change": row.must_change,
        "phone_known": row.totp_secret is not None,
        "created_at": row.created_at,
        "signed_in_at": row.signed_in_at,
    }


def _locked(connection: Connection, subject: str) -> Row[Any] | None:
    row = store_accounts.account_of(connection, credentials.normal_subject(subject))
    return None if row is None else store_accounts.lock_account(connection, str(row.id))
