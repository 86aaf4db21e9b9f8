"""A backlog of ComplaintReceived that waits in routing's queue, and how fast routing gets through it."""

import time
from datetime import UTC, datetime
from uuid import uuid4

import amqp

from bench import way
from bench.parts import Measured, Size, watching
from bench.processor import Processor
from bench.stack import Stack, depth
from services.chassis import broker
from services.chassis.clock import new_id
from services.chassis.event import CONTENT_TYPE, Event, dump, properties
from tests.support import load as client
from tests.support.deployment import Deployment
from tests.support.poll import until

WINDOW = 500


def drain(stack: Stack, size: Size) -> Measured:
    """Facts are published as intake's relay would; then routing, alone, is started on them. Its own facts are published meanwhile."""
    stack.rest()
    began = time.time()
    # The queue of every service takes its copy, as in the outage that this is about; nobody but routing is there to read.
    with stack.deployed("routing") as deployment:
        publish(deployment, size.backlog)
        until(lambda: depth(deployment.vhost, "routing") >= size.backlog, 60)
        started = time.monotonic()
        deployment.processes["routing"].start()
        deployment.wait_ready(60)
        with Processor(deployment.processes, stack) as all_of_it:
            before = _opened(stack, began)
            with watching(stack, deployment, size, "drain") as watched:
                until(lambda: depth(deployment.vhost, "routing") == 0, 600, every=0.25)
                seconds = until(lambda: _seconds(stack, began, size.backlog), 60, every=0.5)
            published = until(lambda: _published(stack) and time.monotonic() - started, 300, every=0.5)
    each = all_of_it.each(size.backlog - before)
    return {"drain_rate": round(size.backlog / seconds, 1), "drain_cost": each["together"]}, {
        "facts": size.backlog,
        "seconds": round(seconds, 2),
        "seconds_from_start_to_all_published": round(published, 2),
        "processor": watched.share,
        "each_ms": each,
    }


def publish(deployment: Deployment, count: int) -> None:
    """Publishes `count` ComplaintReceived with pipelined confirms."""
    where = deployment.vhost.broker
    connection = amqp.Connection(
        host=f"{where.host}:{where.port}",
        userid=where.user,
        password=where.password,
        virtual_host=deployment.vhost.name,
    )
    connection.connect()
    channel = connection.channel()
    channel.confirm_select()
    confirmed = 0

    def on_ack(tag: int, _multiple: bool) -> None:
        nonlocal confirmed
        confirmed = max(confirmed, tag)

    channel.events["basic_ack"].add(on_ack)
    bodies = client.complaints(2)
    for number in range(1, count + 1):
        event = _fact(next(bodies))
        message = amqp.Message(
            dump(event.data).encode(),
            content_type=CONTENT_TYPE,
            application_headers=event.headers(),
            **properties(event.id),
        )
        channel.basic_publish(message, exchange=broker.exchange_name("intake"), routing_key=event.routing_key)
        if number % WINDOW == 0 or number == count:
            while confirmed < number:
                connection.drain_events(timeout=60)
    connection.close()


def _fact(body: dict) -> Event:
    identity, moment = new_id(), datetime.now(UTC)
    data = {name: body[name] for name in ("kind", "category", "governorate", "language", "channel")}
    data |= {
        "complaint_id": identity,
        "anonymous": "complainant" not in body,
        "received_at": moment.isoformat(),
        "sealed": "A" * 360 if "complainant" in body else None,
    }
    return Event(new_id(), "ComplaintReceived", 1, "intake", identity, 1, moment, "-", data, str(uuid4()))


def _seconds(stack: Stack, began: float, count: int) -> float | None:
    """From the first to the last commit of the cases, once all are there."""
    if _opened(stack, began) < count:
        return None
    return stack.rows(
        """SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin)) - min(pg_xact_commit_timestamp(xmin)))::float8
           FROM routing.cases WHERE complaint_id >= CAST(%s AS uuid)""",
        (way.first_id(began),),
    )[0][0]


def _opened(stack: Stack, began: float) -> int:
    """Cases of complaints since `began`."""
    return stack.rows(
        "SELECT count(*) FROM routing.cases WHERE complaint_id >= CAST(%s AS uuid)", (way.first_id(began),)
    )[0][0]


def _published(stack: Stack) -> bool:
    return not stack.rows("SELECT 1 FROM routing.outbox WHERE published_at IS NULL LIMIT 1")
