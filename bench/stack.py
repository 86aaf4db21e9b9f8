"""What is measured: the services as processes over a RabbitMQ node and a PostgreSQL of their own, durable as in production."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import amqp
import psutil

from services.chassis import broker
from services.cli import keys
from tests.chaos.sinks import Sinks
from tests.support.databases import Databases, Template
from tests.support.deployment import ROOT, Deployment, Process
from tests.support.poll import until
from tests.support.postgres import PrivatePostgres
from tests.support.private_rabbit import PrivateBroker
from tests.support.rabbit import Vhost

#: As an operator would set it for this size; commit times are what lags are measured by.
POSTGRES = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "track_commit_timestamp": "on",
}
_UNFINISHED = (
    "UPDATE notification.message SET state = 'suppressed' WHERE state IN ('awaiting_recipient', 'pending', 'sending', 'retry')",
    *(
        f"UPDATE {service}.outbox SET published_at = now() WHERE published_at IS NULL"
        for service in ("intake", "routing", "notification")
    ),
    *(
        f"DELETE FROM {service}.inbox WHERE status IN ('waiting', 'retry')"
        for service in ("intake", "routing", "notification", "reporting")
    ),
)
ENVIRONMENT = {"LIMITS": "false", "QUIET_HOURS": "off"}


class Stack:
    """Servers for as long as the bench runs; services for as long as a measurement does (`running`)."""

    def __init__(self, log):
        self.log = log
        self._ending = contextlib.ExitStack()

    def __enter__(self) -> "Stack":
        with contextlib.ExitStack() as ending:
            self.broker = PrivateBroker()
            ending.callback(self.broker.close)
            self.postgres = PrivatePostgres(**POSTGRES)
            ending.callback(self.postgres.close)
            with ThreadPoolExecutor(1) as pool:
                node = pool.submit(self.broker.start)
                self.postgres.start()
                self.databases = Databases(self.postgres.url, Template(self.postgres.url).name)
                node.result()
            self.sinks = Sinks()
            ending.callback(self.sinks.close)
            self.keys = keys.generate()
            with self._deployment(Vhost(self.broker, "/")) as deployment:
                deployment.command("seed")
            self._ending = ending.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._ending.close()

    @contextlib.contextmanager
    def running(self, *labels: str, replicas: dict[str, int] | None = None) -> Iterator[Deployment]:
        """The named services (all if none is named), started and ready; of each one process, or as many as `replicas` says."""
        with self.deployed(*labels, replicas=replicas) as deployment:
            for process in deployment.processes.values():
                process.start()
            deployment.wait_ready(60)
            yield deployment

    @contextlib.contextmanager
    def deployed(self, *labels: str, replicas: dict[str, int] | None = None) -> Iterator[Deployment]:
        """As `running`, not started yet. The vhost is theirs alone, so that no measurement inherits another's queues."""
        vhost = self.broker.create_vhost()
        try:
            with self._deployment(vhost, replicas) as deployment:
                deployment.command("topology", "declare")
                if labels:
                    deployment.processes = {
                        label: process
                        for label, process in deployment.processes.items()
                        if label.split(".")[0] in labels
                    }
                yield deployment
        finally:
            vhost.drop()

    @contextlib.contextmanager
    def _deployment(self, vhost: Vhost, replicas: dict[str, int] | None = None) -> Iterator[Deployment]:
        deployment = Deployment(
            {
                **self.databases.environment,
                **self.keys,
                **ENVIRONMENT,
                **self.sinks.environment,
                "AMQP_URI": vhost.uri,
            },
            replicas,
        )
        deployment.vhost = vhost
        try:
            yield deployment
        finally:
            deployment.close()

    def rows(self, statement: str, parameters: Any = None) -> list[tuple]:
        """What a statement answers, asked as administrator."""
        with closing(self.databases.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def rest(self, seconds: float = 90) -> None:
        """Lets go of what the measurement before left unfinished, and waits until PostgreSQL has cleaned up after it.

        Messages that were not sent yet and facts that were lost with their vhost would be the next one's work.
        """
        for statement in _UNFINISHED:
            self.rows(statement)
        self.rows("CHECKPOINT")
        with contextlib.suppress(AssertionError):
            until(
                lambda: (
                    not self.rows(
                        "SELECT FROM pg_stat_progress_vacuum UNION ALL SELECT FROM pg_stat_progress_analyze"
                    )
                ),
                seconds,
                every=0.5,
            )


def load(gateway: str, *options: str, seconds: float) -> dict:
    """Runs the load generator in a process of its own; its summary."""
    command = [sys.executable, "-m", "tests.support.load", gateway, "--seconds", str(seconds), *options]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=seconds + 90, check=False
    )
    if done.returncode:
        raise AssertionError(f"the load generator failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def resident(process: Process) -> float:
    """Memory of a process and what it started, in MB (resident set)."""
    parent = psutil.Process(process.pid)
    return sum(each.memory_info().rss for each in (parent, *parent.children(recursive=True))) / 1e6


def depth(vhost: Vhost, service: str) -> int:
    """Messages that wait in the inbox queue of a service."""
    connection = amqp.Connection(
        host=f"{vhost.broker.host}:{vhost.broker.port}",
        userid=vhost.broker.user,
        password=vhost.broker.password,
        virtual_host=vhost.name,
    )
    connection.connect()
    try:
        return connection.channel().queue_declare(broker.inbox_name(service), passive=True).message_count
    finally:
        connection.close()
