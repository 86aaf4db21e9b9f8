"""What routing's facts mean for who complains: how it stands, and what the body says. Each handler takes the batch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy

from services.chassis.event import Event
from services.chassis.seal import SealError
from services.chassis.subscriber import Permanent
from services.intake import store, store_conversation, store_restrictions
from services.intake.complaint import ASSIGNED, RAISED, RECEIVED, Progress
from services.intake.conversation import Utterance

_OF_TIME = ("promise", "idle")

Unseal = Callable[[str], Mapping[str, Any]]


def assigned(connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
    """ComplaintAssigned: who must answer."""
    _add(
        connection,
        batch,
        "assigned_at",
        lambda data: {
            "status": ASSIGNED,
            "institution": data["institution"],
            "institution_name": data["institution_name"],
        },
    )


def promised(connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
    """PromiseSet: by when."""
    _add(connection, batch, "set_at", lambda data: {"due_at": data["due_at"]})


def promise_moved(connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
    """PromiseMoved: by when from now on."""
    _add(connection, batch, "moved_at", lambda data: {"due_at": data["due_at"]})


def unassigned(connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
    """AssignmentFailed: nobody has it yet, or not any more; to its complainant it is received and not lost."""
    _add(connection, batch, "unowned_since", lambda _: {"status": RECEIVED})


def moved(connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
    """Any fact of a case's life: the state that it is in from then on."""
    _add(
        connection,
        batch,
        "at",
        lambda data: {
            "status": data["status"],
            "institution": data["institution"],
            "receiver": data.get("receiver"),
            "reason": data.get("reason"),
        },
    )


def escalated(connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
    """ComplaintEscalated: a line of the history, where it was raised because time has passed; it stands as it stood."""
    _add(
        connection,
        batch,
        "at",
        lambda data: {"reason": RAISED[data["level"]] if data["cause"] in _OF_TIME else None},
    )


def _add(
    connection: sqlalchemy.Connection,
    batch: Sequence[Event],
    moment: str,
    told: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> None:
    """A step of the progress for each fact: at the moment in its field `moment`, with what is `told` by it and the hash of the history."""
    steps = [
        (
            event.subject,
            Progress(
                event.sequence,
                event.data[moment],
                history_hash=event.data.get("history_hash"),
                **told(event.data),
            ),
        )
        for event in batch
    ]
    store.add_progress(connection, steps)


def restricted(connection: sqlalchemy.Connection, batch: Sequence[Event], *, unseal: Unseal) -> None:
    """Who must not see a complaint from then on, in place of what was said of it before."""
    store_restrictions.write(
        connection, [(event.subject, event.sequence, _unsealed(unseal, event)) for event in batch]
    )


def spoken(
    connection: sqlalchemy.Connection,
    batch: Sequence[Event],
    kind: str,
    facts: Callable[[Mapping[str, Any]], dict[str, Any]],
    *,
    unseal: Unseal,
) -> None:
    """A fact that carries words for the complainant as well: they are kept beside what the complainant said."""
    moved(connection, batch)
    rows = [
        (event.id, event.subject, Utterance(kind, event.data["at"], _open(unseal, event), facts(event.data)))
        for event in batch
        if event.data["sealed"] is not None
    ]
    store_conversation.add(connection, rows)


def question(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of InformationRequested beside the words."""
    return {"number": data["question"], "answer_by": data["answer_by"].isoformat()}


def reply(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same of ReplyApproved."""
    return {
        "number": data["reply"],
        "outcome": data["outcome"],
        "confirm_until": data["confirm_until"].isoformat(),
    }


def interim_reply(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same of InterimReplyGiven."""
    return {"expected_at": data["expected_at"].isoformat()}


def referral(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same of ComplaintReferred."""
    return {"outside_body": data["outside_body"], "outside_body_name": dict(data["outside_body_name"])}


def decision(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same of DisputeResolved."""
    return {"decision": data["decision"]}


def refusal(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same of ComplaintClosed, where it is inadmissible."""
    return {"code": data["code"]}


def _open(unseal: Unseal, event: Event) -> dict[str, str]:
    return dict(_unsealed(unseal, event))


def _unsealed(unseal: Unseal, event: Event) -> Mapping[str, Any]:
    try:
        return unseal(event.data["sealed"])
    except SealError:
        # Sealed with another key: no retry will open it.
        raise Permanent("words_unreadable") from None
