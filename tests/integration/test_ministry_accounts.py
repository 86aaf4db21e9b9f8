"""A ministry's account on a real broker: it reads its own routing facts, all of them and in order, and may do nothing else."""

import os
from datetime import UTC, datetime
from types import SimpleNamespace

import amqp
import pytest
from amqp.exceptions import AccessRefused
from nameko import config
from nameko.runners import ServiceRunner

from services.chassis import database
from services.chassis.clock import new_id, now
from services.chassis.event import Event
from services.cli.ministry import user_of
from services.cli.postgres import free_port
from services.routing import seed
from tests.support.ministry import Subscriber, new_code, open_channel, password_of, run, two_accounts
from tests.support.poll import until


@pytest.fixture(scope="module")
def accounts(rabbit):
    """Made once: each call of rabbitmqctl takes a second."""
    with two_accounts(rabbit) as made:
        yield made


def publish(channel, exchange: str, key: str) -> None:
    """Publishes and waits for what the broker says to it, which comes later than the call."""
    channel.basic_publish(amqp.Message("{}"), exchange, key)
    channel.connection.drain_events(timeout=5)


@pytest.fixture
def channel(accounts):
    """A channel of the first ministry."""
    user, password = user_of(accounts.first), accounts.passwords[accounts.first]
    with open_channel(accounts.rabbit, user, password, accounts.vhost.name) as opened:
        yield opened


def own(accounts, name: str) -> str:
    return f"ministry.{accounts.first.lower()}.{name}"


def test_it_reads_what_is_of_its_own_scope(accounts, channel):
    queue = own(accounts, "read")
    channel.queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    for key in (f"*.v1.{accounts.first}", f"ComplaintAssigned.v1.{accounts.first}"):
        channel.queue_bind(queue, "routing.events", key)
    with open_channel(
        accounts.rabbit, accounts.rabbit.user, accounts.rabbit.password, accounts.vhost.name
    ) as system:
        for scope in (accounts.second, "-", accounts.first, f"{accounts.first}X"):
            system.basic_publish(amqp.Message(scope), "routing.events", f"ComplaintAssigned.v1.{scope}")
    message = until(lambda: channel.basic_get(queue))
    assert message.body == accounts.first
    channel.basic_ack(message.delivery_tag)
    assert channel.basic_get(queue) is None


@pytest.mark.parametrize(
    "key",
    [
        "#",
        "*",
        "*.*.*",
        "*.v1.*",
        "*.v1.#",
        "#.{second}",
        "*.v1.{second}",
        "ComplaintAssigned.v1.{second}",
        "ComplaintAssigned.v1.-",
        "*.*.{first}",
        "#.{first}",
        "*.v1.{first}X",
        "*.v1.{first}.#",
        "",
    ],
)
def test_it_cannot_bind_to_what_is_not_its_own(accounts, channel, key):
    channel.queue_declare(own(accounts, "bound"), durable=False, auto_delete=True)
    with pytest.raises(AccessRefused):
        channel.queue_bind(
            own(accounts, "bound"), "routing.events", key.format(first=accounts.first, second=accounts.second)
        )


@pytest.mark.parametrize(
    "exchange", ["intake.events", "notification.events", "amq.topic", "amq.rabbitmq.trace"]
)
def test_it_cannot_bind_to_another_exchange(accounts, channel, exchange):
    channel.queue_declare(own(accounts, "bound"), durable=False, auto_delete=True)
    with pytest.raises(AccessRefused):
        channel.queue_bind(own(accounts, "bound"), exchange, f"*.v1.{accounts.first}")


def test_it_cannot_bind_an_exchange_of_its_own_to_more(accounts, channel):
    channel.exchange_declare(own(accounts, "fan"), "topic", durable=False, auto_delete=True)
    with pytest.raises(AccessRefused):
        channel.exchange_bind(own(accounts, "fan"), "routing.events", "#")


@pytest.mark.parametrize(
    ("exchange", "key"),
    [
        ("routing.events", "ComplaintAssigned.v1.{first}"),
        ("routing.events", "ComplaintAssigned.v1.{second}"),
        ("intake.events", "ComplaintReceived.v1.-"),
        ("notification.events", "NotificationDelivered.v1.-"),
        ("", "reporting.inbox"),
        ("", "ministry.{second_queue}.facts"),
        ("amq.topic", "x"),
    ],
)
def test_it_cannot_publish(accounts, channel, exchange, key):
    names = {"first": accounts.first, "second": accounts.second, "second_queue": accounts.second.lower()}
    channel.confirm_select()
    with pytest.raises(AccessRefused):
        publish(channel, exchange, key.format(**names))


@pytest.mark.parametrize("target", ["", "intake.events", "routing.events"])
def test_it_cannot_publish_by_way_of_dead_letters(accounts, channel, target):
    arguments = {
        "x-dead-letter-exchange": target,
        "x-dead-letter-routing-key": "reporting.inbox",
        "x-max-length": 0,
    }
    with pytest.raises(AccessRefused):
        channel.queue_declare(own(accounts, "dead"), durable=False, auto_delete=True, arguments=arguments)


def test_it_cannot_publish_by_way_of_an_alternate_exchange(accounts, channel):
    with pytest.raises(AccessRefused):
        channel.exchange_declare(
            own(accounts, "side"), "topic", durable=False, arguments={"alternate-exchange": "intake.events"}
        )


@pytest.mark.parametrize(
    "act", ["queue_declare", "queue_purge", "queue_delete", "basic_get", "basic_consume"]
)
def test_it_cannot_touch_the_queues_of_others(accounts, act):
    for queue in ("reporting.inbox", f"ministry.{accounts.second.lower()}.facts"):
        user, password = user_of(accounts.first), accounts.passwords[accounts.first]
        with (
            open_channel(accounts.rabbit, user, password, accounts.vhost.name) as channel,
            pytest.raises(AccessRefused),
        ):
            getattr(channel, act)(queue)


def test_it_cannot_enter_another_vhost(accounts):
    with (
        pytest.raises(amqp.AMQPError),
        open_channel(accounts.rabbit, user_of(accounts.first), accounts.passwords[accounts.first], "/"),
    ):
        pass


def test_it_cannot_take_all_connections(accounts):
    user, password = user_of(accounts.second), accounts.passwords[accounts.second]
    address = f"{accounts.rabbit.host}:{accounts.rabbit.port}"
    opened = [amqp.Connection(address, user, password, virtual_host=accounts.vhost.name) for _ in range(8)]
    refused = 0
    for connection in opened:
        try:
            connection.connect()
        except (amqp.AMQPError, OSError):
            refused += 1
    for connection in opened:
        connection.collect()
    assert refused == 3


def test_an_account_is_listed_made_once_and_revoked_with_its_queues(accounts):
    code, vhost = new_code(), accounts.vhost.name
    made = run(accounts.environment, "create", code, "--unlisted", vhost=vhost)
    assert made.exit_code == 0, made.output
    assert f"{code}\t{user_of(code)}" in run(accounts.environment, "list", vhost=vhost).output.splitlines()
    again = run(accounts.environment, "create", code, "--unlisted", vhost=vhost)
    assert again.exit_code == 1
    assert "revoke it first" in again.output

    with open_channel(accounts.rabbit, user_of(code), password_of(made), vhost) as channel:
        channel.queue_declare(f"ministry.{code.lower()}.facts", durable=True, auto_delete=False)
    gone = run(accounts.environment, "revoke", code, vhost=vhost)
    assert gone.exit_code == 0, gone.output
    assert f"ministry.{code.lower()}.facts" in gone.output
    assert f"ministry.{code.lower()}.facts" not in accounts.vhost.queues()
    with (
        pytest.raises(amqp.AMQPError),
        open_channel(accounts.rabbit, user_of(code), password_of(made), vhost),
    ):
        pass
    assert run(accounts.environment, "revoke", code, vhost=vhost).exit_code == 1


@pytest.mark.parametrize("code", ["moh", "M.H", "MOH|.*", "", "-", "TOOLONGTOOLONGTOOLONG", "M\nOH"])
def test_a_code_that_could_widen_a_pattern_is_refused(code):
    answer = run({"RABBITMQCTL": "/nowhere"}, "create", "--unlisted", "--", code, vhost="/")
    assert answer.exit_code == 2
    assert "capital letters" in answer.output


def test_a_mistyped_body_is_refused_and_a_missing_tool_is_said():
    mistyped = run({"RABBITMQCTL": "/nowhere"}, "create", "MOHH", vhost="/")
    assert (mistyped.exit_code, "no such body" in mistyped.output) == (2, True)
    nowhere = run({"RABBITMQCTL": "/nowhere"}, "create", "MOH", vhost="/")
    assert (nowhere.exit_code, "RABBITMQ_MANAGEMENT_URI" in nowhere.output) == (1, True)
    assert os.environ.get("RABBITMQCTL") != "/nowhere"


@pytest.fixture
def world(accounts, databases, environment, tmp_path):
    """Routing on a real broker, where the two ministries are bodies; `.file(code, n)` files complaints for one."""
    from services.routing.service import RoutingService

    rabbit, vhost = accounts.rabbit, accounts.vhost
    environment({"ROUTING_PORT": str(free_port()), "AMQP_URI": vhost.uri})
    codes = (accounts.first, accounts.second)
    with database.transaction("routing") as connection:
        seed.fill(connection, now())
    for code in codes:
        _add_body(databases, code)
    config.setup({"AMQP_URI": vhost.uri})
    runner = ServiceRunner()
    runner.add_service(RoutingService)
    runner.start()

    def file(code: str, number: int) -> None:
        with open_channel(rabbit, rabbit.user, rabbit.password, vhost.name) as channel:
            channel.confirm_select()
            for _ in range(number):
                event = _received(f"test.{code}")
                body, headers, properties = event.to_amqp()
                message = amqp.Message(
                    body, application_headers=headers, content_type="application/json", **properties
                )
                channel.basic_publish_confirm(message, "intake.events", event.routing_key, mandatory=True)

    def published(code: str) -> list[str]:
        rows = databases.rows(
            "routing",
            "SELECT event_id::text FROM outbox WHERE scope = %(code)s AND published_at IS NOT NULL ORDER BY position",
            {"code": code},
        )
        return [row[0] for row in rows]

    def subscriber(code: str) -> Subscriber:
        uri = f"amqp://{user_of(code)}:{accounts.passwords[code]}@{rabbit.host}:{rabbit.port}/{vhost.name}"
        return Subscriber(code, uri, tmp_path / f"{code}.log")

    until(lambda: "routing.inbox" in vhost.queues())
    yield SimpleNamespace(codes=codes, file=file, published=published, subscriber=subscriber, vhost=vhost)
    runner.stop()


def test_each_ministry_gets_its_own_facts_complete_and_in_order_and_no_others(world):
    one, other = (world.subscriber(code) for code in world.codes)
    one.start(), other.start()
    try:
        until(
            lambda: {f"ministry.{code.lower()}.facts" for code in world.codes} <= set(world.vhost.queues()),
            30,
        )
        for _ in range(3):
            world.file(world.codes[0], 20)
            world.file(world.codes[1], 5)
        until(
            lambda: (
                len(world.published(world.codes[0])) == 120 and len(world.published(world.codes[1])) == 30
            ),
            30,
        )
        until(lambda: len(one.ids()) == 120 and len(other.ids()) == 30)

        # Killed where it stands; what comes meanwhile waits on the broker.
        one.kill()
        world.file(world.codes[0], 20)
        until(lambda: len(world.published(world.codes[0])) == 160)
        one.start()
        until(lambda: len(one.ids()) == 160)
    finally:
        one.kill(), other.kill()

    assert one.ids() == world.published(world.codes[0])
    assert other.ids() == world.published(world.codes[1])
    for subscriber in (one, other):
        facts = {fact["id"]: fact for fact in subscriber.facts()}.values()
        assert {fact["data"].get("institution", subscriber.code) for fact in facts} == {subscriber.code}
        sequences: dict[str, list[tuple[int, str]]] = {}
        for fact in facts:
            sequences.setdefault(fact["subject"], []).append((int(fact["sequence"]), fact["type"]))
        expected = [(1, "bekhedmetkom.ComplaintAssigned.v1"), (2, "bekhedmetkom.PromiseSet.v1")]
        assert all(each == expected for each in sequences.values())


def _add_body(databases, code: str) -> None:
    databases.rows(
        "routing",
        "INSERT INTO institution VALUES (%(code)s, 'ministry', NULL, 'اختبار', 'Test');"
        "INSERT INTO rule VALUES (%(code)s, %(category)s, NULL, %(code)s, 10, '2020-01-01');"
        "INSERT INTO officer VALUES (%(id)s, %(code)s, 'main', 'أ', 'A', %(code)s || '@example.org',"
        " '+962773009999', '{ar}', true, now())",
        {"code": code, "category": f"test.{code}", "id": new_id()},
    )


def _received(category: str) -> Event:
    subject = new_id()
    moment = datetime.now(UTC)
    data = {
        "complaint_id": subject,
        "kind": "complaint",
        "category": category,
        "governorate": "JO-AM",
        "language": "ar",
        "received_at": moment.isoformat(),
    }
    return Event(new_id(), "ComplaintReceived", 1, "intake", subject, 1, moment, "-", data, "test")
