"""Exchanges, queues and bindings: declared at deployment, before the first fact is published."""

import sys

import click
from amqp.exceptions import AMQPError

from services.chassis import broker, settings
from services.cli import registry


@click.group()
def topology() -> None:
    """The exchanges and queues of the services."""


@topology.command()
@click.argument("services", nargs=-1, type=click.Choice(registry.OWNERS))
def declare(services: tuple[str, ...]) -> None:
    """Declare what the given services (default: all) publish to and read from. Harmless when it is there."""
    with settings.fail_at_start(), broker.connect() as connection:
        channel = connection.channel()
        for name in services or registry.OWNERS:
            broker.declare_exchange(channel, name)
            click.echo(f"exchange {broker.exchange_name(name)}")
        for name in services or registry.OWNERS:
            sources = registry.sources(name)
            if sources:
                broker.declare_inbox(channel, name, sources)
                click.echo(f"queue {broker.inbox_name(name)} reads {', '.join(sources)}")


@topology.command()
def check() -> None:
    """Say what is missing; exit code 1 if anything is."""
    missing = []
    with settings.fail_at_start(), broker.connect() as connection:
        for name in registry.OWNERS:
            _look(connection, missing, "exchange", broker.exchange_name(name))
            if registry.sources(name):
                _look(connection, missing, "queue", broker.inbox_name(name))
                _look(connection, missing, "queue", broker.dead_name(name))
    for each in missing:
        click.echo(f"missing: {each}")
    if missing:
        click.echo("`topology declare` makes them.")
        sys.exit(1)
    click.echo("exchanges and queues are there")


def _look(connection, missing: list[str], kind: str, name: str) -> None:
    # A passive declaration that fails closes its channel, so each has its own.
    channel = connection.channel()
    try:
        if kind == "exchange":
            channel.exchange_declare(exchange=name, type="topic", passive=True)
        else:
            channel.queue_declare(queue=name, passive=True)
        channel.close()
    except AMQPError:
        missing.append(f"{kind} {name}")
