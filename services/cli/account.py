"""Accounts of staff: made, reset, disabled, and their sessions ended. A first password is printed once and kept nowhere."""

from datetime import timedelta

import click

from gateway import policy
from services.chassis import database, settings
from services.chassis.clock import new_id, now
from services.routing.settings import AccountSettings
from services.routing.staff import accounts, credentials, phones, store_identity
from services.routing.staff import store as store_accounts
from services.routing.staff.standing import standing

_SERVICE = "routing"
_SUBJECT = click.option(
    "--subject", required=True, help="Name of the account, such as a person's work address."
)
_ROLES = click.option("--role", "roles", multiple=True, required=True, type=click.Choice(policy.STAFF_ROLES))
_INSTITUTION = click.option(
    "--institution", help="Code of the body that it acts for; needed but for the coordinator and operations."
)


@click.group()
def account() -> None:
    """Accounts with which staff sign in."""


@account.command(name="add")
@_SUBJECT
@_ROLES
@_INSTITUTION
def add(subject: str, roles: tuple[str, ...], institution: str | None) -> None:
    """Make an account and print its first password, which must be changed when it is used.

    Give --role more than once for several roles. Who signs in first makes a phone known, so the password must reach its owner alone.
    """
    password = credentials.new_password()
    try:
        with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
            hashed = credentials.hash_password(password)
            accounts.add(connection, subject, roles, institution, hashed, now=now(), account_id=new_id())
    except accounts.NotAdded as error:
        raise click.ClickException(str(error)) from None
    click.echo(password)


@account.command(name="reset")
@_SUBJECT
def reset(subject: str) -> None:
    """Print a new first password; the phone, the recovery codes and all sessions are forgotten."""
    password = credentials.new_password()
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        there = accounts.reset(connection, subject, credentials.hash_password(password), now=now())
    _demand(there)
    click.echo(password)


@account.command(name="change")
@_SUBJECT
@_ROLES
@_INSTITUTION
def change(subject: str, roles: tuple[str, ...], institution: str | None) -> None:
    """Give it other roles, or another body, in place of those it has; its sessions end. Password and phone stay."""
    try:
        with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
            there = accounts.change(connection, subject, roles, institution, now=now())
    except accounts.NotAdded as error:
        raise click.ClickException(str(error)) from None
    _demand(there)
    click.echo("changed")


@account.command(name="disable")
@_SUBJECT
def disable(subject: str) -> None:
    """Let nobody sign in with it; its sessions end."""
    _set_state(subject, "disabled")


@account.command(name="enable")
@_SUBJECT
def enable(subject: str) -> None:
    """Let its owner sign in again."""
    _set_state(subject, "active")


@account.command(name="list")
@click.option("--institution", help="Only those of this body.")
def list_accounts(institution: str | None) -> None:
    """Print the accounts, the oldest first."""
    after = None
    while True:
        with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
            rows = store_accounts.accounts_page(connection, institution, after, 200)
        for row in rows:
            seen = f"{row.signed_in_at:%Y-%m-%d}" if row.signed_in_at else "never"
            click.echo(
                f"{row.subject}\t{','.join(row.roles)}\t{row.institution or '-'}\t{standing(row, now())}\tsigned in {seen}"
            )
        if len(rows) < 200:
            return
        after = str(rows[-1].id)


@account.command(name="forget-phone")
@_SUBJECT
def forget_phone(subject: str) -> None:
    """Print a code with which another phone is made known in place of a lost one; all sessions end.

    The password stays. Hand the code over in person or by phone, once you are sure whom you speak with.
    """
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        chosen = settings.load(AccountSettings)
        row = store_accounts.account_of(connection, credentials.normal_subject(subject))
        code = None
        if row is not None:
            code = phones.forget(
                connection,
                str(row.id),
                by=accounts.COMMAND,
                life=timedelta(hours=chosen.phone_code_hours),
                keys=credentials.keys(chosen.key),
                now=now(),
            )
    _demand(code is not None)
    click.echo(code)


@account.command(name="history")
@_SUBJECT
def history(subject: str) -> None:
    """Print what happened to an account and who did it, the newest first."""
    before: int | None = None
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        row = store_accounts.account_of(connection, credentials.normal_subject(subject))
        _demand(row is not None)
        while events := store_identity.events_page(connection, str(row.id), before, 200):
            for each in events:
                click.echo(f"{each.at:%Y-%m-%d %H:%M}\t{each.what}\t{each.actor}\t{each.detail or '-'}")
            before = events[-1].number


@account.group(name="sessions")
def sessions_group() -> None:
    """Sessions of an account."""


@sessions_group.command(name="revoke")
@_SUBJECT
def revoke(subject: str) -> None:
    """End all sessions of an account, and forget its devices; within seconds on every replica."""
    ended = _ended(subject)
    _demand(ended is not None)
    click.echo(f"{ended} sessions ended")


def _ended(subject: str) -> int | None:
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        return accounts.end_sessions_of(connection, subject, now=now())


def _set_state(subject: str, state: str) -> None:
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        there = accounts.set_state(connection, subject, state, now=now())
    _demand(there)
    click.echo(state)


def _demand(there: bool) -> None:
    if not there:
        raise click.ClickException("there is no account of this name")
