"""The nameko extension that consumes: `@subscribe(READS)` on methods of a service class, one queue `<service>.inbox` for all of them.

It drains up to N deliveries, hands them to `handling` in one transaction, and acknowledges once after the commit. nameko would
acknowledge a failed handler's message and kombu an undecodable one; here nothing is acknowledged that is not safe in the inbox.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import eventlet
from nameko.extensions import Entrypoint, SharedExtension

from services.chassis import broker, database, inbox, logs, metrics, settings
from services.chassis.clock import now
from services.chassis.contract import Reads
from services.chassis.event import Event, MalformedEvent
from services.chassis.handling import Handler, Handling, Outcome, Permanent, RetryLater
from services.chassis.settings import setting

__all__ = ["Permanent", "RetryLater", "Subscriber", "subscribe"]

log = logs.get()


@dataclass(frozen=True)
class Settings:
    """Settings of the subscriber."""

    batch: int = setting(
        "SUBSCRIBER_BATCH",
        "Events that are handled in one transaction at most.",
        default=200,
        kind=int,
        least=1,
    )
    linger_seconds: float = setting(
        "SUBSCRIBER_LINGER_SECONDS",
        "How long a batch waits for company after its first event.",
        default=0.02,
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
    """One per service and process: the connection, the loop and the sweep."""

    def __init__(self) -> None:
        self._subscriptions: list[tuple[Reads, str, bool]] = []
        self._stopping = False
        self._threads: list[Any] = []
        self._link: Any = None
        self._lock = eventlet.semaphore.Semaphore()
        self._paused = False
        # True for each of the last outcomes that was a failure.
        self._recent: deque[bool] = deque(maxlen=100)

    def register(self, reads: Reads, method_name: str, batch: bool) -> None:
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
            for reads, method, batch in self._subscriptions
        ]
        self.handling = Handling(
            self.service,
            handlers,
            clock=now,
            attempts=self.settings.attempts,
            seconds=self.settings.handler_seconds,
        )
        for work in (self._consume, self._beat, self._sweep):
            self._threads.append(
                self.container.spawn_managed_thread(work, identifier=f"subscriber {work.__name__}")
            )

    def stop(self) -> None:
        """Lets the running batch commit and be acknowledged, then disconnects: a deploy makes no duplicates."""
        self._stopping = True
        with eventlet.Timeout(self.settings.handler_seconds + 5, False):
            self._threads[0].wait()

    def kill(self) -> None:
        """As stop, without waiting."""
        self._stopping = True

    # --- the loop -------------------------------------------------------------------------------------------------------------

    def _consume(self) -> None:
        with logs.context(service=self.service):
            delay = 0.5
            while not self._stopping:
                try:
                    self._connected()
                    delay = 0.5
                except Exception as error:
                    expected = broker.is_away(error) or database.is_away(error)
                    log.warning(
                        "consumer_interrupted",
                        error=database.safe_text(error),
                        exc_info=None if expected else error,
                    )
                    delay = min(delay * 2, 10.0)
                finally:
                    metrics.consumer_connected.labels(self.service).set(0)
                    link, self._link = self._link, None
                    broker.discard(link)
                self._rest(delay)

    def _connected(self) -> None:
        """Consumes over one connection until it breaks or the service stops."""
        arrived: deque[tuple[bool, Any]] = deque()
        with eventlet.Timeout(broker.SETUP_SECONDS, TimeoutError):
            self._link = broker.connect()
            channel = self._link.channel()
            broker.declare_inbox(channel, self.service, self.handling.sources)
            tags = self._consume_from(channel, arrived, prefetch=1)
        metrics.consumer_connected.labels(self.service).set(1)
        log.info("consumer_connected")
        careful = True
        while not self._stopping:
            self._drain(arrived, 1 if careful else self.settings.batch)
            # Whoever dies on a message takes with it all that it holds, and each death counts for each of them. So what comes back
            # is taken one by one, until something comes that was never delivered: what is returned stands in front of that.
            proven = careful and not (arrived and _delivery_count(arrived[0][1]))
            if arrived and not self._stopping:
                batch = [arrived.popleft() for _ in range(min(len(arrived), self.settings.batch))]
                self._handle(channel, batch)
                self._hold_back()
            if proven and not self._stopping:
                careful = False
                with eventlet.Timeout(broker.SETUP_SECONDS, TimeoutError):
                    for tag in tags:
                        channel.basic_cancel(tag)
                    tags = self._consume_from(channel, arrived, prefetch=self.settings.batch * 2)

    def _consume_from(self, channel: Any, arrived: deque[tuple[bool, Any]], prefetch: int) -> list[str]:
        """Has deliveries of the queue and of the dead-letter queue collected into `arrived`; returns the consumer tags."""
        channel.basic_qos(0, prefetch, False)
        tags = []
        for queue, dead in ((broker.inbox_name(self.service), False), (broker.dead_name(self.service), True)):
            tags.append(broker.consumer_tag(self.service))
            channel.basic_consume(
                queue=queue, no_ack=False, callback=partial(_collect, arrived, dead), consumer_tag=tags[-1]
            )
        return tags

    def _drain(self, arrived: deque[tuple[bool, Any]], most: int) -> None:
        """Collects deliveries: waits for the first, lingers a moment for the others, takes no more than `most`."""
        # 0 would mean a socket that does not block at all, so a look without waiting is a short one.
        wait = 0.001 if arrived else 1.0
        deadline = None
        clock = eventlet.hubs.get_hub().clock
        while len(arrived) < most:
            try:
                self._link.drain_events(timeout=wait)
            except TimeoutError:
                return
            if arrived and deadline is None:
                deadline = clock() + self.settings.linger_seconds
            wait = max(0.001, deadline - clock()) if deadline else 1.0
            if deadline and clock() > deadline:
                return

    def _handle(self, channel: Any, batch: list[tuple[bool, Any]]) -> None:
        """Makes the batch safe in the database, then acknowledges it."""
        events: list[Event] = []
        started = eventlet.hubs.get_hub().clock()
        for dead, message in batch:
            event = self._decode(message)
            if event is not None and dead:
                self._until_available(self.handling.park, event, "a process died on it too often")
            elif event is not None:
                events.append(event)
        if events:
            self._note(self._until_available(self.handling.take, events))
        # Tags of a channel are consecutive and the batch is the oldest part of them.
        self._acknowledge(channel, batch[-1][1])
        metrics.events_batch_size.labels(self.service).observe(len(batch))
        metrics.events_batch_seconds.labels(self.service).observe(eventlet.hubs.get_hub().clock() - started)
        metrics.consumer_last_batch_timestamp_seconds.labels(self.service).set_to_current_time()

    def _decode(self, message: Any) -> Event | None:
        """The event of a delivery; None when it is none, and then it is kept and parked."""
        body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
        headers, properties = message.headers or {}, message.properties or {}
        try:
            return Event.from_amqp(
                body,
                headers,
                content_type=message.content_type,
                routing_key=(message.delivery_info or {}).get("routing_key") or "",
            )
        except MalformedEvent as error:
            log.warning("event_undecodable", reason=str(error))
            metrics.events_handled_total.labels(self.service, "unknown", "unknown", "undecodable").inc()
            self._until_available(self._park_undecodable, body, headers, properties, str(error))
            return None

    def _park_undecodable(self, body: bytes, headers: Any, properties: Any, reason: str) -> None:
        with database.transaction(self.service) as connection:
            inbox.park_undecodable(connection, body, headers, properties, now=now(), reason=reason)

    def _until_available(self, work: Callable[..., Any], *args: Any) -> Any:
        """Runs `work`; while the database is away the deliveries stay unacknowledged and it is tried again."""
        delay = 0.5
        while True:
            try:
                result = work(*args)
                self._pause(False)
                return result
            except database.DatabaseUnavailable:
                self._pause(True)
                if self._stopping:
                    raise
                self._rest(delay)
                delay = min(delay * 2, 5.0)

    def _acknowledge(self, channel: Any, message: Any) -> None:
        """Acknowledges everything up to the message, which is safe. Losing that costs a duplicate, which the inbox drops."""
        try:
            with self._lock:
                channel.basic_ack(message.delivery_tag, multiple=True)
        except Exception:
            metrics.ack_lost_total.labels(self.service).inc()
            raise

    def _beat(self) -> None:
        """Says that we are alive while a batch takes its time in the database, or waits for it to come back.

        It only sends: whether the broker is alive is found out by whoever reads. A connection that is given up returns its messages, and
        each return counts towards the delivery limit.
        """
        interval = max(0.5, settings.load(broker.Settings).heartbeat / 4)
        while not self._stopping:
            eventlet.sleep(interval)
            link = self._link
            if link is not None and link.connected and link.transport.implements.heartbeats:
                try:
                    with self._lock:
                        link.connection.send_heartbeat()
                except Exception:
                    log.warning("heartbeat_lost")
                    broker.discard(link)

    # --- stored events --------------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Runs what waits for a retry or for its predecessor, counts what is undone, and removes old rows."""
        with logs.context(service=self.service):
            while not self._stopping:
                try:
                    if not self._paused:
                        self._note(self.handling.sweep())
                    with database.transaction(self.service) as connection:
                        for status, number in inbox.counts(connection).items():
                            metrics.inbox_rows.labels(self.service, status).set(number)
                        inbox.forget_old(
                            connection, now() - timedelta(days=self.settings.keep_days), limit=500
                        )
                except database.DatabaseUnavailable:
                    pass
                except Exception as error:
                    log.warning("sweep_failed", error=database.safe_text(error))
                self._rest(self.settings.sweep_seconds)

    def _note(self, outcome: Outcome) -> None:
        self._recent.extend([False] * len(outcome.processed))
        self._recent.extend([True] * (len(outcome.retried) + len(outcome.parked)))

    def _hold_back(self) -> None:
        """Stops consuming while nearly everything fails: a fault of ours must not park the world. Then looks with one event at a time."""
        pause = 2.0
        while not self._stopping and len(self._recent) >= 20 and sum(self._recent) >= 0.9 * len(self._recent):
            self._pause(True)
            log.error("consumer_holds_back", failed=sum(self._recent), of=len(self._recent))
            self._rest(pause)
            pause = min(pause * 2, 60.0)
            with suppress(database.DatabaseUnavailable):
                probe = self.handling.sweep(limit=1)
                if probe.processed or not (probe.retried or probe.parked):
                    self._recent.clear()
        self._pause(False)

    def _pause(self, paused: bool) -> None:
        self._paused = paused
        metrics.consumer_paused.labels(self.service).set(int(paused))

    def _rest(self, seconds: float) -> None:
        deadline = eventlet.hubs.get_hub().clock() + seconds
        while not self._stopping and eventlet.hubs.get_hub().clock() < deadline:
            eventlet.sleep(min(0.2, seconds))


class Subscribe(Entrypoint):
    """Marks a method of a service class as the handler of one fact; see `subscribe`."""

    subscriber = Subscriber()

    def __init__(self, reads: Reads, batch: bool = False, **kwargs: Any) -> None:
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
"""`@subscribe(READS)` on a method (self, connection, event); `@subscribe(READS, batch=True)` on (self, connection, events)."""


def _collect(arrived: deque[tuple[bool, Any]], dead: bool, message: Any) -> None:
    arrived.append((dead, message))


def _delivery_count(message: Any) -> int:
    """How often a quorum queue has delivered the message before."""
    count = (message.headers or {}).get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
