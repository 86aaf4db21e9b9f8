"""Intake on a real broker: its fact goes out with nothing personal in the open, routing's facts come in."""

import json
import socket
from datetime import timedelta
from queue import Empty

import kombu
import pytest
import requests
from nameko.containers import ServiceContainer

from services.chassis import actor, broker, seal
from services.chassis.clock import new_id, now
from services.chassis.event import Event
from services.intake.service import IntakeService
from tests.support.poll import until

BODY = {
    "category": "water.outage",
    "governorate": "JO-IR",
    "text": "المياه مقطوعة عن الحي منذ أسبوع",
    "title": "انقطاع",
    "complainant": {"name": "سارة الخطيب", "phone": "0791234567", "email": "sara@example.com"},
}
PERSONAL = ("سارة", "791234567", "sara@example.com", "المياه", "انقطاع", "BK-")
NAME = {"ar": "سلطة المياه", "en": "Water Authority"}


@pytest.fixture
def wire(vhost):
    """A channel of the broker, with a queue that hears all that intake says."""
    with kombu.Connection(vhost.uri) as connection:
        channel = connection.default_channel
        broker.declare_exchange(channel, "intake")
        heard = kombu.Queue("heard", kombu.Exchange("intake.events", type="topic"), "#", channel=channel)
        heard.declare()
        broker.declare_inbox(channel, "intake", ["routing"])
        yield channel


@pytest.fixture
def intake(databases, wire, environment):
    """The service in this process; returns its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment({"INTAKE_PORT": port})
    container = ServiceContainer(IntakeService)
    container.start()
    yield f"http://127.0.0.1:{port}"
    container.stop()


def headers(**extra):
    token = actor.sign(actor.Actor("somebody", frozenset({"public"})), "intake", now())
    return {"Authorization": f"Bearer {token}", "Accept-Language": "en", **extra}


def hear(wire):
    """The next message that intake published."""
    queue = kombu.Queue("heard", channel=wire)

    def take():
        try:
            return queue.get(no_ack=True)
        except Empty:
            return None

    return until(take)


def state(wire, kind, subject, sequence, data):
    """Publishes a fact as routing does."""
    fact = Event(
        new_id(),
        kind,
        1,
        "routing",
        subject,
        sequence,
        now(),
        "WAJ",
        data | {"complaint_id": subject},
        new_id(),
    )
    body, fact_headers, properties = fact.to_amqp()
    kombu.Producer(wire).publish(
        body,
        exchange="routing.events",
        routing_key=fact.routing_key,
        headers=fact_headers,
        content_type="application/json",
        content_encoding="utf-8",
        **properties,
    )


def test_a_complaint_goes_out_as_a_fact_with_nothing_personal_in_the_open(intake, wire, keys, databases):
    answer = requests.post(f"{intake}/complaints", json=BODY, headers=headers(), timeout=10)
    assert answer.status_code == 201, answer.text
    message = hear(wire)
    [(complaint_id,)] = databases.rows("intake", "SELECT id::text FROM complaint")
    assert message.delivery_info["routing_key"] == "ComplaintReceived.v1.-"
    assert message.headers["ce-subject"] == complaint_id
    assert message.headers["ce-sequence"] == "1"
    assert message.headers["ce-correlationid"] == answer.headers["X-Correlation-Id"]
    body = message.body if isinstance(message.body, str) else bytes(message.body).decode()
    told = body + json.dumps(message.headers, ensure_ascii=False)
    assert not [word for word in PERSONAL if word in told]
    opened = seal.unseal(keys["SEAL_PRIVATE_KEY"], json.loads(body)["sealed"])
    assert opened["tracking_number"] == answer.json()["tracking_number"]
    assert opened["phone"] == "+962791234567"


def test_the_status_follows_routing_twice_told_and_out_of_order(intake, wire, databases):
    number = requests.post(f"{intake}/complaints", json=BODY, headers=headers(), timeout=10).json()[
        "tracking_number"
    ]
    [(complaint_id,)] = databases.rows("intake", "SELECT id::text FROM complaint")
    due = (now() + timedelta(days=14)).isoformat()
    assigned = {
        "institution": "WAJ",
        "institution_name": NAME,
        "assigned_at": now().isoformat(),
        "officer_id": new_id(),
    }
    promise = {"due_at": due, "set_at": now().isoformat(), "working_days": 10}
    for _ in range(2):
        state(wire, "PromiseSet", complaint_id, 2, promise)
        state(wire, "ComplaintAssigned", complaint_id, 1, assigned)

    def shown():
        found = requests.get(f"{intake}/complaints/{number}", headers=headers(), timeout=10).json()
        return found if found["due_at"] else None

    found = until(shown)
    assert found["status"]["code"] == "assigned"
    assert (found["institution"], found["institution_name"]) == ("WAJ", "Water Authority")
    assert found["due_at"] == due
    assert [line["status"] for line in found["history"]] == ["received", "assigned"]
    assert databases.rows("intake", "SELECT count(*) FROM progress") == [(2,)]


def test_the_same_key_over_http_from_many_at_once_files_once(intake, databases):
    import eventlet

    def one(_):
        answer = requests.post(
            f"{intake}/complaints",
            json=BODY,
            headers=headers(**{"Idempotency-Key": "one of many"}),
            timeout=20,
        )
        return answer.status_code, answer.content

    answers = list(eventlet.GreenPool(10).imap(one, range(20)))
    assert {status for status, _ in answers} == {201}
    assert len({content for _, content in answers}) == 1
    assert databases.rows("intake", "SELECT count(*) FROM complaint") == [(1,)]
    assert databases.rows("intake", "SELECT count(*) FROM outbox") == [(1,)]
