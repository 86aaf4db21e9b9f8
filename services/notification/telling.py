"""Who is told what in the life of a case: each handler takes the batch and runs in the inbox transaction, like those of handlers.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from services.chassis.event import Event
from services.notification.handlers import known_to, notice, write
from services.notification.message import Notice, Quiet, coordinator_of
from services.notification.template import COMPLAINANT, COORDINATOR


@dataclass(frozen=True, slots=True)
class Desk:
    """What writing a message needs: the moment, ids, quiet hours, and the language of the coordinator's desk."""

    now: datetime
    new_id: Callable[[], str]
    quiet: Quiet
    language: str


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
            notice(event, COMPLAINANT, "transferred", {"institution": dict(event.data["outside_body_name"])})
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
    known = known_to(connection, events)
    for each, _ in notices:
        if each.recipient == COORDINATOR:
            known[each.complaint_id, COORDINATOR] = coordinator_of(each.complaint_id, desk.language)
    write(connection, notices, known, now=desk.now, new_id=desk.new_id, quiet=desk.quiet)
