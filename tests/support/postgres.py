"""A PostgreSQL for the tests: a private one, unless one is given."""

import os
import signal
import tempfile
from pathlib import Path

from services.cli.postgres import Server


class PrivatePostgres:
    """A server that one test may kill, freeze and start again."""

    def __init__(self, **settings: str):
        self._directory = tempfile.TemporaryDirectory(prefix="test-postgres-", ignore_cleanup_errors=True)
        # What survives kill -9 needs no fsync; only a machine that loses power would.
        usual = {"fsync": "off", "full_page_writes": "off", "checkpoint_timeout": "1h", "max_wal_size": "4GB"}
        self.server = Server(Path(self._directory.name, "server"), settings={**usual, **settings}, bound=True)
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
        self.server.stop(keep=False)
        self._directory.cleanup()


def given_admin_url() -> str | None:
    """DATABASE_ADMIN_URL: a server that the caller has for tests.

    A server that merely happens to run here is left alone: it belongs to somebody, and one of our own makes databases
    in a tenth of the time, since nothing on it must survive a loss of power.
    """
    return os.environ.get("DATABASE_ADMIN_URL")
