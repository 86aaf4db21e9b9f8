"""Replicas of a service over one inbox, and facts for them."""

from datetime import timedelta

from eventlet.event import Event as Door
from sqlalchemy import text

from services.chassis import database, inbox
from services.chassis.clock import new_id, now
from services.chassis.event import Event
from services.chassis.handling import Handler, Handling
from tests.support.toy import MOODS, PINGED_READ, Toys

SERVICE = "ponger"


class Replicas:
    """Handlings over one inbox; their handler writes into `seen`, after it did what the mood of an event asks for."""

    def __init__(self, toys: Toys) -> None:
        self.toys = toys
        self.calls: list[list[int]] = []
        self.ahead = timedelta()

    def new(self) -> Handling:
        handler = Handler(PINGED_READ, self._pinged, "pinged", batch=True)
        return Handling(SERVICE, [handler], clock=lambda: now() + self.ahead)

    def _pinged(self, connection, events) -> None:
        self.calls.append([event.data["number"] for event in events])
        for event in events:
            MOODS.get(event.data["mood"], lambda *_: None)(connection, event)
        connection.execute(
            text("INSERT INTO seen (subject, number) VALUES (:subject, :number)"),
            [{"subject": event.subject, "number": event.data["number"]} for event in events],
        )

    def transactions(self) -> int:
        """How many transactions wrote what was seen."""
        return self.toys.rows(SERVICE, "SELECT count(DISTINCT xmin::text) FROM seen")[0][0]

    def miss(self, *events: Event) -> None:
        """Has the predecessors take effect in a transaction that looks for nothing, like one that looked a moment too early."""
        with database.transaction(SERVICE) as connection:
            inbox.advance(connection, {event.stream: event.sequence - 1 for event in events})

    def door(self) -> Door:
        """Handlers of the mood "hold" stop at it until it is sent; its `entered` is sent when the first does."""
        door = Door()
        door.entered = Door()

        def hold(*_):
            if not door.entered.ready():
                door.entered.send()
            door.wait()

        MOODS["hold"] = hold
        return door


def facts(*moods: str, first: int = 1) -> list[Event]:
    """Facts about one subject."""
    subject = new_id()
    return [
        Event(new_id(), "Pinged", 1, "pinger", subject, n, now(), "-", {"number": n, "mood": mood}, "c")
        for n, mood in enumerate(moods, first)
    ]


def fail(*_) -> None:
    raise LookupError
