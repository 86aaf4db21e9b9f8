"""Routing: who must answer, by when, and what happened."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

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
from services.routing import api, events, handlers, metrics, seed, store
from services.routing.cases import actions, handing_on
from services.routing.cases.step import Keys
from services.routing.clock import store as store_timers
from services.routing.clock import sweeping
from services.routing.deadlines import promises
from services.routing.desks import store as store_desk
from services.routing.events import SOURCE
from services.routing.exclusions import keeping_out
from services.routing.settings import Settings
from services.routing.staff import api as api_accounts
from services.routing.staff import store as store_accounts
from services.routing.staff import store_identity

log = logs.get()
_CHUNK = 100

# Longer than any pause counts; long enough to look into a report of somebody else's sign-in.
_TRIES_KEPT = timedelta(days=30)
_SESSIONS_KEPT = timedelta(days=90)


def create_app() -> flask.Flask:
    """The WSGI app. Raises SettingError."""
    settings.load(Settings)
    api_accounts.prepare()
    return api.create_routing_app()


def create_figures() -> Measuring[tuple[int, float]]:
    """Measures the unowned cases for the metrics that show them."""
    unowned = Measuring(_unowned)
    metrics.watch_unowned(unowned)
    return unowned


def create_clock_figures() -> Measuring[tuple[int, float, float]]:
    """Measures what the clock has not been answered, and how late it is, for the metrics that show it."""
    clock = Measuring(_clock)
    metrics.watch_clock(clock)
    return clock


def _clock() -> tuple[int, float, float]:
    with database.transaction(SOURCE) as connection:
        return store_timers.figures(connection, now())


def _unowned() -> tuple[int, float]:
    with database.transaction(SOURCE) as connection:
        return store.unowned_figures(connection, now())


class RoutingService:
    """Subscriptions, schedules and the web app of routing."""

    name = SOURCE
    web = Web(create_app)
    relay = Relay()
    figures = Background(create_figures)
    clock_figures = Background(create_clock_figures)

    @subscribe(events.COMPLAINT_RECEIVED, batch=True)
    def complaint_received(self, connection: sqlalchemy.Connection, received: Sequence[Event]) -> None:
        """Finds who must answer, and promises by when."""
        keys = _keys()
        handlers.receive(
            connection,
            received,
            now=now(),
            seal_key=keys.notification,
            intake_key=keys.intake,
            names_key=keys.names,
        )

    @subscribe(events.COMPLAINANT_MESSAGE_ADDED)
    def complainant_message_added(self, connection: sqlalchemy.Connection, event: Event) -> None:
        """The question is answered; the case goes on."""
        _said(connection, "answer_question", event, lambda data: {"message": str(data["message_id"])})

    @subscribe(events.COMPLAINT_WITHDRAWN)
    def complaint_withdrawn(self, connection: sqlalchemy.Connection, event: Event) -> None:
        """The complainant takes it back."""
        _said(connection, "withdraw", event)

    @subscribe(events.COMPLAINT_RATED)
    def complaint_rated(self, connection: sqlalchemy.Connection, event: Event) -> None:
        """The complainant confirms the answer and rates it."""
        _said(connection, "rate", event, lambda data: {"score": data["score"]})

    @subscribe(events.COMPLAINT_DISPUTED)
    def complaint_disputed(self, connection: sqlalchemy.Connection, event: Event) -> None:
        """The complainant does not accept the answer."""
        _said(connection, "dispute", event)

    @every(60, name="silence")
    def end_silence(self) -> None:
        """Reminds who has said nothing of an answer, and closes what was answered long ago, a chunk per transaction."""
        done = _CHUNK
        while done == _CHUNK:
            with database.transaction(self.name) as connection:
                done = actions.end_silence(connection, now=now(), keys=_keys(), limit=_CHUNK)

    @every(2, name="timers")
    def sweep_timers(self) -> None:
        """Looks at the cases that are due, urgent ones first, a chunk per transaction.

        After an outage what was missed is told at a bounded rate, and meanwhile nothing urgent stands behind it.
        """
        wanted = settings.load(Settings)
        told = sweeping.sweep(now=now(), keys=_keys(), chunk=wanted.timers_chunk, most=wanted.timers_told)
        if told:
            log.info("timers_told", cases=told)

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

    @every(30, name="succession")
    def hand_on(self) -> None:
        """Hands what a body has that has ended on to its successor, a chunk per transaction."""
        after: str | None = None
        while True:
            with database.transaction(self.name) as connection:
                after = handing_on.hand_on(connection, after, now=now(), keys=_keys(), limit=_CHUNK)
            if after is None:
                break

    @every(10, name="exclusions")
    def keep_out(self) -> None:
        """Where the directory has changed: who is tied to whom now, and takes cases from whom they are directed against."""
        place: keeping_out.Place | None = None
        while True:
            with database.transaction(self.name) as connection:
                place = keeping_out.look_again(connection, place, now=now(), keys=_keys(), limit=_CHUNK)
            if place is None:
                break

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

    @every(60, name="viewing")
    def forget_viewers(self) -> None:
        """Deletes who is not looking at a case any more."""
        with database.transaction(self.name) as connection:
            store_desk.forget_viewers(connection, now())

    @every(3600, name="sign_ins")
    def forget_sign_ins(self) -> None:
        """Deletes tries to sign in and ended sessions that are too old to tell anything."""
        with database.transaction(self.name) as connection:
            store_accounts.forget(connection, now() - _TRIES_KEPT, now() - _SESSIONS_KEPT)
            store_identity.forget_used(connection, now())


def _keys() -> Keys:
    wanted = settings.load(Settings)
    return Keys(wanted.seal_key, wanted.intake_seal_key, wanted.names_key)


def _said(
    connection: sqlalchemy.Connection,
    action: str,
    event: Event,
    fields: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda _: {},
) -> None:
    actions.complainant_acts(connection, action, event, fields, now=now(), keys=_keys())


def _retry_chunk(
    connection: sqlalchemy.Connection, after: tuple[datetime, str] | None, wanted: Settings
) -> tuple[int, tuple[datetime, str] | None]:
    return handlers.retry_unowned(
        connection, after=after, limit=wanted.unowned_chunk, now=now(), keys=_keys()
    )
