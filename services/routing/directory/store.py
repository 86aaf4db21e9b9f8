"""The tables of the directory that assignment does not write, and what is asked of them: units, leave, certificates, the rota, rules."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    DateTime,
    Identity,
    Row,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.routing.directory import entries
from services.routing.directory.presence import Duty, Leave
from services.routing.store import institution, metadata, officer, rule

_UTC = DateTime(timezone=True)

unit = Table(
    "unit",
    metadata,
    Column("code", Text, primary_key=True),
    Column("institution", Text),
    Column("parent", Text),
    Column("name_ar", Text),
    Column("name_en", Text),
    Column("governorate", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
)
leave = Table(
    "officer_leave",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("officer_id", Uuid),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("cover_id", Uuid),
    Column("recorded_at", _UTC),
    Column("recorded_by", Text),
    Column("withdrawn_at", _UTC),
)
certificate = Table(
    "certificate",
    metadata,
    Column("officer_id", Uuid, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("issued_on", Date, primary_key=True),
    Column("expires_on", Date),
)
on_call = Table(
    "on_call",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("institution", Text),
    Column("officer_id", Uuid),
    Column("starts_at", _UTC),
    Column("ends_at", _UTC),
    Column("position", SmallInteger),
    Column("withdrawn_at", _UTC),
)
directory_change = Table(
    "directory_change",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("entity", Text),
    Column("key", Text),
    Column("at", _UTC),
    Column("actor", Text),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
)

#: The table of each sort of entry.
ENTITIES: dict[str, Table] = {
    "institution": institution,
    "unit": unit,
    "officer": officer,
    "rule": rule,
    "leave": leave,
    "certificate": certificate,
    "duty": on_call,
}
#: What belongs to an entry of the directory; the other columns say how and when the row came to be.
_OFFICER = ("id", "institution", "unit", "rank", "name_ar", "name_en", "email", "phone", "languages")
COLUMNS: dict[str, tuple[str, ...]] = {
    "institution": tuple(institution.c.keys()),
    "unit": tuple(unit.c.keys()),
    "officer": (*_OFFICER, "valid_from", "valid_to"),
    "rule": tuple(rule.c.keys()),
    "leave": ("id", "officer_id", "first_day", "last_day", "cover_id"),
    "certificate": tuple(certificate.c.keys()),
    "duty": ("id", "institution", "officer_id", "starts_at", "ends_at", "position"),
}
_GROUPS = text(
    """
    SELECT category, governorate, institution, width_bucket(received_at, CAST(:marks AS timestamptz[])) AS segment, count(*) AS cases
    FROM cases WHERE received_at >= :begin AND received_at < :end GROUP BY 1, 2, 3, 4
    """
)


def rows_of(connection: Connection, entity: str) -> list[entries.Row]:
    """All entries of one sort in the order of their keys, without what was withdrawn."""
    table = ENTITIES[entity]
    query = select(*(table.c[name] for name in COLUMNS[entity])).order_by(*table.primary_key)
    if "withdrawn_at" in table.c:
        query = query.where(table.c.withdrawn_at.is_(None))
    return [entry(row) for row in connection.execute(query)]


def entry(row: Row[Any]) -> entries.Row:
    """A row as a plain dictionary, with ids as text."""
    return {name: str(value) if isinstance(value, UUID) else value for name, value in row._mapping.items()}


def officer_row(connection: Connection, officer_id: str) -> Row[Any] | None:
    """An officer, or None."""
    return connection.execute(select(officer).where(officer.c.id == officer_id)).one_or_none()


def body_of_leave(connection: Connection, leave_id: str) -> str | None:
    """The body whose officer a leave is of, withdrawn or not; None when there is no such leave."""
    query = select(officer.c.institution).join(leave, leave.c.officer_id == officer.c.id)
    return connection.scalar(query.where(leave.c.id == leave_id))


def names_of(connection: Connection, officer_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The names of officers by id, in both languages."""
    if not officer_ids:
        return {}
    query = select(officer.c.id, officer.c.name_ar, officer.c.name_en).where(officer.c.id.in_(officer_ids))
    return {str(row.id): {"ar": row.name_ar, "en": row.name_en} for row in connection.execute(query)}


def is_of(connection: Connection, officer_id: str, code: str) -> bool:
    """Whether an officer is one of a body."""
    query = select(officer.c.id).where(officer.c.id == officer_id, officer.c.institution == code)
    return connection.execute(query).first() is not None


def officers_of(connection: Connection, code: str) -> list[Row[Any]]:
    """Everybody of a body, of every rank."""
    query = select(officer).where(officer.c.institution == code)
    return list(connection.execute(query.order_by(officer.c.rank, officer.c.email)))


def of_officers(connection: Connection, entity: str, officers: Iterable[str]) -> dict[str, list[entries.Row]]:
    """Leave, certificates or duties by officer, in the order of time, without what was withdrawn."""
    table = ENTITIES[entity]
    order = {"leave": "first_day", "certificate": "issued_on", "duty": "starts_at"}[entity]
    query = (
        select(*(table.c[name] for name in COLUMNS[entity]))
        .where(table.c.officer_id.in_(list(officers)))
        .order_by(table.c[order])
    )
    if "withdrawn_at" in table.c:
        query = query.where(table.c.withdrawn_at.is_(None))
    found: defaultdict[str, list[entries.Row]] = defaultdict(list)
    for row in connection.execute(query):
        found[str(row.officer_id)].append(entry(row))
    return found


def leaves(connection: Connection) -> dict[str, tuple[Leave, ...]]:
    """All leave that stands, by officer."""
    found: defaultdict[str, list[Leave]] = defaultdict(list)
    for row in rows_of(connection, "leave"):
        found[row["officer_id"]].append(Leave(row["first_day"], row["last_day"], row["cover_id"]))
    return {key: tuple(each) for key, each in found.items()}


def certificates(connection: Connection) -> dict[str, tuple[tuple[str, date, date], ...]]:
    """All certificates by officer: part, issued on, expires on."""
    found: defaultdict[str, list[tuple[str, date, date]]] = defaultdict(list)
    for row in connection.execute(select(certificate)):
        found[str(row.officer_id)].append((row.part, row.issued_on, row.expires_on))
    return {key: tuple(each) for key, each in found.items()}


def bodies_of_units(connection: Connection) -> dict[str, str]:
    """The body of each unit."""
    return {row.code: row.institution for row in connection.execute(select(unit.c.code, unit.c.institution))}


def rota(connection: Connection) -> tuple[Duty, ...]:
    """The rota of all bodies and of the coordinator's desk."""
    return tuple(
        Duty(row["institution"], row["officer_id"], row["starts_at"], row["ends_at"], row["position"])
        for row in rows_of(connection, "duty")
    )


def units(connection: Connection, code: str | None) -> list[Row[Any]]:
    """The units of a body, or of all."""
    query = select(unit).order_by(unit.c.institution, unit.c.code)
    return list(connection.execute(query if code is None else query.where(unit.c.institution == code)))


def rules(connection: Connection, wanted: Mapping[str, str], at: datetime | None) -> list[Row[Any]]:
    """Rules whose columns have the wanted values, those in force at a moment if one is given, the weightiest of a category first."""
    query = select(rule).where(*(rule.c[name] == value for name, value in wanted.items()))
    if at is not None:
        query = query.where(rule.c.valid_from <= at, func.coalesce(rule.c.valid_to > at, True))
    order = (rule.c.category, rule.c.priority.desc(), rule.c.governorate, rule.c.valid_from.desc(), rule.c.id)
    return list(connection.execute(query.order_by(*order)))


def case_groups(
    connection: Connection, begin: datetime, end: datetime, marks: Sequence[datetime]
) -> list[Row[Any]]:
    """The cases received in [begin, end) counted by category, governorate, body, and segment: the n-th begins at the n-th mark."""
    return list(connection.execute(_GROUPS, {"begin": begin, "end": end, "marks": list(marks)}))
