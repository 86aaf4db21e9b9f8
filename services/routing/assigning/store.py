"""What assignments were decided from: the tables and their queries. Only added to."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, DateTime, Row, Table, Text, Uuid, select, text

from services.routing import store
from services.routing.assigning import decision
from services.routing.assigning.assignment import Load, Rule
from services.routing.assigning.decision import Line, Pool
from services.routing.history import store as store_history

officer_pool = Table(
    "officer_pool",
    store.metadata,
    Column("key", Text, primary_key=True),
    Column("institution", Text),
    Column("officers", JSON),
)
assignment_decision = Table(
    "assignment_decision",
    store.metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True)),
    Column("directory_version", BigInteger),
    Column("pools", JSON),
    Column("lines", JSON),
)

_ADD_POOLS = text(
    """
    INSERT INTO officer_pool (key, institution, officers)
    SELECT r.key, r.institution, r.officers FROM json_to_recordset(CAST(:rows AS json)) AS r (key text, institution text, officers json)
    ON CONFLICT (key) DO NOTHING
    """
)
_ADD = text(
    """
    INSERT INTO assignment_decision (id, at, directory_version, pools, lines)
    VALUES (CAST(:id AS uuid), :at, :version, CAST(:pools AS json), CAST(:lines AS json))
    """
)


def add_pools(connection: Connection, pools: Iterable[Pool]) -> None:
    """Keeps pools; those that are kept already cost a look."""
    rows = [{"key": each.key, "institution": each.institution, "officers": each.content} for each in pools]
    # In one order everywhere, so that two batches cannot wait for each other in a circle.
    rows.sort(key=lambda row: str(row["key"]))
    if rows:
        connection.execute(_ADD_POOLS, {"rows": store.as_json(rows)})


def add(
    connection: Connection,
    identity: str,
    *,
    version: int,
    pools: Mapping[str, Pool],
    loads: Mapping[str, Load],
    lines: Iterable[Line],
    at: datetime,
) -> None:
    """Keeps what a batch was decided from. `loads` are those before its first case."""
    kept = {
        code: [each.key, [_pair(loads.get(officer.id)) for officer in each.officers]]
        for code, each in pools.items()
    }
    values = {
        "id": identity,
        "at": at,
        "version": version,
        "pools": json.dumps(kept, separators=(",", ":")),
        "lines": json.dumps([decision.packed(each) for each in lines], separators=(",", ":")),
    }
    connection.execute(_ADD, values)


def of_case(connection: Connection, complaint_id: str) -> tuple[str, Row[Any]] | None:
    """The id of the newest decision about a case and its row; None where somebody decided by hand, or it was before decisions were kept."""
    event = store_history.case_event
    reference = event.c.details["decision"].astext
    query = select(reference).where(event.c.complaint_id == complaint_id, reference.is_not(None))
    identity = connection.execute(query.order_by(event.c.number.desc()).limit(1)).scalar()
    if identity is None:
        return None
    row = connection.execute(select(assignment_decision).where(assignment_decision.c.id == identity)).one()
    return identity, row


def read(
    connection: Connection, row: Row[Any], rules: Mapping[str, Rule]
) -> tuple[list[Line], dict[str, Pool], dict[str, Load]]:
    """The lines of a decision, the pools that it saw, and the loads before its first line."""
    wanted = [key for key, _ in row.pools.values()]
    found = {
        each.key: decision.pool_from(each.institution, each.officers)
        for each in connection.execute(select(officer_pool).where(officer_pool.c.key.in_(wanted)))
    }
    pools = {code: found[key] for code, (key, _) in row.pools.items()}
    loads = {
        officer.id: Load(*pair)
        for code, (_, pairs) in row.pools.items()
        for officer, pair in zip(pools[code].officers, pairs, strict=True)
    }
    return [decision.unpacked(each, rules) for each in row.lines], pools, loads


def _pair(load: Load | None) -> list[int]:
    return [load.open, load.ever] if load else [0, 0]
