"""Routing: who must answer, by when, and what happened."""

from collections.abc import Sequence
from datetime import datetime

import flask
import sqlalchemy

from services.chassis import database, logs, settings
from services.chassis.clock import now
from services.chassis.event import Event
from services.chassis.measuring import Measuring
from services.chassis.relay import Relay
from services.chassis.schedule import Background, every
from services.chassis.subscriber import subscribe
from services.chassis.web import Web
from services.routing import api, events, handlers, metrics, promises, seed, store
from services.routing.settings import Settings

log = logs.get()


def create_app() -> flask.Flask:
    """The WSGI app. Raises SettingError."""
    settings.load(Settings)
    return api.create_routing_app()


def create_figures() -> Measuring[tuple[int, float]]:
    """Measures the unowned cases for the metrics that show them."""
    unowned = Measuring(_unowned)
    metrics.watch_unowned(unowned)
    return unowned


def _unowned() -> tuple[int, float]:
    with database.transaction(handlers.SOURCE) as connection:
        return store.unowned_figures(connection, now())


class RoutingService:
    """Subscriptions, schedules and the web app of routing."""

    name = handlers.SOURCE
    web = Web(create_app)
    relay = Relay()
    figures = Background(create_figures)

    @subscribe(events.COMPLAINT_RECEIVED, batch=True)
    def complaint_received(self, connection: sqlalchemy.Connection, received: Sequence[Event]) -> None:
        """Finds who must answer, and promises by when."""
        handlers.receive(connection, received, now=now(), seal_key=settings.load(Settings).seal_key)

    @every(30, name="unowned")
    def retry_unowned(self) -> None:
        """Looks again for officers of what nobody owns, a chunk per transaction."""
        wanted = settings.load(Settings)
        found, after = 0, None
        while True:
            with database.transaction(self.name) as connection:
                owned, after = _retry_chunk(connection, after, wanted)
            found += owned
            if after is None:
                break
        if found:
            log.info("unowned_assigned", cases=found)

    @every(5, name="promises")
    def recompute_promises(self) -> None:
        """Counts promises again after a circular, a stretch per transaction."""
        seen = moved = 0
        while True:
            with database.transaction(self.name) as connection:
                counted = promises.recompute(connection, now=now())
            if counted is None:
                break
            seen, moved = seen + counted[0], moved + counted[1]
        if seen:
            log.info("promises_recomputed", cases=seen, moved=moved)

    @every(86_400, name="holidays")
    def extend_holidays(self) -> None:
        """Keeps the calendar years ahead, so that no promise is counted over a year without its holidays."""
        with database.transaction(self.name) as connection:
            added = seed.extend_holidays(connection, now())
        if added:
            log.info("holidays_added", years=added)


def _retry_chunk(
    connection: sqlalchemy.Connection, after: tuple[datetime, str] | None, wanted: Settings
) -> tuple[int, tuple[datetime, str] | None]:
    return handlers.retry_unowned(
        connection, after=after, limit=wanted.unowned_chunk, now=now(), seal_key=wanted.seal_key
    )
