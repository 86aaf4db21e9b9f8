"""Due times, counted slowly: with a finger on the wall calendar, from the rows of the database and from nothing of the services."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from services.chassis.clock import AMMAN
from services.routing.deadlines.calendar import Override
from services.routing.deadlines.promise import Pause
from tests.unit.routing.deadlines.calendars import Finger

_MARK = text("SELECT version FROM directory_version")
_HOLIDAYS = text("SELECT day FROM holiday")
_OVERRIDES = text(
    "SELECT id::text, scope, code, first_day, last_day, effect, opens, closes FROM calendar_override WHERE withdrawn_at IS NULL"
)


class Slow:
    """The reference of every place, made anew when a row of the calendar changes."""

    def __init__(self) -> None:
        self._mark: Any = None
        self._fingers: dict[tuple[Any, ...], Finger] = {}
        self._holidays: set[date] = set()
        self._overrides: list[Override] = []

    def look(self, connection: Connection) -> None:
        """Reads the rows again if any of the directory changed."""
        mark = connection.execute(_MARK).scalar_one()
        if mark == self._mark:
            return
        self._mark = mark
        holidays = set(connection.execute(_HOLIDAYS).scalars())
        overrides = [Override(*row) for row in connection.execute(_OVERRIDES)]
        if (holidays, overrides) != (self._holidays, self._overrides):
            self._fingers.clear()
            self._holidays, self._overrides = holidays, overrides

    def due(self, row: Any, pauses: Sequence[Pause]) -> datetime:
        """The due time of a case by its row and its pauses."""
        finger = self._finger(row.governorate, row.institution)
        begun = row.promised_from or row.received_at
        if row.wall_hours is None:
            return finger.due(begun, row.working_days, tuple(pauses)).astimezone(UTC)
        due = begun + timedelta(hours=row.wall_hours)
        for pause in pauses:
            if begun <= pause.started_at < due:
                latest = _latest(finger, pause.started_at)
                due += (min(pause.ended_at, latest) if pause.ended_at else latest) - pause.started_at
        return due.astimezone(UTC)

    def _finger(self, governorate: str, institution: str | None) -> Finger:
        said = tuple(
            each
            for each in self._overrides
            if each.scope == "nation"
            or each.code == (governorate if each.scope == "governorate" else institution)
        )
        if said not in self._fingers:
            self._fingers[said] = Finger(self._holidays, said)
        return self._fingers[said]


def _latest(finger: Finger, start: datetime) -> datetime:
    """The tenth evening from a moment on."""
    day, evenings = start.astimezone(AMMAN).date(), 0
    while True:
        end = finger.end_of_day(day)
        evenings += end is not None and end >= start
        if evenings == 10 and end is not None:
            return end
        day += timedelta(days=1)
