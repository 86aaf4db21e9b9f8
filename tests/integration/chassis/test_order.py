"""Facts of one source about one subject take effect in their order: shuffled, doubled, and with three replicas at once."""

import random

import amqp
import sqlalchemy
from sqlalchemy import text

from services.chassis import database, outbox
from tests.support.poll import until
from tests.support.toy import Pinger, Ponger


def all_events(toys) -> list:
    """Every fact in pinger's log, as the relay would send it."""
    with database.engine("pinger").connect() as connection:
        rows = connection.execute(
            text(
                "SELECT recorded_at, event_id::text, type, version, subject::text, sequence, scope, correlation_id,"
                " causation_id::text, traceparent, data::text AS body FROM outbox ORDER BY position"
            )
        ).all()
    return [(outbox.to_event(row, "pinger"), row.body) for row in rows]


def test_shuffled_and_doubled_over_three_replicas(toys, vhost, environment):
    environment({"SUBSCRIBER_BATCH": "7"})
    toys.start(Ponger, Ponger, Ponger)
    subjects = [toys.ping(["good"] * 8) for _ in range(25)]
    events = all_events(toys) * 2
    random.Random(7).shuffle(events)
    parts = sqlalchemy.make_url(vhost.uri)
    with amqp.Connection(
        host=f"{parts.host}:{parts.port}",
        userid=parts.username,
        password=parts.password,
        virtual_host=parts.database,
    ) as connection:
        channel = connection.channel()
        for event, body in events:
            message = amqp.Message(body, content_type="application/json", application_headers=event.headers())
            channel.basic_publish(message, exchange="pinger.events", routing_key=event.routing_key)
    until(lambda: len(toys.seen()) >= 200, 40)
    for subject in subjects:
        assert toys.seen(subject) == list(range(1, 9))
    until(lambda: toys.inbox("waiting") == [])
    assert toys.inbox("parked") == []


def test_sequences_have_no_gaps_under_concurrent_commits(toys):
    import eventlet

    subject = toys.ping()
    pool = eventlet.GreenPool(8)
    for _ in range(40):
        pool.spawn(toys.ping, ["good"], subject)
    pool.waitall()
    numbers = toys.rows("pinger", "SELECT sequence FROM outbox ORDER BY position")
    assert [row[0] for row in numbers] == list(range(1, 42)), "the log is in the order of the sequence"


def test_a_rolled_back_fact_leaves_no_gap(toys):
    subject = toys.ping()
    try:
        with database.transaction("pinger") as connection:
            from datetime import UTC, datetime

            from tests.support.toy import PINGED

            fact = PINGED.new(subject, {"number": 2, "mood": "good"})
            outbox.record(connection, [fact], source="pinger", now=datetime.now(UTC))
            raise LookupError
    except LookupError:
        pass
    toys.ping(subject=subject, first=2)
    toys.start(Ponger, Pinger)
    until(lambda: toys.seen(subject) == [1, 2])
