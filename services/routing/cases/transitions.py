"""The life of a case as one table: from which state, by which action of whom, with which fields, to which state, stating which facts.

What is not in the table is refused. The diagram in docs/lifecycle.md and the buttons of the desks are made from it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from services.routing.cases.action_names import ACTIONS, EVENTS

# --- states ---------------------------------------------------------------------------------------
RECEIVED = "received"
ASSIGNED = "assigned"
ACCEPTED = "accepted"
REPLY_PROPOSED = "reply_proposed"
ANSWERED = "answered"
CLOSED = "closed"
AWAITING_COMPLAINANT = "awaiting_complainant"
IN_TRANSFER = "in_transfer"
DISPUTED = "disputed"
REFERRED = "referred"
WITHDRAWN = "withdrawn"
INADMISSIBLE = "inadmissible"
MERGED = "merged"
STATES = (
    RECEIVED,
    ASSIGNED,
    ACCEPTED,
    REPLY_PROPOSED,
    ANSWERED,
    CLOSED,
    AWAITING_COMPLAINANT,
    IN_TRANSFER,
    DISPUTED,
    REFERRED,
    WITHDRAWN,
    INADMISSIBLE,
    MERGED,
)
#: No way leads out of these.
FINAL = frozenset({CLOSED, REFERRED, WITHDRAWN, MERGED})
#: In these nothing is owed any more, though the complainant may still dispute.
SETTLED = frozenset({ANSWERED, CLOSED, REFERRED, WITHDRAWN, INADMISSIBLE, MERGED})
#: In these the case weighs on the desk of its officer. What is unowned or disputed is with the coordinator.
ON_DESK = frozenset({ASSIGNED, ACCEPTED, REPLY_PROPOSED, AWAITING_COMPLAINANT, IN_TRANSFER})
#: In these the body is at work, or should be: the clock raises the case.
WORKED_ON = (ASSIGNED, ACCEPTED, REPLY_PROPOSED, IN_TRANSFER)

# --- who acts: what somebody is to one case, not what they are in general -------------------------
OFFICER = "officer"  # of the body that holds the case
MAIN = "main_officer"  # its main liaison officer
APPROVER = "approver"  # of the body that holds it
HEAD = "head"  # of the body that holds it: reads, and acts on what is raised to it
HOLDER = "escalation_holder"  # to whom the case was raised, while that is open
RECEIVER = "receiver"  # an officer of the body that it is being transferred to
COORDINATOR = "coordinator"
COMPLAINANT = "complainant"
SYSTEM = "system"  # assignment, and the passing of time
ROLES = (OFFICER, MAIN, APPROVER, HOLDER, RECEIVER, COORDINATOR, COMPLAINANT, SYSTEM)

# --- conditions that a row may ask for beside state and role ---------------------------------------
NOT_AUTHOR = "not_author"  # who acts did not write the reply
NOT_CLOSER = "not_closer"  # who acts neither wrote nor approved the disputed reply, nor refused the case
OBJECTION_LEFT = "objection_left"  # this body has not objected to a transfer of this case before
NO_ARBITER = "no_arbiter"  # the transfer is not with the arbiter
DISPUTE_LEFT = "dispute_left"  # nothing was disputed in this case before
SAID_IN_TIME = "said_in_time"  # it was said before the case closed, and arrived afterwards
CONDITIONS = (NOT_AUTHOR, NOT_CLOSER, OBJECTION_LEFT, NO_ARBITER, DISPUTE_LEFT, SAID_IN_TIME)

ARBITER_FROM = 3
"""The transfer with this number, and each later one, is decided by the coordinator as arbiter."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Where one action leads to several states, `choice` says which value of which field leads to this one.

    `facts` are stated each time; occasions.py has those that are stated where there is cause.
    """

    source: str
    action: str
    by: tuple[str, ...]
    target: str
    facts: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    choice: tuple[str, str] | None = None


_BODY = (OFFICER, MAIN, COORDINATOR)
_HEADS = (MAIN, COORDINATOR)
_OVER = (*_HEADS, HOLDER)
_REPLY = ("outcome", "found", "remedy", "legal_basis", "summary")
_NO_WAY = ("reason_code", "legal_basis", "next_steps")

TABLE: tuple[Row, ...] = (
    # Who has it.
    Row(
        RECEIVED,
        "assign",
        (SYSTEM, COORDINATOR),
        ASSIGNED,
        ("ComplaintAssigned",),
        ("officer_id",),
        ("reason",),
    ),
    *(
        Row(source, "reassign", _OVER, ASSIGNED, ("ComplaintAssigned",), ("officer_id", "reason"))
        for source in (ASSIGNED, ACCEPTED)
    ),
    Row(ASSIGNED, "accept", (OFFICER, MAIN, HOLDER), ACCEPTED, ("CaseAccepted",)),
    # The question to the complainant.
    Row(ACCEPTED, "ask", (OFFICER, MAIN), AWAITING_COMPLAINANT, ("InformationRequested",), ("question",)),
    Row(AWAITING_COMPLAINANT, "answer_question", (COMPLAINANT,), ACCEPTED, ("CaseResumed",)),
    Row(AWAITING_COMPLAINANT, "lapse_question", (SYSTEM,), ACCEPTED, ("CaseResumed",)),
    # The reply.
    *(
        Row(source, "interim_reply", _BODY, source, ("InterimReplyGiven",), ("summary", "expected_at"))
        for source in (ASSIGNED, ACCEPTED, REPLY_PROPOSED)
    ),
    Row(ACCEPTED, "propose_reply", (OFFICER, MAIN, HOLDER), REPLY_PROPOSED, ("ReplyProposed",), _REPLY),
    Row(ASSIGNED, "propose_reply", (HOLDER,), REPLY_PROPOSED, ("ReplyProposed",), _REPLY),
    Row(
        REPLY_PROPOSED,
        "approve_reply",
        (APPROVER, MAIN, HOLDER),
        ANSWERED,
        ("ReplyApproved",),
        conditions=(NOT_AUTHOR,),
    ),
    Row(
        REPLY_PROPOSED,
        "return_reply",
        (APPROVER, MAIN, COORDINATOR, HOLDER),
        ACCEPTED,
        ("ReplyReturned",),
        ("reason",),
    ),
    # What the complainant says of it, and what silence says.
    Row(ANSWERED, "rate", (COMPLAINANT,), CLOSED, ("ComplaintClosed",), ("score",)),
    Row(CLOSED, "rate", (COMPLAINANT,), CLOSED, (), ("score",)),
    Row(ANSWERED, "remind_to_rate", (SYSTEM,), ANSWERED, ("ComplainantReminded",)),
    Row(ANSWERED, "close_unconfirmed", (SYSTEM,), CLOSED, ("ComplaintClosed",)),
    *(
        Row(source, "dispute", (COMPLAINANT,), DISPUTED, ("CaseDisputed",), conditions=(DISPUTE_LEFT, *more))
        for source, more in ((ANSWERED, ()), (INADMISSIBLE, ()), (CLOSED, (SAID_IN_TIME,)))
    ),
    Row(
        DISPUTED,
        "resolve_dispute",
        (COORDINATOR,),
        ASSIGNED,
        ("DisputeResolved", "ComplaintAssigned"),
        ("decision", "reason"),
        ("officer_id",),
        (NOT_CLOSER,),
        ("decision", "reopened"),
    ),
    Row(
        DISPUTED,
        "resolve_dispute",
        (COORDINATOR,),
        CLOSED,
        ("DisputeResolved", "ComplaintClosed"),
        ("decision", "reason"),
        (),
        (NOT_CLOSER,),
        ("decision", "rejected"),
    ),
    # No wrong door.
    *(
        Row(source, "transfer", _BODY, IN_TRANSFER, ("ComplaintTransferred",), ("institution", "reason"))
        for source in (ASSIGNED, ACCEPTED)
    ),
    Row(
        IN_TRANSFER,
        "accept_transfer",
        (RECEIVER,),
        ASSIGNED,
        ("ComplaintAssigned",),
        (),
        ("officer_id",),
        (NO_ARBITER,),
    ),
    Row(
        IN_TRANSFER,
        "object_to_transfer",
        (RECEIVER,),
        ASSIGNED,
        ("CaseResumed",),
        ("reason",),
        (),
        (NO_ARBITER, OBJECTION_LEFT),
    ),
    Row(
        IN_TRANSFER,
        "decide_transfer",
        (COORDINATOR,),
        ASSIGNED,
        ("ComplaintAssigned",),
        ("institution", "reason"),
        ("officer_id",),
    ),
    # What was raised comes back. The state stays, and so does the level.
    *(
        Row(source, action, (HOLDER,), source, ("EscalationAnswered",), ("reason",))
        for action in ("send_back", "reject_escalation")
        for source in WORKED_ON
    ),
    # Whoever it turns out to be directed against is kept out of it, and it is taken away from who is.
    *(
        Row(source, action, by, source, (), required, optional)
        for source in STATES
        for action, by, required, optional in (
            ("implicate", _HEADS, ("reason",), ("institution", "unit", "officer_id")),
            ("keep_out", (SYSTEM,), ("subjects",), ()),
        )
        if action == "keep_out" or source not in (WITHDRAWN, MERGED)
    ),
    # And what the body has that ends goes to the one that goes on; what its complainant is asked, when that is over.
    *(
        Row(source, action, (SYSTEM,), target, (fact,), ("found",), choice=("found", found))
        for action, sources in (("take_away", ON_DESK), ("succeed", WORKED_ON))
        for source in STATES
        if source in sources
        for found, target, fact in (
            ("officer", ASSIGNED, "ComplaintAssigned"),
            ("nobody", RECEIVED, "AssignmentFailed"),
        )
    ),
    # Ends without a reply: of the body only its head may do it, since nobody approves it.
    *(
        Row(source, "refer", by, REFERRED, ("ComplaintReferred",), ("outside_body", "reason"))
        for source, by in (
            (RECEIVED, (COORDINATOR,)),
            (ASSIGNED, _OVER),
            (ACCEPTED, _OVER),
            (DISPUTED, (COORDINATOR,)),
        )
    ),
    *(
        Row(source, "declare_inadmissible", by, INADMISSIBLE, ("ComplaintClosed",), _NO_WAY)
        for source, by in ((RECEIVED, (COORDINATOR,)), (ASSIGNED, _HEADS), (ACCEPTED, _HEADS))
    ),
    *(
        Row(source, "merge", by, MERGED, ("ComplaintClosed",), ("into",))
        for source, by in ((RECEIVED, (COORDINATOR,)), (ASSIGNED, _HEADS), (ACCEPTED, _HEADS))
    ),
    *(
        Row(source, "withdraw", (COMPLAINANT,), WITHDRAWN, ("ComplaintClosed",))
        for source in STATES
        if source not in SETTLED
    ),
)

#: What time does to many cases at once (timers.py). The state stays.
BY_TIME: tuple[Row, ...] = (
    *(
        Row(source, "escalate", (SYSTEM,), source, ("ComplaintEscalated",))
        for source in (RECEIVED, *WORKED_ON)
    ),
    *(Row(source, "remind", (SYSTEM,), source) for source in WORKED_ON),
    Row(ASSIGNED, "hand_over", (SYSTEM,), ASSIGNED, ("ComplaintAssigned",)),
)

_BY_SOURCE: dict[str, list[Row]] = {state: [row for row in TABLE if row.source == state] for state in STATES}


def allowed(state: str, roles: Collection[str], conditions: Collection[str]) -> list[Row]:
    """The rows that somebody with these roles may take now, in the order of the table."""
    return [
        row
        for row in _BY_SOURCE[state]
        if not set(row.by).isdisjoint(roles) and set(row.conditions) <= set(conditions)
    ]


def named(rows: Iterable[Row], action: str) -> list[Row]:
    """Those of the rows that are of an action: several where a field decides between them."""
    return [row for row in rows if row.action == action]


def chosen(rows: Iterable[Row], fields: Mapping[str, object]) -> Row | None:
    """The one of the rows of an action that the fields lead to; None when they lead to none."""
    for row in rows:
        if row.choice is None or fields.get(row.choice[0]) == row.choice[1]:
            return row
    return None


def name_of(line: str) -> Mapping[str, str]:
    """What a line of the history says, for people."""
    return ACTIONS.get(line) or EVENTS.get(line) or {"ar": "تغيّرت الحالة", "en": "The case changed"}


def diagram() -> str:
    """The table as a mermaid state diagram."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        arrows.setdefault((row.source, row.target), []).append(row.action)
    lines = ["stateDiagram-v2", f"    [*] --> {RECEIVED}"]
    lines += [
        f"    {source} --> {target}: {', '.join(actions)}" for (source, target), actions in arrows.items()
    ]
    lines += [f"    {state} --> [*]" for state in STATES if state in FINAL]
    return "\n".join(lines)
