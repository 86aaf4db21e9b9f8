"""What is written of a decision: the row of the case, the lines of its history, the facts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.chassis.contract import Fact
from services.chassis.event import Event
from services.routing import events
from services.routing.assignment import Assigned, Need, Outcome, Unassigned
from services.routing.directory import Directory

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


def institution_of(outcome: Outcome) -> str | None:
    """The code of the body that the outcome names, or None."""
    return outcome.rule.institution if outcome.rule else None


def scope_of(outcome: Outcome) -> str:
    """The scope of the facts that follow from the outcome."""
    return institution_of(outcome) or NO_SCOPE


def ownership(complaint: Complaint, outcome: Outcome) -> dict[str, Any]:
    """Who has the case, and why: the columns of `cases` that an outcome decides."""
    return {
        "complaint_id": complaint.id,
        "institution": institution_of(outcome),
        "rule_id": outcome.rule.id if outcome.rule else None,
        "officer_id": outcome.officer.id if isinstance(outcome, Assigned) else None,
        "reason": outcome.reason,
    }


def case_row(
    known: Directory,
    complaint: Complaint,
    outcome: Outcome,
    promise: tuple[datetime, int] | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    """The row of a new case: see store.insert_cases."""
    owned = isinstance(outcome, Assigned)
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
        "due_at": _iso(promise[0]) if promise else None,
        "working_days": promise[1] if promise else None,
        "version": 2 if promise else 1,
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
        return events.ASSIGNMENT_FAILED.new(
            complaint.id,
            {
                "complaint_id": complaint.id,
                "institution": institution_of(outcome),
                "reason": outcome.reason,
                "unowned_since": unowned_since,
            },
            scope=scope_of(outcome),
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


def promise_fact(complaint_id: str, promise: tuple[datetime, int], scope: str, now: datetime) -> Fact:
    """PromiseSet."""
    data = {"complaint_id": complaint_id, "due_at": promise[0], "working_days": promise[1], "set_at": now}
    return events.PROMISE_SET.new(complaint_id, data, scope=scope)


def outcome_event(complaint_id: str, number: int, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The line of the history about an outcome."""
    details = {
        "institution": institution_of(outcome),
        "rule": outcome.rule.id if outcome.rule else None,
        "reason": outcome.reason,
    }
    if isinstance(outcome, Assigned):
        details["officer"] = outcome.officer.id
    action = "assigned" if isinstance(outcome, Assigned) else "assignment_failed"
    return _event(complaint_id, number, action, details, now)


def promise_event(
    complaint_id: str, number: int, promise: tuple[datetime, int], now: datetime
) -> dict[str, Any]:
    """The line of the history about a promise."""
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
