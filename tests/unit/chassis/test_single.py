"""A change that is one statement: a transaction of its own, and the first fact about what it makes with it."""

import uuid
from contextlib import suppress

import pytest
import sqlalchemy

from services.chassis import database, outbox
from services.chassis.clock import now
from services.chassis.contract import Fact
from services.chassis.database import after_commit, single, transaction
from services.chassis.prepared import Prepared

MAKE = "INSERT INTO inbox_cursor (source, subject, last) VALUES ('x', %(subject)s, 1)"
WITH_FACT = (
    "WITH made AS (INSERT INTO inbox_cursor (source, subject, last) SELECT 'x', %(fact_subject)s, 1 WHERE %(wanted)s RETURNING 1), "
    + outbox.first_fact_sql(guard="made")
    + " SELECT count(*) FROM made"
)


def made(databases) -> int:
    return databases.rows("intake", "SELECT count(*) FROM inbox_cursor")[0][0]


def subject() -> dict[str, str]:
    return {"subject": str(uuid.uuid4())}


def test_each_statement_commits_by_itself_and_callbacks_follow(databases):
    called = []
    with single("intake") as connection:
        after_commit(connection, lambda: called.append(made(databases)))
        connection.exec_driver_sql(MAKE, subject())
        assert made(databases) == 1
        assert called == []
    assert called == [1]


@pytest.mark.parametrize("opened", [single, transaction])
def test_callbacks_of_what_was_rolled_back_never_run(databases, opened):
    called = []
    with opened("intake") as connection:
        used = connection.connection.dbapi_connection
        after_commit(connection, lambda: called.append("before"))
    with suppress(ZeroDivisionError), opened("intake") as connection:
        after_commit(connection, lambda: called.append("rolled back"))
        raise ZeroDivisionError
    with opened("intake") as connection:
        assert connection.connection.dbapi_connection is used
        after_commit(connection, lambda: called.append("committed"))
    assert called == ["before", "committed"]


def test_a_transaction_after_it_is_one_again(databases):
    with single("intake") as connection:
        connection.exec_driver_sql(MAKE, subject())
    with transaction("intake") as connection:
        connection.exec_driver_sql(MAKE, subject())
        connection.rollback()
    assert made(databases) == 1


def test_a_prepared_statement_outlives_rollbacks_and_is_prepared_again_on_a_new_connection(databases):
    make = Prepared("make", MAKE, {"subject": "uuid"})
    for _ in range(2):
        with suppress(ZeroDivisionError), transaction("intake") as connection:
            make.execute(connection, subject())
            raise ZeroDivisionError
        with transaction("intake") as connection:
            make.execute(connection, subject())
        database.engine("intake").dispose()
    assert made(databases) == 2


def test_a_statement_records_the_first_fact_about_what_it_makes_or_nothing(databases):
    for wanted in (True, False):
        fact = Fact("Made", 1, str(uuid.uuid4()), "-", {"a": 1})
        with single("intake") as connection:
            parameters = outbox.first_fact(connection, fact, source="intake", now=now())
            connection.exec_driver_sql(WITH_FACT, parameters | {"wanted": wanted})
    rows = databases.rows("intake", "SELECT type, sequence, data FROM outbox")
    assert rows == [("Made", 1, {"a": 1})]
    assert databases.rows("intake", "SELECT last FROM outbox_sequence") == [(1,)]
    assert made(databases) == 1


def test_the_fact_that_follows_the_first_is_the_second(databases):
    fact = Fact("Made", 1, str(uuid.uuid4()), "-", {"a": 1})
    with single("intake") as connection:
        parameters = outbox.first_fact(connection, fact, source="intake", now=now())
        connection.exec_driver_sql(WITH_FACT, parameters | {"wanted": True})
    with transaction("intake") as connection:
        [event] = outbox.record(connection, [fact], source="intake", now=now())
    assert event.sequence == 2


def test_a_first_fact_about_a_known_subject_undoes_all_of_the_statement(databases):
    fact = Fact("Made", 1, str(uuid.uuid4()), "-", {"a": 1})
    with transaction("intake") as connection:
        outbox.record(connection, [fact], source="intake", now=now())
    with single("intake") as connection:
        parameters = outbox.first_fact(connection, fact, source="intake", now=now()) | {"wanted": True}
        with pytest.raises(sqlalchemy.exc.IntegrityError):
            connection.exec_driver_sql(WITH_FACT, parameters)
    assert made(databases) == 0
    assert databases.rows("intake", "SELECT count(*) FROM outbox") == [(1,)]


def test_a_database_that_is_away_is_said_alike(environment):
    environment({"DATABASE_URL_INTAKE": "postgresql://nobody@127.0.0.1:1/nothing"})
    with pytest.raises(database.DatabaseUnavailable), single("intake") as connection:
        connection.exec_driver_sql("SELECT 1")
