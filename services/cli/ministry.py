"""A ministry's own RabbitMQ account: it reads the routing facts that concern that body, and nothing else (docs/ministries.md)."""

import json
import re
import secrets
from pathlib import Path
from typing import NoReturn

import click

from services.chassis import settings
from services.chassis.broker import exchange_name
from services.cli import rabbit_admin
from services.cli.rabbit_admin import Admin, RefusedError

CODE = re.compile(r"[A-Z][A-Z0-9]{0,15}")
USER_PREFIX = "ministry-"
EXCHANGE = exchange_name("routing")
NOTHING = "^$"
LIMITS = {"max-connections": 5, "max-channels": 50}
#: What a ministry that stays away may leave lying on the broker, at most, per queue; then the oldest go.
POLICY = {"max-length": 100_000, "max-length-bytes": 200_000_000, "message-ttl": 14 * 24 * 3600 * 1000}
POLICY_NAME = "ministry-queues"
_BODIES = Path(__file__).parents[1] / "routing" / "data" / "institutions.json"


@click.group(name="ministry-account")
@click.option("--vhost", help="Default: the one in AMQP_URI.")
@click.pass_context
def ministry_account(context: click.Context, vhost: str | None) -> None:
    """RabbitMQ accounts of ministries: each reads its own routing facts.

    Uses the management API at RABBITMQ_MANAGEMENT_URI, else rabbitmqctl on this machine.
    """
    with settings.fail_at_start():
        context.obj = rabbit_admin.choose(vhost)


@ministry_account.command()
@click.argument("code")
@click.option(
    "--unlisted", is_flag=True, help="Allow a code that is not among the bodies that this version ships with."
)
@click.pass_obj
def create(admin: Admin, code: str, unlisted: bool) -> None:
    """Make the account of the body CODE and print its password, this once."""
    _check(code, unlisted)
    password = secrets.token_urlsafe(24)
    try:
        if user_of(code) in admin.users():
            raise RefusedError(f"{user_of(code)} exists; revoke it first")
        grant(admin, code, password)
    except RefusedError as error:
        _fail(error)
    click.echo(f"user      {user_of(code)}")
    click.echo(f"password  {password}")
    click.echo(f"exchange  {EXCHANGE}")
    click.echo(f"binding   *.v1.{code}")
    click.echo(f"queues    {prefix_of(code)}<name>")


@ministry_account.command()
@click.argument("code")
@click.pass_obj
def revoke(admin: Admin, code: str) -> None:
    """Remove the account of the body CODE: its connections end and its queues go."""
    _check(code, unlisted=True)
    try:
        if user_of(code) not in admin.users():
            raise RefusedError(f"there is no {user_of(code)}")
        admin.delete_user(user_of(code))
        gone = [name for name in admin.queues() if name.startswith(prefix_of(code))]
        for name in gone:
            admin.delete_queue(name)
    except RefusedError as error:
        _fail(error)
    click.echo(f"{user_of(code)} is gone" + (f", and {', '.join(gone)}" if gone else ""))


@ministry_account.command(name="list")
@click.pass_obj
def list_accounts(admin: Admin) -> None:
    """Print the bodies that have an account."""
    try:
        users = [name for name in admin.users() if name.startswith(USER_PREFIX)]
    except RefusedError as error:
        _fail(error)
    for name in sorted(users):
        click.echo(f"{name.removeprefix(USER_PREFIX).upper()}\t{name}")


def user_of(code: str) -> str:
    """The name of the account of a body."""
    return USER_PREFIX + code.lower()


def prefix_of(code: str) -> str:
    """What the names of the body's queues begin with."""
    return f"ministry.{code.lower()}."


def grant(admin: Admin, code: str, password: str) -> None:
    """Makes the account. A user without a topic permission may bind to any key, so that comes before the right to bind at all."""
    own = "^" + re.escape(prefix_of(code))
    user = user_of(code)
    admin.set_operator_policy(POLICY_NAME, r"^ministry\.", POLICY)
    admin.add_user(user, password)
    admin.set_limits(user, LIMITS)
    admin.set_topic_permission(user, EXCHANGE, write=NOTHING, read=rf"^[^.]+\.v[0-9]+\.{code}$")
    # RabbitMQ asks for the right to write on the queue of a binding, and to read on its exchange.
    admin.set_permission(user, configure=own, write=own, read=f"{own}|^{re.escape(EXCHANGE)}$")


def _check(code: str, unlisted: bool) -> None:
    if not CODE.fullmatch(code):
        raise click.BadParameter(
            "a code is up to 16 capital letters and digits, such as MOH", param_hint="CODE"
        )
    known = {row["code"] for row in json.loads(_BODIES.read_text(encoding="utf-8"))}
    if not unlisted and code not in known:
        raise click.BadParameter(
            "no such body; --unlisted allows one that was added to the directory later", param_hint="CODE"
        )


def _fail(error: RefusedError) -> NoReturn:
    raise click.ClickException(str(error))
