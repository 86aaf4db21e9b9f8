import pytest


@pytest.fixture(scope="session")
def database_template(database_template):
    """The database of an installation that begins now."""
    from services.chassis.clock import now
    from tests.support.filled import fill_routing

    return database_template.filled("now", lambda databases: fill_routing(databases, now()))
