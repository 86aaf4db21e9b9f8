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

    @subscribe(*events.READ, batch=True)
    def project(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Carries what is said of complaints into their rows and the figures."""
        handlers.project(connection, batch, now=now())

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
