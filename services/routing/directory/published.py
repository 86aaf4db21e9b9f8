"""What of the directory everybody may see: the bodies that answer complaints, and their units, each while it stands."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from services.routing.directory.store import unit
from services.routing.store import institution


def bodies(connection: Connection, day: date) -> list[Row[Any]]:
    """The bodies that have not ended on a day, by code."""
    query = select(institution).where(_goes_on(institution.c.valid_to, day))
    return list(connection.execute(query.order_by(institution.c.code)))


def stands(connection: Connection, code: str, day: date) -> bool:
    """Whether there is a body with this code that has not ended."""
    query = select(institution.c.code).where(
        institution.c.code == code, _goes_on(institution.c.valid_to, day)
    )
    return connection.execute(query).first() is not None


def units(connection: Connection, body: str, day: date, after: str | None, limit: int) -> list[Row[Any]]:
    """The units of a body that have begun and not ended, by code, from behind the code `after`."""
    columns = unit.c
    query = select(columns.code, columns.name_ar, columns.name_en).where(
        columns.institution == body,
        columns.valid_from <= day,
        _goes_on(columns.valid_to, day),
        columns.code > (after or ""),
    )
    return list(connection.execute(query.order_by(columns.code).limit(limit)))


def _goes_on(end: ColumnElement[date | None], day: date) -> ColumnElement[bool]:
    """Whether what ends on the day `end`, if ever, is there on a day."""
    return or_(end.is_(None), end > day)
