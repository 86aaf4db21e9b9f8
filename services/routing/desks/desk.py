"""What a desk shows: pages of the lists of work with how far each promise is used up, what is counted, and what is to be taken next."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.routing import snapshot, store
from services.routing.assigning.assignment import NOTHING
from services.routing.cases import actions, records
from services.routing.cases import transitions as t
from services.routing.cases.step import Who
from services.routing.clock import case_clock
from services.routing.deadlines import store as store_calendar
from services.routing.deadlines.promise import LONGEST_PAUSE, Pause, counts_from, progress
from services.routing.desks import store as store_desk
from services.routing.desks import store_worklist, views
from services.routing.desks.store_worklist import Mark, Wanted
from services.routing.desks.views import Reader
from services.routing.directory import presence
from services.routing.directory import store as store_directory
from services.routing.known import Directory
from services.routing.staff import store as store_accounts
from services.routing.who import is_id

COORDINATOR_NAME = {"ar": "المنسق الحكومي", "en": "The government coordinator"}
STAFF_NAME = {"ar": "أحد الموظفين", "en": "A member of staff"}
_CALLED = {
    records.SYSTEM: {"ar": "النظام", "en": "The system"},
    "complainant": {"ar": "مقدّم الطلب", "en": "The complainant"},
}

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
    """A page of a list as people see it, and where the next one goes on. Raises views.NotYours for an officer of another body."""
    officer, institution = wanted.scope.officer, wanted.scope.institution
    others = officer not in (None, reader.desk) and institution is not None
    if others and not store_directory.is_of(connection, officer, institution):
        raise views.NotYours("officer_id", "not_yours")
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
    known = snapshot.current(connection)
    pauses = store_calendar.pauses(connection, [str(row.complaint_id) for row in rows])
    names = store_directory.names_of(
        connection, sorted({str(row.officer_id) for row in rows if row.officer_id})
    )
    return [
        {
            **row._mapping,
            "officer_name": names.get(str(row.officer_id)),
            "progress": progress_of(known, row, pauses.get(str(row.complaint_id), ()), now),
            "decide_by": case_clock.decide_by(known, row),
        }
        for row in rows
    ]


def team(connection: Connection, institution: str, reader: Reader, now: datetime) -> list[dict[str, Any]]:
    """Who serves at a body today, and what lies on each desk."""
    day = presence.day_of(now)
    presences = snapshot.current(connection).presences
    rows = [
        row
        for row in store_directory.officers_of(connection, institution)
        if presence.serves(presences[str(row.id)], day)
    ]
    ids = [str(row.id) for row in rows]
    desks = store_desk.desks(connection, ids, reader, views.times(now))
    loads = store.loads(connection, [institution])
    certificates = store_directory.of_officers(connection, "certificate", ids)
    found = []
    for row in rows:
        identity = str(row.id)
        leave = presence.leave_on(presences[identity], day)
        passed = [
            (each["part"], each["issued_on"], each["expires_on"]) for each in certificates.get(identity, ())
        ]
        lies = desks[identity]
        found.append(
            {
                **{name: getattr(row, name) for name in ("id", "rank", "unit")},
                "name": {"ar": row.name_ar, "en": row.name_en},
                "present": presence.is_present(presences[identity], day),
                "on_leave_until": leave.last_day if leave else None,
                "cover": presence.cover_for(identity, presences, day),
                **{
                    name: min(getattr(lies, name), store_worklist.COUNTED)
                    for name in ("open", "due_today", "overdue")
                },
                # What the reader must not know of does not show as a difference either.
                "load": loads.get(identity, NOTHING).open - lies.hidden,
                "certified_rights_until": presence.certified_until(passed, "rights", day),
            }
        )
    names = store_directory.names_of(connection, sorted({each["cover"] for each in found if each["cover"]}))
    return [each | {"cover_name": names.get(each["cover"] or "")} for each in found]


#: The columns of the records of a case in which a person stands.
_PEOPLE = ("actor", "author", "approver", "by")


def people(connection: Connection, actors: Collection[str]) -> dict[str, dict[str, str]]:
    """What those are called who acted or look on: officers by their names, others by what they are."""
    known = [each for each in actors if is_id(each)]
    named = store_directory.names_of(connection, known)
    coordinators = store_accounts.coordinators(connection, [each for each in known if each not in named])
    return {
        each: named.get(each)
        or _CALLED.get(each)
        or (COORDINATOR_NAME if each in coordinators else STAFF_NAME)
        for each in actors
    }


def people_of(connection: Connection, records: Mapping[str, Sequence[Row[Any]]]) -> dict[str, dict[str, str]]:
    """What those are called who stand in the records of a case: who acted, who wrote, and to whom it was given."""
    found: set[str] = set()
    for rows in records.values():
        for row in rows:
            found |= {str(row._mapping[name]) for name in _PEOPLE if row._mapping.get(name)}
    found |= {str(row.details["officer"]) for row in records["history"] if row.details.get("officer")}
    return people(connection, found)


def viewers(connection: Connection, complaint_id: str, reader: Reader, now: datetime) -> list[dict[str, Any]]:
    """Who else has a case open before them, and since when."""
    rows = store_desk.viewers(connection, complaint_id, reader, now)
    names = people(connection, {row.viewer for row in rows})
    return [
        {"name": COORDINATOR_NAME if row.coordinates else names[row.viewer], "since": row.since}
        for row in rows
    ]


def progress_of(
    known: Directory, case: Row[Any], pauses: Sequence[Pause], now: datetime
) -> dict[str, Any] | None:
    """How far the promise of a case is used up; None where none was given, or nothing is owed any more."""
    if case.due_at is None or case.status in t.SETTLED:
        return None
    by_the_clock = case.wall_hours is not None
    begun = counts_from(case)
    longest = known.longest_pause(begun) if pauses else LONGEST_PAUSE
    calendar = known.calendars.of(case.governorate, case.institution)
    used = progress(begun, case.due_at, now, calendar, pauses, longest, by_the_clock=by_the_clock)
    return {"share": round(used.share, 4), "minutes_left": used.minutes_left, "by_the_clock": by_the_clock}
