"""The tables of providers of identity and of what happened to accounts, and their queries."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Identity,
    LargeBinary,
    Row,
    Table,
    Text,
    Uuid,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert

from services.routing.staff.store import account, accounts, revoke, session
from services.routing.store import metadata

_UTC = DateTime(timezone=True)

account_event = Table(
    "account_event",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("account_id", Uuid),
    Column("at", _UTC),
    Column("actor", Text),
    Column("what", Text),
    Column("detail", Text),
)
provider = Table(
    "identity_provider",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name_ar", Text),
    Column("name_en", Text),
    Column("issuer", Text),
    Column("client_id", Text),
    Column("client_auth", Text),
    Column("scopes", ARRAY(Text)),
    Column("algorithms", ARRAY(Text)),
    Column("matching", Text),
    Column("national_roles", ARRAY(Text)),
    Column("second_factor", Text),
    Column("acr_values", ARRAY(Text)),
    Column("amr_values", ARRAY(Text)),
    Column("state", Text),
    Column("created_at", _UTC),
)
provider_institution = Table(
    "identity_provider_institution",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("institution", Text, primary_key=True),
)
provider_change = Table(
    "identity_provider_change",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text),
    Column("at", _UTC),
    Column("actor", Text),
    Column("what", Text),
)
account_identity = Table(
    "account_identity",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account_id", Uuid),
    Column("linked_at", _UTC),
)
used_assertion = Table(
    "used_assertion",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("until", _UTC),
)


def rehash(connection: Connection, account_id: str, old: str, new: str) -> None:
    """Keeps the same password under another hash, unless it was changed meanwhile."""
    same = account.update().where(account.c.id == account_id, account.c.password_hash == old)
    connection.execute(same.values(password_hash=new))


def insert_event(
    connection: Connection, account_id: str, what: str, actor: str, now: datetime, detail: str | None = None
) -> None:
    """Adds a line to the history of an account."""
    connection.execute(
        account_event.insert().values(account_id=account_id, what=what, actor=actor, at=now, detail=detail)
    )


def events_page(connection: Connection, account_id: str, before: int | None, limit: int) -> list[Row[Any]]:
    """The history of an account, newest first, from below the number `before`."""
    query = select(account_event).where(account_event.c.account_id == account_id)
    if before is not None:
        query = query.where(account_event.c.number < before)
    return list(connection.execute(query.order_by(account_event.c.number.desc()).limit(limit)))


def _with_institutions() -> Any:
    bodies = (
        select(func.array_agg(provider_institution.c.institution))
        .where(provider_institution.c.provider == provider.c.code)
        .scalar_subquery()
    )
    return select(provider, func.coalesce(bodies, func.cast([], ARRAY(Text))).label("institutions"))


def providers(connection: Connection, *, active: bool = False) -> list[Row[Any]]:
    """The providers by code, with the bodies whose accounts each may sign in."""
    query = _with_institutions().order_by(provider.c.code)
    if active:
        query = query.where(provider.c.state == "active")
    return list(connection.execute(query))


def provider_of(
    connection: Connection, code: str, *, hold: bool = False, lock: bool = False
) -> Row[Any] | None:
    """The provider of this code, or None. `hold`: it stays as it is until the transaction ends; `lock`: only we may change it."""
    query = _with_institutions().where(provider.c.code == code)
    if hold or lock:
        query = query.with_for_update(of=provider, read=not lock)
    return connection.execute(query).one_or_none()


def insert_provider(connection: Connection, row: Mapping[str, Any], institutions: Iterable[str]) -> bool:
    """Adds a provider and the bodies that it is for; False when there is one of its code."""
    made = insert(provider).values(row).on_conflict_do_nothing(index_elements=["code"])
    if not connection.execute(made).rowcount:
        return False
    set_institutions(connection, row["code"], institutions)
    return True


def set_institutions(connection: Connection, code: str, institutions: Iterable[str]) -> None:
    """Says for which bodies a provider is, in place of those before."""
    connection.execute(provider_institution.delete().where(provider_institution.c.provider == code))
    bodies = [{"provider": code, "institution": each} for each in institutions]
    if bodies:
        connection.execute(provider_institution.insert(), bodies)


def change_provider(connection: Connection, code: str, **values: Any) -> bool:
    """Changes columns of a provider; whether there is one."""
    return connection.execute(provider.update().where(provider.c.code == code).values(values)).rowcount > 0


def delete_provider(connection: Connection, code: str) -> bool:
    """Removes a provider with its links; whether there was one."""
    return connection.execute(provider.delete().where(provider.c.code == code)).rowcount > 0


def insert_change(connection: Connection, code: str, what: str, actor: str, now: datetime) -> None:
    """Adds a line to the history of a provider."""
    connection.execute(provider_change.insert().values(provider=code, what=what, actor=actor, at=now))


def known_before(connection: Connection, code: str) -> bool:
    """Whether there is a provider of this code, or was one."""
    there = select(provider.c.code).where(provider.c.code == code)
    was = select(provider_change.c.provider).where(provider_change.c.provider == code)
    return bool(connection.scalar(select(there.exists() | was.exists())))


def last_changes(connection: Connection) -> dict[str, Row[Any]]:
    """code → what was done last: what, at, and by (the name of the account where it is one)."""
    # Compared as texts: not everybody who acts is an account.
    name = select(account.c.subject).where(cast(account.c.id, Text) == provider_change.c.actor)
    query = (
        select(
            provider_change.c.provider,
            provider_change.c.what,
            provider_change.c.at,
            func.coalesce(name.scalar_subquery(), provider_change.c.actor).label("by"),
        )
        .ext(distinct_on(provider_change.c.provider))
        .order_by(provider_change.c.provider, provider_change.c.number.desc())
    )
    return {row.provider: row for row in connection.execute(query)}


def account_of_subject(connection: Connection, code: str, subject: str) -> Row[Any] | None:
    """The account that a provider means by a subject, or None."""
    query = accounts().join(account_identity, account_identity.c.account_id == account.c.id)
    return connection.execute(
        query.where(account_identity.c.provider == code, account_identity.c.subject == subject)
    ).one_or_none()


def subject_of_account(connection: Connection, code: str, account_id: str) -> str | None:
    """By which subject a provider means an account, if that is known."""
    return connection.scalar(
        select(account_identity.c.subject).where(
            account_identity.c.provider == code, account_identity.c.account_id == account_id
        )
    )


def link(connection: Connection, code: str, subject: str, account_id: str, now: datetime) -> bool:
    """Has a subject of a provider mean an account from now on; False when the subject means another, or the account has another."""
    made = insert(account_identity).values(
        provider=code, subject=subject, account_id=account_id, linked_at=now
    )
    return connection.execute(made.on_conflict_do_nothing()).rowcount > 0


def unlink(connection: Connection, code: str, account_id: str) -> bool:
    """Forgets by which subject a provider means an account; whether it was known."""
    gone = account_identity.delete().where(
        account_identity.c.provider == code, account_identity.c.account_id == account_id
    )
    return connection.execute(gone).rowcount > 0


def use_once(connection: Connection, hashed: bytes, until: datetime) -> bool:
    """Whether this was not used before; it is now. Two at once: one is told no."""
    made = insert(used_assertion).values(hash=hashed, until=until).on_conflict_do_nothing()
    return connection.execute(made).rowcount > 0


def forget_used(connection: Connection, now: datetime) -> int:
    """Deletes what is too old to be said again."""
    return connection.execute(used_assertion.delete().where(used_assertion.c.until < now)).rowcount


def revoke_provider_sessions(
    connection: Connection,
    now: datetime,
    code: str,
    *,
    subject: str | None = None,
    at_provider: str | None = None,
) -> int:
    """Ends sessions that a provider opened: all, those of a subject, or the one of its own session; how many."""
    change = session.update().where(
        session.c.provider == code, session.c.revoked_at.is_(None), session.c.expires_at > now
    )
    if subject is not None:
        change = change.where(session.c.provider_subject == subject)
    if at_provider is not None:
        own = session.c.provider_session == at_provider
        # Of a session whose own name the provider did not tell, the person is all that is known.
        change = change.where(own if subject is None else own | session.c.provider_session.is_(None))
    return revoke(connection, change, now)
