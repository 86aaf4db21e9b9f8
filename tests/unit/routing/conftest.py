"""A seeded routing database, and complaints to send into it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from services.chassis import actor, database
from services.chassis.actor import Actor
from services.chassis.clock import new_id
from services.chassis.clock import now as present
from services.chassis.event import Event
from services.routing import handlers
from services.routing.cases.step import Keys
from tests.support.apps import app_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
COORDINATOR = Actor("c", frozenset({"coordinator"}))


def officer_of(institution: str, name: str = "o", *roles: str) -> Actor:
    """Somebody who signs in for a body: an officer, unless other roles are given."""
    return Actor(name, frozenset(roles or ("officer",)), {"institution": institution})


def received(
    complaint_id: str | None = None,
    category: str = "water.outage",
    governorate: str = "JO-IR",
    kind: str = "complaint",
    language: str = "ar",
    received_at: datetime = NOW,
    **flags,
) -> Event:
    """A ComplaintReceived as the subscriber hands it over; `flags` are its optional fields."""
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
            **flags,
        },
        correlation_id=f"c-{subject}",
    )


@pytest.fixture(scope="session")
def database_template(database_template):
    """The database of an installation that was filled at NOW."""
    from tests.support.filled import fill_routing

    return database_template.filled("at_noon", lambda databases: fill_routing(databases, NOW))


@pytest.fixture
def routing(databases, keys):
    """`.receive(events, now=)`, `.retry(now=)`, `.rows(sql)`, `.facts()`, `.execute(sql)` on a seeded database."""
    key = keys["SEAL_PUBLIC_KEY"]

    def receive(events, now=NOW):
        with database.transaction("routing") as connection:
            handlers.receive(
                connection,
                events,
                now=now,
                seal_key=key,
                intake_key=keys["INTAKE_SEAL_PUBLIC_KEY"],
                names_key=keys["ROUTING_SEAL_PRIVATE_KEY"],
            )

    def retry(now=NOW, after=None, limit=500):
        every = Keys(key, keys["INTAKE_SEAL_PUBLIC_KEY"], keys["ROUTING_SEAL_PRIVATE_KEY"])
        with database.transaction("routing") as connection:
            return handlers.retry_unowned(connection, after=after, limit=limit, now=now, keys=every)

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


@pytest.fixture
def call(routing):
    """call(actor or None, method, path, json, language) → the answer of routing to who asks as that actor."""
    from services.routing.service import create_app

    client = app_of(create_app).test_client()

    def send(who: Actor | None, method: str, path: str, body=None, language="en"):
        headers = {"Accept-Language": language}
        if who is not None:
            headers["Authorization"] = f"Bearer {actor.sign(who, 'routing', present())}"
        return client.open(path, method=method, json=body, headers=headers)

    return send


@pytest.fixture
def ask(call):
    """ask(actor, method, path, json, language) → (status, body) of a resource below /staff/directory."""

    def send(who: Actor | None, method: str, path: str, body=None, language="en"):
        answer = call(who, method, f"/staff/directory{path}", body, language)
        return answer.status_code, answer.get_json(silent=True) if answer.is_json else answer.get_data()

    return send


@pytest.fixture
def ids(routing):
    """ids(institution, rank=None) → the ids of its officers."""

    def find(institution, rank=None):
        where = "AND rank = %(rank)s" if rank else ""
        query = f"SELECT id::text FROM officer WHERE institution = %(code)s {where} ORDER BY rank, email"
        return [each for (each,) in routing.rows(query, {"code": institution, "rank": rank})]

    return find
