"""When each complaint got how far, read from the commit times that PostgreSQL keeps: exact, on one clock, and at no cost to the run."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.stack import Stack
from tests.support.load import percentile

STAGES = ("accepted", "counted", "assigned", "written", "shown")

# Rows of an inbox, of complaint and of a case that was assigned at once are written once, so xmin is the transaction of the effect.
_SQL = """
    WITH accepted AS (
        SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at FROM intake.complaint
        WHERE id >= CAST(%(first)s AS uuid)
    ), counted AS (
        SELECT subject, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at FROM reporting.inbox
        WHERE event_id >= CAST(%(first)s AS uuid) AND type = 'ComplaintReceived' AND status = 'done'
    ), assigned AS (
        SELECT complaint_id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at FROM routing.cases
        WHERE complaint_id >= CAST(%(first)s AS uuid)
    ), written AS (
        SELECT subject, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at FROM notification.inbox
        WHERE event_id >= CAST(%(first)s AS uuid) AND type IN ('ComplaintAssigned', 'AssignmentFailed') AND status = 'done'
    ), shown AS (
        SELECT subject, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at FROM reporting.inbox
        WHERE event_id >= CAST(%(first)s AS uuid) AND type IN ('ComplaintAssigned', 'AssignmentFailed') AND status = 'done'
    )
    SELECT a.at, c.at, r.at, w.at, s.at FROM accepted a
    LEFT JOIN counted c ON c.subject = a.id LEFT JOIN assigned r ON r.complaint_id = a.id
    LEFT JOIN written w ON w.subject = a.id LEFT JOIN shown s ON s.subject = a.id
"""


@dataclass(frozen=True)
class Way:
    """Times (Unix, seconds) of each complaint by stage; None where it has not got."""

    times: Sequence[tuple[float | None, ...]]

    def done(self, stage: str, start: float, end: float) -> int:
        """How many reached a stage in the time from `start` to `end`; "whole" is the last of all stages."""
        return sum(at is not None and start <= at < end for at in self._reached(stage))

    def backlog(self, at: float, stage: str = "whole") -> int:
        """How many were accepted before `at` and had not reached the stage by then."""
        return self.done("accepted", 0, at) - self.done(stage, 0, at)

    def lag(self, stage: str, q: float) -> float:
        """The q-th percentile of the time from acceptance to the stage, in ms, over those that got there."""
        reached = zip(self._reached("accepted"), self._reached(stage), strict=True)
        return round(percentile([end - start for start, end in reached if end is not None], q) * 1000, 1)

    def _reached(self, stage: str) -> list[float | None]:
        if stage != "whole":
            return [row[STAGES.index(stage)] for row in self.times]
        return [None if None in row else max(row) for row in self.times]


def since(stack: Stack, moment: float) -> Way:
    """The complaints filed since `moment` (Unix, seconds)."""
    return Way(stack.rows(_SQL, {"first": first_id(moment)}))


def complete(stack: Stack, moment: float, seconds: float) -> Way:
    """Waits, at most `seconds`, until all complaints filed since `moment` have gone all their way."""
    end = time.monotonic() + seconds
    while True:
        way = since(stack, moment)
        if None not in way._reached("whole") or time.monotonic() > end:
            return way
        time.sleep(1)


def first_id(moment: float) -> str:
    """The smallest UUIDv7 of a moment: ids are in the order of time."""
    number = int(datetime.fromtimestamp(moment, UTC).timestamp() * 1000)
    return f"{number >> 16:08x}-{number & 0xFFFF:04x}-7000-8000-000000000000"
