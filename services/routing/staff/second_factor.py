"""The second thing that proves who somebody is: a code of the phone, a recovery code; and how a phone becomes known, at first or anew."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.routing.staff import credentials, store_identity
from services.routing.staff import store as store_accounts
from services.routing.staff.credentials import Keys
from services.routing.staff.standing import ACTIVE, standing


@dataclass(frozen=True)
class Enrolment:
    """What makes a phone known: the secret to type in, the same as an address for an app."""

    secret: str
    uri: str


@dataclass(frozen=True)
class Half:
    """Who proved one thing. `enrolment`: the phone is not known yet. `anew`: a code that somebody handed over comes before it."""

    ticket: str = field(repr=False)
    enrolment: Enrolment | None = field(default=None, repr=False)
    anew: bool = False


def half(account: Row[Any], content: Mapping[str, Any], *, keys: Keys, now: datetime) -> Half:
    """The ticket to the page of the code, with the secret of a new phone if the account has none."""
    content = {**content, "account": str(account.id), "epoch": account.epoch}
    if account.totp_secret is not None:
        return Half(credentials.ticket(keys, content, now))
    if account.phone_code is not None and not content.get("handed"):
        return Half(credentials.ticket(keys, content, now), anew=True)
    secret = credentials.new_secret()
    content["secret"] = base64.b64encode(secret).decode()
    return Half(credentials.ticket(keys, content, now), enrolment(secret, account.subject))


def enrolment(secret: bytes, subject: str) -> Enrolment:
    """The secret as people and as apps read it."""
    return Enrolment(credentials.shown_secret(secret), credentials.secret_uri(secret, subject))


def fits(account: Row[Any], content: Mapping[str, Any], now: datetime) -> bool:
    """Whether a ticket is still about the account as it is: not reset, worth something, its phone as it was."""
    if (standing(account, now), account.epoch) != (ACTIVE, content["epoch"]):
        return False
    if "secret" not in content:
        return account.totp_secret is not None or account.phone_code is not None
    return account.totp_secret is None and (account.phone_code is None or bool(content.get("handed")))


def is_phone_code(account: Row[Any], code: str, *, keys: Keys, now: datetime) -> bool:
    """Whether it is the code with which the phone of this account may be made known anew."""
    hashed = credentials.phone_code_hash(keys, str(account.id), code)
    return credentials.same(hashed, account.phone_code) and now < account.phone_code_until


def is_code(
    connection: Connection, account: Row[Any], code: str, *, keys: Keys, now: datetime, recovery: bool = True
) -> bool:
    """Whether it is a code of the phone or, where these count, a recovery code; good once. The account must be locked."""
    account_id = str(account.id)
    if len(code) != credentials.CODE_DIGITS or not code.isdecimal():
        hashed = credentials.recovery_hash(keys, account_id, code)
        spent = recovery and store_accounts.spend_recovery_code(connection, account_id, hashed, now)
        if spent:
            store_identity.insert_event(connection, account_id, "recovery_code_used", account_id, now)
        return spent
    secret = credentials.unlock_secret(keys, account_id, account.totp_secret)
    step = credentials.matching_step(secret, code, now)
    # A code that somebody read over a shoulder, or one before it, opens nothing any more.
    if step is None or (account.totp_step is not None and step <= account.totp_step):
        return False
    store_accounts.change_account(connection, account_id, totp_step=step)
    return True


def make_known(
    connection: Connection, account: Row[Any], secret: bytes, step: int, *, keys: Keys, now: datetime
) -> tuple[str, ...]:
    """Makes the phone with this secret the account's, a code of whose `step` was shown; the new recovery codes."""
    account_id = str(account.id)
    store_accounts.change_account(
        connection,
        account_id,
        totp_secret=credentials.lock_secret(keys, account_id, secret),
        totp_step=step,
        phone_code=None,
        phone_code_until=None,
    )
    store_identity.insert_event(connection, account_id, "phone_known", account_id, now)
    return new_recovery_codes(connection, account_id, keys=keys)


def new_recovery_codes(connection: Connection, account_id: str, *, keys: Keys) -> tuple[str, ...]:
    """Recovery codes in place of all earlier ones."""
    codes = credentials.new_recovery_codes()
    hashes = [credentials.recovery_hash(keys, account_id, each) for each in codes]
    store_accounts.replace_recovery_codes(connection, account_id, hashes)
    return codes
