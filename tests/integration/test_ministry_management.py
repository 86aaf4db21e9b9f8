"""Ministry accounts by the management API, which is how they are made where the broker is on another machine."""

import amqp
import pytest
import requests
from amqp.exceptions import AccessRefused

from services.cli.ministry import POLICY, user_of
from tests.support.ministry import new_code, open_channel, password_of, run
from tests.support.poll import until


@pytest.fixture
def managed(private_broker):
    """A node with the management API; `.api` is its address with the account."""
    broker = private_broker
    broker.api = f"http://{broker.user}:{broker.password}@{broker.host}:{broker.management_port}"
    until(lambda: _answers(broker.api), 60, every=0.2)
    with open_channel(broker, broker.user, broker.password, "/") as channel:
        channel.exchange_declare("routing.events", "topic", durable=True, auto_delete=False)
    return broker


def test_the_same_account_is_made_limited_listed_and_revoked_over_http(managed):
    environment, code = {"RABBITMQ_MANAGEMENT_URI": managed.api}, new_code()
    made = run(environment, "create", code, "--unlisted", vhost="/")
    assert made.exit_code == 0, made.output
    assert f"{code}\t{user_of(code)}" in run(environment, "list", vhost="/").output.splitlines()

    queue = f"ministry.{code.lower()}.facts"
    with open_channel(managed, user_of(code), password_of(made), "/") as channel:
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(queue, "routing.events", f"*.v1.{code}")
        with pytest.raises(AccessRefused):
            channel.queue_bind(queue, "routing.events", "#")
    # What stays away must not fill the broker. The API knows of the queue's policy with its next figures only.
    where = f"{managed.api}/api/queues/%2F/{queue}"
    until(lambda: requests.get(where, timeout=10).json().get("effective_policy_definition") == POLICY)
    limits = requests.get(f"{managed.api}/api/user-limits/{user_of(code)}", timeout=10).json()
    assert limits[0]["value"] == {"max-connections": 5, "max-channels": 50}

    assert run(environment, "create", code, "--unlisted", vhost="/").exit_code == 1
    gone = run(environment, "revoke", code, vhost="/")
    assert (gone.exit_code, queue in gone.output) == (0, True)
    assert requests.get(where, timeout=10).status_code == 404
    with pytest.raises(amqp.AMQPError), open_channel(managed, user_of(code), password_of(made), "/"):
        pass


def test_a_wrong_password_and_a_closed_port_are_said_without_the_password(managed):
    wrong = managed.api.replace(f":{managed.password}@", ":not-it@")
    refused = run({"RABBITMQ_MANAGEMENT_URI": wrong}, "list", vhost="/")
    assert (refused.exit_code, "answered 401" in refused.output) == (1, True)
    silent = run({"RABBITMQ_MANAGEMENT_URI": "http://u:not-it@127.0.0.1:9"}, "list", vhost="/")
    assert (silent.exit_code, "does not answer" in silent.output) == (1, True)
    assert "not-it" not in refused.output + silent.output


def _answers(api: str) -> bool:
    try:
        return requests.get(f"{api}/api/overview", timeout=5).ok
    except requests.RequestException:
        return False
