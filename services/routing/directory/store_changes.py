"""Changes of the directory: one at a time, each checked against what stands, each with its line in the history."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text
from sqlalchemy.dialects.postgresql import insert

from services.routing.directory import entries
from services.routing.directory.plan import Change, Known
from services.routing.directory.store import COLUMNS, ENTITIES, directory_change, rows_of
from services.routing.store import OPEN, officer

# Two looks into an index for each body, however many cases there are.
_BUSY = text(
    f"""
    SELECT code FROM institution i
    WHERE EXISTS (SELECT FROM cases WHERE institution = i.code
                  AND {OPEN})
       OR EXISTS (SELECT FROM cases WHERE receiver = i.code
                  AND {OPEN})
    """  # noqa: S608 - a constant of ours.
)


def lock(connection: Connection) -> int:
    """Nobody else changes the directory until this transaction ends; whoever assigns reads on. The version of the directory.

    So what a change was checked against still holds when it is written.
    """
    return connection.execute(text("SELECT version FROM directory_version FOR UPDATE")).scalar_one()


def known(connection: Connection, *, busy: bool = False) -> Known:
    """The directory as rows; with `busy` it knows which bodies have open cases. After `lock`, exact until the transaction ends."""
    certificates = rows_of(connection, "certificate")
    return Known(
        institutions={row["code"]: row for row in rows_of(connection, "institution")},
        units={row["code"]: row for row in rows_of(connection, "unit")},
        officers={row["id"]: row for row in rows_of(connection, "officer")},
        rules={row["id"]: row for row in rows_of(connection, "rule")},
        leaves={row["id"]: row for row in rows_of(connection, "leave")},
        certificates={(row["officer_id"], row["part"], row["issued_on"]): row for row in certificates},
        duties={row["id"]: row for row in rows_of(connection, "duty")},
        busy=frozenset(connection.execute(_BUSY).scalars()) if busy else frozenset(),
    )


def write(
    connection: Connection,
    changes: Sequence[Change],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Writes entries, and their history. One statement for all of a sort, as far as the driver sends them at once."""
    by_entity: defaultdict[str, list[entries.Row]] = defaultdict(list)
    for each in changes:
        by_entity[each.entity].append(each.after | _origin(each, actor, now))
    # Two officers may swap their addresses, and a unit may come before the one above it.
    connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    for entity, rows in by_entity.items():
        table = ENTITIES[entity]
        statement = insert(table)
        keys = set(table.primary_key.columns.keys())
        settled = {name: statement.excluded[name] for name in COLUMNS[entity] if name not in keys}
        connection.execute(
            statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=settled), rows
        )
    record(connection, changes, actor=actor, now=now)


def _origin(change: Change, actor: str, now: datetime) -> entries.Row:
    """The columns that only a new row is given."""
    if change.entity == "officer":
        return {"present": True, "present_since": now}
    return {"recorded_at": now, "recorded_by": actor} if change.entity == "leave" else {}


def set_presence(connection: Connection, officer_id: str, present: bool, now: datetime) -> bool:
    """Marks an officer present or absent. Whether that is a change."""
    change = officer.update().where(officer.c.id == officer_id, officer.c.present.is_not(present))
    return connection.execute(change.values(present=present, present_since=now)).rowcount > 0


def withdraw(connection: Connection, entity: str, identity: str, now: datetime) -> Row[Any] | None:
    """The row of a leave or a duty, locked, withdrawn if it was not before; None when there is none."""
    table = ENTITIES[entity]
    found = connection.execute(select(table).where(table.c.id == identity).with_for_update()).one_or_none()
    if found is not None and found.withdrawn_at is None:
        connection.execute(table.update().where(table.c.id == identity).values(withdrawn_at=now))
    return found


def record(connection: Connection, changes: Iterable[Change], *, actor: str, now: datetime) -> None:
    """Adds to the history of the directory."""
    rows = [
        {
            "entity": each.entity,
            "key": each.key,
            "at": now,
            "actor": actor,
            "before": None if each.before is None else _safe(each.before),
            "after": _safe(each.after),
        }
        for each in changes
    ]
    if rows:
        connection.execute(directory_change.insert(), rows)


def changes(
    connection: Connection, wanted: Mapping[str, str], before: int | None, limit: int
) -> list[Row[Any]]:
    """The history, newest first, of those whose columns have the wanted values, from below the number `before`."""
    query = select(directory_change).where(
        *(directory_change.c[name] == value for name, value in wanted.items())
    )
    if before is not None:
        query = query.where(directory_change.c.number < before)
    return list(connection.execute(query.order_by(directory_change.c.number.desc()).limit(limit)))


def _safe(row: entries.Row) -> entries.Row:
    """The row as JSON holds it."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
