"""A seeded routing database, and complaints to send into it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from services.chassis import database
from services.chassis.clock import new_id
from services.chassis.event import Event
from services.routing import handlers, seed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def received(
    complaint_id: str | None = None,
    category: str = "water.outage",
    governorate: str = "JO-IR",
    kind: str = "complaint",
    language: str = "ar",
    received_at: datetime = NOW,
) -> Event:
    """A ComplaintReceived as the subscriber hands it over."""
    subject = complaint_id or new_id()
    return Event(
        id=new_id(),
        type="ComplaintReceived",
        version=1,
        source="intake",
        subject=subject,
        sequence=1,
        time=received_at,
        scope="-",
        data={
            "complaint_id": subject,
            "kind": kind,
            "category": category,
            "governorate": governorate,
            "language": language,
            "received_at": received_at,
        },
        correlation_id=f"c-{subject}",
    )


@pytest.fixture
def routing(databases, keys):
    """`.receive(events, now=)`, `.retry(now=)`, `.rows(sql)`, `.facts()`, `.execute(sql)` on a seeded database."""
    with database.transaction("routing") as connection:
        seed.fill(connection, NOW)
    key = keys["SEAL_PUBLIC_KEY"]

    def receive(events, now=NOW):
        with database.transaction("routing") as connection:
            handlers.receive(connection, events, now=now, seal_key=key)

    def retry(now=NOW, after=None, limit=500):
        with database.transaction("routing") as connection:
            return handlers.retry_unowned(connection, after=after, limit=limit, now=now, seal_key=key)

    def rows(statement, parameters=None):
        return databases.rows("routing", statement, parameters)

    def facts(subject=None):
        found = rows(
            "SELECT type, subject::text, sequence, scope, data, causation_id::text FROM outbox ORDER BY position"
        )
        return [
            SimpleNamespace(type=t, subject=s, sequence=n, scope=scope, data=data, cause=cause)
            for t, s, n, scope, data, cause in found
            if subject in (None, s)
        ]

    return SimpleNamespace(
        receive=receive, retry=retry, rows=rows, facts=facts, url=databases.urls["routing"]
    )
