"""How facts are put on the wire: many in one write, and each with its own confirm."""

import uuid
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from services.chassis import broker, outbox
from services.chassis.confirms import Confirms, gathered
from tests.support.poll import until

QUEUE = "bench"


@pytest.fixture
def link(vhost):
    with closing(broker.connect()) as link:
        link.channel().queue_declare(QUEUE, durable=True, auto_delete=False)
        yield link


def row(text="{}"):
    return SimpleNamespace(
        recorded_at=datetime.now(UTC),
        event_id=str(uuid.uuid4()),
        type="Pinged",
        version=1,
        subject=str(uuid.uuid4()),
        sequence=1,
        scope="-",
        correlation_id="test-correlation",
        causation_id=None,
        traceparent=None,
        body=text,
    )


def waiting() -> int:
    """Messages in the queue, asked over a connection of its own."""
    with closing(broker.connect()) as other:
        return other.channel().queue_declare(QUEUE, passive=True).message_count


def publish(confirms, rows):
    for each in rows:
        confirms.publish(each, outbox.to_event(each, "pinger"), exchange="", routing_key=QUEUE)


def settle(link, confirms):
    until(lambda: link.drain_events(timeout=5) or not confirms.pending)


def test_what_is_gathered_leaves_when_the_block_ends(link):
    confirms, rows = Confirms(link.channel()), [row() for _ in range(100)]
    with gathered(link):
        publish(confirms, rows)
        assert waiting() == 0
    settle(link, confirms)
    assert confirms.collect() == (rows, [], 0)
    assert waiting() == 100


def test_a_window_larger_than_a_write_leaves_whole_and_in_order(link):
    confirms, rows = Confirms(link.channel()), [row(f'"{n}{"x" * 9000}"') for n in range(100)]
    with gathered(link):
        publish(confirms, rows)
    settle(link, confirms)
    channel = link.channel()
    bodies = [channel.basic_get(QUEUE, no_ack=True).body for _ in rows]
    assert bodies == [each.body for each in rows]


def test_in_the_block_nothing_is_read_and_after_it_everything(link):
    confirms, rows = Confirms(link.channel()), [row(f'"{"x" * 9000}"') for _ in range(40)]
    with gathered(link):
        publish(confirms, rows)
        # More than one write is out: the broker confirms those, and the next message would have had them read.
        until(lambda: waiting() >= 20)
        publish(confirms, [row()])
        assert len(confirms.pending) == 41
    settle(link, confirms)
    assert len(confirms.collect()[0]) == 41


def test_afterwards_everything_is_written_at_once_again(link):
    confirms = Confirms(link.channel())
    # A row that cannot be put into an envelope, in the middle of a window.
    rows = [row(), SimpleNamespace(event_id=str(uuid.uuid4()))]
    with pytest.raises(AttributeError), gathered(link):
        publish(confirms, rows)
    other = Confirms(link.channel())
    publish(other, [row()])
    settle(link, other)
    assert waiting() == 1
