"""RabbitMQ: the connection settings and the topology, in one place for the relay, the subscriber and the command line."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import amqp
import kombu
import kombu.exceptions

from services.chassis import embedded, settings
from services.chassis.settings import setting

embedded.register()

SETUP_SECONDS = 15
"""Time to connect and declare. A broker that is just starting can leave a declaration unanswered for minutes; asking again is answered."""


@dataclass(frozen=True)
class Settings:
    """Settings of the message broker."""

    uri: str = setting(
        "AMQP_URI",
        "RabbitMQ address, amqp://user:password@host:5672/vhost; embedded:// is the in-memory broker of the one-process mode.",
        secret=True,
    )
    heartbeat: int = setting(
        "AMQP_HEARTBEAT_SECONDS", "AMQP heartbeat interval.", default=20, kind=int, least=2
    )
    delivery_limit: int = setting(
        "AMQP_DELIVERY_LIMIT",
        "How often a message may be delivered to a process that dies on it before it is put aside; fixed when the queue is made.",
        default=10,
        kind=int,
        least=3,
    )


def connect(
    on_blocked: Callable[..., None] | None = None, on_unblocked: Callable[..., None] | None = None
) -> kombu.Connection:
    """An open connection. Raises OSError or an AMQP error when the broker is away."""
    wanted = settings.load(Settings)
    options: dict[str, Any] = {"read_timeout": 30, "write_timeout": 30}
    if on_blocked:
        options |= {"on_blocked": on_blocked, "on_unblocked": on_unblocked}
    connection = kombu.Connection(
        wanted.uri,
        heartbeat=wanted.heartbeat,
        connect_timeout=5,
        transport_options={} if wanted.uri.startswith(embedded.SCHEME) else options,
    )
    try:
        connection.connect()
    except BaseException:
        discard(connection)
        raise
    return connection


def discard(connection: kombu.Connection | None) -> None:
    """Drops the socket without the closing handshake, which waits for ever for a broker that has stopped reading."""
    if connection is None:
        return
    try:
        transport = getattr(connection._connection, "transport", None)
        if transport is not None:
            transport.close()
        connection.collect()
    except Exception:  # noqa: S110 - it is being thrown away; whatever it says no longer matters.
        pass


def is_away(error: BaseException) -> bool:
    """Whether the error is one of the broker's ways of being away; anything else is worth a traceback."""
    return isinstance(error, (OSError, amqp.exceptions.AMQPError, kombu.exceptions.OperationalError))


def exchange_name(source: str) -> str:
    """The topic exchange that the facts of a service go to."""
    return f"{source}.events"


def inbox_name(service: str) -> str:
    """The one queue of a service."""
    return f"{service}.inbox"


def dead_name(service: str) -> str:
    """Where messages go on which a process died too often; the subscriber parks them."""
    return f"{service}.dead"


def declare_exchange(channel: Any, source: str) -> None:
    """Declares the exchange of a service. Idempotent."""
    channel.exchange_declare(exchange=exchange_name(source), type="topic", durable=True, auto_delete=False)


def declare_inbox(channel: Any, service: str, sources: Iterable[str]) -> None:
    """Declares the queue of a service, its dead-letter queue, and a binding to every fact of each source. Idempotent.

    It is bound to all facts of a source that it reads at all: so a gap in the sequence of a subject always means that something is
    still to come, never that nobody asked for it (docs/adr/0003).
    """
    dead = dead_name(service)
    channel.queue_declare(queue=dead, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    channel.queue_declare(
        queue=inbox_name(service),
        durable=True,
        auto_delete=False,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": settings.load(Settings).delivery_limit,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": dead,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )
    for source in sorted(set(sources)):
        declare_exchange(channel, source)
        channel.queue_bind(queue=inbox_name(service), exchange=exchange_name(source), routing_key="#")


def consumer_tag(service: str) -> str:
    """A consumer tag that tells in the broker's lists whose it is."""
    return f"{service}-{uuid.uuid4().hex[:12]}"
