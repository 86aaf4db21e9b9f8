"""The relay: the one place that publishes. One per service leads (advisory lock); the other replicas stand by.

It takes the oldest unpublished facts, publishes them with pipelined confirms and `mandatory`, and marks what the broker confirmed.
A crash between confirm and mark publishes again; the inboxes drop the duplicate. Only this green thread may wait for the broker:
a request or a handler never does.

It is woken by a commit in its own process and by NOTIFY from replicas that do not lead, with a slow poll under both. NOTIFY is sent after
the commit and not in it, since a notifying commit takes a lock that makes all commits of the database queue up behind one another.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import eventlet
import sqlalchemy
from eventlet.hubs import trampoline
from nameko.extensions import DependencyProvider
from sqlalchemy import text

from services.chassis import broker, database, logs, metrics, outbox, partitions, settings
from services.chassis.clock import now
from services.chassis.confirms import Confirms, gathered
from services.chassis.settings import setting

log = logs.get()


@dataclass(frozen=True)
class Settings:
    """Settings of the relay."""

    window: int = setting(
        "RELAY_WINDOW",
        "Facts that are published before their confirms are awaited.",
        default=500,
        kind=int,
        least=1,
    )
    poll_seconds: float = setting(
        "RELAY_POLL_SECONDS", "The slow poll under the wake-up calls.", default=1.0, kind=float, least=0.05
    )
    linger_seconds: float = setting(
        "RELAY_LINGER_SECONDS",
        "The shortest time from one pass of the relay to the next. The first fact after a rest leaves at once; under load, many"
        " small commits become one batch.",
        default=0.2,
        kind=float,
        least=0,
    )
    keep_months: int = setting(
        "OUTBOX_KEEP_MONTHS",
        "Full months of the event log that are kept before the present one; 0 keeps all of it.",
        default=0,
        kind=int,
        least=0,
    )
    confirm_seconds: float = setting(
        "RELAY_CONFIRM_SECONDS",
        "Silence of a broker that is not blocking us, after which the connection is dropped.",
        default=30.0,
        kind=float,
        least=1,
    )


class Relay(DependencyProvider):
    """`relay = Relay()` in a service class. Publishes the service's outbox while the container runs."""

    def __init__(self) -> None:
        self._bell = eventlet.semaphore.Semaphore(0)
        self._stopping = False
        self._leading = False
        self._threads: list[Any] = []
        self._blocked = False

    def setup(self) -> None:
        """Reads the settings, so that a wrong one stops the process at start."""
        self.service = self.container.service_name
        self.settings = settings.load(Settings)
        settings.load(broker.Settings)
        settings.load(database.Settings, service=self.service)

    def start(self) -> None:
        """Starts the relay, and the measuring that goes on whether it leads or not."""
        outbox.wake_with(self.service, self.wake)
        for work in (self._run, self._measure):
            self._threads.append(
                self.container.spawn_managed_thread(work, identifier=f"relay {work.__name__}")
            )

    def stop(self) -> None:
        """Ends within a moment. What is not confirmed yet stays unpublished and is published by the next leader."""
        self._stopping = True
        outbox.wake_with(self.service, None)
        self.wake()
        with eventlet.Timeout(5, False), suppress(BaseException):
            self._threads[0].wait()

    def kill(self) -> None:
        """As stop, without waiting."""
        self._stopping = True
        outbox.wake_with(self.service, None)

    def wake(self) -> None:
        """Facts were committed in this process."""
        if self._bell.counter <= 0:
            self._bell.release()

    def _run(self) -> None:
        with logs.context(service=self.service):
            delay = 0.2
            while not self._stopping:
                failed = False
                try:
                    if self._lead():
                        delay = 0.2
                except Exception as error:
                    failed = True
                    # The broker or the database is away, or something unforeseen: facts wait in the log, and we try again.
                    expected = broker.is_away(error) or database.is_away(error)
                    log.warning(
                        "relay_interrupted",
                        error=database.safe_text(error),
                        exc_info=None if expected else error,
                    )
                finally:
                    self._leading = False
                    metrics.relay_leader.labels(self.service).set(0)
                if failed:
                    self._pause(delay)
                    delay = min(delay * 2, 5.0)

    def _lead(self) -> bool:
        """Publishes as long as it holds the lock and nothing fails; returns False when another replica leads."""
        with self._leadership() as connection:
            if connection is None:
                return self._follow()
            self._leading = True
            metrics.relay_leader.labels(self.service).set(1)
            listener = eventlet.spawn(self._listen)
            link = None
            try:
                with eventlet.Timeout(broker.SETUP_SECONDS, TimeoutError):
                    link = broker.connect(self._on_blocked, self._on_unblocked)
                    confirms = self._confirms(link)
                clock = eventlet.hubs.get_hub().clock
                while not self._stopping:
                    next_pass = clock() + self.settings.linger_seconds
                    more = self._pass(connection, link, confirms)
                    metrics.relay_last_success_timestamp_seconds.labels(self.service).set_to_current_time()
                    if not more:
                        self._rest(self.settings.poll_seconds)
                        eventlet.sleep(0 if self._stopping else max(0.0, next_pass - clock()))
                    # The broker's heartbeats count only when they are read.
                    with suppress(TimeoutError):
                        link.drain_events(timeout=0.001)
                    link.heartbeat_check()
            finally:
                self._on_unblocked()
                listener.kill()
                broker.discard(link)
        return True

    @contextmanager
    def _leadership(self) -> Iterator[sqlalchemy.Connection | None]:
        """A connection that holds the advisory lock of this service's relay; None while another one holds it.

        The same connection reads and marks the log: whoever loses it has lost the lock and the ability to mark alike.
        """
        engine = database.engine(self.service).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.detach()
            # Its only writes are marks. A mark that is lost publishes a fact twice, which is harmless; waiting for the disk
            # after each window is not.
            connection.exec_driver_sql("SET synchronous_commit TO off")
            mine = connection.execute(
                text("SELECT pg_try_advisory_lock(hashtext(:name))"), {"name": f"relay:{self.service}"}
            ).scalar_one()
            yield connection if mine else None

    def _follow(self) -> bool:
        """Stands by: passes the wake-ups of this process on to the leader, at most every 20 ms."""
        deadline = eventlet.hubs.get_hub().clock() + 2.0
        while not self._stopping and eventlet.hubs.get_hub().clock() < deadline:
            if self._bell.acquire(timeout=1.0) and not self._stopping:
                with database.transaction(self.service) as connection:
                    connection.exec_driver_sql(f"NOTIFY {outbox.CHANNEL}_{self.service}")
                eventlet.sleep(0.02)
        return False

    def _listen(self) -> None:
        """Wakes the leader when another replica notifies. While it cannot, the slow poll remains."""
        while True:
            try:
                self._hear()
            except Exception as error:
                log.warning("relay_listener_interrupted", error=database.safe_text(error))
            eventlet.sleep(5)

    def _hear(self) -> None:
        engine = database.engine(self.service).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.detach()
            connection.exec_driver_sql(f"LISTEN {outbox.CHANNEL}_{self.service}")
            raw = connection.connection.dbapi_connection
            while not raw.closed:
                trampoline(raw.fileno(), read=True)
                raw.poll()
                if raw.notifies:
                    raw.notifies.clear()
                    self.wake()

    def _confirms(self, link: Any) -> Confirms:
        channel = link.channel()
        broker.declare_exchange(channel, self.service)
        return Confirms(channel)

    def _pass(self, connection: sqlalchemy.Connection, link: Any, confirms: Confirms) -> bool:
        """Publishes one window and marks it; says whether there may be more at once."""
        rows = outbox.fetch_unpublished(connection, self.settings.window)
        if not rows:
            return False
        try:
            exchange = broker.exchange_name(self.service)
            with gathered(link):
                for row in rows:
                    event = outbox.to_event(row, self.service)
                    confirms.publish(row, event, exchange=exchange, routing_key=event.routing_key)
            self._await(link, confirms)
        finally:
            # Also when the connection broke half-way: what was confirmed until then need not travel again.
            self._mark(connection, confirms)
        return len(rows) == self.settings.window

    def _await(self, link: Any, confirms: Confirms) -> None:
        """Waits for the confirms. While the broker says that it blocks publishers this may take as long as it takes."""
        silent = 0.0
        while confirms.pending and not self._stopping:
            before = len(confirms.pending)
            with suppress(TimeoutError):
                link.drain_events(timeout=1)
            silent = 0.0 if len(confirms.pending) < before or self._blocked else silent + 1
            if silent >= self.settings.confirm_seconds:
                raise TimeoutError("no confirms")

    def _mark(self, connection: sqlalchemy.Connection, confirms: Confirms) -> None:
        confirmed, refused, returned = confirms.collect()
        outbox.mark_published(connection, confirmed, now())
        outbox.mark_refused(connection, refused)
        metrics.outbox_published_total.labels(self.service).inc(len(confirmed))
        metrics.outbox_returned_total.labels(self.service).inc(returned)
        metrics.outbox_nacked_total.labels(self.service).inc(len(refused) - returned)
        if refused:
            log.warning("facts_refused", unroutable=returned, refused=len(refused) - returned)

    def _pause(self, seconds: float) -> None:
        """Waits, and leaves the wake-up calls to whoever may act on them."""
        ending = eventlet.hubs.get_hub().clock() + seconds
        while not self._stopping and eventlet.hubs.get_hub().clock() < ending:
            eventlet.sleep(min(0.1, seconds))

    def _rest(self, seconds: float) -> None:
        """Waits for a wake-up, at most `seconds`."""
        if not self._stopping:
            self._bell.acquire(timeout=seconds)

    def _on_blocked(self, *_: Any) -> None:
        self._blocked = True
        metrics.relay_blocked.labels(self.service).set(1)
        log.warning("broker_blocks_publishers")

    def _on_unblocked(self, *_: Any) -> None:
        if self._blocked:
            log.info("broker_unblocked_publishers")
        self._blocked = False
        metrics.relay_blocked.labels(self.service).set(0)

    def _measure(self) -> None:
        """Every replica measures the backlog, so that it is seen also when nobody leads."""
        partitions_kept = ""
        while not self._stopping:
            try:
                with database.transaction(self.service) as connection:
                    count, oldest = outbox.backlog(connection)
                metrics.outbox_unpublished.labels(self.service).set(count)
                metrics.outbox_oldest_seconds.labels(self.service).set(oldest)
                if partitions_kept != f"{now():%Y-%m-%d}" and self._leading:
                    self._keep_partitions()
                    partitions_kept = f"{now():%Y-%m-%d}"
            except Exception as error:
                log.warning("outbox_not_measured", error=database.safe_text(error))
            eventlet.sleep(5)

    def _keep_partitions(self) -> None:
        with database.transaction(self.service) as connection:
            for statement in partitions.partition_statements(now(), months=4):
                connection.exec_driver_sql(statement)
            if self.settings.keep_months:
                dropped = partitions.drop_old_partitions(connection, now(), self.settings.keep_months)
                if dropped:
                    log.info("log_months_dropped", months=dropped)
