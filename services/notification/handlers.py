"""What facts do: each handler takes the batch and runs in the inbox transaction. Sending is in dispatch.py."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from services.chassis import database
from services.chassis.event import Event
from services.chassis.seal import SealError
from services.chassis.subscriber import Permanent
from services.notification import metrics, store, withholding
from services.notification.message import (
    Notice,
    Quiet,
    Recipient,
    coordinator_of,
    officer_of,
    plan,
    recipient_of,
)
from services.notification.template import COMPLAINANT, COORDINATOR, OFFICER

RELEASE_AT_ONCE = 500

Unseal = Callable[[str], Mapping[str, Any]]


def complaints_received(
    connection: Connection,
    events: Sequence[Event],
    *,
    now: datetime,
    new_id: Callable[[], str],
    unseal: Unseal,
    quiet: Quiet,
) -> None:
    """Keeps the complainants, sealed as they came, tells them that their complaint was received, and what came before this."""
    found = []
    for event in events:
        sealed = event.data["sealed"]
        contact = open_contact(unseal, sealed) if sealed else None
        recipient = recipient_of(
            str(event.data["complaint_id"]),
            contact,
            event.data["language"],
            urgent=event.data.get("urgent", False),
        )
        # Who cannot be written to needs no contact here.
        found.append((recipient, sealed if recipient.sms or recipient.email else None))
    store.add_recipients(connection, found, now)
    known = {(recipient.complaint_id, recipient.key): recipient for recipient, _ in found}
    notices = [(notice(event, COMPLAINANT, "received"), event) for event in events]
    write(connection, notices, known, now=now, new_id=new_id, quiet=quiet)
    release(connection, [recipient.complaint_id for recipient, _ in found], now=now, quiet=quiet)


def complaints_assigned(
    connection: Connection,
    events: Sequence[Event],
    *,
    now: datetime,
    new_id: Callable[[], str],
    unseal: Unseal,
    quiet: Quiet,
    language: str,
) -> None:
    """Tells the complainant which body has the complaint, and the officer that there is something to do.

    Of an urgent one the officer hears by telephone as well, and the coordinator's desk, in `language`, once.
    """
    notices: list[tuple[Notice, Event]] = []
    officers: list[tuple[Recipient, str | None]] = []
    for event in events:
        sealed = event.data["sealed"]
        urgent = event.data.get("urgent", False)
        officer = officer_of(
            str(event.data["complaint_id"]),
            str(event.data["officer_id"]),
            open_contact(unseal, sealed),
            urgent=urgent,
        )
        officers.append((officer, sealed))
        parameters = {"institution": dict(event.data["institution_name"])}
        template = "officer_urgent" if urgent else "officer_assigned"
        notices.append((notice(event, officer.key, template, parameters), event))
        if event.data.get("handed_over", False):
            # From one officer on call to the next: for its complainant nothing has changed.
            continue
        notices.append((notice(event, COMPLAINANT, "assigned", parameters), event))
        if urgent:
            notices.append((notice(event, COORDINATOR, "desk_urgent", parameters), event))
    store.add_recipients(connection, officers, now)
    known = known_to(connection, events)
    known |= {(officer.complaint_id, officer.key): officer for officer, _ in officers}
    known |= desks(notices, language)
    write(connection, notices, known, now=now, new_id=new_id, quiet=quiet)
    holders = {officer.complaint_id: officer.key for officer, _ in officers}
    # Nearly all complaints have had no other officer, and cost nothing here.
    passed_on = {
        complaint_id
        for complaint_id, key in known
        if complaint_id in holders and key not in (COMPLAINANT, COORDINATOR, holders[complaint_id])
    }
    withholding.reassigned(connection, {each: holders[each] for each in passed_on}, now)


def promises_set(
    connection: Connection, events: Sequence[Event], *, now: datetime, new_id: Callable[[], str], quiet: Quiet
) -> None:
    """Tells the complainants by when they will be answered."""
    notices = [
        (notice(event, COMPLAINANT, "promised", {"due_date": event.data["due_at"].isoformat()}), event)
        for event in events
    ]
    write(connection, notices, known_to(connection, events), now=now, new_id=new_id, quiet=quiet)


def promises_moved(
    connection: Connection, events: Sequence[Event], *, now: datetime, new_id: Callable[[], str], quiet: Quiet
) -> None:
    """Tells the complainants that they will be answered at another time, and why.

    Who was asked something has been told with the question that the clock waits: it is not said once more, nor when it goes on.
    """
    notices = []
    for event in events:
        if event.data["cause"] == "pause":
            continue
        parameters = {
            "due_date": event.data["due_at"].isoformat(),
            "previous_due_date": event.data["previous_due_at"].isoformat(),
            "cause": event.data["cause"],
        }
        notices.append((notice(event, COMPLAINANT, "promise_moved", parameters), event))
    write(connection, notices, known_to(connection, events), now=now, new_id=new_id, quiet=quiet)


def assignments_failed(
    connection: Connection,
    events: Sequence[Event],
    *,
    now: datetime,
    new_id: Callable[[], str],
    quiet: Quiet,
    language: str,
) -> None:
    """Tells the coordinator's desk, in `language`, that nobody has a complaint."""
    notices = []
    for event in events:
        parameters = {
            "institution": event.data["institution"],
            "reason": event.data["reason"],
            "since": event.data["unowned_since"].isoformat(),
        }
        notices.append((notice(event, COORDINATOR, "unowned", parameters), event))
    write(connection, notices, desks(notices, language), now=now, new_id=new_id, quiet=quiet)
    withholding.reassigned(connection, {str(event.data["complaint_id"]): None for event in events}, now)


def release(
    connection: Connection, complaint_ids: Sequence[str] | None, *, now: datetime, quiet: Quiet
) -> int:
    """Frees messages that awaited their recipient: of the given complaints, or of all. Returns how many there were.

    Two transactions that handle the two facts at the same moment do not see each other's rows; the sweep, which asks for all, finds
    what they left.
    """
    rows = store.awaiting(connection, complaint_ids, RELEASE_AT_ONCE)
    planned, dropped = {}, []
    for identity, channel, notice, recipient in rows:
        known = {(recipient.complaint_id, recipient.key): recipient}
        mine = [each for each in plan([notice], known, now=now, quiet=quiet) if each.channel == channel]
        if mine:
            planned[identity] = mine[0]
        else:
            dropped.append(identity)
    store.release(connection, planned, dropped)
    return len(rows)


def notice(
    event: Event, recipient: str, template: str, parameters: Mapping[str, Any] | None = None
) -> Notice:
    """What a fact has somebody told."""
    return Notice(event.id, str(event.data["complaint_id"]), recipient, template, parameters or {})


def known_to(connection: Connection, events: Sequence[Event]) -> dict[tuple[str, str], Recipient]:
    """Everybody who is to be told anything about the complaints of these facts."""
    return store.recipients(connection, (str(event.data["complaint_id"]) for event in events))


def desks(notices: Sequence[tuple[Notice, Event]], language: str) -> dict[tuple[str, str], Recipient]:
    """The coordinator's desk, for those of the notices that are for it."""
    return {
        (each.complaint_id, COORDINATOR): coordinator_of(each.complaint_id, language)
        for each, _ in notices
        if each.recipient == COORDINATOR
    }


def write(
    connection: Connection,
    notices: Sequence[tuple[Notice, Event]],
    known: Mapping[tuple[str, str], Recipient],
    *,
    now: datetime,
    new_id: Callable[[], str],
    quiet: Quiet,
) -> None:
    """Writes the messages of the notices, in one statement."""
    planned = [
        (new_id(), event.correlation_id, each)
        for notice, event in notices
        for each in plan([notice], known, now=now, quiet=quiet)
    ]
    store.add_messages(connection, planned, now)
    told = {each.notice.complaint_id for _, _, each in planned if each.notice.audience == OFFICER}
    withholding.excluded(connection, told, now)
    tally = Counter((each.channel, each.notice.template, each.state) for _, _, each in planned)
    database.after_commit(connection, lambda: _count(tally))


def _count(tally: Counter[tuple[str, str, str]]) -> None:
    for labels, number in tally.items():
        metrics.messages_written_total.labels(*labels).inc(number)


def open_contact(unseal: Unseal, sealed: str) -> Mapping[str, Any]:
    """What a sealed contact holds. Raises Permanent for one that was sealed with another key."""
    return open_sealed(unseal, sealed, "contact_unreadable")


def open_sealed(unseal: Unseal, sealed: str, code: str) -> Mapping[str, Any]:
    """What a sealed text holds. Raises Permanent with the code for one that was sealed with another key: no retry will open it."""
    try:
        return unseal(sealed)
    except SealError:
        raise Permanent(code) from None
