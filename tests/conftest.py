"""What all tests share: servers, databases, vhosts, keys. Imports stay inside the fixtures, because the
directories below must be able to patch with eventlet before anything else is imported."""

import signal

import pytest
from hypothesis import settings as hypothesis_settings

# A busy machine makes a rule slow now and then, which says nothing about the rule.
hypothesis_settings.register_profile("unhurried", deadline=None)
hypothesis_settings.load_profile("unhurried")


def pytest_configure() -> None:
    """A run that is told to end takes its servers and services with it, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres():
    """The administrator's address of a PostgreSQL that may be used for tests."""
    from tests.support.postgres import PrivatePostgres, given_admin_url

    url = given_admin_url()
    if url is not None:
        yield url
        return
    server = PrivatePostgres().start()
    yield server.url
    server.close()


@pytest.fixture(scope="session")
def database_template(postgres):
    from tests.support.databases import Template

    template = Template(postgres)
    yield template
    template.drop()


@pytest.fixture
def databases(database_template, environment):
    """A fresh migrated database, to which DATABASE_URL_<SERVICE> point.

    `.urls`, `.rows(service, sql)`, `.connect(service)`.
    """
    fresh = database_template.take()
    environment(fresh.environment)
    yield fresh
    _forget()
    database_template.give_back(fresh)


@pytest.fixture(scope="session")
def rabbit():
    """A RabbitMQ node that may be used for tests: `.uri(vhost)`, `.create_vhost()`, `.ctl(…)`."""
    from tests.support.private_rabbit import PrivateBroker
    from tests.support.rabbit import existing_broker, install

    broker = existing_broker()
    if broker is not None:
        yield broker
        broker.forget_vhosts()
        return
    install()
    broker = PrivateBroker().start()
    yield broker
    broker.close()


@pytest.fixture
def vhost(rabbit, environment):
    """A fresh vhost; AMQP_URI points at it. `.uri`, `.name`, `.queues()`."""
    fresh = rabbit.create_vhost()
    environment({"AMQP_URI": fresh.uri})
    yield fresh
    fresh.drop()


@pytest.fixture
def private_postgres():
    """A server of this test alone, to be killed, frozen and restarted."""
    from tests.support.postgres import PrivatePostgres

    server = PrivatePostgres().start()
    yield server
    _forget()
    server.close()


@pytest.fixture(scope="session")
def own_broker():
    """The node of `private_broker`: to start one takes as long as a dozen tests."""
    from tests.support.private_rabbit import PrivateBroker
    from tests.support.rabbit import install

    install()
    broker = PrivateBroker(plugins=("rabbitmq_management",)).start()
    yield broker
    broker.close()


@pytest.fixture
def private_broker(own_broker):
    """A RabbitMQ node that nobody else uses, to be killed, frozen and restarted. It is well again afterwards."""
    yield own_broker
    own_broker.mend()


@pytest.fixture
def private_vhost(private_broker):
    """A fresh vhost on it. `.uri`, `.name`."""
    fresh = private_broker.create_vhost()
    yield fresh
    fresh.drop()


@pytest.fixture(scope="session")
def keys():
    """Fresh values of all key settings by their names."""
    from services.cli.keys import generate

    return generate()


@pytest.fixture
def environment(monkeypatch, keys):
    """A function that sets environment variables for this test and forgets what was cached. Keys are set."""

    def change(values: dict[str, str | None]) -> None:
        for name, value in values.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, str(value))
        _forget()

    change(keys)
    yield change
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    """Settings and engines are read once per process; tests change what they were read from."""
    from services.chassis import database, settings

    settings.forget()
    database.forget()
