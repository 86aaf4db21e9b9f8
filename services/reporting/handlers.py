"""Use cases of reporting: one for each fact, all by the batch. Each is one statement on the complaints and their figures.

Facts of one source about one complaint arrive in order, so the last of a batch wins; facts of different sources set
different columns, so their order does not matter. The inbox keeps a duplicate from being counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.chassis.event import Event
from services.reporting import board, figures, kpi, metrics, store

OVERDUE_CHUNK = 2000
#: What a complaint is of which nothing was said: fields that facts may leave out.
_UNSAID = {"service": True, "rights": False, "rights_codes": []}


def complaints_received(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """ComplaintReceived: the dimensions of a complaint are known, from now on it is counted."""
    store.project(connection, store.RECEIVED, _last(events, store.RECEIVED_COLUMNS))
    _observe(events, now)


def complaints_assigned(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """ComplaintAssigned: an officer of the institution holds it; it is unowned no more."""
    store.project(connection, store.ASSIGNED, _last(events, store.ASSIGNED_COLUMNS))
    # After the figures, whose lock keeps two replicas from naming the same institutions in different orders.
    store.name_institutions(
        connection, {event.data["institution"]: event.data["institution_name"] for event in events}
    )
    _observe(events, now)


def promises_set(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """PromiseSet: the complainant was told a due time."""
    store.project(connection, store.PROMISED, _last(events, store.PROMISED_COLUMNS))
    _observe(events, now)


def promises_moved(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """PromiseMoved: another due time counts; what was overdue by the one before is so no more, until it is again."""
    store.project(connection, store.PROMISED, _last(events, store.PROMISED_COLUMNS))
    _observe(events, now)


def assignments_failed(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """AssignmentFailed: nobody could take it; it is unowned until it is assigned."""
    store.project(connection, store.UNOWNED, _last(events, store.UNOWNED_COLUMNS))
    _observe(events, now)


def cases_moved(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """Any fact of a case's life: it is counted in the state that it has now."""
    store.project(connection, store.MOVED, _last(events, store.MOVED_COLUMNS))
    _observe(events, now)


def complaints_escalated(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """ComplaintEscalated: it was raised to somebody higher."""
    store.project(connection, store.ESCALATED, _last(events, ()))
    _observe(events, now)


def notices_delivered(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """NotificationDelivered: one more notice about the complaint reached somebody."""
    _notified(connection, events, delivered=1, failed=0)
    _observe(events, now)


def notices_failed(connection: sa.Connection, events: Sequence[Event], *, now: datetime) -> None:
    """NotificationFailed: one more notice about the complaint was given up."""
    _notified(connection, events, delivered=0, failed=1)
    _observe(events, now)


def _notified(connection: sa.Connection, events: Sequence[Event], *, delivered: int, failed: int) -> None:
    times = Counter(event.data["complaint_id"] for event in events)
    rows = [
        {"complaint_id": complaint, "notices_delivered": delivered * n, "notices_failed": failed * n}
        for complaint, n in times.items()
    ]
    store.project(connection, store.NOTIFIED, rows)


def _last(events: Sequence[Event], columns: Iterable[str]) -> list[dict[str, Any]]:
    """One row for each complaint, of the last event about it; a statement may not touch a row twice."""
    rows = {event.data["complaint_id"]: _UNSAID | event.data for event in events}
    return [
        {"complaint_id": complaint, **{name: data[name] for name in columns}}
        for complaint, data in rows.items()
    ]


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
    store.project(connection, store.OVERDUE, [{"complaint_id": complaint} for complaint in found])
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
