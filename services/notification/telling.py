"""Who is told what in the life of a case: each handler takes the batch and runs in the inbox transaction, like those of handlers.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from services.chassis.event import Event
from services.notification import store, withholding
from services.notification.handlers import (
    Unseal,
    desks,
    known_to,
    notice,
    open_contact,
    open_sealed,
    write,
)
from services.notification.message import Notice, Quiet, officer_of
from services.notification.template import COMPLAINANT, COORDINATOR


@dataclass(frozen=True, slots=True)
class Desk:
    """What writing a message needs: the moment, ids, quiet hours, and the language of the coordinator's desk."""

    now: datetime
    new_id: Callable[[], str]
    quiet: Quiet
    language: str


def restricted(connection: Connection, events: Sequence[Event], desk: Desk, unseal: Unseal) -> None:
    """ComplaintRestricted: officers against whose side it is directed are told nothing of it from then on, what waits included."""
    said = [
        (
            str(event.data["complaint_id"]),
            event.sequence,
            open_sealed(unseal, event.data["officers_sealed"], "restriction_unreadable"),
        )
        for event in events
        if "officers_sealed" in event.data
    ]
    withholding.restrict(connection, said, desk.now)


def asked(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """InformationRequested: the complainant is asked something. What, is read on the platform."""
    _tell(
        connection,
        events,
        desk,
        lambda event: [
            notice(event, COMPLAINANT, "asked", {"answer_by": event.data["answer_by"].isoformat()})
        ],
    )


def answered(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """ReplyApproved: there is an answer."""
    _tell(
        connection,
        events,
        desk,
        lambda event: [
            notice(event, COMPLAINANT, "answered", {"confirm_until": event.data["confirm_until"].isoformat()})
        ],
    )


def unrated(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """ComplainantReminded: the answer waits to be rated."""
    _tell(
        connection,
        events,
        desk,
        lambda event: [
            notice(event, COMPLAINANT, "rate", {"confirm_until": event.data["confirm_until"].isoformat()})
        ],
    )


def delayed(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """InterimReplyGiven: it takes longer. Why, is read on the platform."""
    _tell(
        connection,
        events,
        desk,
        lambda event: [
            notice(event, COMPLAINANT, "interim", {"expected_at": event.data["expected_at"].isoformat()})
        ],
    )


def closed(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """ComplaintClosed: it is over."""
    _tell(connection, events, desk, lambda event: [notice(event, COMPLAINANT, "closed")])


def transferred(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """ComplaintTransferred: it is to go to another body; where the arbiter must decide, the coordinator's desk is told too."""
    _tell(connection, events, desk, _of_transfer)


def referred(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """ComplaintReferred: it has gone to an authority outside."""
    _tell(
        connection,
        events,
        desk,
        lambda event: [
            notice(event, COMPLAINANT, "referred", {"institution": dict(event.data["outside_body_name"])})
        ],
    )


def resumed(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """CaseResumed: where the complainant has answered, the officer is told."""
    _tell(
        connection,
        events,
        desk,
        lambda event: (
            [notice(event, _officer(event), "officer_message")] if event.data["reason"] == "answered" else []
        ),
    )


def returned(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """ReplyReturned: the officer is told."""
    _tell(connection, events, desk, lambda event: [notice(event, _officer(event), "officer_returned")])


def escalated(connection: Connection, events: Sequence[Event], desk: Desk, unseal: Unseal) -> None:
    """ComplaintEscalated: one notice each to who is told of it now, to the officer, and to the complainant where it is a matter of time.

    That nobody has a complaint yet, that an officer on call did not answer, that another body took over with what was raised before, and
    who is asked in place of whom, the complainant hears of in other words, or not at all.
    """
    holders = [
        (
            officer_of(
                str(event.data["complaint_id"]),
                str(event.data["holder_id"]),
                open_contact(unseal, event.data["sealed"]),
                urgent=event.data["urgent"],
            ),
            event.data["sealed"],
        )
        for event in events
        if event.data["holder_id"] is not None
    ]
    store.add_recipients(connection, holders, desk.now)
    _tell(connection, events, desk, _of_escalation)


def given_back(connection: Connection, events: Sequence[Event], desk: Desk) -> None:
    """EscalationAnswered: the officer is told."""
    _tell(
        connection,
        events,
        desk,
        lambda event: [
            notice(event, _officer(event), "officer_given_back", {"decision": event.data["decision"]})
        ],
    )


def reminded(connection: Connection, events: Sequence[Event], desk: Desk, template: str) -> None:
    """CaseDueSoon, CaseOverdue: the officer is told."""
    _tell(
        connection,
        events,
        desk,
        lambda event: [
            notice(
                event,
                _officer(event),
                template,
                {"step": event.data["step"], "due_date": event.data["due_at"].isoformat()},
            )
        ],
    )


#: Of these the officer of the case has nothing to do or to learn.
NOT_FOR_THE_OFFICER = frozenset({"another_body", "holder_away", "arbiter"})


def _of_escalation(event: Event) -> list[Notice]:
    data = event.data
    parameters = {"level": data["level"], "cause": data["cause"]}
    holder = data["holder_id"]
    told = [
        notice(event, COORDINATOR, "desk_escalated", parameters)
        if holder is None
        else notice(event, f"officer:{holder}", "holder_escalated", parameters)
    ]
    if data["officer_id"] is not None and data["cause"] not in NOT_FOR_THE_OFFICER:
        told.append(notice(event, _officer(event), "officer_escalated", parameters))
    if data["cause"] in ("promise", "idle"):
        told.append(notice(event, COMPLAINANT, "escalated", parameters))
    return told


def _of_transfer(event: Event) -> list[Notice]:
    parameters: Mapping[str, Any] = {"institution": dict(event.data["receiver_name"])}
    told = [notice(event, COMPLAINANT, "transferred", parameters)]
    if event.data["arbiter"]:
        told.append(notice(event, COORDINATOR, "arbiter", parameters))
    return told


def _officer(event: Event) -> str:
    return f"officer:{event.data['officer_id']}"


def _tell(
    connection: Connection, events: Sequence[Event], desk: Desk, told: Callable[[Event], list[Notice]]
) -> None:
    notices = [(each, event) for event in events for each in told(event)]
    known = known_to(connection, events) | desks(notices, desk.language)
    write(connection, notices, known, now=desk.now, new_id=desk.new_id, quiet=desk.quiet)
