"""Circulars as they are recorded, and the work that follows."""

from datetime import date, datetime, timedelta

from services.chassis import database
from services.chassis.clock import new_id
from services.routing.deadlines import promises
from tests.unit.routing.conftest import NOW

LATER = NOW + timedelta(days=2)
SNOW = date(2026, 11, 24)


def said(effect="closed", first=SNOW, last=None, scope="nation", code=None, opens=None, closes=None) -> dict:
    return {
        "scope": scope,
        "code": code,
        "effect": effect,
        "first_day": first,
        "last_day": last or first,
        "opens": opens,
        "closes": closes,
        "reference": "2026/77",
        "note_ar": "ثلوج",
        "note_en": "Snow",
    }


def record(wanted, now=LATER) -> str:
    with database.transaction("routing") as connection:
        identity, _ = promises.record_override(
            connection, wanted, by="c", now=now, override_id=new_id(), job_id=new_id()
        )
    return identity


def withdraw(identity, now=LATER):
    with database.transaction("routing") as connection:
        return promises.withdraw_override(connection, identity, by="c", now=now, job_id=new_id())


def stretch(length=promises.STRETCH, now=LATER):
    with database.transaction("routing") as connection:
        return promises.recompute(connection, now=now, length=length)


def recompute(length=promises.STRETCH, now=LATER) -> tuple[int, int]:
    """All that is to be done: (promises counted, promises moved)."""
    seen = moved = 0
    while (counted := stretch(length, now)) is not None:
        seen, moved = seen + counted[0], moved + counted[1]
    return seen, moved


def turn(change, subject, now) -> bool:
    with database.transaction("routing") as connection:
        return change(connection, subject, now=now)


def due(routing) -> list[datetime]:
    return [row[0] for row in routing.rows("SELECT due_at FROM cases ORDER BY received_at, complaint_id")]
