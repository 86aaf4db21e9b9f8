"""Exclusions in the database: what each officer is tied to by post, and the condition that keeps a case from who must not see it.

The rule itself is exclusion.py. Its result is a row per officer, written from the directory in the transaction that changes it: so a
list of cases is limited by one array that is read once.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, Uuid, cast, func, not_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, array

from services.routing import exclusion, store, store_directory
from services.routing import transitions as t
from services.routing.exclusion import Post, Unit
from services.routing.who import Who

officer_tie = Table(
    "officer_tie",
    store.metadata,
    Column("officer_id", Uuid, primary_key=True),
    Column("subjects", ARRAY(Text)),
)

_WRITE = text(
    """
    INSERT INTO officer_tie (officer_id, subjects)
    SELECT r.officer_id, r.subjects FROM json_to_recordset(CAST(:rows AS json)) AS r (officer_id uuid, subjects text[])
    ON CONFLICT (officer_id) DO UPDATE SET subjects = excluded.subjects
    WHERE officer_tie.subjects IS DISTINCT FROM excluded.subjects
    """
)
_EXCLUDED = text(
    """
    SELECT t.officer_id::text FROM cases c JOIN officer_tie t ON t.subjects && c.implicated
    WHERE c.complaint_id = :complaint_id AND c.implicated <> '{}'
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


def excluded_officers(connection: Connection, complaint_id: str) -> frozenset[str]:
    """The ids of the officers who must have nothing to do with a case."""
    return frozenset(connection.execute(_EXCLUDED, {"complaint_id": complaint_id}).scalars())


def visible_to(who: Who) -> ColumnElement[bool]:
    """Of store.cases: that somebody may know of the case. To be added to every query that lists cases for anybody."""
    return visible(who.id, who.institution, coordinates=t.COORDINATOR in who.roles)


def visible(identity: str, institution: str | None, *, coordinates: bool) -> ColumnElement[bool]:
    """The same of an account or officer of a body. A coordinator is kept from what is directed against the coordinator alone."""
    if coordinates:
        barred = _texts([exclusion.person(identity)])
    else:
        barred = _texts(exclusion.own(identity, institution))
        if _is_id(identity):
            ties = select(officer_tie.c.subjects).where(officer_tie.c.officer_id == identity)
            barred = func.array_cat(barred, ties.scalar_subquery())
    return not_(store.cases.c.implicated.overlap(barred))


def _texts(values: Iterable[str]) -> ColumnElement[list[str]]:
    return cast(array(list(values)), ARRAY(Text))


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
