"""The loop over the queue of a service: collect a batch, make it safe in the database, acknowledge it.

A batch is acknowledged once after its commit. nameko would acknowledge a failed handler's message and kombu an undecodable one; here
nothing is acknowledged that is not safe in the inbox.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import eventlet

from services.chassis import broker, database, inbox, logs, metrics, settings
from services.chassis.clock import now
from services.chassis.event import Event, MalformedEvent
from services.chassis.handling import Handling, Outcome

log = logs.get()

#: Of the time from one batch to the next, what a batch may take at most, unless it is full: the busier, the larger the batches.
_SHARE = 1 / 3
#: The longest that an event waits for company, in seconds.
_LONGEST_LINGER = 0.25


class Consumer:
    """Consumes `<service>.inbox` until it is told to stop; outlives the broker and the database."""

    def __init__(self, handling: Handling, *, batch: int, linger_seconds: float) -> None:
        """`batch`: events in one transaction at most. `linger_seconds`: the shortest time from one batch to the next."""
        self.handling = handling
        self.service = handling.service
        self.stopping = False
        self.paused = False
        self._batch = batch
        self._linger = linger_seconds
        self._batch_began = self._next_batch = 0.0
        self._link: Any = None
        self._lock = eventlet.semaphore.Semaphore()
        # True for each of the last outcomes that was a failure.
        self._recent: deque[bool] = deque(maxlen=100)

    def run(self) -> None:
        """The loop, over one connection after another."""
        with logs.context(service=self.service):
            delay = 0.5
            while not self.stopping:
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
                self.rest(delay)

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
        while not self.stopping:
            self._drain(arrived, 1 if careful else self._batch)
            if not arrived:
                self._check_broker()
            # Whoever dies on a message takes with it all that it holds, and each death counts for each of them. So what comes back
            # is taken one by one, until something comes that was never delivered: what is returned stands in front of that.
            proven = careful and not (arrived and _delivery_count(arrived[0][1]))
            if arrived and not self.stopping:
                batch = [arrived.popleft() for _ in range(min(len(arrived), self._batch))]
                self._handle(channel, batch)
                self._pace()
                self._hold_back()
            if proven and not self.stopping:
                careful = False
                with eventlet.Timeout(broker.SETUP_SECONDS, TimeoutError):
                    for tag in tags:
                        channel.basic_cancel(tag)
                    tags = self._consume_from(channel, arrived, prefetch=self._batch * 2)

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
        """Collects deliveries, no more than `most`: waits for the first, and for others until it is time for the next batch."""
        clock = eventlet.hubs.get_hub().clock
        ending = clock() + 1.0
        # A stream without a pause must not keep those that have arrived from being handled.
        latest = max(self._next_batch, clock()) + self._linger if arrived else 0.0
        while len(arrived) < most:
            until = self._next_batch if arrived else ending
            try:
                # 0 would mean a socket that does not block at all, so a look without waiting is a short one.
                self._link.drain_events(timeout=max(0.001, until - clock()))
            except TimeoutError:
                break
            if arrived and not latest:
                latest = max(self._next_batch, clock()) + self._linger
            if latest and clock() > latest:
                break
        self._batch_began = clock()

    def _pace(self) -> None:
        """Says when the next batch may begin. Each costs a commit and a plan for every statement, however few events it holds."""
        taken = eventlet.hubs.get_hub().clock() - self._batch_began
        self._next_batch = self._batch_began + max(self._linger, min(taken / _SHARE, _LONGEST_LINGER))

    def _check_broker(self) -> None:
        """Raises when nothing, not even a heartbeat, has come from the broker for two intervals.

        Only after everything that had arrived was read: what came while a batch was handled lies in the socket until then.
        """
        if self._link.transport.implements.heartbeats:
            with self._lock:
                self._link.heartbeat_check()

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
            self.note(self._until_available(self.handling.take, events))
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
                if self.stopping:
                    raise
                self.rest(delay)
                delay = min(delay * 2, 5.0)

    def _acknowledge(self, channel: Any, message: Any) -> None:
        """Acknowledges everything up to the message, which is safe. Losing that costs a duplicate, which the inbox drops."""
        try:
            with self._lock:
                channel.basic_ack(message.delivery_tag, multiple=True)
        except Exception:
            metrics.ack_lost_total.labels(self.service).inc()
            raise

    def beat(self) -> None:
        """Says that we are alive while a batch takes its time in the database, or waits for it to come back.

        It only sends: whether the broker is alive is found out by whoever reads. A connection that is given up returns its messages, and
        each return counts towards the delivery limit.
        """
        interval = max(0.5, settings.load(broker.Settings).heartbeat / 4)
        while not self.stopping:
            eventlet.sleep(interval)
            link = self._link
            if link is not None and link.connected and link.transport.implements.heartbeats:
                try:
                    with self._lock:
                        link.connection.send_heartbeat()
                except Exception:
                    log.warning("heartbeat_lost")
                    broker.discard(link)

    def note(self, outcome: Outcome) -> None:
        """Remembers how the last events went, also those that the sweep ran."""
        self._recent.extend([False] * len(outcome.processed))
        self._recent.extend([True] * (len(outcome.retried) + len(outcome.parked)))

    def _hold_back(self) -> None:
        """Stops consuming while nearly everything fails: a fault of ours must not park the world. Then looks with one event at a time."""
        pause = 2.0
        while not self.stopping and len(self._recent) >= 20 and sum(self._recent) >= 0.9 * len(self._recent):
            self._pause(True)
            log.error("consumer_holds_back", failed=sum(self._recent), of=len(self._recent))
            self.rest(pause)
            pause = min(pause * 2, 60.0)
            with suppress(database.DatabaseUnavailable):
                probe = self.handling.sweep(limit=1)
                if probe.processed or not (probe.retried or probe.parked):
                    self._recent.clear()
        self._pause(False)

    def _pause(self, paused: bool) -> None:
        self.paused = paused
        metrics.consumer_paused.labels(self.service).set(int(paused))

    def rest(self, seconds: float) -> None:
        """Sleeps, at most until the service stops."""
        deadline = eventlet.hubs.get_hub().clock() + seconds
        while not self.stopping and eventlet.hubs.get_hub().clock() < deadline:
            eventlet.sleep(min(0.2, seconds))


def _collect(arrived: deque[tuple[bool, Any]], dead: bool, message: Any) -> None:
    arrived.append((dead, message))


def _delivery_count(message: Any) -> int:
    """How often a quorum queue has delivered the message before."""
    count = (message.headers or {}).get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
