"""The broker and the database go away, come back, and hold publishers off. Facts wait in the log; commits do not wait for the broker."""

import time

import pytest

from services.chassis import metrics
from services.chassis.database import DatabaseUnavailable
from tests.support.databases import Databases
from tests.support.poll import until
from tests.support.toy import Pinger, Ponger, Toys, make_schemas


@pytest.fixture
def toys_with_own_broker(databases, private_vhost, environment):
    environment({"AMQP_URI": private_vhost.uri})
    made = Toys(databases, environment)
    yield made
    made.stop()


@pytest.fixture
def toys_with_own_database(private_postgres, vhost, environment):
    databases = Databases(private_postgres.url, "postgres")
    make_schemas(databases)
    made = Toys(databases, environment)
    yield made
    made.stop()


def test_an_unroutable_fact_waits_until_somebody_is_bound(toys):
    toys.start(Pinger)
    subject = toys.ping(["good", "good"])
    until(lambda: toys.rows("pinger", "SELECT min(refusals) FROM outbox")[0][0] >= 1)
    assert toys.unpublished() == 2
    toys.start(Ponger)
    until(lambda: toys.seen(subject) == [1, 2])
    until(lambda: toys.unpublished() == 0)


def test_a_killed_broker_loses_nothing(toys_with_own_broker, private_broker, private_vhost):
    toys = toys_with_own_broker
    toys.start(Ponger, Pinger)
    subject = toys.ping(["good"] * 3)
    until(lambda: toys.seen(subject) == [1, 2, 3])
    private_broker.wait_written(*(f"{private_vhost.name}_ponger.{kind}" for kind in ("inbox", "dead")))
    private_broker.kill()
    started = time.monotonic()
    toys.ping(["good"] * 3, subject, first=4)
    assert time.monotonic() - started < 10, "a commit waited for the broker"
    assert toys.unpublished() == 3
    private_broker.start()
    until(lambda: toys.seen(subject) == [1, 2, 3, 4, 5, 6], 60)
    until(lambda: toys.unpublished() == 0)


def test_a_broker_under_memory_alarm_holds_only_the_relay(toys_with_own_broker, private_broker):
    toys = toys_with_own_broker
    toys.start(Ponger, Pinger)
    first = toys.ping()
    until(lambda: toys.seen(first) == [1])
    private_broker.ctl("set_vm_memory_high_watermark", "absolute", "1000")
    try:
        blocked = metrics.relay_blocked.labels("pinger")
        started = time.monotonic()
        subject = toys.ping(["good"] * 5)
        assert time.monotonic() - started < 10, "a commit waited for the broker"
        until(lambda: blocked._value.get() == 1)
        assert toys.unpublished() > 0
    finally:
        private_broker.ctl("set_vm_memory_high_watermark", "0.6")
    until(lambda: toys.seen(subject) == [1, 2, 3, 4, 5], 60)
    until(lambda: blocked._value.get() == 0)


def test_a_frozen_broker_loses_nothing(toys_with_own_broker, private_broker, environment):
    toys = toys_with_own_broker
    environment({"AMQP_HEARTBEAT_SECONDS": "2", "RELAY_CONFIRM_SECONDS": "3"})
    toys.start(Ponger, Pinger)
    first = toys.ping()
    until(lambda: toys.seen(first) == [1])
    private_broker.stop()
    subject = toys.ping(["good"] * 3)
    until(lambda: metrics.consumer_connected.labels("ponger")._value.get() == 0)
    private_broker.cont()
    until(lambda: toys.seen(subject) == [1, 2, 3], 60)


def test_a_killed_database_loses_nothing_and_parks_nothing(toys_with_own_database, private_postgres):
    toys = toys_with_own_database
    toys.start(Ponger, Pinger)
    subject = toys.ping(["good"] * 3)
    until(lambda: toys.seen(subject) == [1, 2, 3])
    private_postgres.kill()
    with pytest.raises(DatabaseUnavailable):
        toys.ping()
    private_postgres.start()
    until(lambda: alive(toys))
    toys.ping(["good"] * 2, subject, first=4)
    until(lambda: toys.seen(subject) == [1, 2, 3, 4, 5])
    assert toys.inbox("parked") == toys.inbox("retry") == []


def test_ended_connections_cost_no_request(toys):
    toys.ping()
    with pytest.raises(Exception, match="connection"):
        toys.rows(
            "pinger",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()",
        )
    toys.ping()


def alive(toys) -> bool:
    try:
        return toys.unpublished() >= 0
    except Exception:
        return False


def test_the_server_gives_up_a_client_whose_machine_is_gone(toys):
    """Half a minute later the locks of a leader that lost its power are free."""
    shown = {
        name: toys.rows("ponger", f"SHOW {name}")[0][0]
        for name in (
            "tcp_keepalives_idle",
            "tcp_keepalives_interval",
            "tcp_keepalives_count",
            "tcp_user_timeout",
        )
    }
    assert shown == {
        "tcp_keepalives_idle": "15",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "15000",
    }
