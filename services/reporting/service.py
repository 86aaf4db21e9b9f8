"""Reporting: the figures of the whole."""

from collections.abc import Sequence

import sqlalchemy

from services.chassis import database, logs
from services.chassis.clock import now
from services.chassis.event import Event
from services.chassis.measuring import Measuring
from services.chassis.schedule import Background, every
from services.chassis.subscriber import subscribe
from services.chassis.web import Web
from services.reporting import api, events, handlers, metrics, store

log = logs.get()


def create_figures() -> Measuring[int]:
    """Measures the complaints without a receipt for the metric that shows them."""
    without_receipt = Measuring(_without_receipt)
    metrics.watch_without_receipt(without_receipt)
    return without_receipt


def _without_receipt() -> int:
    with database.transaction(events.SOURCE) as connection:
        return store.without_receipt(connection)


class ReportingService:
    """Subscriptions, schedules and the web app of reporting."""

    name = events.SOURCE
    web = Web(api.create_reporting_app)
    figures = Background(create_figures)

    @subscribe(events.COMPLAINT_RECEIVED, batch=True)
    def complaint_received(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Counts what came in."""
        handlers.complaints_received(connection, batch, now=now())

    @subscribe(events.COMPLAINT_ASSIGNED, batch=True)
    def complaint_assigned(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Counts it with its institution."""
        handlers.complaints_assigned(connection, batch, now=now())

    @subscribe(events.PROMISE_SET, batch=True)
    def promise_set(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Counts it as promised."""
        handlers.promises_set(connection, batch, now=now())

    @subscribe(events.PROMISE_MOVED, batch=True)
    def promise_moved(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Counts it as due when it is due now."""
        handlers.promises_moved(connection, batch, now=now())

    @subscribe(events.ASSIGNMENT_FAILED, batch=True)
    def assignment_failed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Counts it as unowned."""
        handlers.assignments_failed(connection, batch, now=now())

    @subscribe(events.CASE_ACCEPTED, batch=True)
    def case_accepted(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It is being worked on."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.INFORMATION_REQUESTED, batch=True)
    def information_requested(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It waits for the complainant."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.CASE_RESUMED, batch=True)
    def case_resumed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It is being worked on again."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.REPLY_PROPOSED, batch=True)
    def reply_proposed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """A reply waits for a second officer."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.REPLY_RETURNED, batch=True)
    def reply_returned(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """The reply is being written anew."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.REPLY_APPROVED, batch=True)
    def reply_approved(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It is answered."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.COMPLAINT_TRANSFERRED, batch=True)
    def complaint_transferred(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It is between two bodies."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.COMPLAINT_REFERRED, batch=True)
    def complaint_referred(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It has gone outside."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.CASE_DISPUTED, batch=True)
    def case_disputed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """The answer is disputed."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.DISPUTE_RESOLVED, batch=True)
    def dispute_resolved(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """The dispute is decided."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.COMPLAINT_CLOSED, batch=True)
    def complaint_closed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Nothing is owed any more."""
        handlers.cases_moved(connection, batch, now=now())

    @subscribe(events.COMPLAINT_ESCALATED, batch=True)
    def complaint_escalated(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It was raised to somebody higher."""
        handlers.complaints_escalated(connection, batch, now=now())

    @subscribe(events.NOTIFICATION_DELIVERED, batch=True)
    def notification_delivered(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Counts a notice that arrived."""
        handlers.notices_delivered(connection, batch, now=now())

    @subscribe(events.NOTIFICATION_FAILED, batch=True)
    def notification_failed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Counts a notice that was given up."""
        handlers.notices_failed(connection, batch, now=now())

    @every(5, name="overdue")
    def mark_overdue(self) -> None:
        """Counts what fell due, a chunk per transaction."""
        while True:
            with database.transaction(self.name) as connection:
                marked = handlers.mark_overdue(connection, now=now())
            if marked < handlers.OVERDUE_CHUNK:
                break

    @every(3600, name="audit")
    def audit(self) -> None:
        """Compares figures with a recount, some months at a time."""
        with database.transaction(self.name) as connection:
            differences = handlers.audit(connection, now=now())
        if differences:
            log.error("figures_drifted", cells=len(differences), first=str(differences[0].cell))
