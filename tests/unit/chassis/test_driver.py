"""The name of the database's host is looked up by a green thread, and not by the driver, which would stop the process for it."""

import itertools

import eventlet
import pytest
import sqlalchemy
from eventlet.support import greendns

from services.chassis import database, driver
from services.chassis.database import DatabaseUnavailable
from tests.support.name_server import answering
from tests.support.poll import until

HOST = "db.test"


@pytest.fixture(autouse=True)
def _database_by_name(monkeypatch, databases, environment):
    """The database under a name that nobody but the name server of the test knows."""
    monkeypatch.setattr(greendns, "resolver", greendns.ResolverProxy())
    address = sqlalchemy.make_url(databases.urls["intake"])
    assert address.host == "127.0.0.1"
    environment({"DATABASE_URL_INTAKE": address.set(host=HOST).render_as_string(hide_password=False)})


def ask() -> int:
    with database.transaction("intake") as connection:
        return connection.exec_driver_sql("SELECT 1").scalar_one()


def test_it_is_found_by_its_name():
    with answering({HOST: "127.0.0.1"}):
        assert ask() == 1


def test_while_nobody_says_where_it_is_others_run(monkeypatch):
    monkeypatch.setattr(driver, "LOOK_UP_SECONDS", 0.3)
    looks = itertools.count()
    beside = eventlet.spawn(until, lambda: next(looks) < 0)
    try:
        with answering({}), pytest.raises(DatabaseUnavailable):
            ask()
    finally:
        beside.kill()
    assert next(looks) > 3
