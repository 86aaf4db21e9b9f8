"""Periodic tasks on a real PostgreSQL: on one replica only, through failures, and out of the way when the process stops."""

import time

import eventlet
import eventlet.event
import pytest
import sqlalchemy
from nameko.containers import ServiceContainer
from prometheus_client import REGISTRY

from services.chassis import database, schedule
from services.chassis.schedule import every
from tests.support.poll import until


class Task:
    """What the task of the tests does, and what it was seen doing."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.running = 0
        self.most_at_once = 0
        self.hold = None
        self.fail: BaseException | None = None

    def __call__(self, replica: str) -> None:
        self.runs.append(replica)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            if self.hold is not None:
                self.hold.wait()
            if self.fail is not None:
                raise self.fail
        finally:
            self.running -= 1


@pytest.fixture
def task():
    return Task()


@pytest.fixture
def replicas(databases, environment, task):
    """Starts a replica of the service "ticker" by its name; all are stopped at the end."""
    address = sqlalchemy.make_url(databases.admin_url).set(database=databases.name)
    environment({"DATABASE_URL_TICKER": address.render_as_string(hide_password=False)})
    environment({"SCHEDULE_DRAIN_SECONDS": "5"})
    started = []

    def start(replica: str, seconds: float = 0.05) -> ServiceContainer:
        class Ticker:
            name = "ticker"

            @every(seconds, name="tick")
            def tick(self) -> None:
                task(replica)

        # Replicas are processes; in this one each must have a leadership of its own.
        schedule._leaderships.clear()
        container = ServiceContainer(Ticker)
        container.start()
        started.append(container)
        return container

    yield start
    for container in started:
        container.stop()


def sample(name: str) -> float:
    labels = {"service": "ticker", "task": "tick"}
    return REGISTRY.get_sample_value(f"bekhedmetkom_schedule_{name}", labels) or 0


def locks(databases) -> list[tuple]:
    return databases.rows(
        "public",
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
    )


def test_runs_again_and_again_on_one_replica(replicas, task):
    replicas("first")
    until(lambda: len(task.runs) >= 2)
    replicas("second")
    replicas("third")
    seen = len(task.runs)
    until(lambda: len(task.runs) >= seen + 10)
    assert set(task.runs) == {"first"}
    assert sample("last_success_timestamp_seconds") > 0
    assert sample("interval_seconds") == 0.05


def test_a_daily_task_that_failed_is_tried_again_soon(replicas, task, environment):
    environment({"SCHEDULE_AGAIN_SECONDS": "0.05"})
    task.fail = LookupError()
    before = time.time()
    replicas("first", seconds=86_400)
    until(lambda: len(task.runs) >= 3)
    assert before <= sample("last_success_timestamp_seconds") <= time.time(), "it is late from its start on"
    started = sample("last_success_timestamp_seconds")
    task.fail = None
    until(lambda: sample("last_success_timestamp_seconds") > started)


def test_a_daily_task_has_a_new_leader_soon(replicas, task, environment):
    environment({"SCHEDULE_AGAIN_SECONDS": "0.05"})
    first = replicas("first", seconds=86_400)
    until(lambda: task.runs)
    replicas("second", seconds=86_400)
    first.stop()
    until(lambda: "second" in task.runs)


def test_another_takes_over_when_the_first_stops(replicas, task, databases):
    first = replicas("first")
    until(lambda: task.runs)
    replicas("second")
    first.stop()
    until(lambda: "second" in task.runs)
    assert len(locks(databases)) == 1


def test_another_takes_over_when_the_connection_breaks(replicas, task, databases):
    replicas("first")
    until(lambda: task.runs)
    replicas("second")
    ((pid,),) = locks(databases)
    databases.rows("public", f"SELECT pg_terminate_backend({pid})")
    seen = len(task.runs)
    until(lambda: len(task.runs) > seen + 5)
    assert len(locks(databases)) == 1
    assert task.most_at_once == 1


def test_a_failing_run_is_counted_and_tried_again(replicas, task):
    before = sample("failures_total")
    task.fail = ValueError("whatever")
    replicas("first")
    until(lambda: len(task.runs) >= 3)
    assert sample("failures_total") >= before + 2
    task.fail = eventlet.Timeout(None)
    seen = len(task.runs)
    until(lambda: len(task.runs) >= seen + 3)
    task.fail = None
    reached = sample("last_success_timestamp_seconds")
    until(lambda: sample("last_success_timestamp_seconds") > reached)


def test_a_slow_run_is_not_overlapped(replicas, task):
    task.hold = eventlet.event.Event()
    replicas("first")
    until(lambda: task.runs)
    seen = []
    # Four ticks pass meanwhile.
    eventlet.spawn_after(0.2, seen.append, True)
    until(lambda: seen)
    assert task.runs == ["first"]
    task.hold.send(True)
    until(lambda: len(task.runs) >= 3)
    assert task.most_at_once == 1


def test_stopping_waits_for_the_running_one_and_lets_others_work(replicas, task):
    task.hold = eventlet.event.Event()
    first = replicas("first")
    until(lambda: task.running)
    stopping = eventlet.spawn(first.stop)
    ticks = []
    eventlet.spawn_after(0.05, ticks.append, True)
    until(lambda: ticks)
    assert not stopping.dead, "it did not wait"
    task.hold.send(True)
    stopping.wait()
    assert task.runs == ["first"]


def test_stopping_does_not_wait_for_ever(replicas, task, environment, databases):
    environment({"SCHEDULE_DRAIN_SECONDS": "0.1"})
    task.hold = eventlet.event.Event()
    first = replicas("first")
    until(lambda: task.running)
    first.stop()
    assert task.running == 0
    until(lambda: not locks(databases))


def test_keeps_trying_while_the_database_is_away(private_postgres, environment, task):
    environment({"DATABASE_URL_TICKER": private_postgres.url})

    class Ticker:
        name = "ticker"

        @every(0.05, name="tick")
        def tick(self) -> None:
            task("only")

    container = ServiceContainer(Ticker)
    container.start()
    try:
        until(lambda: task.runs)
        private_postgres.kill()
        before = sample("failures_total")
        until(lambda: sample("failures_total") >= before + 2)
        private_postgres.start()
        seen = len(task.runs)
        until(lambda: len(task.runs) > seen)
    finally:
        container.stop()
        database.forget()
