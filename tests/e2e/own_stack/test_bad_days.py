"""Servers that go away: what is accepted is kept, what cannot be kept is refused, and all of it is made good."""

import pytest

from services.cli.sinks import SENDERS
from tests.support import journey
from tests.support.deployment import Deployment
from tests.support.poll import until

NOBODY_LISTENS = {**SENDERS, "SMTP_URL": "smtp://127.0.0.1:9", "SMPP_URL": "smpp://nobody:nobody@127.0.0.1:9"}


@pytest.fixture
def own_system(private_postgres, private_broker, keys):
    """A system on servers of its own, to be taken away."""
    from services.cli.registry import OWNERS
    from tests.support.databases import Databases, Template

    databases = Databases(private_postgres.url, Template(private_postgres.url).name)
    environment = {
        **databases.environment,
        **keys,
        **NOBODY_LISTENS,
        "AMQP_URI": private_broker.uri(),
        "LIMITS": "false",
    }
    deployment = Deployment(environment)
    deployment.command("topology", "declare")
    deployment.command("seed", *OWNERS)
    deployment.databases = databases
    yield deployment.start()
    deployment.close()


def test_complaints_are_taken_while_the_broker_is_away_and_refused_while_the_database_is(
    own_system, private_broker, private_postgres
):
    gateway = own_system.gateway
    private_broker.kill()
    filed = [journey.file(gateway) for _ in range(5)]
    assert {journey.track(gateway, each)["status"]["code"] for each in filed} == {"received"}
    private_broker.start()
    for tracking in filed:
        journey.wait_until_assigned(gateway, tracking, 60)

    private_postgres.kill()
    refused = journey.ask(f"{gateway}/v1/complaints", journey.complaint())
    assert refused.status == 503, refused
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert all(process.alive for process in own_system.processes.values())
    private_postgres.start()

    again = until(lambda: _filed(gateway), 30, every=0.2)
    journey.wait_until_assigned(gateway, again, 60)
    counted = own_system.databases.rows("intake", "SELECT count(*) FROM complaint")[0][0]
    assert counted == len(filed) + 1, "nothing may be stored of what was refused"


def _filed(gateway: str) -> str | None:
    answer = journey.ask(f"{gateway}/v1/complaints", journey.complaint())
    return answer.body["tracking_number"] if answer.status == 201 else None
