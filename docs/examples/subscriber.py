"""Prints the routing facts of one ministry, a line of JSON each.  AMQP_URI=amqp://ministry-moh:…@host/ python subscriber.py MOH"""

import json
import os
import sys
from urllib.parse import unquote, urlsplit

import amqp

code = sys.argv[1]
uri = urlsplit(os.environ["AMQP_URI"])
queue = f"ministry.{code.lower()}.facts"


def take(message: amqp.Message) -> None:
    """Writes the fact down, then acknowledges it: in this order, so that a crash costs a duplicate and never a fact."""
    headers = message.headers
    fact = {name[3:]: headers[name] for name in headers if name.startswith("ce-")} | {
        "data": json.loads(message.body)
    }
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()
    message.channel.basic_ack(message.delivery_tag)


vhost = unquote(uri.path[1:]) or "/"
tls = uri.scheme == "amqps"
host = f"{uri.hostname}:{uri.port or (5671 if tls else 5672)}"
ssl = {"server_hostname": uri.hostname} if tls else False
with amqp.Connection(host, uri.username, uri.password, virtual_host=vhost, ssl=ssl) as link:
    channel = link.channel()
    channel.queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(queue, "routing.events", f"*.v1.{code}")
    channel.basic_qos(0, 100, False)
    channel.basic_consume(queue, callback=take)
    while True:
        link.drain_events()
