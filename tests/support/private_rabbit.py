"""A RabbitMQ node of the tests' own, to be killed, frozen and started again."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil

from services.cli.postgres import free_port
from tests.support import bound
from tests.support.poll import until
from tests.support.rabbit import Broker, accepts


class PrivateBroker(Broker):
    """A node with ports, name, cookie, data and epmd of its own, to be killed, frozen and started again."""

    def __init__(self, plugins: tuple[str, ...] = ()):
        super().__init__("127.0.0.1", free_port())
        self.command = _script("rabbitmqctl")
        self._directory = tempfile.TemporaryDirectory(prefix="test-rabbit-", ignore_cleanup_errors=True)
        home = Path(self._directory.name)
        (home / "empty").touch()
        (home / "enabled_plugins").write_text(f"[{','.join(plugins)}].\n")
        self.management_port = free_port()
        management = (
            f"management.tcp.port = {self.management_port}\n" if "rabbitmq_management" in plugins else ""
        )
        (home / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            "disk_free_limit.absolute = 50MB\nlog.console = false\nlog.file.level = warning\n" + management
        )
        self.environment = {
            "HOME": str(home),
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"test-{secrets.token_hex(4)}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": str(home / "empty"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_SCHEMA_DIR": str(home / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none",
        }
        self._log = home / "output"
        self._child: subprocess.Popen | None = None
        self._names: subprocess.Popen | None = None

    def start(self, seconds: float = 90) -> "PrivateBroker":
        self._start_epmd()
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [*bound.to_this_process("TERM"), _script("rabbitmq-server")],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        try:
            until(self._answers, seconds, every=0.2)
        except AssertionError:
            end = self._log.read_text(errors="replace")[-2000:]
            self.kill()
            raise AssertionError(f"the private RabbitMQ node did not start: {end}") from None
        return self

    def wait_written(self, *queues: str, seconds: float = 30) -> None:
        """Waits until the node has on its disk that these quorum queues exist.

        RabbitMQ 3.10 writes that some seconds late. A queue that was made just before a SIGKILL is listed afterwards, and
        whoever consumes from it waits for ever.
        """
        names = [queue.encode() for queue in queues]

        def written() -> bool:
            lists = Path(self._directory.name, "data").glob("*/quorum/*/names.dets")
            listed = b"".join(file.read_bytes() for file in lists)
            return all(name in listed for name in names)

        until(written, seconds)

    @property
    def process(self) -> psutil.Process:
        """What started the node, and holds it among its children."""
        assert self._child is not None
        return psutil.Process(self._child.pid)

    def kill(self) -> None:
        """SIGKILL to the node."""
        self._signal(signal.SIGKILL)
        if self._child is not None:
            self._child.wait(10)
        self._child = None

    def stop(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """An orderly stop, which closes all connections, and a start on the same data."""
        self._terminate()
        self.start()

    def mend(self) -> None:
        """Has the node run and answer, whatever a test did to it."""
        self.cont()
        if self._child is None or self._child.poll() is not None:
            self.start()
        until(self._answers, 60)

    def close(self) -> None:
        """Ends the node and its epmd and removes their data. By force: an orderly end takes seconds and keeps what is thrown away."""
        self.kill()
        if self._names is not None:
            self._names.kill()
            self._names.wait(10)
        self._directory.cleanup()

    def _start_epmd(self) -> None:
        """Erlang's directory of nodes. Left to itself a node starts one in the background, which stays for ever."""
        if self._names is None:
            self._names = subprocess.Popen(
                [*bound.to_this_process(), "epmd"],
                env={**os.environ, **self.environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _terminate(self) -> None:
        if self._child is None:
            return
        self.cont()
        self._signal(signal.SIGTERM)
        try:
            self._child.wait(30)
            self._child = None
        except subprocess.TimeoutExpired:
            self.kill()

    def _answers(self) -> bool:
        if self._child is None or self._child.poll() is not None:
            raise AssertionError("the node ended")
        return accepts(self.uri())

    def _signal(self, number: int) -> None:
        if self._child is None:
            return
        try:
            parent = psutil.Process(self._child.pid)
            family = [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for member in family:
            try:
                member.send_signal(number)
            except psutil.NoSuchProcess:
                continue


def _script(name: str) -> str:
    # Debian's wrapper in /usr/sbin lets only root and rabbitmq in and switches the user; this does not.
    inner = Path("/usr/lib/rabbitmq/bin", name)
    return str(inner) if inner.exists() else shutil.which(name) or name
