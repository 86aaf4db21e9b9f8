"""Counts of complaints by day and dimension, kept by differences in the transaction that changes a complaint.

A cell is (day of receipt, institution, category, governorate, kind, channel, status, flags). Adding up every cell of a month
to learn one total would read nearly as many rows as there are complaints, so each complaint is counted in several
slices: one keeps all dimensions apart, the others keep a few and sum over the rest; each by day and by month. A question
is answered from the coarsest slice that knows its filters, whole months from months.

What is about a right is counted once more, once for each right that it is about: in slices of their own, since these do not add up to
the whole.
"""

# ruff: noqa: S608 - statements are put together from the constants of these modules; values are parameters.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from services.reporting.kpi import FLAGS, NO, NONE, SETTLED, YES

DIMENSIONS = ("institution", "category", "governorate", "kind", "channel", "status", *FLAGS)
#: The dimension of which a complaint may have several values, or none.
RIGHT = "rights_code"
MEASURES = (
    "received",
    "assigned",
    "unowned",
    "promised",
    "overdue",
    "escalated",
    "notices_delivered",
    "notices_failed",
)

#: In a cell: every value of the dimension together.
ALL = "*"

#: slice number → the dimensions that it keeps apart. In the order of preference: the fewest cells first.
_OF_ALL = {
    1: ("kind", *FLAGS),
    2: ("governorate", "kind"),
    3: ("channel", "kind", "status"),
    4: ("institution", "category", "kind"),
    0: DIMENSIONS,
}
_OF_RIGHTS = {5: ("kind", RIGHT), 6: (*DIMENSIONS, RIGHT)}
SLICES = _OF_ALL | _OF_RIGHTS
#: Each slice is kept by day, and again by month (the day is then the first of the month) under its number plus this.
MONTHLY = 10

OPEN = f"status NOT IN ({', '.join(repr(status) for status in SETTLED)})"

#: What one row of `complaint` counts, and in which cell. The only place that says so: differences, recount and rebuild all use it.
CELL = {
    "day": "received_day",
    "institution": f"coalesce(institution, '{NONE}')",
    "category": "category",
    "governorate": "governorate",
    "kind": "kind",
    "channel": "channel",
    "status": "status",
    **{flag: f"CASE WHEN {flag} THEN '{YES}' ELSE '{NO}' END" for flag in FLAGS},
}
COUNT = {
    "received": "1",
    "assigned": f"(assigned_at IS NOT NULL AND unowned_since IS NULL AND {OPEN})::int",
    "unowned": f"(unowned_since IS NOT NULL AND {OPEN})::int",
    "promised": "(due_at IS NOT NULL)::int",
    "overdue": f"(overdue AND {OPEN})::int",
    "escalated": "escalated::int",
    "notices_delivered": "notices_delivered",
    "notices_failed": "notices_failed",
}
KEY = ("slice", *CELL, RIGHT)


def _cells(rows: str, sign: str, cell_of: Mapping[str, str], more: str) -> str:
    """SELECT of the cells of `rows` (a table of complaints); each measure is multiplied by `sign`."""
    cell = ", ".join(f"{expression} AS {name}" for name, expression in cell_of.items())
    count = ", ".join(f"{sign} * {expression} AS {name}" for name, expression in COUNT.items())
    return f"SELECT {cell}, {count} FROM {rows} WHERE received_day IS NOT NULL{more}"


def _sliced(changes: Sequence[tuple[str, str]], more: str = "", having: str = "") -> str:
    """SELECT that sums the cells of (rows, sign) into every slice; a dimension that a slice does not keep reads `*`."""
    each = " UNION ALL ".join(_cells(rows, sign, CELL, more) for rows, sign in changes)
    by_right = " UNION ALL ".join(
        _cells(
            f"{rows} CROSS JOIN unnest(rights_codes) AS about (code)",
            sign,
            CELL | {RIGHT: "about.code"},
            more,
        )
        for rows, sign in changes
    )
    return f"{_grouped(each, _OF_ALL)}{having} UNION ALL {_grouped(by_right, _OF_RIGHTS)}{having}"


def _grouped(source: str, of: Mapping[int, Sequence[str]]) -> str:
    every = (*DIMENSIONS, RIGHT)
    names = [name for name in every if any(name in kept for kept in of.values())]
    slices = [(number, ", ".join(kept), _mask(names, kept)) for number, kept in sorted(of.items())]
    sets = ", ".join(f"(day, {kept}), (month, {kept})" for _, kept, _ in slices)
    # A slice is known by the dimensions that its grouping set leaves out.
    number = " ".join(
        f"WHEN GROUPING({', '.join(names)}) = {mask} THEN {number}" for number, _, mask in slices
    )
    dimensions = ", ".join(
        f"CASE WHEN GROUPING({name}) = 1 THEN '{ALL}' ELSE {name} END AS {name}"
        if name in names
        else f"'{ALL}' AS {name}"
        for name in every
    )
    sums = ", ".join(f"sum({name})::int AS {name}" for name in MEASURES)
    return (
        f"SELECT (CASE {number} END + {MONTHLY} * GROUPING(day))::smallint AS slice, coalesce(day, month) AS day,"
        f" {dimensions}, {sums} FROM (SELECT *, date_trunc('month', day)::date AS month FROM ({source}) AS daily)"
        f" AS cell GROUP BY GROUPING SETS ({sets})"
    )


def _mask(names: Sequence[str], kept: Sequence[str]) -> int:
    """What GROUPING(…names…) returns in the set that keeps `kept`: one bit for each that is summed over."""
    return int("".join("0" if name in kept else "1" for name in names), 2)


_KEY = ", ".join(KEY)
_COLUMNS = ", ".join((*KEY, *MEASURES))
_ANY = " OR ".join(f"sum({name}) <> 0" for name in MEASURES)

#: The end of a statement that has CTEs `before` and `after` (rows of complaint): carries the difference into `figure`.
CARRY = (
    f"INSERT INTO figure AS f ({_COLUMNS})"
    f" SELECT {_COLUMNS} FROM ({_sliced((('before', '-1'), ('after', '1')), having=f' HAVING {_ANY}')}) AS change"
    f" ON CONFLICT ({_KEY}) DO UPDATE SET {', '.join(f'{name} = f.{name} + EXCLUDED.{name}' for name in MEASURES)}"
)

_IN_MONTH = "{0} >= :month AND {0} < CAST(:month AS date) + interval '1 month'"
_COUNTED = _sliced((("complaint", "1"),), f" AND {_IN_MONTH.format('received_day')}")
_REFILL = sa.text(f"INSERT INTO figure ({_COLUMNS}) SELECT {_COLUMNS} FROM ({_COUNTED}) AS counted")


def _compare() -> sa.TextClause:
    either = ", ".join(f"coalesce(kept.{name}, counted.{name}) AS {name}" for name in KEY)
    pairs = ", ".join(
        f"coalesce({side}.{name}, 0) AS {side}_{name}" for side in ("kept", "counted") for name in MEASURES
    )
    differs = " OR ".join(f"coalesce(kept.{name}, 0) <> coalesce(counted.{name}, 0)" for name in MEASURES)
    kept = f"SELECT * FROM figure WHERE {_IN_MONTH.format('day')}"
    return sa.text(
        f"SELECT {either}, {pairs} FROM ({kept}) AS kept FULL JOIN ({_COUNTED}) AS counted USING ({_KEY})"
        f" WHERE {differs} LIMIT :limit"
    )


_COMPARE = _compare()


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell whose kept counts are not those of a recount. `kept` and `counted` map measure to number."""

    cell: dict[str, Any]
    kept: dict[str, int]
    counted: dict[str, int]


def lock(connection: sa.Connection) -> None:
    """Makes this transaction the only writer of complaints and figures until it ends.

    A batch may change rows more than once in its transaction, so no order of row locks could be kept across that: two
    replicas would deadlock. One lock taken first is an order. It also makes the row that a difference is taken from
    the newest one: under READ COMMITTED the statement after it sees all that earlier holders committed.
    """
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('reporting'), hashtext('figure'))"))


def months(connection: sa.Connection) -> list[date]:
    """The first day of every month from the first to the last that has complaints or figures."""
    found = connection.scalars(
        sa.text(
            "SELECT generate_series(date_trunc('month', min(first)), max(last), interval '1 month')::date FROM ("
            " SELECT min(received_day) AS first, max(received_day) AS last FROM complaint"
            " UNION ALL SELECT min(day), max(day) FROM figure) AS every"
        )
    )
    return list(found)


def recount(
    connection: sa.Connection, of: Sequence[date] | None = None, limit: int = 100
) -> list[Difference]:
    """Counts the complaints of the given months (default: all) again and returns cells that differ; [] is right.

    At most `limit` cells of each month. One statement for each month, hence one snapshot for what is compared: it may run beside the
    writers, and no statement is long (a second or so for a hundred thousand complaints).
    """
    found = []
    for month in months(connection) if of is None else of:
        rows = connection.execute(_COMPARE, {"month": month, "limit": limit}).mappings()
        found += [
            Difference(
                cell={name: row[name] for name in KEY},
                kept={name: row[f"kept_{name}"] for name in MEASURES},
                counted={name: row[f"counted_{name}"] for name in MEASURES},
            )
            for row in rows
        ]
    return found


def rebuild(connection: sa.Connection, of: Sequence[date] | None = None) -> int:
    """Replaces the figures of the given months (default: all) by a recount; returns the number of cells.

    Writers wait until the transaction ends: beside a running service, give it a month and a transaction at a time.
    """
    lock(connection)
    written = 0
    for month in months(connection) if of is None else of:
        connection.execute(sa.text(f"DELETE FROM figure WHERE {_IN_MONTH.format('day')}"), {"month": month})
        written += connection.execute(_REFILL, {"month": month}).rowcount
    return written


def sweep(connection: sa.Connection) -> int:
    """Deletes the cells that every complaint has left, and returns how many; they count nothing but are read."""
    lock(connection)
    nothing = " AND ".join(f"{name} = 0" for name in MEASURES)
    return connection.execute(sa.text(f"DELETE FROM figure WHERE {nothing}")).rowcount
