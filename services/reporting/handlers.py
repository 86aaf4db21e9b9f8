"""Use cases of reporting: facts carried into the figures by the batch, the look at what is overdue, the dashboard, the audit.

The inbox keeps a duplicate from being counted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.chassis.event import Event
from services.reporting import board, events, figures, kpi, metrics, projection, store

OVERDUE_CHUNK = 2000


def project(connection: sa.Connection, facts: Sequence[Event], *, now: datetime) -> None:
    """Everything that a batch of facts says: one change of each complaint's row, and one of each figure that it moves."""
    store.project(connection, projection.fold(facts))
    # After the figures, whose lock keeps two replicas from naming the same institutions in different orders.
    named = [fact.data for fact in facts if fact.key == events.COMPLAINT_ASSIGNED.key]
    store.name_institutions(connection, {data["institution"]: data["institution_name"] for data in named})
    _observe(facts, now)


def _observe(events: Sequence[Event], now: datetime) -> None:
    for event in events:
        # A clock that runs ahead elsewhere must not make a lag negative.
        lag = max(now - event.time, timedelta())
        metrics.projection_lag_seconds.labels(event.type).observe(lag.total_seconds())


def mark_overdue(connection: sa.Connection, *, now: datetime, limit: int = OVERDUE_CHUNK) -> int:
    """Counts up to `limit` complaints as overdue whose due time has passed since the last look; returns how many.

    Time makes them overdue, not a fact, so somebody has to look; the dashboard adds those that were not looked at yet.
    """
    if not store.newly_overdue(connection, now, 1):
        return 0
    # Looked for again under the lock: a promise may have been moved since.
    figures.lock(connection)
    found = store.newly_overdue(connection, now, limit)
    store.project(
        connection, [{"complaint_id": complaint, "said": ["overdue"], "overdue": True} for complaint in found]
    )
    return len(found)


def dashboard(
    connection: sa.Connection, period: kpi.Period, filters: Mapping[str, str], *, now: datetime
) -> dict[str, Any]:
    """The dashboard of a period beside the totals of the one before it, with names and definitions.

    Must be the first in its transaction.
    """
    board.prepare(connection)
    current = board.read(connection, period, filters, now)
    before = board.totals(connection, period.previous(), filters, now)
    names = {
        "institution": store.institution_names(connection),
        "status": kpi.STATUSES,
        "kind": kpi.KINDS,
        "channel": kpi.CHANNELS,
        "flag": kpi.FLAGS,
    }
    tables = {name: current.by[name] for name in current.by if name not in kpi.FLAGS}
    tables["flag"] = {flag: found for flag in kpi.FLAGS if (found := current.by[flag].get(kpi.YES))}
    return {
        "as_of": now,
        "period": period,
        "previous_period": period.previous(),
        "filters": {name: filters.get(name) for name in board.FILTERS},
        "totals": kpi.compared(current.totals, before),
        "by_day": kpi.every_day(period, current.by_day),
        **{
            f"by_{name}": kpi.table(
                rows, names.get(name, {}), kpi.NOT_ASSIGNED if name == "institution" else None
            )
            for name, rows in tables.items()
        },
        "definitions": kpi.DEFINITIONS,
    }


def audit(connection: sa.Connection, *, now: datetime) -> list[figures.Difference]:
    """Recounts some months, shows the result in the metrics and sweeps out empty cells. Returns the differences; none is right.

    The last two months every hour, and each hour another one of all: a drift is found within hours, at a cost that does not grow.
    """
    months = figures.months(connection)
    hour = int(now.timestamp()) // 3600
    chosen = sorted({*months[-2:], *(months[hour % len(months) :][:1] if months else ())})
    found = {month: figures.recount(connection, [month]) for month in chosen}
    metrics.show_drift({month: len(differences) for month, differences in found.items()})
    figures.sweep(connection)
    return [each for differences in found.values() for each in differences]
