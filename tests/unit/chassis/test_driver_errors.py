"""The driver's own errors, which SQLAlchemy lets out where it resets a connection, are the database being away too."""

import eventlet
import psycopg2
import pytest
from sqlalchemy.exc import DBAPIError

from services.chassis import database
from services.chassis.problems import Problem, problem_of


@pytest.mark.parametrize("error", [psycopg2.OperationalError("gone"), psycopg2.InterfaceError("closed")])
def test_a_bare_error_of_the_driver_is_translated(error):
    with pytest.raises(database.DatabaseUnavailable), database.available("toy"):
        raise error
    assert database.is_away(error)


def test_other_errors_pass():
    with pytest.raises(psycopg2.ProgrammingError), database.available("toy"):
        raise psycopg2.ProgrammingError


def test_a_transaction_that_lost_against_another_is_asked_for_again_and_no_fault_of_ours(databases):
    started = [eventlet.Event(), eventlet.Event()]

    def lock(mine: int) -> Problem | None:
        try:
            with database.transaction("intake") as connection:
                for number in (mine, 1 - mine):
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({number})")
                    if not started[mine].ready():
                        started[mine].send(None)
                    started[1 - mine].wait()
        except DBAPIError as error:
            return problem_of(error)
        return None

    found = [each.wait() for each in [eventlet.spawn(lock, number) for number in (0, 1)]]
    (problem,) = [each for each in found if each is not None]
    assert (problem.status, problem.code, problem.headers["Retry-After"]) == (503, "busy", "1")
