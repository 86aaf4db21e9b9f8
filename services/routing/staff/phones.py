"""The use cases of a phone that is lost and of recovery codes that run out."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from services.routing.staff import credentials, second_factor, sessions, sign_in, store_identity, store_tries
from services.routing.staff import store as store_accounts
from services.routing.staff.credentials import Keys
from services.routing.staff.session import Life
from services.routing.staff.sessions import Where


class OwnAccount(Exception):
    """Whoever holds a session of somebody must not be able to make another phone that person's with it."""


@dataclass(frozen=True)
class Renewing:
    """A wish for new recovery codes, with what stands against it: `over`, `no_phone`, `wait`, `refused`. Or the codes at once; or neither,
    when a password is to be judged first, outside of the transaction.
    """

    fault: str | None = None
    codes: tuple[str, ...] = field(default=(), repr=False)
    started: sign_in.Started | None = None


def forget(
    connection: Connection, account_id: str, *, by: str, life: timedelta, keys: Keys, now: datetime
) -> str | None:
    """The phone of an account is lost: it and the recovery codes are good no more, and all sessions end.

    Returns a code, to be handed to the owner in person: with the password and it, another phone is made known. None: there is no such
    account. Raises OwnAccount.
    """
    row = store_accounts.lock_account(connection, account_id)
    if row is None:
        return None
    if by == account_id:
        raise OwnAccount
    code = credentials.new_code()
    store_accounts.change_account(
        connection,
        account_id,
        totp_secret=None,
        totp_step=None,
        phone_code=credentials.phone_code_hash(keys, account_id, code),
        phone_code_until=now + life,
        epoch=row.epoch + 1,
    )
    store_accounts.replace_recovery_codes(connection, account_id, ())
    store_accounts.revoke_sessions(connection, now, account_id=account_id)
    store_identity.insert_event(connection, account_id, "phone_forgotten", by, now)
    return code


def start_renewal(
    connection: Connection,
    session_id: str,
    proof: str,
    where: Where,
    *,
    keys: Keys,
    life: Life,
    now: datetime,
    attempt: str,
) -> Renewing:
    """Notes a wish for new recovery codes, proved by a code of the phone or by the password.

    Wrong ones count against this session alone.
    """
    # The account, its session, then its tries, like all who lock several of them: in different orders two would stop each other.
    owner = sessions.owner_of(connection, session_id)
    account = store_accounts.lock_account(connection, owner) if owner is not None else None
    found = sessions.resume(connection, session_id, life=life, now=now, renew=sessions.NEVER)
    if account is None or found is None:
        return Renewing("over")
    if account.totp_secret is None:
        return Renewing("no_phone")
    place = f"session {found.family}"
    started = sign_in.start(
        connection, account.subject, where, keys=keys, now=now, attempt=attempt, place=place
    )
    if started.wait or started.account is None:
        return Renewing("wait", started=started)
    code = credentials.plain_code(proof)
    if len(code) != credentials.CODE_DIGITS or not code.isdecimal():
        return Renewing(started=started)
    if not second_factor.is_code(connection, account, code, keys=keys, now=now, recovery=False):
        return Renewing("refused", started=started)
    return Renewing(codes=_renewed(connection, account, attempt, keys, now), started=started)


def renew(
    connection: Connection, renewing: Renewing, session_id: str, *, keys: Keys, life: Life, now: datetime
) -> tuple[str, ...] | None:
    """The new recovery codes of who knew the password. None when the session has ended meanwhile."""
    started = renewing.started
    assert started is not None
    assert started.account is not None
    row = store_accounts.lock_account(connection, str(started.account.id))
    found = sessions.resume(connection, session_id, life=life, now=now, renew=sessions.NEVER)
    if row is None or found is None or row.epoch != started.account.epoch:
        return None
    return _renewed(connection, row, started.attempt, keys, now)


def _renewed(
    connection: Connection, account: Row[Any], attempt: str, keys: Keys, now: datetime
) -> tuple[str, ...]:
    account_id = str(account.id)
    store_tries.settle_try(connection, attempt, "right")
    store_identity.insert_event(connection, account_id, "recovery_codes_renewed", account_id, now)
    return second_factor.new_recovery_codes(connection, account_id, keys=keys)
