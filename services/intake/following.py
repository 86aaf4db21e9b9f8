"""What routing's facts mean for who complains: how it stands, and what the body says. Each handler takes the batch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy

from services.chassis.event import Event
from services.chassis.seal import SealError
from services.chassis.subscriber import Permanent
from services.intake import store, store_conversation, store_restrictions
from services.intake.complaint import RAISED, Progress
from services.intake.conversation import Utterance

_OF_TIME = ("promise", "idle")

Unseal = Callable[[str], Mapping[str, Any]]


def moved(connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
    """Any fact of a case's life: the state that it is in from then on."""
    store.add_progress(
        connection,
        [
            (
                event.subject,
                Progress(
                    event.sequence,
                    event.data["at"],
                    status=event.data["status"],
                    institution=event.data["institution"],
                    receiver=event.data.get("receiver"),
                    reason=event.data.get("reason"),
                    history_hash=event.data.get("history_hash"),
                ),
            )
            for event in batch
        ],
    )


def escalated(connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
    """ComplaintEscalated: a line of the history, where it was raised because time has passed; it stands as it stood."""
    store.add_progress(
        connection,
        [
            (
                event.subject,
                Progress(
                    event.sequence,
                    event.data["at"],
                    reason=RAISED[event.data["level"]] if event.data["cause"] in _OF_TIME else None,
                    history_hash=event.data.get("history_hash"),
                ),
            )
            for event in batch
        ],
    )


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
