"""What is written of a decision: the row of the case, the lines of its history, the facts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from services.chassis.contract import Fact
from services.chassis.event import Event
from services.routing import events
from services.routing.assigning.assignment import (
    ON_CALL,
    Assigned,
    Need,
    Outcome,
    Unassigned,
)
from services.routing.clock import case_clock
from services.routing.deadlines.promise import RIGHTS, SERVICE, URGENT, Promise
from services.routing.exclusions import exclusion
from services.routing.known import Directory

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
    flags: frozenset[str] = frozenset({SERVICE})
    rights_codes: tuple[str, ...] = ()
    urgent_ground: str | None = None
    implicated: frozenset[str] = frozenset()
    fixed: str | None = None
    """The body that somebody decided on; no rule is asked then."""
    names: str | None = None
    """Who is accused by name, sealed."""


@dataclass(frozen=True, slots=True)
class CaseOf:
    """What the fact of an assignment says of the case itself."""

    id: str
    kind: str
    category: str
    governorate: str
    urgent: bool
    implicated: tuple[str, ...]

    @classmethod
    def row(cls, case: Row[Any]) -> "CaseOf":
        """Of a stored case."""
        return cls(
            str(case.complaint_id),
            case.kind,
            case.category,
            case.governorate,
            case.urgent,
            tuple(case.implicated),
        )


def institution_of(outcome: Outcome) -> str | None:
    """The code of the body that the outcome names, or None."""
    return outcome.institution


def scope(known: Directory, institution: str | None, implicated: Collection[str]) -> str:
    """The scope of a fact about a case that a body has, or is to have: its code, by which its own systems hear of it.

    NO_SCOPE where the case is directed against anybody or anything of the body: who reads in its systems may be anybody of it, and is
    under its head, as an account without a post is.
    """
    if institution is None:
        return NO_SCOPE
    theirs = known.of_bodies.get(institution, frozenset({exclusion.body(institution)}))
    return institution if theirs.isdisjoint(implicated) else NO_SCOPE


def ownership(complaint: Complaint, outcome: Outcome) -> dict[str, Any]:
    """Who has the case, and why: the columns of `cases` that an outcome decides."""
    return {
        "complaint_id": complaint.id,
        "institution": institution_of(outcome),
        "rule_id": outcome.rule.id if outcome.rule else None,
        "officer_id": outcome.officer.id if isinstance(outcome, Assigned) else None,
        "reason": outcome.reason,
    }


def owned(
    known: Directory, case: Row[Any], complaint: Complaint, outcome: Outcome, *, now: datetime
) -> dict[str, Any]:
    """The same of a case that nobody had until now, and until when it must be acknowledged: see store.own_cases."""
    answer_by = case_clock.acknowledge_by(known, case, now)
    return ownership(complaint, outcome) | {"acknowledge_by": _iso(answer_by) if answer_by else None}


def case_row(
    known: Directory,
    complaint: Complaint,
    outcome: Outcome,
    promise: Promise | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    """The row of a new case: see store.insert_cases."""
    owned = isinstance(outcome, Assigned)
    acknowledge_by, check_at = case_clock.begin(
        known,
        complaint,
        promise,
        institution_of(outcome),
        now,
        owned=owned,
        on_call=outcome.reason == ON_CALL,
    )
    return ownership(complaint, outcome) | {
        "kind": complaint.kind,
        "category": complaint.need.category,
        "governorate": complaint.need.governorate,
        "language": complaint.need.language,
        "status": "assigned" if owned else "received",
        "load": known.load_of(complaint.kind),
        "received_at": _iso(complaint.received_at),
        "assigned_at": _iso(now) if owned else None,
        "unowned_since": None if owned else _iso(now),
        "due_at": _iso(promise.due_at) if promise else None,
        "working_days": promise.working_days if promise else None,
        "wall_hours": promise.wall_hours if promise else None,
        "version": 2 if promise else 1,
        "service": SERVICE in complaint.flags,
        "rights": RIGHTS in complaint.flags,
        "urgent": URGENT in complaint.flags,
        "rights_codes": list(complaint.rights_codes),
        "urgent_ground": complaint.urgent_ground,
        "implicated": sorted(complaint.implicated),
        "last_action_at": _iso(now) if owned else None,
        "acknowledge_by": _iso(acknowledge_by) if acknowledge_by else None,
        "check_at": _iso(check_at) if check_at else None,
        "checked_at": _iso(now),
    }


def outcome_fact(
    known: Directory,
    complaint: Complaint,
    outcome: Outcome,
    now: datetime,
    unowned_since: datetime,
    seal_key: str,
) -> Fact:
    """ComplaintAssigned or AssignmentFailed."""
    if isinstance(outcome, Unassigned):
        return failed_fact(
            known, complaint.id, institution_of(outcome), outcome.reason, unowned_since, complaint.implicated
        )
    case = CaseOf(
        complaint.id,
        complaint.kind,
        complaint.need.category,
        complaint.need.governorate,
        URGENT in complaint.flags,
        tuple(complaint.implicated),
    )
    rule = outcome.rule.id if outcome.rule else None
    return assigned_fact(
        known, case, outcome.institution, outcome.officer.id, outcome.reason, rule, now, seal_key
    )


def assigned_fact(
    known: Directory,
    case: CaseOf,
    institution: str,
    officer_id: str,
    reason: str,
    rule_id: str | None,
    now: datetime,
    seal_key: str,
    *,
    handed_over: bool = False,
) -> Fact:
    """ComplaintAssigned; `handed_over`: by one officer on call to the next."""
    data = {
        "complaint_id": case.id,
        "institution": institution,
        "institution_name": known.names[institution],
        "officer_id": officer_id,
        "reason": reason,
        "rule_id": rule_id or NO_SCOPE,
        "category": case.category,
        "governorate": case.governorate,
        "kind": case.kind,
        "assigned_at": now,
        "sealed": known.sealed_contact(officer_id, seal_key),
    }
    # Both are optional in the fact, and left out where they say nothing.
    if case.urgent:
        data["urgent"] = True
    if handed_over:
        data["handed_over"] = True
    return events.COMPLAINT_ASSIGNED.new(case.id, data, scope=scope(known, institution, case.implicated))


def failed_fact(
    known: Directory,
    complaint_id: str,
    institution: str | None,
    reason: str,
    unowned_since: datetime,
    implicated: Collection[str],
) -> Fact:
    """AssignmentFailed."""
    data = {
        "complaint_id": complaint_id,
        "institution": institution,
        "reason": reason,
        "unowned_since": unowned_since,
    }
    return events.ASSIGNMENT_FAILED.new(complaint_id, data, scope=scope(known, institution, implicated))


def promise_fact(complaint_id: str, promise: Promise, scope: str, now: datetime) -> Fact:
    """PromiseSet."""
    data: dict[str, Any] = {"complaint_id": complaint_id, "due_at": promise.due_at, "set_at": now}
    if promise.wall_hours is None:
        data["working_days"] = promise.working_days
    else:
        data |= {"working_days": -(-promise.wall_hours // 24), "wall_hours": promise.wall_hours}
    return events.PROMISE_SET.new(complaint_id, data, scope=scope)


def with_history(fact: Fact, heads: Mapping[str, bytes]) -> Fact:
    """The fact with the newest hash of its case's history, by which its complainant can have the history checked later."""
    return replace(fact, data={**fact.data, "history_hash": heads[fact.subject].hex()})


def outcome_event(
    complaint: Complaint, number: int, outcome: Outcome, decision: str, now: datetime
) -> dict[str, Any]:
    """The line of the history about an outcome; `decision` is where it is kept what it was decided from."""
    details: dict[str, Any] = {
        "institution": institution_of(outcome),
        "rule": outcome.rule.id if outcome.rule else None,
        "reason": outcome.reason,
        "decision": decision,
    }
    if isinstance(outcome, Assigned):
        details["officer"] = outcome.officer.id
    action = "assigned" if isinstance(outcome, Assigned) else "assignment_failed"
    return line(complaint.id, number, action, SYSTEM, details, now)


def promise_event(complaint_id: str, number: int, promise: Promise, now: datetime) -> dict[str, Any]:
    """The line of the history about a promise."""
    details: dict[str, Any] = {"due_at": _iso(promise.due_at), "working_days": promise.working_days}
    if promise.wall_hours is not None:
        details["wall_hours"] = promise.wall_hours
    return line(complaint_id, number, "promised", SYSTEM, details, now)


def move(
    complaint_id: str, number: int, due_at: datetime, previous: datetime, check_at: datetime | None
) -> dict[str, Any]:
    """A promise that moves: see store_calendar.move_promises."""
    return {
        "complaint_id": complaint_id,
        "number": number,
        "due_before": _iso(previous),
        "due_after": _iso(due_at),
        "check_at": _iso(check_at) if check_at else None,
    }


def look(complaint_id: str, check_at: datetime | None) -> dict[str, Any]:
    """When the clock looks at a case: see store_timers.look_at."""
    return {"complaint_id": complaint_id, "check_at": _iso(check_at) if check_at else None}


def moved_fact(known: Directory, case: Row[Any], due_at: datetime, cause: str, now: datetime) -> Fact:
    """PromiseMoved, of a stored case as it was before."""
    data = {
        "complaint_id": str(case.complaint_id),
        "due_at": due_at,
        "previous_due_at": case.due_at,
        "cause": cause,
        "moved_at": now,
    }
    return events.PROMISE_MOVED.new(
        str(case.complaint_id), data, scope=scope(known, case.institution, case.implicated)
    )


def moved_event(
    complaint_id: str, number: int, due_at: datetime, previous: datetime, cause: str, now: datetime
) -> dict[str, Any]:
    """The line of the history about a promise that moved."""
    details = {"due_at": _iso(due_at), "previous_due_at": _iso(previous), "cause": cause}
    return line(complaint_id, number, "promise_moved", SYSTEM, details, now)


def line(
    complaint_id: str, number: int, action: str, actor: str, details: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """A line of the history, for store_history.append_history."""
    return {
        "complaint_id": complaint_id,
        "number": number,
        "action": action,
        "actor": actor,
        "at": _iso(now),
        "details": details,
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
