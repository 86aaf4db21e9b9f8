"""The driver's own errors, which SQLAlchemy lets out where it resets a connection, are the database being away too."""

import psycopg2
import pytest

from services.chassis import database


@pytest.mark.parametrize("error", [psycopg2.OperationalError("gone"), psycopg2.InterfaceError("closed")])
def test_a_bare_error_of_the_driver_is_translated(error):
    with pytest.raises(database.DatabaseUnavailable), database.available("toy"):
        raise error
    assert database.is_away(error)


def test_other_errors_pass():
    with pytest.raises(psycopg2.ProgrammingError), database.available("toy"):
        raise psycopg2.ProgrammingError
