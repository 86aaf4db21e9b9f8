"""What nameko and kombu do with a failure by default is to acknowledge and forget. Here nothing is forgotten."""

import uuid

import amqp
import eventlet
import pytest
import sqlalchemy

from services.chassis import database, parking
from services.chassis.clock import now
from services.chassis.subscriber import Permanent, RetryLater
from tests.support.poll import until
from tests.support.toy import MOODS, Pinger, Ponger


def publish_raw(uri: str, body: bytes, **properties) -> None:
    """Puts bytes into the exchange of pinger, as a stranger would."""
    parts = sqlalchemy.make_url(uri)
    with amqp.Connection(
        host=f"{parts.host}:{parts.port}",
        userid=parts.username,
        password=parts.password,
        virtual_host=parts.database or "/",
        confirm_publish=True,
    ) as connection:
        message = amqp.Message(body, **properties)
        connection.channel().basic_publish(message, exchange="pinger.events", routing_key="Pinged.v1.-")


def fail(_connection, _event) -> None:
    raise RuntimeError("a value that must not be stored: 0791234567")


def test_a_handler_that_raises_is_retried_and_stops_no_other(toys):
    MOODS["bad"] = fail
    toys.start(Ponger, Pinger)
    bad = toys.ping(["bad"])
    others = toys.ping_many(50)
    until(lambda: len(toys.seen()) == len(others))
    until(lambda: len(toys.inbox("retry")) == 1)
    row = toys.inbox("retry")[0]
    assert (row.handler, row.reason) == ("pinged", "RuntimeError"), "the reason holds no text of the error"
    MOODS["bad"] = lambda *_: None
    until(lambda: toys.seen(bad) == [1])
    assert toys.inbox("retry") == []


def test_later_facts_about_the_same_subject_wait_behind_a_failed_one(toys):
    MOODS["bad"] = fail
    toys.start(Ponger, Pinger)
    subject = toys.ping(["good", "bad", "good", "good"])
    until(lambda: len(toys.inbox("waiting")) == 2)
    assert toys.seen(subject) == [1]
    MOODS["bad"] = lambda *_: None
    until(lambda: toys.seen(subject) == [1, 2, 3, 4])


def test_a_parked_event_can_be_replayed(toys):
    def never(*_):
        raise Permanent("no such thing")

    MOODS["bad"] = never
    toys.start(Ponger, Pinger)
    subject = toys.ping(["bad", "good"])
    until(lambda: len(toys.inbox("parked")) == 1)
    parked = toys.inbox("parked")[0]
    assert parked.reason == "Permanent: no such thing"
    assert toys.seen(subject) == []
    del MOODS["bad"]
    with database.transaction("ponger") as connection:
        assert parking.replay(connection, str(parked.event_id), now())
    until(lambda: toys.seen(subject) == [1, 2])


def test_a_parked_event_can_be_discarded_and_what_waits_goes_on(toys):
    def never(*_):
        raise Permanent("no such thing")

    MOODS["bad"] = never
    toys.start(Ponger, Pinger)
    subject = toys.ping(["bad", "good", "bad", "good"])
    for expected in (1, 3):
        until(lambda expected=expected: [row.sequence for row in toys.inbox("parked")] == [expected])
        with database.transaction("ponger") as connection:
            assert parking.discard(connection, str(toys.inbox("parked")[0].event_id))
    until(lambda: toys.seen(subject) == [2, 4])
    until(lambda: toys.inbox("waiting") == [])


def test_attempts_end_in_parking(toys, environment):
    environment({"SUBSCRIBER_ATTEMPTS": "2", "SUBSCRIBER_SWEEP_SECONDS": "0.1"})

    def later(*_):
        raise RetryLater("not yet")

    MOODS["bad"] = later
    toys.start(Ponger, Pinger)
    toys.ping(["bad"])
    until(lambda: [row.attempts for row in toys.inbox("parked")] == [2])


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        (b"\x80\x04 not json", {"content_type": "application/json"}),
        (b"cos\nsystem\n(S'true'\ntR.", {"content_type": "application/x-python-serialize"}),
        (b"{}", {"content_type": "application/json"}),
        (
            b"{}",
            {
                "content_type": "application/json",
                "content_encoding": "utf-8",
                "application_headers": {"ce-id": "x"},
            },
        ),
    ],
    ids=["bytes", "pickle", "no-headers", "bad-id"],
)
def test_an_undecodable_body_is_kept_and_parked(toys, vhost, body, properties):
    toys.start(Ponger, Pinger)
    before = toys.ping()
    until(lambda: toys.seen(before) == [1])
    publish_raw(vhost.uri, body, **properties)
    until(lambda: len(toys.inbox("parked")) == 1)
    import base64

    assert base64.b64decode(toys.inbox("parked")[0].body) == body
    after = toys.ping()
    until(lambda: toys.seen(after) == [1])


def test_a_fact_that_breaks_its_contract_is_parked_with_the_field(toys, vhost):
    toys.start(Ponger, Pinger)
    first = toys.ping()
    until(lambda: toys.seen(first) == [1])
    headers = {
        "ce-id": str(uuid.uuid4()),
        "ce-source": "/bekhedmetkom/pinger",
        "ce-type": "bekhedmetkom.Pinged.v1",
        "ce-specversion": "1.0",
        "ce-time": "2026-11-23T10:00:00Z",
        "ce-subject": str(uuid.uuid4()),
        "ce-sequence": "1",
        "ce-correlationid": "a-correlation-id",
    }
    publish_raw(
        vhost.uri, b'{"number": "many"}', content_type="application/json", application_headers=headers
    )
    until(lambda: len(toys.inbox("parked")) == 1)
    assert toys.inbox("parked")[0].reason == "does not match its contract: mood, number"


@pytest.mark.parametrize("where", ["python", "database"])
def test_a_hung_handler_is_cut_off_and_stops_no_other(toys, environment, where):
    environment({"SUBSCRIBER_HANDLER_SECONDS": "1"})

    def hang(connection, _event):
        if where == "python":
            eventlet.sleep(60)  # a fault: it hangs
        else:
            connection.exec_driver_sql("SELECT pg_sleep(60)")

    MOODS["hang"] = hang
    toys.start(Ponger, Pinger)
    toys.ping(["hang"])
    others = toys.ping_many(20)
    until(lambda: len(toys.seen()) == len(others))
    until(lambda: len(toys.inbox("retry")) == 1)
    assert toys.inbox("retry")[0].reason == "HandlerTimeout"


def test_when_everything_fails_it_stops_consuming_instead_of_parking_the_world(toys, environment):
    environment({"SUBSCRIBER_BATCH": "25", "SUBSCRIBER_ATTEMPTS": "2"})
    MOODS["bad"] = fail
    toys.start(Ponger, Pinger)
    subjects = toys.ping_many(200, mood="bad")
    until(lambda: len(toys.inbox("retry")) + len(toys.inbox("parked")) >= 20)
    eventlet.sleep(0)
    touched = len(toys.inbox("retry")) + len(toys.inbox("parked"))
    assert touched <= 100, "it went on through the queue"
    MOODS["bad"] = lambda *_: None
    parked = {row.event_id for row in toys.inbox("parked")}
    until(lambda: len(toys.seen()) + len(parked) >= len(subjects) - 5, 40)
    with database.transaction("ponger") as connection:
        for row in toys.inbox("parked"):
            parking.replay(connection, str(row.event_id), now())
    until(lambda: len(toys.seen()) == len(subjects))
