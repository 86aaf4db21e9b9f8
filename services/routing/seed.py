"""What a new installation starts with: bodies, rules, the calendar, and a roster of invented officers for demonstration."""

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, exists, func, select, true
from sqlalchemy.dialects.postgresql import insert

from services.chassis import database
from services.chassis.clock import AMMAN, new_id, now
from services.routing import roster, store
from services.routing.clock import store as store_timers
from services.routing.deadlines import store as store_calendar
from services.routing.desks import store as store_desk
from services.routing.directory import store as store_directory
from services.routing.directory.presence import LIAISON, day_of
from services.routing.exclusions import store as store_exclusions

DATA = Path(__file__).parent / "data"
_BEGINNING = date(2020, 1, 1)
_SUNDAY_TO_THURSDAY = (7, 1, 2, 3, 4)
_OPENS, _CLOSES = time(8), time(15)
# kind → (working days until the answer, weight on the officer's desk). Nothing is promised for praise, and it is no work.
_TERMS: dict[str, tuple[int | None, int]] = {
    "complaint": (10, 1),
    "question": (5, 1),
    "suggestion": (10, 1),
    "report": (10, 1),
    "praise": (None, 0),
}
# Terms before those of the kind, by what was found out about a complaint: (kind, flag, priority, working days, hours by the clock).
_SPECIAL_TERMS = {
    "rights-complaint#1": ("complaint", "rights", 10, 7, None),
    "rights-report#1": ("report", "rights", 10, 7, None),
    "urgent#1": (None, "urgent", 20, None, 24),
}
_STEPS = {"first_action": 1, "pause": 10}
# After how long who hears of it. Two working days are the 48 hours in which a body must have done something; an urgent case is seen
# within half an hour, by night as well.
_ESCALATIONS: dict[str, dict[str, Any]] = {
    "promise-50#1": {"trigger": "promise", "level": 1, "percent": 50},
    "promise-100#1": {"trigger": "promise", "level": 2, "percent": 100},
    "promise-150#1": {"trigger": "promise", "level": 3, "percent": 150},
    "idle#1": {"trigger": "idle", "level": 1, "working_days": 2},
    "remind-80#1": {"trigger": "remind", "percent": 80},
    "unowned-1#1": {"trigger": "unowned", "working_hours": 2},
    "unowned-2#1": {"trigger": "unowned", "working_hours": 7},
    "unowned-3#1": {"trigger": "unowned", "working_hours": 21},
    "unowned-urgent-1#1": {"trigger": "unowned", "wall_minutes": 5, "flag": "urgent"},
    "unowned-urgent-2#1": {"trigger": "unowned", "wall_minutes": 60, "flag": "urgent"},
    "arbiter#1": {"trigger": "arbiter", "working_days": 1},
    "acknowledge#1": {"trigger": "acknowledge", "wall_minutes": 30},
}


def seed() -> str:
    """Fills the database of routing and says what is there. Running it again changes nothing."""
    with database.transaction("routing") as connection:
        return fill(connection, now())


def fill(connection: Connection, at: datetime) -> str:
    """Adds what is missing; what an operator changed stays as it is.

    The roster is for demonstration: it is filed only where there is no officer at all, so it never mixes with a real one.
    """
    _institutions(connection)
    _units(connection)
    _rules(connection)
    _calendar(connection, at)
    _templates(connection, at)
    if not connection.scalar(select(func.count()).select_from(store.officer)):
        _officers(connection, at)
    store_exclusions.refresh(connection)
    liaison = store.officer.c.rank.in_(LIAISON)
    counts = {
        what: connection.scalar(select(func.count()).select_from(table).where(condition))
        for what, table, condition in (
            ("bodies", store.institution, true()),
            ("units", store_directory.unit, true()),
            ("rules", store.rule, true()),
            ("officers", store.officer, liaison),
            ("approvers and heads", store.officer, ~liaison),
        )
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def officers() -> list[roster.OfficerRecord]:
    """The liaison officers of the demonstration roster over the bodies of the data files."""
    names = _load("roster.json")
    return roster.generate(_codes(), names["given"], names["family"], names["need"])


def leaders() -> list[roster.OfficerRecord]:
    """The approvers and heads of the demonstration roster."""
    names = _load("roster.json")
    return roster.leaders(_codes(), names["given"], names["family"])


def _codes() -> list[str]:
    return [row["code"] for row in _load("institutions.json")]


def _institutions(connection: Connection) -> None:
    rows = [
        {
            "code": row["code"],
            "kind": row["kind"],
            "governorate": row["governorate"],
            "name_ar": row["name"]["ar"],
            "name_en": row["name"]["en"],
        }
        for row in _load("institutions.json")
    ]
    _add(connection, store.institution, rows)


def _units(connection: Connection) -> None:
    rows = [
        {
            **{name: row[name] for name in ("code", "institution", "parent", "governorate")},
            "name_ar": row["name"]["ar"],
            "name_en": row["name"]["en"],
            "valid_from": _BEGINNING,
        }
        for row in _load("units.json")
    ]
    _add(connection, store_directory.unit, rows)


def _rules(connection: Connection) -> None:
    rows = [
        {**row, "valid_from": datetime.combine(date.fromisoformat(row["valid_from"]), time(), AMMAN)}
        for row in _load("rules.json")
    ]
    _add(connection, store.rule, rows)


def _calendar(connection: Connection, at: datetime) -> None:
    weekdays = [
        {"weekday": day, "valid_from": _BEGINNING, "opens": _OPENS, "closes": _CLOSES}
        for day in _SUNDAY_TO_THURSDAY
    ]
    _add(connection, store.working_hours, weekdays)
    terms = [
        {"kind": kind, "valid_from": _BEGINNING, "working_days": days, "load": load}
        for kind, (days, load) in _TERMS.items()
    ]
    _add(connection, store.kind_term, terms)
    special = [
        {
            "id": identity,
            "kind": kind,
            "flag": flag,
            "priority": priority,
            "valid_from": _BEGINNING,
            "working_days": days,
            "wall_hours": hours,
        }
        for identity, (kind, flag, priority, days, hours) in _SPECIAL_TERMS.items()
    ]
    _add(connection, store_calendar.term, special)
    steps = [{"step": step, "valid_from": _BEGINNING, "working_days": days} for step, days in _STEPS.items()]
    _add(connection, store_calendar.step_term, steps)
    escalations = [
        {"level": None, "percent": None, "working_days": None, "working_hours": None, "wall_minutes": None}
        | {"flag": None, "id": identity, "valid_from": _BEGINNING}
        | row
        for identity, row in _ESCALATIONS.items()
    ]
    _add(connection, store_timers.escalation_term, escalations)
    extend_holidays(connection, at)
    _ramadan(connection, at)


def _ramadan(connection: Connection, at: datetime) -> None:
    """Adds the usual hours of Ramadan; one that was withdrawn stays so.

    The dates are astronomical estimates until the moon is seen: then the circular is recorded, and the estimate withdrawn.
    """
    usual = {
        "scope": "nation",
        "effect": "hours",
        "reference": "estimate",
        "note_ar": "دوام رمضان (تواريخ تقديرية)",
        "note_en": "Hours of Ramadan (estimated dates)",
        "recorded_at": at,
        "recorded_by": "seed",
    }
    rows = [{**usual, **row} for row in _load("ramadan.json")]
    statement = insert(store_calendar.calendar_override).values(rows).on_conflict_do_nothing()
    added = connection.execute(statement.returning(store_calendar.calendar_override.c.id)).scalars().all()
    if connection.scalar(select(exists().select_from(store.cases))):
        for identity in added:
            store_calendar.add_job(connection, new_id(), str(identity), at)


def _templates(connection: Connection, at: datetime) -> None:
    """Adds texts for replies that all bodies are offered; what the coordinator changed or withdrew has later versions and stays so."""
    usual = {"version": 1, "withdrawn": False, "written_by": "seed", "written_at": at}
    _add(connection, store_desk.reply_template, [usual | row for row in _load("reply_templates.json")])


def extend_holidays(connection: Connection, at: datetime) -> list[int]:
    """Adds the public holidays of years from last year to three years ahead that have none yet; returns these years.

    A year that is there is left alone: the dates of religious holidays are estimates until the Cabinet announces them, and what an
    operator moved or removed must not come back.
    """
    there = connection.execute(select(func.extract("year", store.holiday.c.day)).distinct()).scalars()
    years = sorted(set(range(at.year - 1, at.year + 4)) - {int(year) for year in there})
    if years:
        # Imported where it is needed, a few times in the life of an installation: the package costs 20 MB of memory.
        from holidays import country_holidays

        arabic, english = (country_holidays("JO", years=years, language=each) for each in ("ar", "en_US"))
        days = sorted(day for day in arabic if day.year in years)
        _add(
            connection,
            store.holiday,
            [{"day": day, "name_ar": arabic[day], "name_en": english[day]} for day in days],
        )
    return years


def _officers(connection: Connection, at: datetime) -> None:
    liaison = officers()
    people = [*liaison, *leaders()]
    rows = [
        {
            "id": each.id,
            "institution": each.institution,
            "rank": each.rank,
            "name_ar": each.name_ar,
            "name_en": each.name_en,
            "email": each.email,
            "phone": each.phone,
            "languages": list(each.languages),
            "present": True,
            "present_since": at,
            "valid_from": _BEGINNING,
        }
        for each in people
    ]
    _add(connection, store.officer, rows)
    _add(connection, store.officer_load, [{"officer_id": each.id, "open": 0, "ever": 0} for each in liaison])
    names = ("officer_id", "part", "issued_on", "expires_on")
    certificates = roster.certificates(people, day_of(at))
    _add(
        connection, store_directory.certificate, [dict(zip(names, row, strict=True)) for row in certificates]
    )


def _add(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key)), rows)


def _load(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))
