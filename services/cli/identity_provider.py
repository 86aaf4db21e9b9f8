"""Providers of identity: which ministry's own sign-in is believed, and for whom. The secret of each is a file of the gateway."""

import click

from services.chassis import database, settings
from services.chassis.clock import now
from services.routing.staff import accounts, federation, providers, providers_kept, store_identity

_SERVICE = "routing"
_CODE = click.option("--code", required=True, help="Short name in addresses: small letters, digits, dashes.")


@click.group(name="identity-provider")
def identity_provider() -> None:
    """Ministries' own sign-in (OpenID Connect)."""


@identity_provider.command(name="add")
@_CODE
@click.option("--name-ar", required=True, help="What the button says in Arabic: the ministry.")
@click.option("--name-en", required=True, help="The same in English.")
@click.option("--issuer", required=True, help="Its issuer, exactly as the provider writes it; https.")
@click.option("--client-id", required=True, help="What the provider calls us.")
@click.option(
    "--institution", "institutions", multiple=True, help="Code of a body whose accounts it signs in."
)
@click.option(
    "--match",
    "matching",
    type=click.Choice((federation.EMAIL, federation.SUBJECT)),
    default=federation.EMAIL,
    show_default=True,
    help="How an account is found at first: by an address that the provider verified, or only by `link`.",
)
@click.option("--acr", "acr_values", multiple=True, help="An `acr` that stands for two factors.")
@click.option("--amr", "amr_values", multiple=True, help="An `amr` that must be there; all of those given.")
@click.option(
    "--our-code", is_flag=True, help="Ask for our own one-time code in addition, whatever the provider did."
)
@click.option(
    "--national-role",
    "national_roles",
    multiple=True,
    type=click.Choice(sorted(federation.NATIONAL)),
    help="Let it sign in this role, which acts for the whole country. Not for the provider of one ministry.",
)
@click.option(
    "--algorithm",
    "algorithms",
    multiple=True,
    type=click.Choice(federation.ALGORITHMS),
    default=federation.USUAL_ALGORITHMS,
    show_default=True,
    help="Signatures that are believed.",
)
@click.option(
    "--client-auth",
    type=click.Choice(("client_secret_basic", "client_secret_post")),
    default="client_secret_basic",
    show_default=True,
    help="How the secret is shown to the provider.",
)
@click.option("--scope", "scopes", multiple=True, default=("openid", "email"), show_default=True)
def add(code: str, institutions: tuple[str, ...], our_code: bool, **row: object) -> None:
    """Believe a provider for the accounts of some bodies.

    What it vouches for must have an account already. A second factor is either recognised by --acr or --amr, or is our own (--our-code).
    """
    if not our_code and not (row["acr_values"] or row["amr_values"]):
        raise click.UsageError("say --acr or --amr if the provider asks for a second factor, else --our-code")
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}
    values |= {"code": code, "second_factor": federation.OURS if our_code else federation.PROVIDER}
    try:
        with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
            providers_kept.add(connection, values, sorted(set(institutions)), by=accounts.COMMAND, now=now())
    except accounts.NotAdded as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{code}: put its secret into the file {code} of IDENTITY_PROVIDER_SECRETS, readable by the gateway"
    )
    click.echo(f"redirect address for the provider: PUBLIC_URL/staff/sign-in/with/{code}/back")
    click.echo(f"back-channel logout address: PUBLIC_URL/staff/sign-in/with/{code}/logout")


@identity_provider.command(name="list")
def list_providers() -> None:
    """Print the providers."""
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        rows = store_identity.providers(connection)
    for row in rows:
        factor = "our code" if row.second_factor == federation.OURS else "its own second factor"
        bodies = ",".join(sorted(row.institutions)) or "-"
        national = f"\t{','.join(row.national_roles)}" if row.national_roles else ""
        click.echo(f"{row.code}\t{row.issuer}\t{bodies}\tby {row.matching}\t{factor}\t{row.state}{national}")


@identity_provider.command(name="remove")
@_CODE
def remove(code: str) -> None:
    """Believe it no more; the sessions that it opened end."""
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        ended = providers_kept.remove(connection, code, by=accounts.COMMAND, now=now())
    _demand(ended is not None)
    click.echo(f"{ended} sessions ended")


@identity_provider.command(name="disable")
@_CODE
def disable(code: str) -> None:
    """Let nobody come in by it for now; the sessions that it opened end."""
    _set_state(code, "disabled")


@identity_provider.command(name="enable")
@_CODE
def enable(code: str) -> None:
    """Let people come in by it again."""
    _set_state(code, "active")


@identity_provider.command(name="link")
@_CODE
@click.option("--account", required=True, help="Name of the account.")
@click.option("--subject", required=True, help="The `sub` by which the provider means its owner.")
def link(code: str, account: str, subject: str) -> None:
    """Say by which subject it means an account."""
    try:
        with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
            providers.link(connection, code, account, subject, now=now())
    except accounts.NotAdded as error:
        raise click.ClickException(str(error)) from None
    click.echo("linked")


@identity_provider.command(name="unlink")
@_CODE
@click.option("--account", required=True, help="Name of the account.")
def unlink(code: str, account: str) -> None:
    """Forget by which subject it means an account, such as when an address went to another person."""
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        there = providers.unlink(connection, code, account, now=now())
    if not there:
        raise click.ClickException("it does not mean this account")
    click.echo("unlinked")


def _set_state(code: str, state: str) -> None:
    with settings.fail_at_start(), database.transaction(_SERVICE) as connection:
        ended = providers_kept.set_state(connection, code, state, by=accounts.COMMAND, now=now())
    _demand(ended is not None)
    click.echo(state)


def _demand(there: bool) -> None:
    if not there:
        raise click.ClickException("there is no provider of this code")
