"""The questions that a dashboard asks of the figures.

Reads cells, and of complaints only those that fell due since the last look (handlers.mark_overdue), so that
"overdue" is right to the second.
"""

# ruff: noqa: S608 - statements are put together from the constants of these modules; values are parameters.

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from services.reporting import kpi
from services.reporting.figures import ALL, CELL, DIMENSIONS, MEASURES, SLICES
from services.reporting.kpi import Period
from services.reporting.store import NEWLY_OVERDUE

FILTERS = ("institution", "governorate", "category", "kind")
#: What the dashboard is broken down by, besides the day.
BREAKDOWNS = ("institution", "category", "governorate", "status", "kind", "channel")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one period holds. Every figure is a dict from figure code to count."""

    totals: dict[str, int]
    by_day: dict[date, dict[str, int]]
    #: breakdown → value → figures; the value `-` stands for none yet.
    by: dict[str, dict[str, dict[str, int]]]


def read(
    connection: sa.Connection,
    period: Period,
    filters: Mapping[str, str],
    now: datetime,
    breakdowns: Iterable[str] = BREAKDOWNS,
) -> Answer:
    """The figures of complaints received in `period` that match `filters` (a subset of FILTERS, by equality), as of `now`."""
    plan: dict[int, list[str]] = {slice_for(filters): ["day"]}
    for name in breakdowns:
        plan.setdefault(slice_for({**filters, name: ""}), []).append(name)
    answer = Answer(totals={}, by_day={}, by={name: {} for name in breakdowns})
    for number, names in plan.items():
        for row in _ask(connection, number, names, period, filters, now):
            counts = {code: row[code] or 0 for code in kpi.FIGURES}
            name = names[row["grouped"] - 1] if row["grouped"] else None
            if name is None:
                answer.totals.update(counts)
            elif name == "day":
                answer.by_day[row["day"]] = counts
            else:
                answer.by[name][row[name]] = counts
    return answer


def plan_for_small_answers(connection: sa.Connection) -> None:
    """For the rest of the transaction: no workers and no compiled plans, which cost more than these questions do."""
    connection.execute(sa.text("SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"))


def slice_for(names: Iterable[str]) -> int:
    """The coarsest slice that keeps all the given dimensions apart."""
    wanted = set(names)
    return next(number for number, kept in SLICES.items() if wanted <= set(kept))


def _ask(
    connection: sa.Connection,
    number: int,
    names: list[str],
    period: Period,
    filters: Mapping[str, str],
    now: datetime,
) -> Iterable[Mapping[str, Any]]:
    """One statement: the totals, and the figures by each of `names`; `grouped` is 0 for the totals, else 1 + index in `names`."""
    chosen = "".join(f" AND {name} = :{name}" for name in sorted(filters))
    grouped = " ".join(f"WHEN GROUPING({name}) = 0 THEN {index}" for index, name in enumerate(names, 1))
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in MEASURES)
    # A row of complaint counts nothing here but its being overdue: all else of it is in the cells.
    dimensions = ", ".join(
        f"{CELL[name] if name in SLICES[number] else repr(ALL)} AS {name}" for name in DIMENSIONS
    )
    unseen = ", ".join(f"{int(name == 'overdue')} AS {name}" for name in MEASURES)
    statement = f"""
        SELECT CASE {grouped} ELSE 0 END AS grouped, {", ".join(names)}, {sums} FROM (
            SELECT day, {", ".join(DIMENSIONS)}, {", ".join(MEASURES)} FROM figure
            WHERE slice = {number} AND day BETWEEN :first AND :last {chosen}
            UNION ALL
            SELECT received_day, {dimensions}, {unseen} FROM complaint
            WHERE {NEWLY_OVERDUE} AND received_day BETWEEN :first AND :last {chosen}
        ) AS cell GROUP BY GROUPING SETS ((), {", ".join(f"({name})" for name in names)})
    """
    parameters = {**filters, "first": period.first, "last": period.last, "now": now}
    return connection.execute(sa.text(statement), parameters).mappings().all()
