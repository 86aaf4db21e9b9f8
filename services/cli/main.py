"""The commands. Each prints what it did, and ends with 0 only if it did it."""

import os
import socket
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import amqp
import click
import kombu.exceptions

from services.chassis import database as connections
from services.chassis import logs, migrate, settings
from services.cli import database, keys, registry

_BROKER_AWAY = (
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    amqp.AMQPError,
    kombu.exceptions.OperationalError,
)


class _Commands(click.Group):
    """Says in one line which server is away: a person who types a command has no use for a traceback of that."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except Exception as error:
            name = "PostgreSQL" if connections.is_away(error) else "RabbitMQ"
            if name == "RabbitMQ" and not isinstance(error, _BROKER_AWAY):
                raise
            raise click.ClickException(f"{name} cannot be reached ({type(error).__name__})") from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Bekhedmetkom: runs its services and looks after them."""
    # What looks after services finds those of `make run` by itself.
    if context.invoked_subcommand not in ("run", "embedded"):
        from services.cli import embedded

        embedded.join()


@main.command()
@click.argument("services", nargs=-1, required=True, type=click.Choice(list(registry.CLASSES)))
def run(services: tuple[str, ...]) -> None:
    """Run services in this process until SIGTERM; usually one."""
    from services.cli import processes

    with settings.fail_at_start():
        logs.configure(services[0] if len(services) == 1 else "process")
        classes = [registry.service_class(name) for name in services]
    sys.exit(processes.run(classes))


@main.command()
def embedded() -> None:
    """Run everything in one process, with PostgreSQL from a wheel and a broker in memory."""
    from services.cli import embedded

    sys.exit(embedded.run())


@main.command(name="migrate")
@click.argument("services", nargs=-1, type=click.Choice(registry.OWNERS))
def migrate_command(services: tuple[str, ...]) -> None:
    """Bring the schemas of the given services (default: all) to the newest revision."""
    for name in services or registry.OWNERS:
        migrate.upgrade(name, _database_url(name))
        click.echo(f"{name}: at {migrate.head(name)}")


@main.group(name="database")
def database_group() -> None:
    """The database that the services share."""


@database_group.command(name="create")
@click.option(
    "--admin-url", help="An administrator's address; default DATABASE_ADMIN_URL or the file it names."
)
def database_create(admin_url: str | None) -> None:
    """Create the database, and a role and a schema for each service, as DATABASE_URL_<SERVICE> name them."""
    admin_url = admin_url or _secret("DATABASE_ADMIN_URL")
    database.create(admin_url, {name: _database_url(name) for name in registry.OWNERS})
    click.echo("database, roles and schemas are there")


@main.command()
@click.argument("services", nargs=-1, type=click.Choice(registry.OWNERS))
def seed(services: tuple[str, ...]) -> None:
    """Fill in what a new installation starts with: bodies, rules, and a roster for demonstration."""
    for name, filed in seed_all(services or registry.OWNERS).items():
        click.echo(f"{name}: {filed}")


@main.group(name="keys")
def keys_group() -> None:
    """The keys that services sign, seal and look up with."""


@keys_group.command(name="generate")
@click.option("--directory", type=click.Path(path_type=Path), default=Path("var/keys"), show_default=True)
def keys_generate(directory: Path) -> None:
    """Write the keys that are missing, readable by their owner alone."""
    for name, place in keys.files(directory).items():
        click.echo(f"{name}_FILE={place}")


def seed_all(services: Iterable[str]) -> dict[str, str]:
    """Runs the `seed` of each service that has one, on the database that its settings name.

    Returns what each says that it filed.
    """
    with settings.fail_at_start():
        return {
            name: import_module(f"services.{name}.seed").seed()
            for name in services
            if find_spec(f"services.{name}.seed") is not None
        }


def _database_url(name: str) -> str:
    return _secret(f"DATABASE_URL_{name.upper()}")


def _secret(name: str) -> str:
    with settings.fail_at_start():
        value = os.environ.get(name) or _from_file(name)
        if not value:
            raise settings.SettingError([f"{name} (or {name}_FILE) is missing"])
        return value


def _from_file(name: str) -> str:
    place = os.environ.get(f"{name}_FILE")
    try:
        return Path(place).read_text().strip() if place else ""
    except OSError as error:
        raise settings.SettingError([f"{name}_FILE cannot be read ({type(error).__name__})"]) from None


def _register() -> None:
    """Adds the commands of the sibling modules: each holds click commands or groups at its top level."""
    for module_name in (
        "topology",
        "secrets",
        "settings_page",
        "parked",
        "ministry",
        "token",
        "account",
        "identity_provider",
        "contracts",
        "figures",
        "directory",
        "case",
        "demo",
    ):
        if find_spec(f"services.cli.{module_name}") is None:
            continue
        module = import_module(f"services.cli.{module_name}")
        commands = [value for value in vars(module).values() if isinstance(value, click.Command)]
        inner = {
            id(each)
            for group in commands
            if isinstance(group, click.Group)
            for each in group.commands.values()
        }
        for command in commands:
            if id(command) not in inner:
                main.add_command(command)


_register()
