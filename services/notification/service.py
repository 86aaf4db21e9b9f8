"""Notification: who was told, by which channel, and whether it reached them."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from services.chassis import database
from services.chassis.clock import new_id, now
from services.chassis.event import Event
from services.chassis.relay import Relay
from services.chassis.schedule import Background, every
from services.chassis.subscriber import subscribe
from services.chassis.web import Web
from services.notification import events, handlers, sending, settings, telling
from services.notification.assembly import create_app, create_dispatch, create_figures, unseal


class NotificationService:
    """Subscriptions, schedules, the web app and the senders of notification."""

    name = events.SOURCE
    web = Web(create_app)
    relay = Relay()
    dispatch = Background(create_dispatch)
    figures = Background(create_figures)

    @subscribe(events.COMPLAINT_RECEIVED, batch=True)
    def complaint_received(self, connection: Connection, received: Sequence[Event]) -> None:
        """Keeps the contact, sealed, and tells the complainant."""
        handlers.complaints_received(
            connection, received, now=now(), new_id=new_id, unseal=unseal, quiet=settings.load().quiet
        )

    @subscribe(events.COMPLAINT_ASSIGNED, batch=True)
    def complaint_assigned(self, connection: Connection, assigned: Sequence[Event]) -> None:
        """Tells the complainant and the officer."""
        wanted = settings.load()
        handlers.complaints_assigned(
            connection,
            assigned,
            now=now(),
            new_id=new_id,
            unseal=unseal,
            quiet=wanted.quiet,
            language=wanted.coordinator_language,
        )

    @subscribe(events.PROMISE_SET, batch=True)
    def promise_set(self, connection: Connection, promised: Sequence[Event]) -> None:
        """Tells the complainant by when."""
        handlers.promises_set(connection, promised, now=now(), new_id=new_id, quiet=settings.load().quiet)

    @subscribe(events.PROMISE_MOVED, batch=True)
    def promise_moved(self, connection: Connection, moved: Sequence[Event]) -> None:
        """Tells the complainant by when from now on."""
        handlers.promises_moved(connection, moved, now=now(), new_id=new_id, quiet=settings.load().quiet)

    @subscribe(events.ASSIGNMENT_FAILED, batch=True)
    def assignment_failed(self, connection: Connection, failed: Sequence[Event]) -> None:
        """Tells the coordinator's desk."""
        wanted = settings.load()
        handlers.assignments_failed(
            connection,
            failed,
            now=now(),
            new_id=new_id,
            quiet=wanted.quiet,
            language=wanted.coordinator_language,
        )

    @subscribe(events.COMPLAINT_RESTRICTED, batch=True)
    def complaint_restricted(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells some officers nothing more."""
        telling.restricted(connection, batch, _desk(), unseal)

    @subscribe(events.INFORMATION_REQUESTED, batch=True)
    def information_requested(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the complainant that something is asked."""
        telling.asked(connection, batch, _desk())

    @subscribe(events.REPLY_APPROVED, batch=True)
    def reply_approved(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the complainant that there is an answer."""
        telling.answered(connection, batch, _desk())

    @subscribe(events.INTERIM_REPLY_GIVEN, batch=True)
    def interim_reply_given(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the complainant that it takes longer."""
        telling.delayed(connection, batch, _desk())

    @subscribe(events.COMPLAINANT_REMINDED, batch=True)
    def complainant_reminded(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Reminds the complainant that the answer waits to be rated."""
        telling.unrated(connection, batch, _desk())

    @subscribe(events.COMPLAINT_CLOSED, batch=True)
    def complaint_closed(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the complainant that it is over."""
        telling.closed(connection, batch, _desk())

    @subscribe(events.COMPLAINT_TRANSFERRED, batch=True)
    def complaint_transferred(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the complainant where it is to go, and the arbiter that one is needed."""
        telling.transferred(connection, batch, _desk())

    @subscribe(events.COMPLAINT_REFERRED, batch=True)
    def complaint_referred(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the complainant which authority has it."""
        telling.referred(connection, batch, _desk())

    @subscribe(events.CASE_RESUMED, batch=True)
    def case_resumed(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the officer that the complainant has answered."""
        telling.resumed(connection, batch, _desk())

    @subscribe(events.REPLY_RETURNED, batch=True)
    def reply_returned(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the officer that the reply came back."""
        telling.returned(connection, batch, _desk())

    @subscribe(events.COMPLAINT_ESCALATED, batch=True)
    def complaint_escalated(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the one whom it was raised to, the officer, and the complainant."""
        telling.escalated(connection, batch, _desk(), unseal)

    @subscribe(events.ESCALATION_ANSWERED, batch=True)
    def escalation_answered(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the officer that it came back."""
        telling.given_back(connection, batch, _desk())

    @subscribe(events.CASE_DUE_SOON, batch=True)
    def case_due_soon(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the officer that the time is nearly over."""
        telling.reminded(connection, batch, _desk(), "officer_due_soon")

    @subscribe(events.CASE_OVERDUE, batch=True)
    def case_overdue(self, connection: Connection, batch: Sequence[Event]) -> None:
        """Tells the officer that the time is over."""
        telling.reminded(connection, batch, _desk(), "officer_overdue")

    @every(5, name="release")
    def release(self) -> None:
        """Frees what awaited a recipient that another transaction wrote at the same moment, a chunk per transaction."""
        while True:
            with database.transaction(self.name) as connection:
                found = handlers.release(connection, None, now=now(), quiet=settings.load().quiet)
            if found < handlers.RELEASE_AT_ONCE:
                break

    @every(10, name="expire_claims")
    def expire_claims(self) -> None:
        """Says of messages whose sender died that nobody knows."""
        sending.expire(now=now(), lease=timedelta(seconds=settings.load().lease_seconds))

    @every(3600, name="forget_receipts")
    def forget_receipts(self) -> None:
        """Removes receipts that belong to nothing."""
        sending.forget_receipts(now=now())


def _desk() -> telling.Desk:
    wanted = settings.load()
    return telling.Desk(now(), new_id, wanted.quiet, wanted.coordinator_language)
