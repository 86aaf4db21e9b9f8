"""The four services in one process: their handlers over their inboxes, their periodic tasks, and the way of facts between them."""

import inspect
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.chassis import database, outbox
from services.chassis.event import Event
from services.chassis.handling import Handler, Handling
from services.chassis.schedule import Every
from services.chassis.subscriber import Subscribe
from services.cli.registry import OWNERS, service_class
from tests.simulation.clock import Clock

#: What is needed to start, and never used: nothing is sent.
SETTINGS = {
    "SMTP_URL": "smtp://127.0.0.1:1",
    "SMPP_URL": "smpp://u:p@127.0.0.1:1",
    "MAIL_FROM": "simulation@example.org",
    "SMS_FROM": "Simulation",
    "COORDINATOR_EMAIL": "coordinator@example.org",
    "AMQP_URI": "embedded://",
}
#: The full recount of reporting is done by the weekly check.
_NOT_RUN = frozenset({("reporting", "audit")})
_BATCH = 500


class Service:
    """One service: what it reads goes through its inbox, what it does by the clock is done when it is due."""

    def __init__(self, name: str, clock: Clock):
        self.name = name
        self.clock = clock
        kind = service_class(name)
        self._instance = kind()
        handlers, self._tasks = [], []
        for method_name, method in inspect.getmembers(kind, inspect.isfunction):
            for entry in getattr(method, "nameko_entrypoints", ()):
                if isinstance(entry, Subscribe):
                    bound = getattr(self._instance, method_name)
                    handlers += [Handler(reads, bound, method_name, entry.batch) for reads in entry.reads]
                elif isinstance(entry, Every) and (name, entry.name) not in _NOT_RUN:
                    self._tasks.append((entry, getattr(self._instance, method_name)))
        self.handling = Handling(name, handlers, clock=clock.now)
        self._ran: dict[str, datetime] = {}
        self.late = False

    def take(self, events: Sequence[Event]) -> None:
        """Gives effect to facts, a batch per transaction. The chassis parks what fails; the checks look for that."""
        for begin in range(0, len(events), _BATCH):
            outcome = self.handling.take(events[begin : begin + _BATCH])
            self.late = self.late or bool(outcome.waiting or outcome.retried)
        if self.late:
            self.handling.sweep()

    def run_due(self) -> None:
        """Every task whose time has come, once, however long nobody looked."""
        for entry, task in self._tasks:
            ran = self._ran.get(entry.name)
            if ran is None or (self.clock.at - ran).total_seconds() >= entry.seconds:
                self._ran[entry.name] = self.clock.at
                task()

    def reads(self, event: Event) -> bool:
        """Whether the service follows who stated it: its queue has all of those facts, since their numbers have no gaps."""
        return event.source in self.handling.sources


class World:
    """All services. `deliver` carries facts until none is left; `away` are services that are down."""

    def __init__(self, clock: Clock, seed: int):
        self.clock = clock
        self.services = {name: Service(name, clock) for name in OWNERS}
        self.away: set[str] = set()
        self.kept: dict[str, list[Event]] = {name: [] for name in OWNERS}
        self._chance = random.Random(f"{seed}/broker")
        self._sources = [
            name for name in OWNERS if any(name in each.handling.sources for each in self.services.values())
        ]

    def deliver(self) -> list[Event]:
        """Publishes what was recorded and has it taken, again and again, until nothing new comes of it; all of these facts."""
        told: list[Event] = []
        while fresh := [event for source in self._sources for event in self._publish(source)]:
            told += fresh
            for name, service in self.services.items():
                wanted = [event for event in fresh if service.reads(event)]
                if name in self.away:
                    self.kept[name] += wanted
                elif wanted:
                    service.take(wanted)
        return told

    def run_due(self) -> None:
        """The periodic tasks of all services that are up."""
        for name, service in self.services.items():
            if name not in self.away:
                service.run_due()

    def come_back(self, name: str) -> int:
        """A service is up again, and what was kept for it comes in no order and twice; how much there was."""
        self.away.discard(name)
        backlog, self.kept[name] = self.kept[name], []
        twice = backlog * 2
        self._chance.shuffle(twice)
        self.services[name].take(twice)
        return len(backlog)

    def undone(self) -> list[str]:
        """What is in the inboxes of services that are up and has not taken effect."""
        found = []
        for name, service in self.services.items():
            if name in self.away:
                continue
            with database.transaction(name) as connection:
                rows = connection.exec_driver_sql(
                    "SELECT status, type, reason, count(*) FROM inbox WHERE status <> 'done' GROUP BY 1, 2, 3"
                ).all()
            service.late = bool(rows)
            found += [f"{name}: {count} {status} {kind} ({reason})" for status, kind, reason, count in rows]
        return found

    def _publish(self, source: str) -> Iterable[Event]:
        found: list[Event] = []
        with database.transaction(source) as connection:
            rows = outbox.fetch_unpublished(connection, 5000)
            outbox.mark_published(connection, rows, self.clock.at)
        for row in rows:
            found.append(replace(outbox.to_event(row, source), data=_data(row)))
        return found


def _data(row: Any) -> dict[str, Any]:
    return json.loads(row.body)
