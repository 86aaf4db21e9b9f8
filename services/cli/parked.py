"""What stands still in an inbox, and what a person does about it: show, replay, discard. And facts of the log, sent once more."""

import json
from typing import Any

import click

from services.chassis import broker, database, outbox, parking, settings
from services.chassis.clock import now
from services.chassis.confirms import Confirms
from services.cli import registry

_SERVICE = click.argument("service", type=click.Choice(registry.OWNERS))


@click.group()
def parked() -> None:
    """Events that failed for good and wait for a decision."""


@parked.command(name="list")
@_SERVICE
@click.option("--limit", default=100, show_default=True)
def parked_list(service: str, limit: int) -> None:
    """List the parked events of a service, oldest first, with handler and reason."""
    with settings.fail_at_start(), database.transaction(service) as connection:
        rows = parking.parked(connection, limit)
        counts = parking.counts(connection)
    for row in rows:
        click.echo(
            f"{row.event_id}  {row.received_at:%Y-%m-%d %H:%M:%S}  {row.source or '?'}.{row.type or '?'}  "
            f"subject {row.subject} #{row.sequence}  {row.handler or '-'}  {row.attempts} attempts  {row.reason}"
        )
    click.echo(
        f"{service}: {counts['parked']} parked, {counts['retry']} to retry, {counts['waiting']} waiting"
    )


@parked.command(name="show")
@_SERVICE
@click.argument("event_id", type=click.UUID)
def parked_show(service: str, event_id: Any) -> None:
    """Show a parked event whole: its headers and its data, which hold no personal data in the clear."""
    with settings.fail_at_start(), database.transaction(service) as connection:
        rows = parking.parked(connection, 1, str(event_id))
    if not rows:
        raise click.ClickException(f"no parked event {event_id} in {service}")
    row = rows[0]._asdict()
    click.echo(json.dumps(row, indent=2, ensure_ascii=False, default=str))


@parked.command(name="replay")
@_SERVICE
@click.argument("event_ids", nargs=-1, type=click.UUID)
@click.option("--all", "everything", is_flag=True, help="Every parked event of the service.")
def parked_replay(service: str, event_ids: tuple[Any, ...], everything: bool) -> None:
    """Have parked events run again, with fresh attempts; the running service takes them up within a second."""
    _decide(
        service,
        event_ids,
        everything,
        lambda connection, each: parking.replay(connection, each, now()),
        "replayed",
    )


@parked.command(name="discard")
@_SERVICE
@click.argument("event_ids", nargs=-1, type=click.UUID)
@click.confirmation_option(prompt="A discarded event never takes effect. Go on?")
def parked_discard(service: str, event_ids: tuple[Any, ...]) -> None:
    """Give parked events up; what waits behind them goes on."""
    _decide(service, event_ids, False, parking.discard, "discarded")


def _decide(service: str, event_ids: tuple[Any, ...], everything: bool, decision: Any, word: str) -> None:
    if not event_ids and not everything:
        raise click.UsageError("name event ids" + (", or --all" if word == "replayed" else ""))
    refused = 0
    with settings.fail_at_start(), database.transaction(service) as connection:
        ids = [str(each) for each in event_ids]
        if everything:
            ids = [row.event_id for row in parking.parked(connection, 10_000)]
        for each in ids:
            done = decision(connection, each)
            refused += not done
            click.echo(f"{each}: {word if done else 'not parked, or undecodable'}")
    if refused:
        raise SystemExit(1)


@click.group(name="log")
def event_log() -> None:
    """The event log of a service: its outbox, kept."""


@event_log.command(name="send")
@_SERVICE
@click.option("--to", required=True, help="Name of the queue, such as reporting.inbox.")
@click.option(
    "--after", "position", default=0, show_default=True, help="Position of the log to start behind."
)
@click.option("--until", "last", type=int, help="Last position; default the end of the log as it is now.")
def log_send(service: str, to: str, position: int, last: int | None) -> None:
    """Send published facts once more into one queue, in the order of the log.

    For a subscriber that came late, or whose store was lost. Who has seen a fact drops it. Prints the position reached, from which
    an interrupted run can be continued.
    """
    with settings.fail_at_start():
        link = broker.connect()
    sent = 0
    try:
        channel = link.channel()
        channel.queue_declare(queue=to, passive=True)
        confirms = Confirms(channel)
        while True:
            with database.transaction(service) as connection:
                rows = outbox.fetch_published(connection, after=position, until=last, limit=500)
            if not rows:
                break
            for row in rows:
                confirms.publish(row, outbox.to_event(row, service), exchange="", routing_key=to)
            while confirms.pending:
                link.drain_events(timeout=30)
            confirmed, refused, _ = confirms.collect()
            if refused:
                raise click.ClickException(
                    f"the broker refused {len(refused)} facts behind position {position}"
                )
            sent += len(confirmed)
            position = rows[-1].position
            click.echo(f"{sent} facts sent, position {position}")
    finally:
        broker.discard(link)
    click.echo(f"{service} → {to}: {sent} facts")
