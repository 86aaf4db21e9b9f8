"""What happens to one case: its row, its replies, questions, transfers and notes."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    Row,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    cast,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array

from services.routing import store
from services.routing.cases import transitions as t
from services.routing.store import cases

_UTC = DateTime(timezone=True)

reply = Table(
    "reply",
    store.metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("state", Text),
    Column("author", Text),
    Column("outcome", Text),
    Column("found", Text),
    Column("remedy", Text),
    Column("legal_basis", Text),
    Column("summary", Text),
    Column("proposed_at", _UTC),
    Column("approver", Text),
    Column("decided_at", _UTC),
    Column("return_reason", Text),
)
question = Table(
    "question",
    store.metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("author", Text),
    Column("text", Text),
    Column("asked_at", _UTC),
    Column("answer_by", _UTC),
    Column("ended", Text),
    Column("ended_at", _UTC),
)
transfer = Table(
    "transfer",
    store.metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("from_institution", Text),
    Column("to_institution", Text),
    Column("arbiter", Boolean),
    Column("reason", Text),
    Column("by", Text),
    Column("at", _UTC),
    Column("ended", Text),
    Column("ended_at", _UTC),
    Column("ended_reason", Text),
)
case_note = Table(
    "case_note",
    store.metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("texts", JSONB),
)
case_term = Table(
    "case_term",
    store.metadata,
    Column("code", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("days", SmallInteger),
)


def lock(connection: Connection, complaint_id: str) -> Row[Any] | None:
    """The case, kept from everybody else until the transaction ends; None when there is none."""
    query = select(cases).where(cases.c.complaint_id == complaint_id).with_for_update()
    return connection.execute(query).one_or_none()


def lock_of_bodies(
    connection: Connection, bodies: Collection[str], states: Collection[str], after: str | None, limit: int
) -> list[Row[Any]]:
    """Cases in these states that one of the bodies has or is to get, in order of their ids behind `after`, kept until the transaction ends.

    Those that somebody else has are left out.
    """
    theirs = or_(cases.c.institution.in_(list(bodies)), cases.c.receiver.in_(list(bodies)))
    # The settled ones are named for the index, which has only the others.
    query = select(cases).where(theirs, cases.c.status.in_(states), cases.c.status.not_in(sorted(t.SETTLED)))
    if after is not None:
        query = query.where(cases.c.complaint_id > after)
    query = query.order_by(cases.c.complaint_id).limit(limit)
    return list(connection.execute(query.with_for_update(skip_locked=True)))


def change(connection: Connection, complaint_id: str, values: Mapping[str, Any]) -> Row[Any]:
    """Sets columns of a case that is locked; the case as it is now."""
    statement = cases.update().where(cases.c.complaint_id == complaint_id).values(**values).returning(cases)
    return connection.execute(statement).one()


def officer(connection: Connection, officer_id: str) -> Row[Any] | None:
    """An officer of the directory, or None."""
    return connection.execute(select(store.officer).where(store.officer.c.id == officer_id)).one_or_none()


def rows_of(connection: Connection, table: Table, complaint_id: str) -> list[Row[Any]]:
    """The replies, questions, transfers or notes of a case, in the order of their numbers."""
    query = select(table).where(table.c.complaint_id == complaint_id).order_by(table.c.number)
    return list(connection.execute(query))


def last(connection: Connection, table: Table, complaint_id: str) -> Row[Any] | None:
    """The newest reply, question or transfer of a case, or None."""
    query = select(table).where(table.c.complaint_id == complaint_id).order_by(table.c.number.desc()).limit(1)
    return connection.execute(query).one_or_none()


def add(connection: Connection, table: Table, complaint_id: str, values: Mapping[str, Any]) -> int:
    """Adds the next reply, question or transfer of a case that is locked; returns its number."""
    newest = last(connection, table, complaint_id)
    number = newest.number + 1 if newest else 1
    connection.execute(table.insert().values(complaint_id=complaint_id, number=number, **values))
    return number


def end(
    connection: Connection, table: Table, complaint_id: str, number: int, values: Mapping[str, Any]
) -> None:
    """Says how a reply, question or transfer ended."""
    which = and_(table.c.complaint_id == complaint_id, table.c.number == number)
    connection.execute(table.update().where(which).values(**values))


def add_note(connection: Connection, complaint_id: str, number: int, texts: Mapping[str, str]) -> None:
    """Keeps what somebody wrote with the action that is this line of the history."""
    connection.execute(case_note.insert().values(complaint_id=complaint_id, number=number, texts=texts))


def authors(connection: Connection, complaint_ids: Collection[str]) -> dict[str, str]:
    """Who wrote the replies that wait for approval, by complaint."""
    if not complaint_ids:
        return {}
    query = select(reply.c.complaint_id, reply.c.author).where(
        reply.c.complaint_id.in_(list(complaint_ids)), reply.c.state == "proposed"
    )
    return {str(row.complaint_id): row.author for row in connection.execute(query)}


def objected(connection: Connection, complaint_id: str, institution: str) -> bool:
    """Whether a body has objected to a transfer of this case before."""
    query = select(transfer.c.number).where(
        transfer.c.complaint_id == complaint_id,
        transfer.c.to_institution == institution,
        transfer.c.ended == "objected",
    )
    return connection.execute(query.limit(1)).first() is not None


def merged_into(connection: Connection, complaint_id: str, *, without: Collection[str]) -> list[str]:
    """The cases that are handled with another and are not directed against all of these subjects."""
    query = select(cases.c.complaint_id).where(
        cases.c.merged_into == complaint_id,
        not_(cases.c.implicated.contains(cast(array(list(without)), ARRAY(Text)))),
    )
    return [str(each) for each in connection.execute(query.order_by(cases.c.complaint_id)).scalars()]


def term(connection: Connection, code: str, day: date) -> int:
    """The days of a term of the lifecycle that was in force on a day."""
    query = select(case_term.c.days).where(case_term.c.code == code, case_term.c.valid_from <= day)
    return connection.execute(query.order_by(case_term.c.valid_from.desc()).limit(1)).scalar_one()


#: Of an answered case: the moment at which silence closes it, and at which its complainant is reminded.
CLOSES, REMINDS = cases.c.confirm_until, cases.c.remind_at


def take_silent(connection: Connection, moment: Column[datetime], now: datetime, limit: int) -> list[str]:
    """Locked answered cases whose `moment` has come, longest first; those that somebody else has are left out."""
    query = select(cases.c.complaint_id).where(cases.c.status == "answered", moment <= now)
    found = connection.execute(
        query.order_by(moment).limit(limit).with_for_update(skip_locked=True)
    ).scalars()
    return [str(complaint_id) for complaint_id in found]
