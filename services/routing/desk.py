"""What a desk shows: pages of the lists of work with how far each promise is used up, what is counted, and what is to be taken next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.routing import actions, directory, store_calendar, store_worklist, views
from services.routing import transitions as t
from services.routing.directory import Directory
from services.routing.promise import LONGEST_PAUSE, PAUSE, Pause, progress, step_days
from services.routing.step import Who
from services.routing.store_worklist import Mark, Wanted
from services.routing.views import Reader

_PARTS = {t.OFFICER: views.OFFICER, t.APPROVER: views.APPROVER, t.HEAD: views.HEAD}


def reader(connection: Connection, who: Who, *, leads: bool = False) -> Reader:
    """Who looks at a desk. `leads`: the gateway says that it is a main officer; else the directory may."""
    if t.COORDINATOR in who.roles:
        return Reader(who.id, frozenset({views.COORDINATOR}), who.institution)
    parts = {part for role, part in _PARTS.items() if role in who.roles}
    if views.OFFICER in parts and (leads or actions.is_main(connection, who)):
        parts.add(views.MAIN)
    return Reader(who.id, frozenset(parts), who.institution)


def page(
    connection: Connection, wanted: Wanted, reader: Reader, *, now: datetime, after: Mark | None, limit: int
) -> tuple[list[dict[str, Any]], Mark | None]:
    """A page of a list as people see it, and where the next one goes on."""
    rows, following = store_worklist.page(connection, wanted, reader, views.times(now), after, limit)
    return shown(connection, rows, now), following


def overview(connection: Connection, reader: Reader, now: datetime) -> dict[str, Any]:
    """What lies on a desk: how much of what, and what to take next and why."""
    at = views.times(now)
    lists = {view: Wanted(view, views.scope(reader, view, None, None), {}) for view in _counted(reader)}
    found = store_worklist.counts(connection, lists, reader, at)
    names = views.COUNTED_NATIONALLY if reader.coordinates else views.COUNTED
    answer = {
        "counts": {view: min(found.get(view, 0), store_worklist.COUNTED) for view in names},
        "more": [view for view in names if found.get(view, 0) > store_worklist.COUNTED],
        "next": None,
        "next_reason": None,
    }
    for view in views.next_lists(reader, found):
        row = store_worklist.first_to_do(connection, lists[view], reader, at)
        if row is not None:
            return answer | {"next": shown(connection, [row], now)[0], "next_reason": view}
    return answer


def _counted(reader: Reader) -> list[str]:
    names = views.COUNTED_NATIONALLY if reader.coordinates else views.COUNTED
    if reader.institution is None and not reader.coordinates:
        return []
    return [view for view in views.views_of(reader) if view in names]


def shown(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[dict[str, Any]]:
    """Cases with the names of their officers, and how far their promises are used up."""
    if not rows:
        return []
    known = directory.current(connection)
    pauses = store_calendar.pauses(connection, [str(row.complaint_id) for row in rows])
    names = store_worklist.names(connection, sorted({str(row.officer_id) for row in rows if row.officer_id}))
    return [
        {
            **row._mapping,
            "officer_name": names.get(str(row.officer_id)),
            "progress": progress_of(known, row, pauses.get(str(row.complaint_id), ()), now),
        }
        for row in rows
    ]


def progress_of(
    known: Directory, case: Row[Any], pauses: Sequence[Pause], now: datetime
) -> dict[str, Any] | None:
    """How far the promise of a case is used up; None where none was given, or nothing is owed any more."""
    if case.due_at is None or case.status in t.SETTLED:
        return None
    by_the_clock = case.wall_hours is not None
    longest = (step_days(known.steps, PAUSE, case.received_at) if pauses else None) or LONGEST_PAUSE
    calendar = known.calendars.of(case.governorate, case.institution)
    used = progress(case.received_at, case.due_at, now, calendar, pauses, longest, by_the_clock=by_the_clock)
    return {"share": round(used.share, 4), "minutes_left": used.minutes_left, "by_the_clock": by_the_clock}
