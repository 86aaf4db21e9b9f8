"""Two small services over the chassis, to test it on a real broker without any service of the product.

`pinger` states the fact Pinged; `ponger` writes what it is told into a table, in the order in which it takes effect.
"""

import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import eventlet
import sqlalchemy
from marshmallow import Schema, fields
from nameko.containers import ServiceContainer

from services.chassis import database, inbox, outbox
from services.chassis.contract import FactType, Reading, Reads
from services.chassis.event import Event
from services.chassis.relay import Relay
from services.chassis.subscriber import subscribe
from tests.support.databases import Databases

SCHEMAS = ("pinger", "ponger")


class PingedSchema(Schema):
    """What a ping says; `mood` decides what the handler does with it."""

    number = fields.Integer(required=True)
    mood = fields.String(required=True)


class ReadPinged(Reading):
    """The consumer's view."""

    number = fields.Integer(required=True)
    mood = fields.String(required=True)


PINGED = FactType("Pinged", PingedSchema, description="A ping.")
PINGED_READ = Reads("pinger", "Pinged", 1, ReadPinged)

MOODS: dict[str, Callable[[sqlalchemy.Connection, Event], None]] = {}
"""What a handler does for a mood other than "good"; tests put functions here."""


class Pinger:
    name = "pinger"
    relay = Relay()


class Ponger:
    name = "ponger"

    @subscribe(PINGED_READ)
    def pinged(self, connection: sqlalchemy.Connection, event: Event) -> None:
        mood = event.data["mood"]
        if mood in MOODS:
            MOODS[mood](connection, event)
        connection.execute(
            sqlalchemy.text("INSERT INTO seen (subject, number) VALUES (:subject, :number)"),
            {"subject": event.subject, "number": event.data["number"]},
        )


def make_schemas(databases: Databases) -> None:
    """The schemas of both services, as their migrations would make them."""
    with closing(databases.connect()) as connection, connection.cursor() as cursor:
        for name in SCHEMAS:
            cursor.execute(f"CREATE SCHEMA {name}")
            cursor.execute(f"SET search_path TO {name}")
            outbox.create_tables(cursor)
            inbox.create_tables(cursor)
            cursor.execute(
                "CREATE TABLE seen (nth bigint GENERATED ALWAYS AS IDENTITY, subject uuid, number integer)"
            )


class Toys:
    """The two services over a test's database, which has their schemas: their containers in this process."""

    def __init__(self, databases: Databases, environment: Callable[[dict[str, Any]], None]) -> None:
        self.environment = environment
        admin = sqlalchemy.make_url(databases.admin_url).set(database=databases.name)
        url = admin.render_as_string(hide_password=False)
        environment({f"DATABASE_URL_{name.upper()}": url for name in SCHEMAS})
        # Asked for by every process, although these serve no pages.
        environment({f"{name.upper()}_PORT": "0" for name in SCHEMAS})
        self._running: list[ServiceContainer] = []

    def start(self, *services: type) -> list[ServiceContainer]:
        """Starts containers of the services in this process."""
        started = [ServiceContainer(service) for service in services]
        for container in started:
            container.start()
        self._running += started
        return started

    def stop(self) -> None:
        """Stops whatever still runs."""
        for container in self._running:
            with eventlet.Timeout(20, False):
                container.stop()
        MOODS.clear()

    def ping(self, moods: Sequence[str] = ("good",), subject: str | None = None, first: int = 1) -> str:
        """States one fact per mood about one subject, each in its own transaction, and returns the subject."""
        subject = subject or str(uuid.uuid4())
        for number, mood in enumerate(moods, first):
            with database.transaction("pinger") as connection:
                fact = PINGED.new(subject, {"number": number, "mood": mood})
                outbox.record(connection, [fact], source="pinger", now=datetime.now(UTC))
        return subject

    def ping_many(self, count: int, mood: str = "good") -> list[str]:
        """One fact each about `count` subjects, in one transaction."""
        subjects = [str(uuid.uuid4()) for _ in range(count)]
        with database.transaction("pinger") as connection:
            facts = [PINGED.new(subject, {"number": 1, "mood": mood}) for subject in subjects]
            outbox.record(connection, facts, source="pinger", now=datetime.now(UTC))
        return subjects

    def seen(self, subject: str | None = None) -> list[int]:
        """The numbers that took effect, in that order."""
        return [
            row[0]
            for row in self.rows(
                "ponger",
                "SELECT number FROM seen WHERE CAST(:s AS uuid) IS NULL OR subject = CAST(:s AS uuid) ORDER BY nth",
                s=subject,
            )
        ]

    def inbox(self, status: str) -> list[Any]:
        """The inbox rows of ponger with that status."""
        return self.rows(
            "ponger", "SELECT * FROM inbox WHERE status = :status ORDER BY sequence", status=status
        )

    def unpublished(self) -> int:
        """Facts of pinger that the broker has not confirmed."""
        return self.rows("pinger", "SELECT count(*) FROM outbox WHERE published_at IS NULL")[0][0]

    def rows(self, service: str, statement: str, **parameters: Any) -> list[Any]:
        """What a statement answers in the schema of a service."""
        with database.engine(service).connect() as connection:
            return list(connection.execute(sqlalchemy.text(statement), parameters))
