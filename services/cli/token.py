"""Staff tokens for development and demonstration."""

from datetime import timedelta

import click

from gateway import auth, policy
from services.chassis import settings
from services.chassis.clock import now


@click.group()
def token() -> None:
    """Signed tokens with which staff ask the gateway."""


@token.command(name="issue")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(policy.STAFF_ROLES))
@click.option("--subject", default="development", show_default=True, help="Who the token stands for.")
@click.option("--institution", help="Code of the body that an officer belongs to.")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True, max=720), default=12, show_default=True)
def issue(roles: tuple[str, ...], subject: str, institution: str | None, hours: float) -> None:
    """Print a token, signed with STAFF_TOKEN_KEY. Give --role more than once for several roles."""
    with settings.fail_at_start():
        text = auth.issue(subject, roles, now(), lifetime=timedelta(hours=hours), institution=institution)
    click.echo(text)
