"""What this machine gives without any of our code, measured in the same run: figures are read as ratios to these.

    insert    12 connections, each a loop of: one row in, commit; the driver that the services use
    publish   one py-amqp connection, persistent messages to a quorum queue, pipelined confirms
    consume   the same messages, acknowledged 200 at a time

Run as `python -m bench.floors insert <url> <seconds>` and `python -m bench.floors broker <uri> <messages>`, in a process of its own.
"""

import json
import subprocess
import sys
import threading
import time
from urllib.parse import unquote, urlsplit

import amqp
import psycopg2
import sqlalchemy

CONNECTIONS = 12
WINDOW = 500
BATCH = 200
# About the size of the row, and of the fact, of one complaint.
ROW = "م" * 300
BODY = b"x" * 600


def insert(url: str, seconds: float) -> dict[str, float]:
    """One-row transactions per second."""
    address = sqlalchemy.make_url(url)
    where = {
        "host": address.host,
        "port": address.port or 5432,
        "user": address.username,
        "password": address.password,
        "dbname": address.database,
    }
    with psycopg2.connect(**where) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS floor")
        cursor.execute(
            "CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, body text)"
        )
    connection.close()
    done = [0] * CONNECTIONS
    end = time.monotonic() + seconds

    def work(number: int) -> None:
        connection = psycopg2.connect(**where)
        with connection.cursor() as cursor:
            while time.monotonic() < end:
                cursor.execute("INSERT INTO floor (at, body) VALUES (now(), %s)", (ROW,))
                connection.commit()
                done[number] += 1
        connection.close()

    start = time.monotonic()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"insert_per_second": round(sum(done) / (time.monotonic() - start), 1)}


def broker(uri: str, messages: int) -> dict[str, float]:
    """Confirmed publishes per second, then consumed messages per second."""
    parts = urlsplit(uri)
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port or 5672}",
        userid=parts.username,
        password=parts.password,
        virtual_host=unquote(parts.path[1:]) or "/",
    )
    connection.connect()
    queue = "bench.floor"
    channel = connection.channel()
    channel.queue_delete(queue)
    channel.queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    figures = {
        "publish_per_second": round(messages / _publish(connection, channel, queue, messages), 1),
        "consume_per_second": round(messages / _consume(connection, queue, messages), 1),
    }
    connection.channel().queue_delete(queue)
    connection.close()
    return figures


def _publish(connection: amqp.Connection, channel: amqp.Channel, queue: str, messages: int) -> float:
    channel.confirm_select()
    confirmed = 0

    def on_ack(tag: int, _multiple: bool) -> None:
        nonlocal confirmed
        confirmed = max(confirmed, tag)

    channel.events["basic_ack"].add(on_ack)
    start = time.monotonic()
    for number in range(1, messages + 1):
        channel.basic_publish(
            amqp.Message(BODY, delivery_mode=2, content_type="application/json"), routing_key=queue
        )
        if number % WINDOW == 0 or number == messages:
            while confirmed < number:
                connection.drain_events(timeout=30)
    return time.monotonic() - start


def _consume(connection: amqp.Connection, queue: str, messages: int) -> float:
    channel = connection.channel()
    channel.basic_qos(0, BATCH * 2, False)
    seen = 0

    def on_message(message: amqp.Message) -> None:
        nonlocal seen
        seen += 1
        if seen % BATCH == 0 or seen == messages:
            channel.basic_ack(message.delivery_tag, multiple=True)

    channel.basic_consume(queue, callback=on_message)
    start = time.monotonic()
    while seen < messages:
        connection.drain_events(timeout=30)
    taken = time.monotonic() - start
    channel.close()
    return taken


def run(what: str, where: str, size: float) -> dict[str, float]:
    """`insert` or `broker` in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "bench.floors",
        what,
        where,
        str(int(size) if what == "broker" else size),
    ]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout)


if __name__ == "__main__":
    what, where, size = sys.argv[1:]
    print(json.dumps(insert(where, float(size)) if what == "insert" else broker(where, int(size))))
