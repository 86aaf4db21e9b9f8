"""A process may end at any moment: what was committed goes on, what was not never was, and nothing happens twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.poll import until
from tests.support.toy import Pinger, Ponger

ROOT = Path(__file__).resolve().parents[3]


class Child:
    """A toy service in a process of its own, started again when it dies, as a supervisor would."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.starts = 0
        self.process = self._start()

    def _start(self) -> subprocess.Popen:
        self.starts += 1
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.support.toy_process", *self.arguments],
            cwd=ROOT,
            env=os.environ.copy(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def keep_alive(self) -> bool:
        """Starts it again if it has died; always true, to be called while polling."""
        if self.process.poll() is not None:
            self.process = self._start()
        return True

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


@pytest.fixture
def child():
    children: list[Child] = []

    def start(*arguments: str) -> Child:
        children.append(Child(*arguments))
        return children[-1]

    yield start
    for each in children:
        each.end()


def test_killed_between_commit_and_acknowledgement(toys, vhost, child):
    toys.start(Pinger)
    ponger = child("Ponger")
    subject = toys.ping(["good", "die_after_commit", "good"])
    until(lambda: ponger.process.poll() == 9, 40)
    until(lambda: ponger.keep_alive() and toys.seen(subject) == [1, 2, 3], 40)
    until(lambda: ponger.keep_alive() and drained(vhost))
    assert toys.seen(subject) == [1, 2, 3]


def test_killed_between_commit_and_publish(toys):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.support.toy_process", "record-and-die"],
        cwd=ROOT,
        env=os.environ.copy(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 9, done.stderr
    subject = done.stdout.split()[-1]
    assert toys.unpublished() == 2
    toys.start(Ponger, Pinger)
    until(lambda: toys.seen(subject) == [1, 2])


def test_a_message_that_kills_its_process_is_put_aside_and_the_others_are_not(toys, environment, child):
    environment({"AMQP_DELIVERY_LIMIT": "3", "SUBSCRIBER_LINGER_SECONDS": "0.3"})
    toys.start(Pinger)
    ponger = child("Ponger")
    before = toys.ping_many(10)
    bad = toys.ping(["die"])
    after = toys.ping_many(20)
    until(lambda: ponger.keep_alive() and len(toys.inbox("parked")) == 1, 60, every=0.2)
    assert toys.inbox("parked")[0].reason == "a process died on it too often"
    until(lambda: ponger.keep_alive() and len(toys.seen()) == len(before) + len(after))
    assert toys.seen(bad) == []
    assert len(toys.inbox("parked")) == 1


def test_sigterm_while_a_handler_runs_makes_no_duplicate_and_loses_nothing(toys, vhost, child):
    toys.start(Pinger)
    ponger = child("Ponger")
    first = toys.ping()
    until(lambda: toys.seen(first) == [1], 60)
    subject = toys.ping(["slow"])
    until(lambda: handling(toys))
    ponger.process.send_signal(signal.SIGTERM)
    assert ponger.process.wait(60) == 0
    assert toys.seen(subject) == [1]
    until(lambda: drained(vhost))
    assert toys.seen(subject) == [1]


def test_a_blocked_hub_past_two_heartbeats_does_not_end_the_service(toys, vhost, environment, child):
    environment({"AMQP_HEARTBEAT_SECONDS": "2"})
    toys.start(Pinger)
    ponger = child("Ponger")
    subject = toys.ping(["good", "block", "good"])
    until(lambda: toys.seen(subject) == [1, 2, 3], 40)
    until(lambda: drained(vhost))
    assert ponger.process.poll() is None
    assert toys.seen(subject) == [1, 2, 3]


def test_another_relay_takes_over(toys, child):
    toys.start(Ponger)
    leader = child("Pinger")
    first = toys.ping()
    until(lambda: toys.seen(first) == [1], 60)
    toys.start(Pinger)
    leader.end()
    second = toys.ping()
    until(lambda: toys.seen(second) == [1], 60)


def handling(toys) -> bool:
    """Whether a handler is in the middle of its transaction."""
    return bool(
        toys.rows(
            "ponger",
            "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'"
            " AND datname = current_database() AND application_name = 'bekhedmetkom-ponger'",
        )
    )


def drained(vhost) -> bool:
    queue = vhost.queues()["ponger.inbox"]
    return queue["messages_ready"] == queue["messages_unacknowledged"] == 0
