"""Facts as reporting's handlers get them, and what its figures say afterwards."""

import uuid
from datetime import UTC, datetime, timedelta

from services.chassis import database
from services.chassis.clock import new_id
from services.chassis.event import Event
from services.reporting import board, events, figures, handlers, kpi

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
#: Whole months and the edges of others.
PERIOD = kpi.Period(kpi.today(NOW) - timedelta(days=100), kpi.today(NOW))
SCHEMAS = {reads.type: (reads.source, reads.schema()) for reads in events.READ}


def fact(kind: str, complaint: str, /, **data: object) -> Event:
    """An event as a handler gets it: its data loaded by reporting's own reading."""
    source, schema = SCHEMAS[kind]
    loaded = schema.load({"complaint_id": complaint, **data})
    return Event(new_id(), kind, 1, source, complaint, 1, NOW, "-", loaded, "test")


def received(complaint: str, **changes: object) -> Event:
    usual = {
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-AM",
        "channel": "web",
        "received_at": "2026-11-19T09:00:00+00:00",
    }
    return fact("ComplaintReceived", complaint, **usual | changes)


def assigned(complaint: str, institution: str = "MWI") -> Event:
    return fact(
        "ComplaintAssigned",
        complaint,
        institution=institution,
        institution_name={"ar": f"وزارة {institution}", "en": f"Ministry {institution}"},
        assigned_at="2026-11-19T09:00:01+00:00",
    )


def promised(complaint: str, due_at: str = "2026-12-03T12:00:00+00:00") -> Event:
    return fact("PromiseSet", complaint, due_at=due_at)


def moved(complaint: str, due_at: str = "2026-12-06T12:00:00+00:00") -> Event:
    return fact("PromiseMoved", complaint, due_at=due_at)


def failed(complaint: str, institution: str | None = None) -> Event:
    return fact(
        "AssignmentFailed", complaint, institution=institution, unowned_since="2026-11-19T09:00:01+00:00"
    )


def apply(facts: list[Event]) -> None:
    """One transaction for a batch, as the subscriber does it."""
    with database.transaction("reporting") as connection:
        handlers.project(connection, facts, now=NOW)


def differences() -> list[figures.Difference]:
    with database.transaction("reporting") as connection:
        return figures.recount(connection)


def read(now: datetime = NOW, **filters: str) -> board.Answer:
    with database.transaction("reporting") as connection:
        return board.read(connection, PERIOD, filters, now)


def some_id() -> str:
    return str(uuid.uuid4())
