"""What is publicly known of each case, by its facts alone: who acts by it, what the checks compare with, and what the report counts."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.chassis.event import Event

#: The state that a fact without a `status` means.
_STATES = {"ComplaintAssigned": "assigned", "AssignmentFailed": "received"}
#: After these nobody's turn is another than before.
_QUIET = frozenset(
    {"InterimReplyGiven", "EscalationAnswered", "CaseDueSoon", "CaseOverdue", "ComplaintRestricted"}
)
ENDED = frozenset({"closed", "referred", "withdrawn", "inadmissible", "merged"})


@dataclass(slots=True)
class Case:
    """One complaint as its facts tell it. `chance` is its own, so that what happens to it does not depend on the others."""

    id: str
    tracking: str
    number: int
    kind: str
    category: str
    governorate: str
    received_at: datetime
    chance: random.Random = field(repr=False)
    flags: frozenset[str] = frozenset()
    status: str | None = None
    institution: str | None = None
    officer: str | None = None
    receiver: str | None = None
    arbiter: bool = False
    due_at: datetime | None = None
    first_due_at: datetime | None = None
    answer_by: datetime | None = None
    answered_at: datetime | None = None
    kept: bool | None = None
    answers: int = 0
    asked: int = 0
    returned: int = 0
    transfers: int = 0
    moved: int = 0
    reopened: int = 0
    disputed: bool = False
    escalations: list[int] = field(default_factory=list)
    #: Who was told that it was raised; None: the coordinator's desk.
    raised_to: str | None = None
    unowned_since: datetime | None = None
    unowned_seconds: float = 0.0
    reason: str | None = None
    score: int | None = None
    turn: int = 0
    #: Facts of routing about it by type, for the report.
    facts: dict[str, int] = field(default_factory=dict)


class Ledger:
    """All cases by complaint id."""

    def __init__(self, seed: int):
        self._seed = seed
        self.cases: dict[str, Case] = {}
        self.open: dict[str, Case] = {}
        #: Open ones that cannot wait.
        self.urgent: dict[str, Case] = {}

    def file(self, event: Event, tracking: str, number: int) -> Case:
        """A complaint was accepted."""
        data = event.data
        flags = {name for name in ("service", "rights", "urgent") if data.get(name)}
        case = Case(
            event.subject,
            tracking,
            number,
            data["kind"],
            data["category"],
            data["governorate"],
            datetime.fromisoformat(data["received_at"]),
            random.Random(f"{self._seed}/case/{number}"),
            frozenset(flags),
        )
        self.cases[case.id] = self.open[case.id] = case
        if "urgent" in case.flags:
            self.urgent[case.id] = case
        return case

    def hear(self, facts: Iterable[Event]) -> list[Case]:
        """Takes in facts of routing, each case's in order; the cases whose state somebody may now act upon."""
        changed: dict[str, Case] = {}
        for event in facts:
            case = self.cases[event.subject]
            case.facts[event.type] = case.facts.get(event.type, 0) + 1
            if self._take(case, event):
                case.turn += 1
                changed[case.id] = case
        return list(changed.values())

    def _take(self, case: Case, event: Event) -> bool:
        data: dict[str, Any] = event.data
        kind = event.type
        if kind in ("PromiseSet", "PromiseMoved"):
            case.due_at = datetime.fromisoformat(data["due_at"])
            case.first_due_at = case.first_due_at or case.due_at
            case.moved += kind == "PromiseMoved"
            return False
        if kind == "ComplaintEscalated":
            if data["cause"] != "unowned":
                case.escalations.append(data["level"])
            case.raised_to = data["holder_id"]
            return False
        if kind in _QUIET:
            return False
        status = _STATES.get(kind, data.get("status"))
        if status is None:
            return False
        case.institution = data.get("institution", case.institution)
        if kind == "AssignmentFailed":
            case.unowned_since = case.unowned_since or datetime.fromisoformat(data["unowned_since"])
        elif case.unowned_since is not None:
            case.unowned_seconds += (event.time - case.unowned_since).total_seconds()
            case.unowned_since = None
        if data.get("officer_id"):
            case.officer = data["officer_id"]
        case.receiver, case.arbiter = data.get("receiver"), bool(data.get("arbiter"))
        case.asked += kind == "InformationRequested"
        case.returned += kind == "ReplyReturned"
        case.transfers += kind == "ComplaintTransferred"
        case.reopened += kind == "DisputeResolved" and status == "assigned"
        case.disputed = case.disputed or kind == "CaseDisputed"
        case.reason = data.get("reason", case.reason)
        if kind == "InformationRequested":
            case.answer_by = datetime.fromisoformat(data["answer_by"])
        if kind == "ReplyApproved":
            case.answers += 1
            if case.answers == 1:
                case.answered_at = event.time
                case.kept = None if case.due_at is None else event.time <= case.due_at
        case.status = status
        if status in ENDED:
            self.open.pop(case.id, None)
            self.urgent.pop(case.id, None)
        else:
            self.open[case.id] = case
        return True
