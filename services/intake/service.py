"""Intake: what was said and by whom, and how it stands for the one who said it."""

from collections.abc import Sequence

import sqlalchemy

from services.chassis.clock import now
from services.chassis.event import Event
from services.chassis.relay import Relay
from services.chassis.schedule import every
from services.chassis.subscriber import subscribe
from services.chassis.web import Web
from services.intake import api, events, handlers


class IntakeService:
    """Subscriptions, schedules and the web app of intake."""

    name = handlers.SERVICE
    web = Web(api.create_intake_app)
    relay = Relay()

    @subscribe(events.COMPLAINT_ASSIGNED, batch=True)
    def complaint_assigned(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows who must answer."""
        handlers.assigned(connection, batch)

    @subscribe(events.PROMISE_SET, batch=True)
    def promise_set(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows by when."""
        handlers.promised(connection, batch)

    @subscribe(events.PROMISE_MOVED, batch=True)
    def promise_moved(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows by when from now on."""
        handlers.promise_moved(connection, batch)

    @subscribe(events.ASSIGNMENT_FAILED, batch=True)
    def assignment_failed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows that it is received and with nobody yet."""
        handlers.unassigned(connection, batch)

    @every(300, name="forget_answers")
    def forget_answers(self) -> None:
        """Removes kept answers whose time is over."""
        handlers.forget_answers(now())
