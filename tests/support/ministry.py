"""Ministry accounts made by the command, and the subscriber of the integrators' page as a ministry would run it."""

import json
import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import amqp
from click.testing import CliRunner

from services.cli.main import main
from services.cli.ministry import user_of

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "subscriber.py"


def new_code() -> str:
    """A body that no directory knows: accounts belong to the whole node, and the node may not be ours alone."""
    return f"T{secrets.token_hex(4).upper()}"


def run(environment: dict[str, str], *arguments: str, vhost: str):
    return CliRunner().invoke(main, ["ministry-account", "--vhost", vhost, *arguments], env=environment)


def password_of(result) -> str:
    return next(line.split()[1] for line in result.output.splitlines() if line.startswith("password"))


@contextmanager
def open_channel(rabbit, user: str, password: str, vhost: str):
    address = f"{rabbit.host}:{rabbit.port}"
    with amqp.Connection(address, user, password, virtual_host=vhost, read_timeout=10) as connection:
        yield connection.channel()


class Subscriber:
    """The example as a ministry would run it: a process of its own with its account's address."""

    def __init__(self, code: str, uri: str, log: Path):
        self.code, self.uri, self.log = code, uri, log
        self._child: subprocess.Popen | None = None

    def start(self) -> "Subscriber":
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, str(EXAMPLE), self.code],
                env={"AMQP_URI": self.uri, "PATH": os.environ["PATH"]},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait(10)

    def facts(self) -> list[dict]:
        """What it has written down so far. A line that is no fact is an error of the example and fails the test."""
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1]]

    def ids(self) -> list[str]:
        """The ids of the facts in the order in which they came first."""
        return list(dict.fromkeys(fact["id"] for fact in self.facts()))


@contextmanager
def two_accounts(rabbit):
    """Two accounts, made by the command, on a vhost with the exchanges and a queue of the product."""
    vhost = rabbit.create_vhost()
    environment = {**rabbit.environment, "RABBITMQCTL": rabbit.command}
    with open_channel(rabbit, rabbit.user, rabbit.password, vhost.name) as channel:
        for source in ("intake", "routing", "notification"):
            channel.exchange_declare(f"{source}.events", "topic", durable=True, auto_delete=False)
        channel.queue_declare("reporting.inbox", durable=True, auto_delete=False)
    first, second = new_code(), new_code()
    made = {
        code: run(environment, "create", code, "--unlisted", vhost=vhost.name) for code in (first, second)
    }
    assert [result.exit_code for result in made.values()] == [0, 0], [
        result.output for result in made.values()
    ]
    passwords = {code: password_of(result) for code, result in made.items()}
    yield SimpleNamespace(
        first=first, second=second, passwords=passwords, vhost=vhost, environment=environment, rabbit=rabbit
    )
    for code in (first, second):
        rabbit.ctl("delete_user", user_of(code))
    vhost.drop()
