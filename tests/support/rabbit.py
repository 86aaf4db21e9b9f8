"""A RabbitMQ for the tests: the one that is there, else a private node of an installed rabbitmq-server."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import amqp
import psutil

from services.cli.postgres import free_port
from tests.support import bound
from tests.support.poll import until

#: Set to anything, the tests look for no broker on this machine and start their own.
PRIVATE = "TEST_PRIVATE_SERVERS"
MOST_VHOSTS_AT_ONCE = 8
INSTALL = (
    "RabbitMQ is needed: install rabbitmq-server, or give AMQP_URI of a broker that may be used for tests."
)


class Broker:
    """A node on which vhosts can be made: by its rabbitmqctl."""

    def __init__(self, host: str, port: int, user: str = "guest", password: str = "guest"):
        self.host, self.port, self.user, self.password = host, port, user, password
        self.command = shutil.which("rabbitmqctl") or "rabbitmqctl"
        self.environment: dict[str, str] = {}
        self._ready: list[str] = []
        self._used: list[str] = []
        self._made = 0

    def uri(self, vhost: str = "/") -> str:
        return f"amqp://{self.user}:{self.password}@{self.host}:{self.port}/{quote(vhost, safe='')}"

    def ctl(self, *arguments: str) -> str:
        """What rabbitmqctl prints. Raises with its error text."""
        done = subprocess.run(
            [self.command, "-q", *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            cwd="/",
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"rabbitmqctl {arguments[0]}: {done.stderr or done.stdout}")
        return done.stdout

    def create_vhost(self) -> "Vhost":
        """A vhost with an unused name, on which this broker's user may do everything."""
        if not self._ready:
            # Each call of rabbitmqctl starts an Erlang machine, which takes longer than most tests. So whoever needs one vhost
            # after the other gets them in growing numbers, and what was used goes with the next call.
            number = max(1, min(self._made, MOST_VHOSTS_AT_ONCE))
            self._made += number
            self._ready = [f"test-{os.getpid()}-{secrets.token_hex(4)}" for _ in range(number)]
            self._exchange(self._used, self._ready)
            self._used = []
        return Vhost(self, self._ready.pop())

    def drop_vhost(self, name: str) -> None:
        """Has a vhost removed with the next call, or at the end."""
        self._used.append(name)

    def forget_vhosts(self) -> None:
        """Removes all vhosts that were made here."""
        if self._used or self._ready:
            self._exchange([*self._used, *self._ready], [])
        self._used, self._ready = [], []

    def _exchange(self, gone: list[str], fresh: list[str]) -> None:
        one_by_one = "lists:foreach(fun(Name) -> {} end, [{}])"
        permit = f'rabbit_auth_backend_internal:set_permissions(<<"{self.user}">>, Name, <<".*">>, <<".*">>, <<".*">>, <<"test">>)'
        self.ctl(
            "eval",
            one_by_one.format('catch rabbit_vhost:delete(Name, <<"test">>)', _binaries(gone))
            + ", "
            + one_by_one.format(f'ok = rabbit_vhost:add(Name, <<"test">>), ok = {permit}', _binaries(fresh))
            + ".",
        )

    def queues(self, vhost: str) -> dict[str, dict[str, int]]:
        """Messages ready, unacknowledged, and consumers, by queue name."""
        columns = ("name", "messages_ready", "messages_unacknowledged", "consumers")
        lines = self.ctl("list_queues", "--no-table-headers", "-p", vhost, *columns).splitlines()
        rows = (line.split("\t") for line in lines if line.strip())
        return {name: dict(zip(columns[1:], map(int, values), strict=True)) for name, *values in rows}


@dataclass(frozen=True)
class Vhost:
    broker: Broker
    name: str

    @property
    def uri(self) -> str:
        return self.broker.uri(self.name)

    def queues(self) -> dict[str, dict[str, int]]:
        return self.broker.queues(self.name)

    def drop(self) -> None:
        self.broker.drop_vhost(self.name)


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
        """Ends the node and its epmd and removes their data."""
        self._terminate()
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


def existing_broker() -> Broker | None:
    """The broker at AMQP_URI, else at 127.0.0.1:5672, if vhosts can be made there."""
    given = os.environ.get("AMQP_URI", "")
    if os.environ.get(PRIVATE) and not given:
        return None
    parts = urlsplit(given if given.startswith("amqp") else "amqp://guest:guest@127.0.0.1:5672//")
    uri = f"amqp://{parts.username}:{parts.password}@{parts.hostname}:{parts.port or 5672}//"
    if not accepts(uri):
        return None
    broker = Broker(
        parts.hostname or "127.0.0.1",
        parts.port or 5672,
        parts.username or "guest",
        parts.password or "guest",
    )
    try:
        # The first test gets it.
        broker._ready.append(broker.create_vhost().name)
    except (AssertionError, FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return broker


def install() -> None:
    """Installs rabbitmq-server where that is allowed; where it is not, raises with what to do."""
    if _has_server():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        # The package would start a node of its own, which nobody asked for.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for arguments in (
            ["update", "-q"],
            ["install", "-q", "-y", "--no-install-recommends", "rabbitmq-server"],
        ):
            subprocess.run(
                ["apt-get", *arguments], env=environment, check=False, timeout=300, capture_output=True
            )
    if not _has_server():
        raise AssertionError(INSTALL)


def accepts(uri: str) -> bool:
    """Whether an AMQP handshake succeeds there."""
    parts = urlsplit(uri)
    try:
        connection = amqp.Connection(
            host=f"{parts.hostname}:{parts.port}",
            userid=parts.username,
            password=parts.password,
            connect_timeout=3,
            read_timeout=3,
            write_timeout=3,
        )
        connection.connect()
        connection.close()
    except (OSError, amqp.AMQPError):
        return False
    return True


def _binaries(names: list[str]) -> str:
    return ", ".join(f'<<"{name}">>' for name in names)


def _script(name: str) -> str:
    # Debian's wrapper in /usr/sbin lets only root and rabbitmq in and switches the user; this does not.
    inner = Path("/usr/lib/rabbitmq/bin", name)
    return str(inner) if inner.exists() else shutil.which(name) or name


def _has_server() -> bool:
    return Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() or bool(shutil.which("rabbitmq-server"))
