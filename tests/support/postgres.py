"""A PostgreSQL for the tests: the one that is there, else a private one."""

import os
import signal
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg2

from services.cli import database
from services.cli.postgres import Server

#: Set to anything, the tests look for no server on this machine and start their own.
PRIVATE = "TEST_PRIVATE_SERVERS"


class PrivatePostgres:
    """A server that one test may kill, freeze and start again."""

    def __init__(self, **settings: str):
        self._directory = tempfile.TemporaryDirectory(prefix="test-postgres-", ignore_cleanup_errors=True)
        # What survives kill -9 needs no fsync; only a machine that loses power would.
        self.server = Server(Path(self._directory.name, "server"), settings={"fsync": "off", **settings})
        Path(self._directory.name).chmod(0o755)

    @property
    def url(self) -> str:
        """The administrator's address. The port stays the same over restarts."""
        return self.server.url

    @property
    def port(self) -> int:
        assert self.server.port is not None
        return self.server.port

    def start(self) -> "PrivatePostgres":
        self.server.start()
        return self

    def kill(self) -> None:
        """SIGKILL to the server and all of its backends."""
        self.server.kill()

    def stop(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self.server.signal(signal.SIGSTOP)

    def cont(self) -> None:
        self.server.signal(signal.SIGCONT)

    def restart(self) -> None:
        """An orderly restart, which ends all connections."""
        self.server.stop()
        self.server.start()

    def close(self) -> None:
        """Ends the server and removes its data."""
        self.server.stop()
        self._directory.cleanup()


def existing_admin_url() -> str | None:
    """DATABASE_ADMIN_URL, else the server at 127.0.0.1:5432 if it lets one of the usual administrators in."""
    given = os.environ.get("DATABASE_ADMIN_URL")
    if given:
        return given
    if os.environ.get(PRIVATE):
        return None
    for user in ("postgres", os.environ.get("USER", "root")):
        url = f"postgresql+psycopg2://{user}@127.0.0.1:5432/postgres"
        try:
            with closing(database.connect(url)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
                if cursor.fetchone() == (True,):
                    return url
        except psycopg2.OperationalError:
            continue
    return None
