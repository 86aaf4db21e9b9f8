"""Work beside requests and events. `@every(30, name="sweep")` on a service method runs on one replica only, and drains
without blocking; `Background` goes on all the time, on every replica.

Which replica: the one that holds a PostgreSQL advisory lock on a connection of its own. If that connection breaks in the middle of
a run, another replica may start the same task before this one has ended, so a task does its work in transactions that bear a neighbour.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import eventlet
import eventlet.event
import eventlet.semaphore
import sqlalchemy
from nameko.extensions import DependencyProvider, Entrypoint

from services.chassis import database, logs, metrics, settings
from services.chassis.settings import setting

log = logs.get()


@dataclass(frozen=True)
class Settings:
    """Settings of periodic tasks."""

    drain_seconds: float = setting(
        "SCHEDULE_DRAIN_SECONDS",
        "How long a running task may go on when the process stops.",
        default=10.0,
        kind=float,
        least=0,
    )
    again_seconds: float = setting(
        "SCHEDULE_AGAIN_SECONDS",
        "When a task that failed is tried again, and when a replica that does not lead looks whether it does now, if that is sooner"
        " than the task's own interval.",
        default=60.0,
        kind=float,
        least=0.01,
    )


class Leadership:
    """Whether this process runs the tasks of `service`: true for one process at a time."""

    def __init__(self, service: str):
        self.service = service
        self._connection: sqlalchemy.Connection | None = None
        self._one_at_a_time = eventlet.semaphore.Semaphore(1)
        self._tasks = 0

    def join(self) -> None:
        """A task begins to rely on it."""
        self._tasks += 1

    def leave(self) -> None:
        """A task has ended. The last one frees the lock at once, instead of when the server notices."""
        self._tasks -= 1
        if self._tasks == 0:
            _leaderships.pop(self.service, None)
            with self._one_at_a_time:
                self._close()

    def held(self) -> bool:
        """Takes the lock if it is free, and says whether we have it. Raises DatabaseUnavailable."""
        with self._one_at_a_time, database.available(self.service):
            if self._connection is not None:
                try:
                    self._connection.execute(sqlalchemy.text("SELECT 1"))
                    return True
                except Exception as error:
                    # The lock went with the connection. Whoever is quicker has it now.
                    log.warning("leadership_lost", error=type(error).__name__)
                    self._close()
            return self._take()

    def _take(self) -> bool:
        engine = database.engine(self.service).execution_options(isolation_level="AUTOCOMMIT")
        connection = engine.connect()
        try:
            # Kept for as long as the process leads, so it must not count against the pool of the requests.
            connection.detach()
            mine = connection.execute(
                sqlalchemy.text("SELECT pg_try_advisory_lock(hashtext(:name))"),
                {"name": f"schedule:{self.service}"},
            ).scalar()
        except BaseException:
            connection.close()
            raise
        if not mine:
            connection.close()
            return False
        self._connection = connection
        return True

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()


_leaderships: dict[str, Leadership] = {}


class Every(Entrypoint):
    """Runs a method of the service every `seconds`, counted from start to start; a run that takes longer is not overlapped.

    A task of once a day that failed, or whose leader went, must not wait for the next day: it is tried again soon.
    """

    def __init__(self, seconds: float, name: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.seconds = seconds
        self.name = name
        self._stop = eventlet.event.Event()
        self._thread: Any = None

    def setup(self) -> None:
        """Reads the settings, so that a wrong one stops the process at start."""
        self.service = self.container.service_name
        self.settings = settings.load(Settings)
        settings.load(database.Settings, service=self.service)
        self.leadership = _leaderships.setdefault(self.service, Leadership(self.service))

    def start(self) -> None:
        """The first run follows at once, if this replica leads."""
        self.leadership.join()
        metrics.schedule_interval_seconds.labels(self.service, self.name).set(self.seconds)
        # Else a task that never succeeds would never be late.
        metrics.schedule_last_success_timestamp_seconds.labels(self.service, self.name).set_to_current_time()
        self._thread = self.container.spawn_managed_thread(self._run, identifier=f"every {self.name}")

    def stop(self) -> None:
        """Lets a running task end, at most drain_seconds, and gives the lock to another replica."""
        self._ring()
        if self._thread is None:
            return
        with eventlet.Timeout(self.settings.drain_seconds, False):
            self._thread.wait()
        if not self._thread.dead:
            log.warning("task_cut_off", service=self.service, task=self.name)
            self._thread.kill()
        self.leadership.leave()

    def kill(self) -> None:
        """Stops without waiting."""
        self._ring()

    def _ring(self) -> None:
        if not self._stop.ready():
            self._stop.send(True)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopped_within(due - time.monotonic()):
            started = time.monotonic()
            with logs.context(service=self.service):
                done = self._run_once()
            pause = self.seconds if done else min(self.seconds, self.settings.again_seconds)
            # Ticks that passed during a long run are dropped: catching up would only pile work on a slow day.
            due = max(started + pause, time.monotonic())

    def _stopped_within(self, seconds: float) -> bool:
        with eventlet.Timeout(max(seconds, 0), False):
            self._stop.wait()
        return self._stop.ready()

    def _run_once(self) -> bool:
        """Whether the task ran, and well."""
        try:
            if not self.leadership.held():
                return False
            getattr(self.container.service_cls(), self.method_name)()
        except (Exception, eventlet.Timeout) as error:
            metrics.schedule_failures_total.labels(self.service, self.name).inc()
            away = isinstance(error, Exception) and database.is_away(error)
            log.error("task_failed", task=self.name, exc_info=None if away else error)
            return False
        metrics.schedule_last_success_timestamp_seconds.labels(self.service, self.name).set_to_current_time()
        return True


every = Every.decorator


class Work(Protocol):
    """What goes on for as long as the service runs."""

    def run(self) -> None:
        """Works until `stop`. An exception that it lets out ends the process."""

    def stop(self) -> None:
        """Has `run` return soon, with what was under way ended; does not wait for it."""


class Background(DependencyProvider):
    """Runs the work that `create()` returns on every replica, beside the subscriptions."""

    def __init__(self, create: Callable[[], Work]):
        self.create = create
        self._work: Work | None = None
        self._thread: Any = None

    def setup(self) -> None:
        """Creates the work, so that a wrong setting stops the process at start."""
        self.settings = settings.load(Settings)
        self._work = self.create()

    def start(self) -> None:
        """The work begins."""
        self._thread = self.container.spawn_managed_thread(self._run, identifier="background")

    def stop(self) -> None:
        """Lets the work end, at most drain_seconds."""
        self.kill()
        if self._thread is not None:
            with eventlet.Timeout(self.settings.drain_seconds, False):
                self._thread.wait()

    def kill(self) -> None:
        """Stops without waiting."""
        if self._work is not None:
            self._work.stop()

    def _run(self) -> None:
        assert self._work is not None
        with logs.context(service=self.container.service_name):
            self._work.run()
