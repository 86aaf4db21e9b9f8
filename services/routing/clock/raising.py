"""What it means that a case is raised (who is told, what its row, its history and its fact say), and that its holder gives it back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.routing.cases.step import Step
from services.routing.clock import escalation
from services.routing.clock import events as clock_facts
from services.routing.clock import people as people_of
from services.routing.known import Directory


@dataclass(frozen=True, slots=True)
class Raised:
    """A case that is raised: columns, details of the line of the history, data of ComplaintEscalated."""

    changes: dict[str, Any]
    details: dict[str, Any]
    data: dict[str, Any]


def raised(
    known: Directory,
    case: Any,
    level: int,
    cause: str,
    *,
    institution: str | None,
    officer: str | None,
    excluded: Collection[str],
    now: datetime,
    key: str,
    away: str | None = None,
) -> Raised:
    """The case, which `officer` of `institution` has, is raised to `level` or, where that has nobody who may be told, a higher one.

    `away` is whom it was raised to until now.
    """
    people = known.people(institution, now, excluded)
    barred = {*excluded, *((officer,) if officer else ())}
    reached, holder = people_of.holder(level, people, barred, turn=case.complaint_id.int, away=away)
    changes: dict[str, Any] = {}
    if cause not in (escalation.UNOWNED, escalation.ARBITER):
        # What nobody has, or waits for the arbiter, is on the coordinator's desk anyway, and no level of the body was passed over.
        changes = {"escalation_level": reached, "escalated_to": holder, "escalated_at": now}
    return Raised(
        changes,
        {"level": reached, "cause": cause, "holder": holder},
        {
            "level": reached,
            "cause": cause,
            "officer_id": officer,
            "holder_id": holder,
            "due_at": case.due_at,
            "urgent": case.urgent,
            "sealed": known.sealed_contact(holder, key) if holder else None,
        },
    )


def for_approval(
    known: Directory, case: Any, *, author: str, excluded: Collection[str], now: datetime, key: str
) -> Raised | None:
    """A case whose reply waits for approval, raised to who may approve it where nobody of the body may; None where somebody can.

    Who wrote the reply never approves it, nor who is implicated, nor who cannot sign in. Its head can, to whom it is raised, and above the
    head the coordinator.
    """
    people = known.people(case.institution, now)
    barred = {*excluded, author, *people.powerless}
    if people_of.somebody_approves(people, barred) or _may_approve(case, barred):
        return None
    return raised(
        known,
        case,
        max(escalation.HEAD, case.escalation_level),
        escalation.NO_APPROVER,
        institution=case.institution,
        officer=str(case.officer_id),
        excluded=barred,
        now=now,
        key=key,
    )


def _may_approve(case: Any, barred: Collection[str]) -> bool:
    """Whether it is raised to somebody already who can approve. At the coordinator's desk there is always somebody."""
    if case.escalated_at is None or case.escalation_level < escalation.HEAD:
        return False
    if case.escalation_level == escalation.COORDINATOR:
        return True
    return case.escalated_to is not None and str(case.escalated_to) not in barred


def send_back(step: Step) -> None:
    """Its officer goes on, by what the holder says."""
    _answer(step, clock_facts.SENT_BACK)


def reject_escalation(step: Step) -> None:
    """The holder sees no reason for it. The level stays reached: it is not told again."""
    _answer(step, clock_facts.REJECTED)


def _answer(step: Step, decision: str) -> None:
    step.note["reason"] = step.fields["reason"]
    step.details |= {"level": step.case.escalation_level, "decision": decision}
    step.end(escalated_to=None, escalated_at=None)
    step.state(
        clock_facts.ESCALATION_ANSWERED,
        level=step.case.escalation_level,
        decision=decision,
        officer_id=step.case.officer_id,
    )
