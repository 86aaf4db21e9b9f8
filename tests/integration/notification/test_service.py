"""The whole service in its host: facts from a broker, the API behind the gateway's token, metrics, a graceful stop."""

import json
import urllib.error
import urllib.request
from collections import Counter

import pytest

from services.chassis import actor, clock, embedded, event
from services.chassis.broker import exchange_name
from services.cli.postgres import free_port
from tests.support.notices import Facts, handle
from tests.support.poll import until


@pytest.fixture
def service(outside, vhost, environment):
    """Notification over a real broker. `ask(path, *roles)`, `publish(event)`, `stop()`."""
    from nameko import config
    from nameko.runners import ServiceRunner

    from services.notification.service import NotificationService

    port = free_port()
    environment({"NOTIFICATION_PORT": str(port)})
    config.setup({"AMQP_URI": vhost.uri})
    runner = ServiceRunner()
    runner.add_service(NotificationService)
    runner.start()
    service = _Service(port, vhost.uri)
    until(lambda: service.ask("/health/ready")[0] == 200)
    # It is ready without its broker; what is published before its queue is bound would go nowhere.
    until(lambda: 'bekhedmetkom_consumer_connected{service="notification"} 1.0' in service.ask("/metrics")[1])
    yield service
    service.close()
    runner.stop()


class _Service:
    def __init__(self, port, uri):
        import kombu

        self._base = f"http://127.0.0.1:{port}"
        self._connection = kombu.Connection(uri)
        self._channel = self._connection.channel()

    def ask(self, path, *roles):
        headers = {"Accept-Language": "en"}
        if roles:
            token = actor.sign(actor.Actor("staff-1", frozenset(roles)), "notification", clock.now())
            headers["Authorization"] = f"Bearer {token}"
        try:
            with urllib.request.urlopen(urllib.request.Request(self._base + path, headers=headers)) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def publish(self, fact):
        body, headers, properties = fact.to_amqp()
        from kombu import Exchange, Producer

        Producer(self._channel, Exchange(exchange_name(fact.source), "topic")).publish(
            body,
            routing_key=fact.routing_key,
            headers=headers,
            content_type=event.CONTENT_TYPE,
            content_encoding="utf-8",
            **properties,
        )

    def close(self):
        self._connection.release()


@pytest.fixture
def facts(keys):
    """Facts as they are on the wire."""
    from services.chassis.event import Event

    class Wire(Facts):
        def _fact(self, kind, **data):
            fact = super()._fact(kind, **data)
            sequence = {"ComplaintReceived": 1, "ComplaintAssigned": 1, "PromiseSet": 2}[kind]
            data = {"complaint_id": self.complaint, **data}
            return Event(
                fact.id, kind, 1, fact.source, fact.subject, sequence, fact.time, "-", data, "correlation-1"
            )

    return lambda: Wire(keys)


def test_facts_become_notices_that_staff_can_see(service, facts, outside, databases):
    fact = facts()
    story = [fact.promised(), fact.assigned(), fact.received()]
    for each in [*story, *story]:
        service.publish(each)

    def notices():
        status, body = service.ask(f"/staff/complaints/{fact.complaint}/notices", "coordinator")
        assert status == 200
        items = json.loads(body)["items"]
        return Counter((each["template"], each["channel"], each["state"]) for each in items)

    expected = {
        ("received", "sms", "delivered"): 1,
        ("received", "email", "sent"): 1,
        ("assigned", "sms", "delivered"): 1,
        ("assigned", "email", "sent"): 1,
        ("promised", "sms", "delivered"): 1,
        ("promised", "email", "sent"): 1,
        ("officer_assigned", "email", "sent"): 1,
    }
    until(lambda: notices() == expected)
    assert outside.smtp.received.summary() == {"count": 4, "distinct": 4, "repeated": []}
    # Nobody listens here, so the facts stay in the log.
    until(lambda: databases.rows("notification", "SELECT count(*) FROM outbox") == [(7,)])

    status, body = service.ask("/staff/messages/counts?hours=1", "coordinator")
    assert (status, sum(each["messages"] for each in json.loads(body)["items"])) == (200, 7)
    status, text = service.ask("/metrics")
    assert 'bekhedmetkom_messages_total{channel="sms",outcome="delivered",template="received"}' in text
    until(lambda: 'bekhedmetkom_messages_pending{channel="sms"} 0.0' in service.ask("/metrics")[1])


def test_only_staff_may_look(service, facts):
    path = f"/staff/complaints/{facts().complaint}/notices"
    assert service.ask(path)[0] == 401
    assert service.ask(path, "public")[0] == 403
    assert service.ask("/staff/messages/counts", "officer")[0] == 403
    assert service.ask("/staff/complaints/no-uuid/notices", "coordinator")[0] == 404
    assert service.ask("/staff/messages/counts?hours=0", "coordinator")[0] == 422
    assert service.ask(path, "officer")[0] == 403
    status, body = service.ask(path, "operations")
    assert (status, json.loads(body)) == (200, {"items": []})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEAL_PRIVATE_KEY", None),
        ("SMTP_URL", "http://mail"),
        ("SMPP_URL", "smpp://nobody"),
        ("MAIL_FROM", "nobody"),
        ("SMS_FROM", "much too long a name"),
        ("QUIET_HOURS", "at night"),
        ("COORDINATOR_EMAIL", None),
    ],
)
def test_a_missing_or_wrong_setting_stops_the_process(outside, environment, name, value):
    from services.chassis.settings import SettingError
    from services.notification import settings

    environment({name: value})
    with pytest.raises(SettingError, match=name):
        settings.load()


def test_it_works_over_the_embedded_broker_too(outside, environment, keys):
    """Sinks, service and broker in one process, as `make run` has them."""
    from nameko import config
    from nameko.runners import ServiceRunner

    from services.notification.service import NotificationService

    environment({"AMQP_URI": "embedded://", "NOTIFICATION_PORT": str(free_port())})
    embedded.forget()
    config.setup({"AMQP_URI": "embedded://"})
    runner = ServiceRunner()
    runner.add_service(NotificationService)
    runner.start()
    try:
        handle(Facts(keys).received())
        until(lambda: len(outside.texts()) == 1 and len(outside.subjects()) == 1)
    finally:
        runner.stop()
        embedded.forget()
