"""The tools of the tests are tested too: a fault that is not there would let every fault test pass."""

import socket
import time

import psycopg2
import pytest

from services.cli import database
from tests.support.cut import Cut
from tests.support.poll import until
from tests.support.rabbit import accepts


def test_until_gives_up_with_the_last_value():
    with pytest.raises(AssertionError, match="last value: 0"):
        until(lambda: 0, seconds=0.05)


def test_a_private_postgres_survives_kill_and_answers_nothing_while_stopped(private_postgres):
    def answers() -> bool:
        try:
            database.connect(private_postgres.url).close()
        except psycopg2.OperationalError:
            return False
        return True

    before = private_postgres.port
    private_postgres.kill()
    assert not answers()
    private_postgres.start()
    assert answers()
    assert private_postgres.port == before
    private_postgres.stop()
    with socket.create_connection(("127.0.0.1", before), timeout=0.3) as frozen:
        # The kernel accepts for it; nobody answers the request for TLS.
        frozen.sendall(bytes.fromhex("0000000804d2162f"))
        with pytest.raises(TimeoutError):
            frozen.recv(1)
    private_postgres.cont()
    until(answers)


def test_a_private_broker_survives_kill_and_keeps_its_vhosts(private_broker):
    vhost = private_broker.create_vhost()
    assert accepts(vhost.uri)
    private_broker.kill()
    assert not accepts(vhost.uri)
    private_broker.start()
    assert accepts(vhost.uri)
    private_broker.stop()
    assert not accepts(vhost.uri)
    private_broker.cont()
    until(lambda: accepts(vhost.uri))


def test_every_database_is_fresh_and_each_role_sees_its_own_schema_alone(databases):
    assert databases.rows(
        "intake", "SELECT count(*) FROM pg_namespace WHERE nspname IN ('intake', 'routing')"
    ) == [(2,)]
    with databases.connect("intake") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE own (id int)")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE routing.others (id int)")
    connection.close()


def test_vhosts_are_fresh(vhost):
    assert vhost.queues() == {}
    assert accepts(vhost.uri)


def ends(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.fixture
def echo():
    """A server that sends back what it gets."""
    import eventlet

    listener = eventlet.listen(("127.0.0.1", 0))

    def answer(connection, _address):
        while piece := connection.recv(100):
            connection.sendall(piece)

    server = eventlet.spawn(eventlet.serve, listener, answer)
    yield listener.getsockname()
    server.kill()


def test_cut_passes_delays_swallows_and_resets(echo):
    with Cut(echo) as proxy:
        line = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
        line.sendall(b"1")
        assert line.recv(1) == b"1"

        proxy.latency = 0.1
        began = time.monotonic()
        line.sendall(b"2")
        assert line.recv(1) == b"2"
        assert time.monotonic() - began >= 0.2
        proxy.latency = 0.0

        proxy.blackhole()
        line.sendall(b"3")
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.recv(1)
        proxy.heal()
        line.settimeout(5)
        assert line.recv(1) == b"3"

        proxy.cut()
        assert line.recv(1) == b""
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as refused:
            assert ends(refused)
        proxy.heal()
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as healed:
            healed.sendall(b"5")
            assert healed.recv(1) == b"5"


def test_a_forgotten_connection_passes_nothing_and_a_new_one_does(echo):
    with Cut(echo) as proxy, socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as line:
        line.sendall(b"1")
        assert line.recv(1) == b"1"
        proxy.forget()
        line.sendall(b"2")
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.recv(1)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as other:
            other.sendall(b"3")
            assert other.recv(1) == b"3"


def contents(used) -> dict[str, object]:
    """All that is in a database's tables, and where its counters stand."""
    named = "SELECT schemaname || '.' || {0}name{1} FROM pg_{0}s WHERE schemaname IN ('intake', 'routing', 'notification', 'reporting')"
    tables = [name for (name,) in used.rows("public", named.format("table", ""))]
    found = {
        name: used.rows("public", f"SELECT array_agg(t::text ORDER BY t::text) FROM {name} t")
        for name in tables
    }
    return found | dict(used.rows("public", named.format("sequence", ", last_value")))


def test_a_used_database_is_washed_to_the_last_row(database_template):
    used = database_template.take()
    before = contents(used)
    assert len(before) > 40
    assert used.wash()
    assert contents(used) == before
    for statement in (
        "INSERT INTO institution (code, kind, name_ar, name_en) VALUES ('X', 'ministry', 'س', 'X')",
        "INSERT INTO directory_change (entity, key, at, actor) VALUES ('a', 'b', now(), 'c')",
        "DELETE FROM case_term",
        "UPDATE directory_version SET version = 7",
    ):
        used.rows("routing", statement)
    changed = {name for name, rows in contents(used).items() if rows != before[name]}
    assert changed >= {
        "routing.institution",
        "routing.directory_change",
        "routing.directory_change_number_seq",
        "routing.case_term",
        "routing.directory_version",
    }
    left = used.connect("routing")
    left.cursor().execute("SELECT pg_advisory_lock(1)")
    assert used.wash()
    assert contents(used) == before
    assert used.rows("public", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
    database_template.give_back(used)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE cases DISABLE TRIGGER ALL",
        "ALTER TABLE cases RENAME TO elsewhere",
        "ALTER TABLE cases ADD COLUMN more int",
        "CREATE TABLE more (id int)",
        "DROP FUNCTION raise_directory_version CASCADE",
        "GRANT SELECT ON cases TO public",
        "CREATE OR REPLACE FUNCTION raise_directory_version() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_a_database_of_which_more_than_rows_was_changed_is_not_used_again(database_template, statement):
    used = database_template.take()
    used.rows("routing", statement)
    assert not used.wash()
    database_template.give_back(used)
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        used.connect()
