"""The use cases of routing: one function, one transaction of the caller."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis import database, outbox
from services.chassis.contract import Fact
from services.chassis.event import Event
from services.routing import directory, events, metrics, store
from services.routing.assignment import (
    NOTHING,
    Assigned,
    Load,
    Need,
    Outcome,
    Unassigned,
    assign,
)
from services.routing.directory import Directory

SOURCE = "routing"
SYSTEM = "system"
NO_SCOPE = "-"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What routing keeps of a complaint."""

    id: str
    kind: str
    received_at: datetime
    need: Need
    cause: Event | None = None


def receive(connection: Connection, received: Sequence[Event], *, now: datetime, seal_key: str) -> None:
    """Opens a case for each ComplaintReceived: an officer or the unowned desk, and a promise.

    A complaint that has a case already is left alone, so that intake may say it twice.
    """
    known = directory.current(connection)
    complaints = _unique(_complaint(event) for event in received)
    outcomes = _choose(connection, known, complaints, now)
    promises = [known.promise(each.kind, each.received_at) for each in complaints]
    rows = [_case_row(known, *each, now=now) for each in zip(complaints, outcomes, promises, strict=True)]
    # In one order everywhere: two batches that hold the same complaints wait for each other and cannot deadlock.
    opened = store.insert_cases(connection, sorted(rows, key=itemgetter("complaint_id")))
    history: list[dict[str, Any]] = []
    facts: list[tuple[Fact, Event | None]] = []
    for complaint, outcome, promise in zip(complaints, outcomes, promises, strict=True):
        if complaint.id not in opened:
            continue
        facts.append((_outcome_fact(known, complaint, outcome, now, now, seal_key), complaint.cause))
        history.append(_outcome_event(complaint.id, 1, outcome, now))
        if promise is not None:
            facts.append((_promise_fact(complaint.id, promise, _scope(outcome), now), complaint.cause))
            history.append(_promise_event(complaint.id, 2, promise, now))
    new = [pair for pair in zip(complaints, outcomes, strict=True) if pair[0].id in opened]
    _finish(connection, known, new, history, facts, now)
    failed = Counter(outcome.reason for _, outcome in new if isinstance(outcome, Unassigned))
    _count(connection, new, failed)


def retry_unowned(
    connection: Connection,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    now: datetime,
    seal_key: str,
) -> tuple[int, tuple[datetime, str] | None]:
    """Looks again for officers of up to `limit` unowned cases, oldest first. Returns (cases that found one, where to go on or None).

    A case that still has none but for another reason (its rule came, the officer not yet) says so in a new AssignmentFailed.
    """
    rows = store.lock_unowned(connection, after, limit)
    if not rows:
        return 0, None
    known = directory.current(connection)
    complaints = [_stored(row) for row in rows]
    outcomes = _choose(connection, known, complaints, now)
    history: list[dict[str, Any]] = []
    facts: list[tuple[Fact, Event | None]] = []
    owned: list[tuple[Complaint, Outcome]] = []
    changed: list[tuple[Complaint, Outcome]] = []
    for row, complaint, outcome in zip(rows, complaints, outcomes, strict=True):
        if isinstance(outcome, Assigned):
            owned.append((complaint, outcome))
        elif (row.institution, row.reason) != (_institution(outcome), outcome.reason):
            changed.append((complaint, outcome))
        else:
            continue
        facts.append((_outcome_fact(known, complaint, outcome, now, row.unowned_since, seal_key), None))
        history.append(_outcome_event(complaint.id, row.version + 1, outcome, now))
    store.own_cases(connection, [_ownership(*pair) for pair in owned], now)
    store.refuse_cases(connection, [_ownership(*pair) for pair in changed])
    _finish(connection, known, owned, history, facts, now)
    _count(connection, owned, Counter())
    last = rows[-1]
    return len(owned), (last.unowned_since, str(last.complaint_id)) if len(rows) == limit else None


def set_presence(connection: Connection, officer_id: str, present: bool, *, now: datetime) -> Row[Any] | None:
    """Marks an officer present or absent (from then on nothing new is assigned); the officer's row, or None."""
    return store.set_presence(connection, officer_id, present, now)


def _choose(
    connection: Connection, known: Directory, complaints: Sequence[Complaint], now: datetime
) -> list[Outcome]:
    """The outcome of each complaint in order, each seeing the loads that those before it left.

    The loads of the bodies concerned are locked until the commit: so the balance is as exact with three replicas as
    with one (docs/adr/0017).
    """
    rules = [known.rule(each.need, now) for each in complaints]
    bodies = {rule.institution for rule in rules if rule is not None}
    store.lock_loads(connection, bodies)
    loads = store.loads(connection, bodies)
    outcomes: list[Outcome] = []
    for complaint, rule in zip(complaints, rules, strict=True):
        officers = known.officers_of(rule.institution) if rule else ()
        outcome = assign(complaint.need, rule, officers, loads)
        if isinstance(outcome, Assigned):
            chosen = outcome.officer.id
            loads[chosen] = loads.get(chosen, NOTHING).plus(known.load_of(complaint.kind))
        outcomes.append(outcome)
    return outcomes


def _finish(
    connection: Connection,
    known: Directory,
    decided: Iterable[tuple[Complaint, Outcome]],
    history: Sequence[dict[str, Any]],
    facts: Sequence[tuple[Fact, Event | None]],
    now: datetime,
) -> None:
    added: dict[str, Load] = {}
    for complaint, outcome in decided:
        if isinstance(outcome, Assigned):
            chosen = outcome.officer.id
            added[chosen] = added.get(chosen, NOTHING).plus(known.load_of(complaint.kind))
    store.add_loads(connection, added)
    store.insert_events(connection, history)
    outbox.record_each(connection, facts, source=SOURCE, now=now)


def _count(
    connection: Connection, decided: Iterable[tuple[Complaint, Outcome]], failed: Counter[str]
) -> None:
    assigned = Counter(outcome.reason for _, outcome in decided if isinstance(outcome, Assigned))
    database.after_commit(connection, partial(metrics.count, assigned, failed))


def _unique(complaints: Iterable[Complaint]) -> list[Complaint]:
    first: dict[str, Complaint] = {}
    for each in complaints:
        first.setdefault(each.id, each)
    return list(first.values())


def _complaint(event: Event) -> Complaint:
    data = event.data
    return Complaint(
        str(data["complaint_id"]),
        data["kind"],
        data["received_at"],
        Need(data["category"], data["governorate"], data["language"]),
        event,
    )


def _stored(row: Row[Any]) -> Complaint:
    return Complaint(
        str(row.complaint_id), row.kind, row.received_at, Need(row.category, row.governorate, row.language)
    )


def _institution(outcome: Outcome) -> str | None:
    return outcome.rule.institution if outcome.rule else None


def _scope(outcome: Outcome) -> str:
    return _institution(outcome) or NO_SCOPE


def _ownership(complaint: Complaint, outcome: Outcome) -> dict[str, Any]:
    return {
        "complaint_id": complaint.id,
        "institution": _institution(outcome),
        "rule_id": outcome.rule.id if outcome.rule else None,
        "officer_id": outcome.officer.id if isinstance(outcome, Assigned) else None,
        "reason": outcome.reason,
    }


def _case_row(
    known: Directory,
    complaint: Complaint,
    outcome: Outcome,
    promise: tuple[datetime, int] | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    owned = isinstance(outcome, Assigned)
    return _ownership(complaint, outcome) | {
        "kind": complaint.kind,
        "category": complaint.need.category,
        "governorate": complaint.need.governorate,
        "language": complaint.need.language,
        "status": "assigned" if owned else "received",
        "load": known.load_of(complaint.kind),
        "received_at": _iso(complaint.received_at),
        "assigned_at": _iso(now) if owned else None,
        "unowned_since": None if owned else _iso(now),
        "due_at": _iso(promise[0]) if promise else None,
        "working_days": promise[1] if promise else None,
        "version": 2 if promise else 1,
    }


def _outcome_fact(
    known: Directory,
    complaint: Complaint,
    outcome: Outcome,
    now: datetime,
    unowned_since: datetime,
    seal_key: str,
) -> Fact:
    if isinstance(outcome, Unassigned):
        return events.ASSIGNMENT_FAILED.new(
            complaint.id,
            {
                "complaint_id": complaint.id,
                "institution": _institution(outcome),
                "reason": outcome.reason,
                "unowned_since": unowned_since,
            },
            scope=_scope(outcome),
        )
    institution = outcome.rule.institution
    return events.COMPLAINT_ASSIGNED.new(
        complaint.id,
        {
            "complaint_id": complaint.id,
            "institution": institution,
            "institution_name": known.names[institution],
            "officer_id": outcome.officer.id,
            "reason": outcome.reason,
            "rule_id": outcome.rule.id,
            "category": complaint.need.category,
            "governorate": complaint.need.governorate,
            "kind": complaint.kind,
            "assigned_at": now,
            "sealed": known.sealed_contact(outcome.officer.id, seal_key),
        },
        scope=institution,
    )


def _promise_fact(complaint_id: str, promise: tuple[datetime, int], scope: str, now: datetime) -> Fact:
    data = {"complaint_id": complaint_id, "due_at": promise[0], "working_days": promise[1], "set_at": now}
    return events.PROMISE_SET.new(complaint_id, data, scope=scope)


def _outcome_event(complaint_id: str, number: int, outcome: Outcome, now: datetime) -> dict[str, Any]:
    details = {
        "institution": _institution(outcome),
        "rule": outcome.rule.id if outcome.rule else None,
        "reason": outcome.reason,
    }
    if isinstance(outcome, Assigned):
        details["officer"] = outcome.officer.id
    action = "assigned" if isinstance(outcome, Assigned) else "assignment_failed"
    return _event(complaint_id, number, action, details, now)


def _promise_event(
    complaint_id: str, number: int, promise: tuple[datetime, int], now: datetime
) -> dict[str, Any]:
    return _event(
        complaint_id, number, "promised", {"due_at": _iso(promise[0]), "working_days": promise[1]}, now
    )


def _event(
    complaint_id: str, number: int, action: str, details: dict[str, Any], now: datetime
) -> dict[str, Any]:
    return {
        "complaint_id": complaint_id,
        "number": number,
        "action": action,
        "actor": SYSTEM,
        "at": _iso(now),
        "details": details,
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
