"""What the report is made of: counts by day, and what the ledger says at the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from services.chassis import database
from tests.simulation.ledger import ENDED, Case, Ledger

# Who was at work all day: of those who were away nobody expects the same.
_LOADS = text(
    """
    SELECT o.institution, l.officer_id::text, l.open, l.ever FROM officer_load l JOIN officer o ON o.id = l.officer_id
    WHERE o.rank IN ('main', 'sub') AND o.present AND o.valid_from <= :day AND (o.valid_to IS NULL OR o.valid_to > :day)
      AND NOT EXISTS (SELECT FROM officer_leave v WHERE v.officer_id = o.id AND v.withdrawn_at IS NULL
                      AND :day BETWEEN v.first_day AND v.last_day)
    """
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day's end."""

    day: date
    filed: int
    open: int
    unowned: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The open loads of the officers of a body who are at work, on one evening."""

    officers: int
    smallest: int
    greatest: int
    gini: float
    total: int


class Measures:
    """Taken at the end of each day; the loads each Thursday."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger
        self.days: list[Day] = []
        self.spreads: dict[str, list[Spread]] = {}
        self._ever: dict[str, dict[str, int]] = {}

    def day(self, day: date, now: datetime) -> None:
        """The day is over."""
        waiting = [each for each in self._ledger.open.values() if each.status not in ("answered", None)]
        self.days.append(
            Day(
                day,
                len(self._ledger.cases),
                len(waiting),
                sum(each.status == "received" for each in waiting),
                sum(each.due_at is not None and each.due_at < now for each in waiting),
            )
        )
        if day.isoweekday() == 4:
            self._week(day)

    def _week(self, day: date) -> None:
        with database.transaction("routing") as connection:
            rows = connection.execute(_LOADS, {"day": day}).all()
        by_body: dict[str, list[int]] = {}
        for row in rows:
            by_body.setdefault(row.institution, []).append(row.open)
            self._ever.setdefault(row.institution, {})[row.officer_id] = row.ever
        for body, loads in by_body.items():
            if len(loads) > 1:
                spread = Spread(len(loads), min(loads), max(loads), gini(loads), sum(loads))
                self.spreads.setdefault(body, []).append(spread)

    def given(self, body: str) -> float:
        """The Gini of how much was given to each of a body's officers in all."""
        return gini(list(self._ever.get(body, {}).values()))


def gini(values: Sequence[float]) -> float:
    """0 where all have the same, towards 1 where one has all."""
    ordered, total = sorted(values), sum(values)
    if not total:
        return 0.0
    weighted = sum(rank * value for rank, value in enumerate(ordered, 1))
    return 2 * weighted / (len(ordered) * total) - (len(ordered) + 1) / len(ordered)


def kept(cases: Iterable[Case], now: datetime) -> tuple[int, int]:
    """(kept, to be kept): first answers in time, of those that were given or are due by now.

    What ended without an answer (withdrawn, referred, inadmissible, merged) is in neither.
    """
    done = whole = 0
    for case in cases:
        if case.kept is not None:
            whole += 1
            done += case.kept
        elif case.due_at is not None and case.due_at <= now and case.status not in ENDED:
            whole += 1
    return done, whole
