"""A RabbitMQ for the tests: the one that is there; else see private_rabbit.py."""

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import amqp

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


def _has_server() -> bool:
    return Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() or bool(shutil.which("rabbitmq-server"))
