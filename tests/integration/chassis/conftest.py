import pytest


@pytest.fixture(scope="session")
def database_template(database_template):
    """A database with the schemas of the toys beside the others."""
    from tests.support.toy import make_schemas

    return database_template.filled("toys", make_schemas)


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
