"""One database for the tests of a module: making one takes longer than most of them."""

import pytest


@pytest.fixture(scope="module")
def one_database(database_template):
    fresh = database_template.copy()
    yield fresh
    from services.chassis import database

    database.forget()
    fresh.drop()


@pytest.fixture
def databases(one_database, environment):
    """The module's database, emptied."""
    environment(one_database.environment)
    one_database.rows("reporting", "TRUNCATE complaint, institution, figure")
    return one_database
