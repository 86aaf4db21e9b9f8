"""What time does by itself: cases are raised, officers reminded, questions lapse, urgent cases go to the next on call.

Each open case says when the clock must look at it next (`cases.check_at`). A sweep takes those that are due in chunks, looks at each
(escalation.py) by what its rows say at that moment, and writes what follows in the same transaction. So whatever happens in between, a
case is looked at until a look is committed, and what is told is told once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from services.chassis import database, outbox
from services.chassis.contract import Fact, FactType
from services.routing import metrics, snapshot, store
from services.routing.assigning.assignment import ON_CALL, Load
from services.routing.cases import actions, records
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.cases.step import Keys
from services.routing.clock import case_clock, escalation, raising
from services.routing.clock import events as clock_facts
from services.routing.clock import store as store_timers
from services.routing.clock.escalation import Finding
from services.routing.clock.people import next_on_call
from services.routing.deadlines import store as store_calendar
from services.routing.events import SOURCE
from services.routing.exclusions import exclusion
from services.routing.history import store as store_history
from services.routing.known import Directory


@dataclass(frozen=True, slots=True)
class Swept:
    """How many cases one transaction looked at, and of how many of them somebody is told."""

    looked: int = 0
    told: int = 0


def sweep(
    connection: Connection,
    *,
    now: datetime,
    keys: Keys,
    limit: int,
    urgent: bool = False,
    only: str | None = None,
) -> Swept:
    """Looks at up to `limit` cases that are due, at `only` that one if it is.

    `urgent`: at those alone that somebody must have seen by now.
    """
    rows = store_timers.lock_due(connection, now, limit, urgent=urgent, only=only)
    if not rows:
        return Swept()
    known = snapshot.steady(connection)
    pauses = store_calendar.pauses(connection, [str(row.complaint_id) for row in rows])
    found = [(row, case_clock.look(known, row, pauses.get(str(row.complaint_id), ()), now)) for row in rows]
    for row, finding in found:
        if finding.lapsed:
            actions.by_time(connection, str(row.complaint_id), "lapse_question", now=now, keys=keys)
    proposed = [str(row.complaint_id) for row in rows if row.status == t.REPLY_PROPOSED]
    batch = _Batch(connection, known, now, keys, store_cases.authors(connection, proposed))
    batch.look([(row, finding) for row, finding in found if not finding.lapsed])
    return Swept(len(rows), batch.write())


@dataclass(slots=True)
class _Batch:
    """What the looks of one transaction come to."""

    connection: Connection
    known: Directory
    now: datetime
    keys: Keys
    authors: Mapping[str, str]
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    loads: dict[str, Load] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    raised: list[tuple[str, int]] = field(default_factory=list)

    def look(self, found: Sequence[tuple[Row[Any], Finding]]) -> None:
        """Decides for each case what follows."""
        for row, finding in found:
            _Look(self, row, finding, exclusion.excluded(row.implicated, self.known.tied)).decide()

    def write(self) -> int:
        """Writes it; of how many cases somebody is told."""
        store_timers.looked(self.connection, self.rows, self.now)
        store.add_loads(self.connection, self.loads)
        heads = store_history.append_history(self.connection, self.lines)
        if self.facts:
            stated = [records.with_history(fact, heads) for fact in self.facts]
            outbox.record(self.connection, stated, source=SOURCE, now=self.now)
        if self.raised:
            database.after_commit(self.connection, partial(metrics.count_raised, tuple(self.raised)))
        return len(self.told)


class _Look:
    """One case of the batch: what its finding leads to, by who is there and who must not know of it."""

    def __init__(self, batch: _Batch, row: Row[Any], finding: Finding, excluded: frozenset[str]):
        self.batch, self.row, self.finding, self.excluded = batch, row, finding, excluded
        self.id = str(row.complaint_id)
        self.officer = str(row.officer_id) if row.officer_id else None
        self.lines = 0
        self.after: dict[str, Any] = {
            name: getattr(row, name)
            for name in (
                "escalation_level",
                "escalated_to",
                "escalated_at",
                "officer_id",
                "assigned_at",
                "reason",
                "acknowledge_by",
                "called",
            )
        }

    def decide(self) -> None:
        """An urgent case that nobody has seen goes on first; then the highest level that is due; then what its officer is reminded of."""
        finding = self.finding
        raised = False
        if finding.unacknowledged:
            raised = self._call_the_next()
        if not raised and finding.level and finding.cause:
            self._raise(finding.level, finding.cause)
            raised = True
        if (
            finding.undecided
            and self.after["escalation_level"] == self.row.escalation_level
            and not self._reminded_arbiter()
        ):
            # Told of one level in this look already, the coordinator is reminded by the desk alone.
            self._raise(escalation.COORDINATOR, escalation.ARBITER)
        raised = raised or self._ask_above_for_approval() or self._pass_on()
        if not raised and self.officer is not None:
            # Who is told that the case was raised has been told enough: one notice per person and look.
            for step, overdue, due in finding.reminders:
                self._remind(step, overdue, due)
        self.after["check_at"] = self._next()
        self.batch.rows.append(
            {"complaint_id": self.id, "lines": self.lines}
            | {name: _safe(value) for name, value in self.after.items()}
        )

    def _next(self) -> datetime | None:
        """What is to come; a case that went to somebody who must answer for it within minutes is looked at by then."""
        waits = self.after["acknowledge_by"]
        moments = [self.finding.next_at, waits if waits and waits > self.batch.now else None]
        return min((each for each in moments if each is not None), default=None)

    # --- higher -----------------------------------------------------------------------------------

    def _raise(self, level: int, cause: str, *, away: str | None = None) -> None:
        case = self.row
        higher = raising.raised(
            self.batch.known,
            case,
            level,
            cause,
            institution=case.institution,
            officer=self.officer,
            excluded=self.excluded,
            now=self.batch.now,
            key=self.batch.keys.notification,
            away=away,
        )
        self._write(higher)

    def _write(self, higher: raising.Raised) -> None:
        self.after |= higher.changes
        self._line("escalate", higher.details)
        self._state(clock_facts.COMPLAINT_ESCALATED, **higher.data)
        self.batch.raised.append((higher.data["cause"], higher.data["level"]))

    def _ask_above_for_approval(self) -> bool:
        """A reply waits, and who of the body could approve it is away by now or kept out."""
        author = self.batch.authors.get(self.id)
        if author is None:
            return False
        higher = raising.for_approval(
            self.batch.known,
            self.row,
            author=author,
            excluded=self.excluded,
            now=self.batch.now,
            key=self.batch.keys.notification,
        )
        if higher is not None:
            self._write(higher)
        return higher is not None

    def _pass_on(self) -> bool:
        """Whoever it was raised to is away now, or kept out: who stands in has it, else another of the level, else the next."""
        holder = self.row.escalated_to
        if case_clock.has_lost_holder(self.row):
            # Why they do not have it any more is told to nobody.
            self._raise(self.row.escalation_level, escalation.HOLDER_AWAY)
            return True
        if holder is None or self.row.status not in t.WORKED_ON:
            return False
        if not self.batch.known.is_away(str(holder), self.batch.now):
            return False
        self._raise(self.row.escalation_level, escalation.HOLDER_AWAY, away=str(holder))
        return True

    def _reminded_arbiter(self) -> bool:
        """Whether the arbiter heard of this transfer: a circular that came late may have its time end once more."""
        return store_history.was_raised(
            self.batch.connection, self.id, escalation.ARBITER, self.row.arbiter_since
        )

    # --- urgent -----------------------------------------------------------------------------------

    def _call_the_next(self) -> bool:
        """The next officer on call has it; after the last of them the main officer, the head, the coordinator are told: whether one is."""
        known, now = self.batch.known, self.batch.now
        self.after["acknowledge_by"] = case_clock.acknowledge_by(known, self.row, now)
        called = {str(each) for each in self.row.called or ()} | ({self.officer} if self.officer else set())
        people = known.people(self.row.institution, now, self.excluded)
        chosen = next_on_call(people, self.excluded | called, rights=self.row.rights)
        if chosen is not None and self.row.escalation_level == 0 and not self.finding.level:
            self._hand_over(chosen, called)
            return False
        level = self.row.escalation_level + 1
        if not people.on_call and people.coordinators:
            # For a body that has nobody on call whoever is on call for all is asked.
            level = escalation.COORDINATOR
        self._raise(max(level, self.finding.level), self.finding.cause or escalation.UNACKNOWLEDGED)
        if self.after["escalation_level"] == escalation.COORDINATOR:
            # Nobody is above; that it waits still is what the alarm rings for.
            self.after["acknowledge_by"] = self.row.acknowledge_by
        return True

    def _hand_over(self, chosen: str, called: set[str]) -> None:
        known, now, row = self.batch.known, self.batch.now, self.row
        for who, load in ((self.officer, Load(-row.load, 0)), (chosen, Load(row.load, 1))):
            if who is not None:
                before = self.batch.loads.get(who, Load(0, 0))
                self.batch.loads[who] = Load(before.open + load.open, before.ever + load.ever)
        self.officer = chosen
        self.after |= {
            "officer_id": chosen,
            "assigned_at": now,
            "reason": ON_CALL,
            "called": sorted(called | {chosen}),
        }
        self._line("hand_over", {"officer": chosen, "reason": ON_CALL})
        self.batch.facts.append(
            records.assigned_fact(
                known,
                records.CaseOf.row(row),
                row.institution,
                chosen,
                ON_CALL,
                row.rule_id,
                now,
                self.batch.keys.notification,
                handed_over=True,
            )
        )
        self.batch.told.add(self.id)

    # --- the officer ------------------------------------------------------------------------------

    def _remind(self, step: str, overdue: bool, due: datetime) -> None:
        kind = clock_facts.CASE_OVERDUE if overdue else clock_facts.CASE_DUE_SOON
        self._line("remind", {"step": step, "overdue": overdue, "due_at": due.astimezone(UTC).isoformat()})
        self._state(kind, officer_id=self.officer, step=step, due_at=due)

    def _line(self, action: str, details: Mapping[str, Any]) -> None:
        self.lines += 1
        number = self.row.version + self.lines
        whole = {"from": self.row.status, "to": self.row.status, **details}
        self.batch.lines.append(records.line(self.id, number, action, records.SYSTEM, whole, self.batch.now))

    def _state(self, kind: FactType, **data: Any) -> None:
        base = {
            "complaint_id": self.id,
            "institution": self.row.institution,
            "status": self.row.status,
            "at": self.batch.now,
        }
        self.batch.facts.append(
            kind.new(
                self.id,
                base | data,
                scope=records.scope(self.batch.known, self.row.institution, self.row.implicated),
            )
        )
        self.batch.told.add(self.id)


def _safe(value: Any) -> Any:
    """JSON-safe."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_safe(each) for each in value]
    return value
