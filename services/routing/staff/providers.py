"""The use cases of providers of identity: asked for by people, believed within their rules.

The gateway speaks with a provider and checks what it signed; here is decided whom that lets in. Between leaving for the provider and coming
back, a sealed ticket travels in a cookie of the browser, so that nobody can finish in one browser what was begun in another.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from services.routing import metrics
from services.routing.staff import accounts, credentials, federation, second_factor, sign_in, store_identity
from services.routing.staff import store as store_accounts
from services.routing.staff.credentials import Keys
from services.routing.staff.sessions import Via
from services.routing.staff.standing import ACTIVE, standing

_TICKET = "provider"
#: Longer than any token of a provider is good.
_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True)
class Flow:
    """What goes with somebody to a provider. `ticket` stays in the browser; of `verifier` the provider gets the hash."""

    provider: Row[Any]
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    ticket: str = field(repr=False)
    language: str = "ar"


def link(connection: Connection, code: str, account: str, subject: str, *, now: datetime) -> None:
    """Says by which subject a provider means an account. Raises accounts.NotAdded."""
    row = store_accounts.account_of(connection, credentials.normal_subject(account))
    if row is None or store_identity.provider_of(connection, code) is None:
        raise accounts.NotAdded("there is no such account or no such provider")
    if not store_identity.link(connection, code, subject, str(row.id), now):
        raise accounts.NotAdded("the subject means another account, or the account has another subject")
    store_identity.insert_event(connection, str(row.id), "linked", accounts.COMMAND, now, code)


def unlink(connection: Connection, code: str, account: str, *, now: datetime) -> bool:
    """Forgets by which subject a provider means an account, and ends the sessions that it opened; whether it was known."""
    found = store_accounts.account_of(connection, credentials.normal_subject(account))
    row = store_accounts.lock_account(connection, str(found.id)) if found is not None else None
    if row is None:
        return False
    subject = store_identity.subject_of_account(connection, code, str(row.id))
    if subject is None:
        return False
    store_identity.unlink(connection, code, str(row.id))
    # Who is between the provider and our code would be linked anew by the ticket.
    store_accounts.change_account(connection, str(row.id), epoch=row.epoch + 1)
    store_identity.revoke_provider_sessions(connection, now, code, subject=subject)
    store_identity.insert_event(connection, str(row.id), "unlinked", accounts.COMMAND, now, code)
    return True


def begin(connection: Connection, code: str, language: str, *, keys: Keys, now: datetime) -> Flow | None:
    """What somebody takes along to a provider; None when there is no such provider."""
    row = store_identity.provider_of(connection, code)
    if row is None or row.state != "active":
        return None
    content = {
        "provider": code,
        "language": language,
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(48),
    }
    ticket = credentials.ticket(keys, content, now, _TICKET)
    return Flow(row, content["state"], content["nonce"], content["verifier"], ticket, language)


def come_back(
    connection: Connection, ticket: str, code: str, state: str, *, keys: Keys, now: datetime
) -> Flow | None:
    """What somebody had along who comes back from this provider with this state; None when that is not what they left with."""
    try:
        content = credentials.open_ticket(keys, ticket, now, _TICKET)
    except credentials.Refused:
        return None
    same = hmac.compare_digest(content["state"].encode(), state.encode("utf-8", "replace"))
    row = store_identity.provider_of(connection, content["provider"])
    if not same or content["provider"] != code or row is None or row.state != "active":
        return None
    return Flow(row, content["state"], content["nonce"], content["verifier"], ticket, content["language"])


@dataclass(frozen=True)
class Vouched:
    """What a provider signed of somebody, as the gateway checked it. `email` only if the provider verified it."""

    issuer: str
    subject: str
    nonce: str
    email: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    session: str | None = None


@dataclass(frozen=True)
class Outcome:
    """`in`, `code` (ours is asked for in addition), `expired` (from the start), or `refused` with one of federation.REASONS."""

    outcome: str
    entered: sign_in.Entered | None = None
    half: second_factor.Half | None = None
    reason: str | None = None


def enter(connection: Connection, ticket: str, vouched: Vouched, came: sign_in.Came) -> Outcome:
    """Lets in, or on to the code, whom a provider vouches for. Once for each time that somebody left for it."""
    keys, now = came.keys, came.now
    try:
        content = credentials.open_ticket(keys, ticket, now, _TICKET)
    except credentials.Refused:
        return Outcome("expired")
    code = content["provider"]
    row = store_identity.provider_of(connection, code)
    own = (content["nonce"], row.issuer if row is not None and row.state == "active" else None)
    if row is None or (vouched.nonce, vouched.issuer) != own:
        return Outcome("expired")
    if not _said_first(connection, code, f"nonce {vouched.nonce}", keys, now):
        return Outcome("expired")
    account = _account(connection, row, vouched, now)
    reason = _refusal(connection, row, account, vouched)
    metrics.provider_sign_ins_total.labels(reason or "right").inc()
    if account is None or reason is not None:
        return Outcome("refused", reason=reason)
    via = Via(code, vouched.subject, vouched.session)
    if row.second_factor == federation.OURS:
        return Outcome("code", half=second_factor.half(account, {"via": vars(via)}, keys=keys, now=now))
    device = credentials.known_device(keys, str(account.id), account.epoch, came.where.mark, now)
    entered = sign_in.opened(connection, account, device, came.by(via))
    return Outcome(entered.outcome, entered=entered)


def log_out(
    connection: Connection,
    code: str,
    *,
    token: str,
    subject: str | None,
    session: str | None,
    keys: Keys,
    now: datetime,
) -> int | None:
    """Ends what a provider opened, as its logout token asks; how many sessions. None for a token that came before, or names nobody."""
    if (subject is None and session is None) or not _said_first(
        connection, code, f"logout {token}", keys, now
    ):
        return None
    return store_identity.revoke_provider_sessions(
        connection, now, code, subject=subject, at_provider=session
    )


def _said_first(connection: Connection, code: str, text: str, keys: Keys, now: datetime) -> bool:
    hashed = credentials.assertion_hash(keys, code, text)
    return store_identity.use_once(connection, hashed, now + _REMEMBERED)


def _account(connection: Connection, row: Row[Any], vouched: Vouched, now: datetime) -> Row[Any] | None:
    """The account that is meant, locked: that of the subject, else that of the address where the provider's row says so."""
    found = store_identity.account_of_subject(connection, row.code, vouched.subject)
    if found is None and row.matching == federation.EMAIL and vouched.email:
        found = store_accounts.account_of(connection, credentials.normal_subject(vouched.email))
    if found is None:
        return None
    locked = store_accounts.lock_account(connection, str(found.id))
    return locked if locked is not None and standing(locked, now) == ACTIVE else None


def _refusal(connection: Connection, row: Row[Any], account: Row[Any] | None, vouched: Vouched) -> str | None:
    if account is None:
        return federation.NO_ACCOUNT
    rules = federation.Rules(
        frozenset(row.institutions),
        frozenset(row.national_roles),
        row.second_factor,
        frozenset(row.acr_values),
        frozenset(row.amr_values),
    )
    bound = store_identity.subject_of_account(connection, row.code, str(account.id))
    return federation.refusal(
        rules,
        federation.Account(account.roles, account.institution, bound),
        federation.Said(vouched.subject, vouched.acr, frozenset(vouched.amr)),
    )
