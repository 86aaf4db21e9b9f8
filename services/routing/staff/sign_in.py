"""The use cases of signing in: name and password, then a code of the phone or a recovery code; the first time, the phone is made known.

Every try is noted as wrong before it is judged, and as what it was afterwards: however many come at once, none is judged uncounted.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis import database
from services.routing import metrics
from services.routing.staff import credentials, lockout, second_factor, sessions, store_identity, store_tries
from services.routing.staff import store as store_accounts
from services.routing.staff.credentials import Keys
from services.routing.staff.second_factor import Enrolment, Half
from services.routing.staff.session import Life
from services.routing.staff.sessions import Via, Where
from services.routing.staff.standing import ACTIVE, standing

NewId = Callable[[], str]
#: How long a first password is good: it passed through other hands, and lies about until it is changed.
FIRST_PASSWORD = timedelta(days=14)


@dataclass(frozen=True)
class Started:
    """A try that may be judged, or `wait` until one may. `account` is None where none of this name may come in by its password."""

    wait: timedelta
    attempt: str
    account: Row[Any] | None = field(default=None, repr=False)

    @property
    def password_hash(self) -> str | None:
        """What the password is compared with."""
        return self.account.password_hash if self.account is not None else None


@dataclass(frozen=True)
class Entered:
    """How a try with a code ended: `wait`, `refused`, `expired` (the password again), `enrol` (a new phone), or `in` with a session.

    `recovery_codes_left`: one of them was used. `anew`: the code that was asked for is the one that somebody handed over.
    """

    outcome: str
    wait: timedelta = lockout.NONE
    session: str | None = field(default=None, repr=False)
    mark: str | None = field(default=None, repr=False)
    account: dict[str, Any] | None = None
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)
    recovery_codes_left: int | None = None
    enrolment: Enrolment | None = field(default=None, repr=False)
    ticket: str | None = field(default=None, repr=False)
    anew: bool = False


@dataclass(frozen=True)
class Came:
    """How somebody came to the last step, and what a session is opened with."""

    where: Where
    via: Via | None
    keys: Keys
    life: Life
    now: datetime
    new_id: NewId

    def by(self, via: Via) -> "Came":
        """The same, by a provider."""
        return replace(self, via=via)


def start(
    connection: Connection,
    subject: str,
    where: Where,
    *,
    keys: Keys,
    now: datetime,
    attempt: str,
    place: str | None = None,
    first_password: timedelta = FIRST_PASSWORD,
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
    good = account is not None and standing(account, now) == ACTIVE
    if account is not None and account.must_change and place is None:
        good = good and now < account.password_set_at + first_password
    return Started(wait, attempt, account if good else None)


def password_was_right(
    connection: Connection, started: Started, *, keys: Keys, now: datetime, hashed_anew: str | None = None
) -> Half:
    """The ticket to the page of the code. `hashed_anew`: the password as it is to be kept from now on."""
    account = started.account
    assert account is not None
    if hashed_anew is not None:
        store_identity.rehash(connection, str(account.id), account.password_hash, hashed_anew)
    _settle(connection, started.attempt, lockout.PASSWORD, "right")
    return second_factor.half(account, {}, keys=keys, now=now)


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
    if account is None or not second_factor.fits(account, content, now):
        return Entered("expired")
    code = credentials.plain_code(code)
    came = Came(where, Via(**content["via"]) if "via" in content else None, keys, life, now, new_id)
    if "secret" in content:
        return _enrol(connection, account, base64.b64decode(content["secret"]), code, came)
    device = credentials.known_device(keys, str(account.id), account.epoch, where.mark, now)
    place, attempt = _place_of(device) or where.place, new_id()
    wait = _note(connection, keys, account.subject, place, lockout.CODE, device is not None, now, attempt)
    if wait:
        return Entered("wait", wait)
    if account.totp_secret is None:
        return _hand_over(connection, account, code, content, attempt, came)
    if not second_factor.is_code(connection, account, code, keys=keys, now=now):
        return Entered("refused")
    _settle(connection, attempt, lockout.CODE, "in")
    recovery = len(code) != credentials.CODE_DIGITS
    return opened(connection, account, device, came, recovery=recovery)


def opened(
    connection: Connection,
    account: Row[Any],
    device: str | None,
    came: Came,
    *,
    codes: tuple[str, ...] = (),
    recovery: bool = False,
) -> Entered:
    """Opens a session for who proved everything that was asked. Refused when the provider meant somebody else before."""
    account_id, now = str(account.id), came.now
    if came.via is not None and not _bound(connection, account_id, came.via, now):
        return Entered("expired")
    made = sessions.open_session(
        connection, account_id, came.where, family=came.new_id(), life=came.life, now=now, via=came.via
    )
    store_accounts.change_account(connection, account_id, signed_in_at=now)
    found = sessions.resume(connection, made, life=came.life, now=now)
    assert found is not None
    return Entered(
        "in",
        session=made,
        mark=credentials.device_mark(came.keys, account_id, account.epoch, device or came.new_id(), now),
        account=found.account,
        recovery_codes=codes,
        recovery_codes_left=store_accounts.recovery_codes_left(connection, account_id) if recovery else None,
    )


def _bound(connection: Connection, account_id: str, via: Via, now: datetime) -> bool:
    """Whether the provider means this account by this subject, from now on if it meant nobody until now."""
    # Held until the session is there: whoever ends what the provider opened waits for it, and ends it too.
    row = store_identity.provider_of(connection, via.provider, hold=True)
    if row is None or row.state != "active":
        return False
    bound = store_identity.subject_of_account(connection, via.provider, account_id)
    if bound is not None:
        return bound == via.subject
    if not store_identity.link(connection, via.provider, via.subject, account_id, now):
        return False
    store_identity.insert_event(connection, account_id, "linked", via.provider, now)
    return True


def _hand_over(
    connection: Connection, account: Row[Any], code: str, content: dict[str, Any], attempt: str, came: Came
) -> Entered:
    """The code with which a lost phone is replaced: the new one's secret is shown to who has it."""
    if not second_factor.is_phone_code(account, code, keys=came.keys, now=came.now):
        return Entered("refused", anew=True)
    _settle(connection, attempt, lockout.CODE, "right")
    half = second_factor.half(account, {**content, "handed": True}, keys=came.keys, now=came.now)
    return Entered("enrol", ticket=half.ticket, enrolment=half.enrolment)


def _enrol(connection: Connection, account: Row[Any], secret: bytes, code: str, came: Came) -> Entered:
    """The first code of a phone. There is nothing to guess: the secret is on the page."""
    step = credentials.matching_step(secret, code, came.now)
    if step is None:
        return Entered("refused", enrolment=second_factor.enrolment(secret, account.subject))
    codes = second_factor.make_known(connection, account, secret, step, keys=came.keys, now=came.now)
    return opened(connection, account, None, came, codes=codes)


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
    verdict = lockout.judge(store_tries.tries(connection, key, place, now), step, known, now)
    if verdict.hold or not verdict.wait:
        store_tries.insert_try(
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
    store_tries.settle_try(connection, attempt, outcome)
    _count(connection, step, outcome)


def _count(connection: Connection, step: str, outcome: str) -> None:
    database.after_commit(connection, partial(metrics.count_try, step, outcome))


def _place_of(device: str | None) -> str | None:
    return f"device {device}" if device is not None else None
