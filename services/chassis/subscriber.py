"""The nameko extension that consumes: `@subscribe(READS)` on methods of a service class, one queue `<service>.inbox` for all of them.

It puts a consumer (consumer.py) and a sweep over stored events onto the life cycle of the nameko container.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import eventlet
from nameko.extensions import Entrypoint, SharedExtension

from services.chassis import broker, database, logs, metrics, parking, settings
from services.chassis.clock import now
from services.chassis.consumer import Consumer
from services.chassis.contract import Reads
from services.chassis.handling import Handler, Handling, Permanent, RetryLater
from services.chassis.settings import setting

__all__ = ["Permanent", "RetryLater", "Subscriber", "subscribe"]

log = logs.get()


@dataclass(frozen=True)
class Settings:
    """Settings of the subscriber."""

    batch: int = setting(
        "SUBSCRIBER_BATCH",
        "Events that are handled in one transaction at most.",
        default=500,
        kind=int,
        least=1,
    )
    linger_seconds: float = setting(
        "SUBSCRIBER_LINGER_SECONDS",
        "The shortest time from one batch to the next. The first event after a rest is handled at once; under load, more come together.",
        default=0.15,
        kind=float,
        least=0,
    )
    attempts: int = setting(
        "SUBSCRIBER_ATTEMPTS", "Attempts before an event is parked.", default=8, kind=int, least=1, most=30
    )
    handler_seconds: float = setting(
        "SUBSCRIBER_HANDLER_SECONDS",
        "The longest that a batch may take.",
        default=30.0,
        kind=float,
        least=0.1,
    )
    sweep_seconds: float = setting(
        "SUBSCRIBER_SWEEP_SECONDS",
        "How often stored events are looked through.",
        default=1.0,
        kind=float,
        least=0.05,
    )
    keep_days: int = setting(
        "INBOX_KEEP_DAYS",
        "Days after which the row of a settled event is removed.",
        default=30,
        kind=int,
        least=1,
    )


class Subscriber(SharedExtension):
    """One per service and process: what all its `@subscribe` methods share."""

    def __init__(self) -> None:
        self._subscriptions: list[tuple[tuple[Reads, ...], str, bool]] = []
        self._consumer: Consumer | None = None
        self._running: Any = None

    def register(self, reads: tuple[Reads, ...], method_name: str, batch: bool) -> None:
        """One `@subscribe` of the service class."""
        self._subscriptions.append((reads, method_name, batch))

    def setup(self) -> None:
        """Reads the settings, so that a wrong one stops the process at start."""
        self.service = self.container.service_name
        self.settings = settings.load(Settings)
        settings.load(broker.Settings)
        settings.load(database.Settings, service=self.service)

    def start(self) -> None:
        """Starts consuming; the broker and the database may still be away."""
        instance = self.container.service_cls()
        handlers = [
            Handler(reads, getattr(instance, method), method, batch)
            for each, method, batch in self._subscriptions
            for reads in each
        ]
        handling = Handling(
            self.service,
            handlers,
            clock=now,
            attempts=self.settings.attempts,
            seconds=self.settings.handler_seconds,
        )
        consumer = Consumer(handling, batch=self.settings.batch, linger_seconds=self.settings.linger_seconds)
        self._consumer = consumer
        spawn = self.container.spawn_managed_thread
        self._running = spawn(consumer.run, identifier="consumer")
        spawn(consumer.beat, identifier="consumer heartbeat")
        spawn(lambda: self._sweep(consumer), identifier="inbox sweep")

    def stop(self) -> None:
        """Lets the running batch commit and be acknowledged, then disconnects: a deploy makes no duplicates."""
        self.kill()
        if self._running is not None:
            with eventlet.Timeout(self.settings.handler_seconds + 5, False):
                self._running.wait()

    def kill(self) -> None:
        """As stop, without waiting."""
        if self._consumer is not None:
            self._consumer.stopping = True

    def _sweep(self, consumer: Consumer) -> None:
        """Runs what waits for a retry or for its predecessor, counts what is undone, and removes old rows."""
        with logs.context(service=self.service):
            while not consumer.stopping:
                try:
                    if not consumer.paused:
                        consumer.note(consumer.handling.sweep())
                    self._keep_house()
                except database.DatabaseUnavailable:
                    pass
                except Exception as error:
                    log.warning("sweep_failed", error=database.safe_text(error), exc_info=error)
                self._look_until_next(consumer)

    def _look_until_next(self, consumer: Consumer) -> None:
        """Between two sweeps: what a batch had to store is looked at again as soon as its predecessor may be done."""
        clock = eventlet.hubs.get_hub().clock
        ending = clock() + self.settings.sweep_seconds
        while not consumer.stopping and clock() < ending:
            seconds = min(0.2, self.settings.sweep_seconds)
            if consumer.paused:
                consumer.rest(seconds)
                continue
            try:
                consumer.note(consumer.handling.look(seconds))
            except database.DatabaseUnavailable:
                consumer.rest(seconds)
            except Exception as error:
                log.warning("look_failed", error=database.safe_text(error), exc_info=error)
                consumer.rest(seconds)

    def _keep_house(self) -> None:
        oldest = now() - timedelta(days=self.settings.keep_days)
        with database.transaction(self.service) as connection:
            for status, number in parking.counts(connection).items():
                metrics.inbox_rows.labels(self.service, status).set(number)
        # More than comes in while a backlog is worked off, in pieces that hold no lock for long.
        for _ in range(10):
            with database.transaction(self.service) as connection:
                if parking.forget_old(connection, oldest, limit=500) < 500:
                    break


class Subscribe(Entrypoint):
    """Marks a method of a service class as the handler of one fact or of several; see `subscribe`."""

    subscriber = Subscriber()

    def __init__(self, *reads: Reads, batch: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reads = reads
        self.batch = batch

    def setup(self) -> None:
        """Makes itself known to the subscriber of the process."""
        self.subscriber.register(self.reads, self.method_name, self.batch)

    def stop(self) -> None:
        """Entry points stop first: so the running batch ends before anything that it may need."""
        self.subscriber.stop()


subscribe = Subscribe.decorator
"""`@subscribe(READS)` on a method (self, connection, event); `@subscribe(READS, batch=True)` on (self, connection, events).

With several facts (`@subscribe(*READ, batch=True)`) the events of a batch are of all of them, those of a stream in their order.
"""
