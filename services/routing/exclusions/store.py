"""Exclusions in the database: what each officer is tied to by post, and the condition that keeps a case from who must not see it.

The rule itself is exclusion.py. Its result is a row per officer, written from the directory in the transaction that changes it: so a
list of cases is limited by one array that is read once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, Uuid, cast, func, not_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, array

from services.routing import store
from services.routing.cases import transitions as t
from services.routing.cases.who import Who, is_id
from services.routing.directory import store as store_directory
from services.routing.exclusions import exclusion
from services.routing.exclusions.exclusion import Post, Unit

officer_tie = Table(
    "officer_tie",
    store.metadata,
    Column("officer_id", Uuid, primary_key=True),
    Column("subjects", ARRAY(Text)),
)

restriction = Table(
    "restriction",
    store.metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("officers", ARRAY(Text)),
    Column("bodies", ARRAY(Text)),
    Column("persons", ARRAY(Text)),
    # Who is accused by name, as it came: opened to be looked up again when the directory changes.
    Column("names", Text),
)


@dataclass(frozen=True, slots=True)
class Told:
    """Who must not see a complaint: officers by id, whole bodies, and who of the officers is accused in person."""

    officers: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restricted:
    """An open case that is directed against somebody, and what others were told of it."""

    complaint_id: str
    officer_id: str | None
    implicated: tuple[str, ...]
    names: str | None
    told: Told


_TELL = text(
    """
    INSERT INTO restriction AS r (complaint_id, officers, bodies, persons, names)
    VALUES (CAST(:complaint_id AS uuid), :officers, :bodies, :persons, :names)
    ON CONFLICT (complaint_id) DO UPDATE
    SET officers = excluded.officers, bodies = excluded.bodies, persons = excluded.persons, names = coalesce(excluded.names, r.names)
    WHERE (r.officers, r.bodies, r.persons) IS DISTINCT FROM (excluded.officers, excluded.bodies, excluded.persons)
    RETURNING EXISTS (SELECT FROM restriction o WHERE o.complaint_id = r.complaint_id) AS told_before
    """
)
_WRITE = text(
    """
    INSERT INTO officer_tie (officer_id, subjects)
    SELECT r.officer_id, r.subjects FROM json_to_recordset(CAST(:rows AS json)) AS r (officer_id uuid, subjects text[])
    ON CONFLICT (officer_id) DO UPDATE SET subjects = excluded.subjects
    WHERE officer_tie.subjects IS DISTINCT FROM excluded.subjects
    """
)


def tied(connection: Connection) -> dict[str, frozenset[str]]:
    """subject → the officers who are tied to it, by the directory as it is."""
    unit = store_directory.unit
    officer = store.officer
    posts = connection.execute(select(officer.c.id, officer.c.institution, officer.c.rank, officer.c.unit))
    units = connection.execute(select(unit.c.code, unit.c.institution, unit.c.parent))
    return exclusion.tied((Post(str(row[0]), *row[1:]) for row in posts), (Unit(*row) for row in units))


def refresh(connection: Connection) -> None:
    """Writes down what each officer is tied to; what has not changed costs no write."""
    rows = [
        {"officer_id": officer, "subjects": subjects}
        for officer, subjects in sorted(exclusion.ties(tied(connection)).items())
    ]
    connection.execute(_WRITE, {"rows": store.as_json(rows)})


def tell(connection: Connection, complaint_id: str, told: Told, names: str | None) -> bool:
    """Notes what others are told of who must not see a complaint. Whether that is news: that it is nobody, only where it was somebody."""
    values = {
        "complaint_id": complaint_id,
        "officers": list(told.officers),
        "bodies": list(told.bodies),
        "persons": list(told.persons),
        "names": names,
    }
    row = connection.execute(_TELL, values).first()
    return row is not None and (row.told_before or told != Told())


def lock_restricted(connection: Connection, after: str | None, limit: int) -> list[Restricted]:
    """Cases that are directed against somebody, in order of their ids behind `after`, kept until the transaction ends.

    Those that are open, and those that a dispute may open again.
    """
    cases = store.cases
    query = (
        select(
            cases.c.complaint_id,
            cases.c.officer_id,
            cases.c.implicated,
            restriction.c.names,
            *(restriction.c[name] for name in ("officers", "bodies", "persons")),
        )
        .join(restriction, restriction.c.complaint_id == cases.c.complaint_id)
        .where(cases.c.status.not_in(t.SETTLED - {t.ANSWERED}))
        .order_by(cases.c.complaint_id)
        .limit(limit)
        .with_for_update(of=cases)
    )
    if after is not None:
        query = query.where(cases.c.complaint_id > after)
    return [
        Restricted(
            str(row.complaint_id),
            str(row.officer_id) if row.officer_id else None,
            tuple(row.implicated),
            row.names,
            Told(tuple(row.officers), tuple(row.bodies), tuple(row.persons)),
        )
        for row in connection.execute(query)
    ]


def visible_to(who: Who) -> ColumnElement[bool]:
    """Of store.cases: that somebody may know of the case. To be added to every query that lists cases for anybody."""
    return visible(who.id, who.institution, coordinates=t.COORDINATOR in who.roles)


def visible(identity: str, institution: str | None, *, coordinates: bool) -> ColumnElement[bool]:
    """The same of an account or officer of a body. A coordinator is kept from what is directed against the coordinator alone."""
    if coordinates:
        barred = _texts([exclusion.person(identity)])
    else:
        barred = _texts(exclusion.own(identity, institution))
        if is_id(identity):
            ties = select(officer_tie.c.subjects).where(officer_tie.c.officer_id == identity)
            barred = func.array_cat(barred, ties.scalar_subquery())
    return not_(store.cases.c.implicated.overlap(barred))


def _texts(values: Iterable[str]) -> ColumnElement[list[str]]:
    return cast(array(list(values)), ARRAY(Text))
