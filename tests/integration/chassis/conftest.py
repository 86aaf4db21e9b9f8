import pytest


@pytest.fixture
def toys(databases, vhost, environment):
    """Two services over the chassis in a fresh database and vhost."""
    from tests.support.toy import Toys

    made = Toys(databases, environment)
    yield made
    made.stop()


@pytest.fixture
def embedded_toys(databases, environment):
    """The same over the in-memory broker."""
    from services.chassis import embedded
    from tests.support.toy import Toys

    environment({"AMQP_URI": "embedded://"})
    embedded.forget()
    made = Toys(databases, environment)
    yield made
    made.stop()
    embedded.forget()
