"""The use cases of signing in: name and password, then a code of the phone or a recovery code; the first time, the phone is made known.

Every try is noted as wrong before it is judged, and as what it was afterwards: however many come at once, none is judged uncounted.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis import database
from services.routing import credentials, lockout, metrics, sessions, store_accounts
from services.routing.credentials import Keys
from services.routing.session import Life
from services.routing.sessions import Where

NewId = Callable[[], str]


@dataclass(frozen=True)
class Started:
    """A try that may be judged, or `wait` until one may. `account` is None where there is none of this name, or it is disabled."""

    wait: timedelta
    attempt: str
    account: Row[Any] | None = field(default=None, repr=False)

    @property
    def password_hash(self) -> str | None:
        """What the password is compared with."""
        return self.account.password_hash if self.account is not None else None


@dataclass(frozen=True)
class Enrolment:
    """What makes a phone known: the secret to type in, the same as an address for an app."""

    secret: str
    uri: str


@dataclass(frozen=True)
class Half:
    """Who knew the password. `enrolment`: the phone is not known yet."""

    ticket: str
    enrolment: Enrolment | None = None


@dataclass(frozen=True)
class Entered:
    """How a try with a code ended: `wait`, `refused`, `expired` (the password again), or `in` with a session."""

    outcome: str
    wait: timedelta = lockout.NONE
    session: str | None = field(default=None, repr=False)
    mark: str | None = field(default=None, repr=False)
    account: dict[str, Any] | None = None
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)
    enrolment: Enrolment | None = field(default=None, repr=False)


def start(
    connection: Connection,
    subject: str,
    where: Where,
    *,
    keys: Keys,
    now: datetime,
    attempt: str,
    place: str | None = None,
) -> Started:
    """Notes a try with a password, which is to be judged outside of the transaction. Does the same whether there is such an account or not.

    `place` counts the tries in place of where they come from.
    """
    subject = credentials.normal_subject(subject)
    account = store_accounts.account_of(connection, subject)
    device = None
    if account is not None:
        device = credentials.known_device(keys, str(account.id), account.epoch, where.mark, now)
    known = place or _place_of(device)
    if where.spent and known is None:
        return Started(lockout.SPENT_PAUSE, attempt)
    wait = _note(
        connection, keys, subject, known or where.place, lockout.PASSWORD, known is not None, now, attempt
    )
    active = account is not None and account.state == "active"
    return Started(wait, attempt, account if active else None)


def password_was_right(connection: Connection, started: Started, *, keys: Keys, now: datetime) -> Half:
    """The ticket to the page of the code."""
    account = started.account
    assert account is not None
    _settle(connection, started.attempt, lockout.PASSWORD, "right")
    content = {"account": str(account.id), "epoch": account.epoch}
    if account.totp_secret is not None:
        return Half(credentials.ticket(keys, content, now))
    secret = credentials.new_secret()
    content["secret"] = base64.b64encode(secret).decode()
    return Half(credentials.ticket(keys, content, now), _enrolment(secret, account.subject))


def enter(
    connection: Connection,
    ticket: str,
    code: str,
    where: Where,
    *,
    keys: Keys,
    life: Life,
    now: datetime,
    new_id: NewId,
) -> Entered:
    """Judges a code, and opens a session if it is right. Codes are good once."""
    try:
        content = credentials.open_ticket(keys, ticket, now)
    except credentials.Refused:
        return Entered("expired")
    account = store_accounts.lock_account(connection, content["account"])
    fresh = base64.b64decode(content["secret"]) if "secret" in content else None
    if (
        account is None
        or (account.state, account.epoch) != ("active", content["epoch"])
        or (fresh is None) != (account.totp_secret is not None)
    ):
        return Entered("expired")
    code = credentials.plain_code(code)
    if fresh is not None:
        return _enrol(connection, account, fresh, code, where, keys=keys, life=life, now=now, new_id=new_id)
    device = credentials.known_device(keys, str(account.id), account.epoch, where.mark, now)
    place, attempt = _place_of(device) or where.place, new_id()
    wait = _note(connection, keys, account.subject, place, lockout.CODE, device is not None, now, attempt)
    if wait:
        return Entered("wait", wait)
    if not _is_code(connection, account, code, keys, now):
        return Entered("refused")
    _settle(connection, attempt, lockout.CODE, "in")
    return _opened(connection, account, where, device, keys=keys, life=life, now=now, new_id=new_id)


def _enrol(
    connection: Connection,
    account: Row[Any],
    secret: bytes,
    code: str,
    where: Where,
    *,
    keys: Keys,
    life: Life,
    now: datetime,
    new_id: NewId,
) -> Entered:
    """The first code of a phone. There is nothing to guess: the secret is on the page."""
    step = credentials.matching_step(secret, code, now)
    if step is None:
        return Entered("refused", enrolment=_enrolment(secret, account.subject))
    account_id = str(account.id)
    codes = credentials.new_recovery_codes()
    hashes = [credentials.recovery_hash(keys, account_id, each) for each in codes]
    store_accounts.replace_recovery_codes(connection, account_id, hashes)
    store_accounts.change_account(
        connection,
        account_id,
        totp_secret=credentials.lock_secret(keys, account_id, secret),
        totp_step=step,
    )
    return _opened(
        connection, account, where, None, codes=codes, keys=keys, life=life, now=now, new_id=new_id
    )


def _opened(
    connection: Connection,
    account: Row[Any],
    where: Where,
    device: str | None,
    *,
    keys: Keys,
    life: Life,
    now: datetime,
    new_id: NewId,
    codes: tuple[str, ...] = (),
) -> Entered:
    account_id = str(account.id)
    made = sessions.open_session(connection, account_id, where, family=new_id(), life=life, now=now)
    store_accounts.change_account(connection, account_id, signed_in_at=now)
    found = sessions.resume(connection, made, life=life, now=now)
    assert found is not None
    return Entered(
        "in",
        session=made,
        mark=credentials.device_mark(keys, account_id, account.epoch, device or new_id(), now),
        account=found.account,
        recovery_codes=codes,
    )


def _is_code(connection: Connection, account: Row[Any], code: str, keys: Keys, now: datetime) -> bool:
    account_id = str(account.id)
    if len(code) != credentials.CODE_DIGITS or not code.isdecimal():
        hashed = credentials.recovery_hash(keys, account_id, code)
        return store_accounts.spend_recovery_code(connection, account_id, hashed, now)
    secret = credentials.unlock_secret(keys, account_id, account.totp_secret)
    step = credentials.matching_step(secret, code, now)
    # A code that somebody read over a shoulder, or one before it, opens nothing any more.
    if step is None or (account.totp_step is not None and step <= account.totp_step):
        return False
    store_accounts.change_account(connection, account_id, totp_step=step)
    return True


def _note(
    connection: Connection,
    keys: Keys,
    subject: str,
    place: str,
    step: str,
    known: bool,
    now: datetime,
    attempt: str,
) -> timedelta:
    """Notes a try, as wrong until it is known better; how long it must wait instead, in which case nothing counts it."""
    key = credentials.subject_key(keys, subject)
    verdict = lockout.judge(store_accounts.tries(connection, key, place, now), step, known, now)
    if verdict.hold or not verdict.wait:
        store_accounts.insert_try(
            connection,
            {
                "id": attempt,
                "subject_key": key,
                "place": place,
                "known": known,
                "step": step,
                "outcome": "held" if verdict.hold else "wrong",
                "at": now,
            },
        )
    _count(connection, step, "wait" if verdict.wait else "tried")
    return verdict.wait


def _settle(connection: Connection, attempt: str, step: str, outcome: str) -> None:
    store_accounts.settle_try(connection, attempt, outcome)
    _count(connection, step, outcome)


def _count(connection: Connection, step: str, outcome: str) -> None:
    database.after_commit(connection, partial(metrics.count_try, step, outcome))


def _place_of(device: str | None) -> str | None:
    return f"device {device}" if device is not None else None


def _enrolment(secret: bytes, subject: str) -> Enrolment:
    return Enrolment(credentials.shown_secret(secret), credentials.secret_uri(secret, subject))
