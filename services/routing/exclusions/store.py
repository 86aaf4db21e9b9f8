"""Exclusions in the database: what each officer is tied to by post, and the condition that keeps a case from who must not see it.

The rule itself is exclusion.py. Its result is a row per officer, written from the directory in the transaction that changes it: so a
list of cases is limited by one array that is read once.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    cast,
    func,
    not_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from services.routing import store
from services.routing.cases import transitions as t
from services.routing.directory import store as store_directory
from services.routing.exclusions import exclusion
from services.routing.exclusions.exclusion import Post, Unit
from services.routing.who import Who, is_id

officer_tie = Table(
    "officer_tie",
    store.metadata,
    Column("officer_id", Uuid, primary_key=True),
    Column("subjects", ARRAY(Text)),
)

# What whoever acts for a body without a post there, or as its head, is tied to.
office_tie = Table(
    "office_tie",
    store.metadata,
    Column("institution", Text, primary_key=True),
    Column("subjects", ARRAY(Text)),
)

restriction = Table(
    "restriction",
    store.metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("officers", ARRAY(Text)),
    Column("bodies", ARRAY(Text)),
    Column("persons", ARRAY(Text)),
    Column("offices", ARRAY(Text)),
    Column("colleagues", ARRAY(Text)),
    # Who is accused by name, as it came: opened to be looked up again when the directory changes.
    Column("names", Text),
)


@dataclass(frozen=True, slots=True)
class Told:
    """Who must not see a complaint: officers by id, whole bodies, and who of the officers is accused in person.

    Of the bodies in `offices`, where the accused are, only those officers may see it who are `colleagues`, and none of them as a head.
    """

    officers: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    colleagues: tuple[str, ...] = ()


_TOLD = tuple(each.name for each in fields(Told))


@dataclass(frozen=True, slots=True)
class Restricted:
    """A case that is directed against somebody, and what others were told of it. `holder` has it on the desk."""

    complaint_id: str
    holder: str | None
    implicated: tuple[str, ...]
    names: str | None
    told: Told


_TELL = text(
    """
    INSERT INTO restriction AS r (complaint_id, officers, bodies, persons, offices, colleagues, names)
    VALUES (CAST(:complaint_id AS uuid), :officers, :bodies, :persons, :offices, :colleagues, :names)
    ON CONFLICT (complaint_id) DO UPDATE
    SET officers = excluded.officers, bodies = excluded.bodies, persons = excluded.persons, offices = excluded.offices,
        colleagues = excluded.colleagues, names = coalesce(excluded.names, r.names)
    WHERE (r.officers, r.bodies, r.persons, r.offices, r.colleagues)
        IS DISTINCT FROM (excluded.officers, excluded.bodies, excluded.persons, excluded.offices, excluded.colleagues)
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


_WRITE_OFFICES = text(
    """
    INSERT INTO office_tie (institution, subjects)
    SELECT r.institution, r.subjects FROM json_to_recordset(CAST(:rows AS json)) AS r (institution text, subjects text[])
    ON CONFLICT (institution) DO UPDATE SET subjects = excluded.subjects
    WHERE office_tie.subjects IS DISTINCT FROM excluded.subjects
    """
)
# The condition of the index as it stands there. A case that somebody acts on meanwhile is waited for.
_KEEP = text(
    """
    UPDATE cases c SET implicated = c.implicated || array(
        SELECT r.kept FROM json_to_recordset(CAST(:rows AS json)) AS r (kept text, lost text[])
        WHERE c.implicated && r.lost AND NOT c.implicated @> ARRAY[r.kept] ORDER BY r.kept)
    WHERE c.implicated <> '{}' AND c.implicated && CAST(:lost AS text[])
    """
)


def tied(connection: Connection) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """(subject → the officers who are tied to it, body → its subjects), by the directory as it is."""
    unit = store_directory.unit
    officer = store.officer
    found = connection.execute(select(officer.c.id, officer.c.institution, officer.c.rank, officer.c.unit))
    posts = [Post(str(row[0]), *row[1:]) for row in found]
    units = [Unit(*row) for row in connection.execute(select(unit.c.code, unit.c.institution, unit.c.parent))]
    return exclusion.tied(posts, units), exclusion.of_bodies(posts, units)


def refresh(connection: Connection) -> None:
    """Writes down what each officer is tied to; what has not changed costs no write.

    Who is not tied any more to what cases are directed against stays out of these cases.
    """
    by_subject, of_bodies = tied(connection)
    ties = exclusion.ties(by_subject)
    before = connection.execute(select(officer_tie.c.officer_id, officer_tie.c.subjects))
    lost = {
        str(officer): sorted(gone)
        for officer, subjects in before
        if (gone := set(subjects).difference(ties.get(str(officer), ())))
    }
    if lost:
        rows = [{"kept": exclusion.kept(officer), "lost": gone} for officer, gone in sorted(lost.items())]
        every = sorted({subject for gone in lost.values() for subject in gone})
        connection.execute(_KEEP, {"rows": store.as_json(rows), "lost": every})
    posts = [{"officer_id": officer, "subjects": subjects} for officer, subjects in sorted(ties.items())]
    connection.execute(_WRITE, {"rows": store.as_json(posts)})
    offices = [
        {"institution": code, "subjects": sorted(subjects)} for code, subjects in sorted(of_bodies.items())
    ]
    connection.execute(_WRITE_OFFICES, {"rows": store.as_json(offices)})


def tell(connection: Connection, complaint_id: str, told: Told, names: str | None) -> bool:
    """Notes what others are told of who must not see a complaint. Whether that is news: that it is nobody, only where it was somebody."""
    lists = {name: list(each) for name, each in asdict(told).items()}
    values = {"complaint_id": complaint_id, "names": names, **lists}
    row = connection.execute(_TELL, values).first()
    return row is not None and (row.told_before or told != Told())


def lock_restricted(
    connection: Connection, after: str | None, limit: int, *, settled: bool
) -> list[Restricted]:
    """Cases that are directed against somebody, in order of their ids behind `after`, kept until the transaction ends.

    Those of which something is owed, or those that are `settled`: nobody is to find those either.
    """
    cases = store.cases
    query = (
        _restricted()
        .where(cases.c.status.in_(t.SETTLED) if settled else cases.c.status.not_in(t.SETTLED))
        .order_by(cases.c.complaint_id)
        .limit(limit)
        .with_for_update(of=cases)
    )
    if after is not None:
        query = query.where(cases.c.complaint_id > after)
    return [_read(row) for row in connection.execute(query)]


def restricted(connection: Connection, complaint_ids: Collection[str]) -> list[Restricted]:
    """Those of the cases that are directed against somebody, as far as anybody was told."""
    query = _restricted().where(restriction.c.complaint_id.in_(list(complaint_ids)))
    return [_read(row) for row in connection.execute(query)]


def _restricted() -> Select[Any]:
    cases = store.cases
    return select(
        cases.c.complaint_id,
        cases.c.officer_id,
        cases.c.status,
        cases.c.implicated,
        restriction.c.names,
        *(restriction.c[name] for name in _TOLD),
    ).join(restriction, restriction.c.complaint_id == cases.c.complaint_id)


def _read(row: Row[Any]) -> Restricted:
    return Restricted(
        str(row.complaint_id),
        str(row.officer_id) if row.officer_id and row.status in t.ON_DESK else None,
        tuple(row.implicated),
        row.names,
        Told(**{name: tuple(row._mapping[name]) for name in _TOLD}),
    )


def visible_to(who: Who) -> ColumnElement[bool]:
    """Of store.cases: that somebody may know of the case. To be added to every query that lists cases for anybody."""
    return visible(who.id, who.institution, coordinates=t.COORDINATOR in who.roles, heads=t.HEAD in who.roles)


def visible(identity: str, institution: str | None, *, coordinates: bool, heads: bool) -> ColumnElement[bool]:
    """The same of an account or officer of a body. A coordinator is kept from what is directed against the coordinator alone."""
    if coordinates:
        barred = _texts([exclusion.person(identity)])
    else:
        barred = _texts(exclusion.own(identity, institution))
        office = select(office_tie.c.subjects).where(office_tie.c.institution == institution)
        if is_id(identity):
            ties = select(officer_tie.c.subjects).where(officer_tie.c.officer_id == identity)
            barred = func.array_cat(barred, ties.scalar_subquery())
            posted = select(store.officer.c.id).where(
                store.officer.c.id == identity, store.officer.c.institution == institution
            )
            if not heads:
                office = office.where(not_(posted.exists()))
        barred = func.array_cat(barred, office.scalar_subquery())
    return not_(store.cases.c.implicated.overlap(barred))


def _texts(values: Iterable[str]) -> ColumnElement[list[str]]:
    return cast(array(list(values)), ARRAY(Text))
