"""The questions that a dashboard asks of the figures.

Reads cells, and of complaints only those that fell due since the last look (handlers.mark_overdue), so that
"overdue" is right to the second.
"""

# ruff: noqa: S608 - statements are put together from the constants of these modules; values are parameters.

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from services.reporting import kpi
from services.reporting.figures import CELL, DIMENSIONS, MEASURES, MONTHLY, RIGHT, SLICES
from services.reporting.kpi import Period
from services.reporting.store import NEWLY_OVERDUE

FILTERS = ("institution", "governorate", "category", "kind")
#: What the dashboard is broken down by, besides the day.
BREAKDOWNS = ("institution", "category", "governorate", "status", "kind", "channel", *kpi.FLAGS, RIGHT)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one period holds. Every figure is a dict from figure code to count."""

    totals: dict[str, int]
    by_day: dict[date, dict[str, int]]
    #: breakdown → value → figures; the value `-` stands for none yet.
    by: dict[str, dict[str, dict[str, int]]]


def prepare(connection: sa.Connection) -> None:
    """The first statement of a transaction that asks: all its questions see the same moment, and are planned for small answers.

    Workers and compiled plans cost more than these questions do. Every question has an index; what the planner cannot know is that hardly
    a complaint is due and unmarked, so that it would rather read all of them.
    """
    connection.execute(
        sa.text(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL jit = off;"
            " SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_seqscan = off"
        )
    )


def read(connection: sa.Connection, period: Period, filters: Mapping[str, str], now: datetime) -> Answer:
    """The figures of complaints received in `period` that match `filters` (a subset of FILTERS, by equality), as of `now`."""
    answer = Answer(totals={}, by_day={}, by={name: {} for name in BREAKDOWNS})
    for row in _ask(connection, slice_for(filters), ("day",), (period, None), filters):
        if row["grouped"]:
            answer.by_day[row["day"]] = _counts(row)
        else:
            answer.totals.update(_counts(row))
    plan: dict[int, list[str]] = {}
    for name in BREAKDOWNS:
        plan.setdefault(slice_for({*filters, name}), []).append(name)
    for number, names in plan.items():
        for row in _ask(connection, number, names, kpi.whole_months(period), filters):
            if row["grouped"]:
                name = names[row["grouped"] - 1]
                answer.by[name][row[name]] = _counts(row)
    for row in _unmarked(connection, period, filters, now):
        answer.totals["overdue"] += row["overdue"]
        for name, rows in (("day", answer.by_day), *answer.by.items()):
            # There is such a cell unless the figures have drifted, which is the audit's to find and no reason to show nothing.
            for value in row["rights_codes"] if name == RIGHT else [row[name]]:
                rows.setdefault(value, dict.fromkeys(kpi.FIGURES, 0))["overdue"] += row["overdue"]
    return answer


def totals(
    connection: sa.Connection, period: Period, filters: Mapping[str, str], now: datetime
) -> dict[str, int]:
    """The totals alone of what `read` answers."""
    (row,) = _ask(connection, slice_for(filters), (), kpi.whole_months(period), filters)
    found = _counts(row)
    found["overdue"] += sum(row["overdue"] for row in _unmarked(connection, period, filters, now))
    return found


def slice_for(names: Iterable[str]) -> int:
    """The coarsest slice that keeps all the given dimensions apart."""
    wanted = set(names)
    return next(number for number, kept in SLICES.items() if wanted <= set(kept))


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    return {code: row[code] or 0 for code in kpi.FIGURES}


def _ask(
    connection: sa.Connection,
    number: int,
    names: Sequence[str],
    split: tuple[Period, Period | None],
    filters: Mapping[str, str],
) -> Sequence[Mapping[str, Any]]:
    """One statement: the totals, and the figures by each of `names`; `grouped` is 0 for the totals, else 1 + index in `names`.

    `split` is the period, and the whole months in it that are to be read from the months, None for none.
    """
    period, months = split
    chosen = "".join(f" AND {name} = :{name}" for name in sorted(filters))
    grouped = " ".join(f"WHEN GROUPING({name}) = 0 THEN {index}" for index, name in enumerate(names, 1))
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in MEASURES)
    cells = f"SELECT day, {', '.join((*DIMENSIONS, RIGHT))}, {', '.join(MEASURES)} FROM figure WHERE"
    days = f"{cells} slice = {number} AND day BETWEEN :first AND :last {chosen}"
    if months is not None:
        days = f"""
            {cells} slice = {number} AND day >= :first AND day < :first_of_months {chosen}
            UNION ALL {cells} slice = {number} AND day > :last_of_months AND day <= :last {chosen}
            UNION ALL {cells} slice = {number + MONTHLY} AND day BETWEEN :first_of_months AND :last_of_months {chosen}
        """
    statement = f"""
        SELECT {f"CASE {grouped} ELSE 0 END" if names else "0"} AS grouped, {"".join(f"{name}, " for name in names)}{sums}
        FROM ({days}) AS cell GROUP BY GROUPING SETS ((){"".join(f", ({name})" for name in names)})
    """
    parameters = {**filters, "first": period.first, "last": period.last}
    if months is not None:
        parameters |= {"first_of_months": months.first, "last_of_months": months.last}
    return connection.execute(sa.text(statement), parameters).mappings().all()


def _unmarked(
    connection: sa.Connection, period: Period, filters: Mapping[str, str], now: datetime
) -> list[Mapping[str, Any]]:
    """What fell due and is not marked yet, by cell, with its number as `overdue`.

    Period and filters are not part of the statement: with them the planner might choose another index than that of the unmarked.
    """
    cell = ", ".join(f"{expression} AS {name}" for name, expression in CELL.items())
    rows = connection.execute(
        sa.text(
            f"SELECT {cell}, rights_codes, count(*) AS overdue FROM complaint WHERE {NEWLY_OVERDUE}"
            f" GROUP BY {', '.join(str(nth + 1) for nth in range(len(CELL) + 1))}"
        ),
        {"now": now},
    ).mappings()
    return [
        row
        for row in rows
        if row["day"] is not None
        and period.first <= row["day"] <= period.last
        and all(row[name] == value for name, value in filters.items())
    ]
