"""The system under chaos: a broker node and a PostgreSQL of its own, every process twice, a proxy on every link, a supervisor."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy

from services.cli import keys
from tests.chaos.sinks import Sinks
from tests.support.cut import Cut
from tests.support.databases import Databases, Template
from tests.support.deployment import Deployment, Process
from tests.support.postgres import PrivatePostgres
from tests.support.private_rabbit import PrivateBroker

#: The gateway asks the first intake; the second follows facts and takes over the relay.
REPLICAS = {"intake": 2, "routing": 2, "notification": 2, "reporting": 2, "gateway": 1}
#: Shorter patience than in production, so that a run shows in minutes what happens there in hours.
ENVIRONMENT = {
    "LIMITS": "false",
    "AMQP_HEARTBEAT_SECONDS": "5",
    "DATABASE_STATEMENT_SECONDS": "8",
    "DATABASE_LOCK_SECONDS": "6",
    "DATABASE_WAIT_SECONDS": "10",
    "SUBSCRIBER_HANDLER_SECONDS": "15",
    "RELAY_CONFIRM_SECONDS": "10",
    "RELAY_POLL_SECONDS": "0.5",
    "QUIET_HOURS": "off",
    "NOTICE_RETRY_SECONDS": "1",
    "NOTICE_ATTEMPTS": "20",
    "NOTICE_LEASE_SECONDS": "25",
    "SMTP_SECONDS": "5",
    "SMPP_SECONDS": "5",
}


class World:
    """Starts everything on entering and ends everything on leaving.

    `processes` and `links` are what faults are aimed at, by name: "routing.2", "routing.2-broker", "gateway-intake". `broker` and
    `postgres` are the servers. `log` is called with (text) for everything worth keeping.
    """

    def __init__(self, log, replicas: dict[str, int] | None = None):
        self.log = log
        self._replicas = replicas or REPLICAS
        self._ending = contextlib.ExitStack()
        self.links: dict[str, Cut] = {}

    def __enter__(self) -> "World":
        with contextlib.ExitStack() as ending:
            self._start(ending)
            self._ending = ending.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._ending.close()

    def _start(self, ending: contextlib.ExitStack) -> None:
        self.broker = PrivateBroker()
        ending.callback(self.broker.close)
        # A SIGKILL can cut the writing of a page in two.
        self.postgres = PrivatePostgres(full_page_writes="on")
        ending.callback(self.postgres.close)
        with ThreadPoolExecutor(1) as pool:
            node = pool.submit(self.broker.start)
            self.postgres.start()
            self.databases = Databases(self.postgres.url, Template(self.postgres.url).name)
            node.result()
        self.sinks = Sinks()
        ending.callback(self.sinks.close)
        self.deployment = Deployment(
            {
                **self.databases.environment,
                **keys.generate(),
                **ENVIRONMENT,
                **self.sinks.environment,
                "AMQP_URI": self.broker.uri(),
            },
            self._replicas,
        )
        ending.callback(self.deployment.close)
        # Straight to the servers: exchanges, queues and rows that a deployment makes before its services start.
        self.deployment.command("topology", "declare")
        self.deployment.command("seed")
        ending.callback(self._close_links)
        for process in self.deployment.processes.values():
            self._insert_links(process)
        self.deployment.start(90)
        self.supervisor = Supervisor(self.deployment, self.log)
        ending.callback(self.supervisor.close)

    def _insert_links(self, process: Process) -> None:
        """Puts a proxy between the process and each server that it talks to."""
        environment = process.environment
        if process.name == "gateway":
            near = self._link("gateway-intake", self.deployment.ports["intake"])
            environment["INTAKE_URL"] = f"http://127.0.0.1:{near.port}"
            return
        service = process.name.split(".")[0]
        near = self._link(f"{process.name}-broker", self.broker.port)
        environment["AMQP_URI"] = (
            f"amqp://{self.broker.user}:{self.broker.password}@127.0.0.1:{near.port}/{quote('/', safe='')}"
        )
        near = self._link(f"{process.name}-postgres", self.postgres.port)
        name = f"DATABASE_URL_{service.upper()}"
        url = sqlalchemy.make_url(environment[name]).set(host="127.0.0.1", port=near.port)
        environment[name] = url.render_as_string(hide_password=False)
        if service == "notification":
            for kind, port in self.sinks.ports.items():
                near = self._link(f"{process.name}-{kind}", port)
                environment[f"{kind.upper()}_URL"] = self.sinks.url(kind, near.port)

    def _link(self, name: str, port: int) -> Cut:
        self.links[name] = Cut(("127.0.0.1", port))
        return self.links[name]

    def _close_links(self) -> None:
        for link in self.links.values():
            link.close()

    @property
    def processes(self) -> dict[str, Process]:
        return self.deployment.processes

    @property
    def gateway(self) -> str:
        return self.deployment.gateway

    def keep_logs(self, directory: Path) -> None:
        """Copies every process's log to `directory`."""
        directory.mkdir(parents=True, exist_ok=True)
        for label, process in {**self.processes, **self.sinks.processes}.items():
            if process.log.exists():
                (directory / f"{label}.log").write_bytes(process.log.read_bytes())

    def execute(self, service: str, statement: str) -> None:
        """Runs a statement as administrator in a service's schema."""
        with closing(self.databases.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"SET search_path TO {service}")
            cursor.execute(statement)


class Supervisor:
    """Starts again what ended, as systemd or a cluster would; counts what ended without having been told to."""

    def __init__(self, deployment: Deployment, log):
        self._deployment = deployment
        self._log = log
        self._held: set[str] = set()
        self._told: set[str] = set()
        self._ends = False
        self.started = dict.fromkeys(deployment.processes, time.monotonic())
        self.restarts = 0
        self.unexpected: list[str] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def hold(self, label: str) -> None:
        """A fault is about to end this process and will say when it may be started again."""
        self._told.add(label)
        self._held.add(label)

    def release(self, label: str) -> None:
        """It may be started again."""
        self._held.discard(label)

    def close(self) -> None:
        self._ends = True
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends:
            for label, process in self._deployment.processes.items():
                if process.alive or label in self._held:
                    continue
                if label in self._told:
                    self._told.discard(label)
                else:
                    self.unexpected.append(f"{label} ended with {process.wait(0)}: {process.tail(3)[-600:]}")
                    self._log(f"unexpected end of {self.unexpected[-1]}")
                self.restarts += 1
                self.started[label] = time.monotonic()
                process.start()
            time.sleep(0.1)
