"""What people keep at their desks, and who is looking at what: the tables and their queries."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    Row,
    Table,
    Text,
    Uuid,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, distinct_on, insert

from services.routing.cases import transitions as t
from services.routing.desks.store_worklist import COUNTED, OPEN, open_in_order, visible_to
from services.routing.desks.views import Reader, Times
from services.routing.store import cases, metadata, officer

_UTC = DateTime(timezone=True)

VIEWED = timedelta(seconds=60)
"""Who has not said again for so long that a case is open before them is not looking any more."""

MOST_VIEWS = 20
"""Lists that one account may keep."""

viewing = Table(
    "viewing",
    metadata,
    Column("complaint_id", Uuid, primary_key=True),
    Column("viewer", Text, primary_key=True),
    Column("coordinates", Boolean),
    Column("since", _UTC),
    Column("seen_at", _UTC),
)
saved_view = Table(
    "saved_view",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account", Text),
    Column("name", Text),
    Column("query", JSONB),
    Column("saved_at", _UTC),
)
reply_template = Table(
    "reply_template",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("institution", Text),
    Column("name", Text),
    Column("category", Text),
    Column("outcome", Text),
    Column("language", Text),
    Column("found", Text),
    Column("remedy", Text),
    Column("legal_basis", Text),
    Column("summary", Text),
    Column("withdrawn", Boolean),
    Column("written_by", Text),
    Column("written_at", _UTC),
)

# First number of the two-part advisory locks under which the lists of one account are counted.
_VIEWS_LOCK = 0x76696577
_LOCK_VIEWS = text("SELECT pg_advisory_xact_lock(:space, hashtext(:account))")


# --- who is looking -------------------------------------------------------------------------------


def look(connection: Connection, complaint_id: str, reader: Reader, now: datetime) -> None:
    """Somebody has a case open before them: one row, however often it is said."""
    row = {
        "complaint_id": complaint_id,
        "viewer": reader.id,
        "coordinates": reader.coordinates,
        "since": now,
        "seen_at": now,
    }
    statement = insert(viewing).values(row)
    again = viewing.c.seen_at > now - VIEWED
    settled = {"since": case((again, viewing.c.since), else_=now), "seen_at": now}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["complaint_id", "viewer"], set_=settled)
    )


def viewers(connection: Connection, complaint_id: str, reader: Reader, now: datetime) -> list[Row[Any]]:
    """Who else has a case open, who came first first."""
    query = select(viewing).where(
        viewing.c.complaint_id == complaint_id,
        viewing.c.viewer != reader.id,
        viewing.c.seen_at > now - VIEWED,
    )
    return list(connection.execute(query.order_by(viewing.c.since, viewing.c.viewer)))


def forget_viewers(connection: Connection, now: datetime) -> None:
    """Removes who is not looking any more."""
    connection.execute(viewing.delete().where(viewing.c.seen_at <= now - VIEWED))


# --- kept lists -----------------------------------------------------------------------------------


def saved_views(connection: Connection, account: str) -> list[Row[Any]]:
    """The lists that an account keeps, by name."""
    query = select(saved_view).where(saved_view.c.account == account)
    return list(connection.execute(query.order_by(saved_view.c.name)))


def save_view(connection: Connection, row: Mapping[str, Any]) -> Row[Any] | None:
    """Keeps a list under its name, in place of one of that name; None, and nothing is kept, where there are as many as there may be."""
    connection.execute(_LOCK_VIEWS, {"space": _VIEWS_LOCK, "account": row["account"]})
    kept = saved_views(connection, row["account"])
    if len(kept) >= MOST_VIEWS and row["name"] not in {each.name for each in kept}:
        return None
    statement = insert(saved_view).values(row)
    settled = {name: statement.excluded[name] for name in ("query", "saved_at")}
    statement = statement.on_conflict_do_update(constraint="saved_view_name", set_=settled)
    return connection.execute(statement.returning(saved_view)).one()


def forget_view(connection: Connection, account: str, view_id: str) -> bool:
    """Whether an account kept a list with this id, and keeps it no more."""
    which = and_(saved_view.c.id == view_id, saved_view.c.account == account)
    return connection.execute(saved_view.delete().where(which)).rowcount > 0


# --- texts for replies ----------------------------------------------------------------------------


def templates(connection: Connection, institution: str | None, category: str | None) -> list[Row[Any]]:
    """The texts that hold for a body and for all, those that fit a category if one is given; the body's own first, then by name."""
    newest = _newest(institution)
    query = select(newest).where(newest.c.withdrawn.is_(False))
    if category is not None:
        query = query.where(or_(newest.c.category.is_(None), newest.c.category == category))
    order = (newest.c.institution.is_(None), newest.c.category.is_(None), newest.c.name, newest.c.id)
    return list(connection.execute(query.order_by(*order)))


def count_templates(connection: Connection, institution: str | None, category: str) -> int:
    """How many of them fit a category."""
    newest = _newest(institution)
    fits = or_(newest.c.category.is_(None), newest.c.category == category)
    return connection.scalar(select(func.count()).where(newest.c.withdrawn.is_(False), fits)) or 0


def _newest(institution: str | None) -> Any:
    template = reply_template.c
    query = (
        select(reply_template).ext(distinct_on(template.id)).order_by(template.id, template.version.desc())
    )
    ours = or_(template.institution.is_(None), template.institution == institution)
    return query.where(ours).subquery("newest")


def lock_template(connection: Connection, template_id: str) -> Row[Any] | None:
    """The newest version of a text, which nobody else adds to until the transaction ends; None where there is none."""
    query = select(reply_template).where(reply_template.c.id == template_id)
    # The first version is the row that is locked: the newest may have become an older one by the time that it is ours.
    connection.execute(query.where(reply_template.c.version == 1).with_for_update())
    return connection.execute(query.order_by(reply_template.c.version.desc()).limit(1)).one_or_none()


def add_template(connection: Connection, row: Mapping[str, Any]) -> Row[Any]:
    """Adds a version of a text."""
    return connection.execute(reply_template.insert().values(**row).returning(reply_template)).one()


# --- the team -------------------------------------------------------------------------------------


def desks(
    connection: Connection, officer_ids: Sequence[str], reader: Reader, at: Times
) -> dict[str, Row[Any]]:
    """By officer what is open, due today and overdue, of so many cases as are counted, the first due first.

    `hidden` is what weighs on the desk of cases that the reader must not know of.
    """
    own = open_in_order(cases.c.officer_id == officer.c.id, visible_to(reader)).limit(COUNTED + 1)
    seen = own.correlate(officer).lateral("own")
    today = and_(seen.c.place >= at.now, seen.c.place < at.end_of_day)
    counted = (
        select(
            func.count().label("open"),
            func.count().filter(seen.c.place < at.now).label("overdue"),
            func.count().filter(today).label("due_today"),
        )
        .select_from(seen)
        .lateral("counted")
    )
    # Nearly no case is directed against anybody: said first, it spares looking at whom.
    kept_from = and_(cases.c.implicated != literal([], ARRAY(Text)), not_(visible_to(reader)))
    hidden = (
        select(func.coalesce(func.sum(cases.c.load), 0))
        .where(cases.c.officer_id == officer.c.id, cases.c.status.in_(t.ON_DESK), OPEN, kept_from)
        .correlate(officer)
        .scalar_subquery()
    )
    query = select(officer.c.id, counted, hidden.label("hidden")).where(officer.c.id.in_(officer_ids))
    return {str(row.id): row for row in connection.execute(query)}
