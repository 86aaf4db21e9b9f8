"""One transaction in which events take effect: those whose turn it is, and after them what is stored and waited for them.

Locks are taken in one order, so that replicas cannot deadlock over them. First come the ids of new events, sorted, and one replica
may wait there for another that has the same delivery. Then come the cursors of all streams concerned, sorted, and one replica may wait
there for another that has an earlier event of a stream. Only then do handlers run, and from here on no lock of the inbox is waited for:
to move a cursor on, it is locked already, or it does not exist yet, and then nobody else can make it, because that takes the event
with sequence 1, which is ours. Stored events and the cursors of the second look are taken with SKIP LOCKED. So nobody who holds a row
that a handler changed waits for a replica whose handlers may want that row. Of all others, only the note of a failure
(`inbox.fail`) waits for a row of the inbox, and its transaction holds nothing that somebody could wait for.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy

from services.chassis import database, inbox, logs, stored, tracing
from services.chassis.contract import Reads
from services.chassis.event import Event

Key = tuple[str, str, int]
Stream = tuple[str, str]


@dataclass(frozen=True)
class Handler:
    """What is done with one type of event: `run(connection, event)`, or with `batch` `run(connection, events)`.

    Handlers of one name are one that reads several types. With `batch` it gets those of a stream that follow each other at once, in
    their order; a handler of one type gets one of each stream.
    """

    reads: Reads
    run: Callable[..., Any]
    name: str
    batch: bool = False


@dataclass
class Outcome:
    """What became of a batch: event ids by outcome."""

    processed: list[Event] = field(default_factory=list)
    duplicate: list[Event] = field(default_factory=list)
    waiting: list[Event] = field(default_factory=list)
    retried: list[Event] = field(default_factory=list)
    parked: list[Event] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Joins another outcome to this one."""
        for name in OUTCOMES:
            getattr(self, name).extend(getattr(other, name))

    @property
    def size(self) -> int:
        """How many events it says something about."""
        return sum(len(getattr(self, name)) for name in OUTCOMES)


OUTCOMES = ("processed", "duplicate", "waiting", "retried", "parked")


class Rounds:
    """The handlers of a service, and calling them for many events at once."""

    def __init__(self, service: str, handlers: Iterable[Handler]) -> None:
        self.service = service
        self.handlers: Mapping[Key, Handler] = {each.reads.key: each for each in handlers}
        self._schemas = {key: each.reads.schema() for key, each in self.handlers.items()}
        types = Counter(each.name for each in self.handlers.values() if each.batch)
        self._together = {name for name, number in types.items() if number > 1}

    def run(self, connection: sqlalchemy.Connection, ready: Iterable[Event]) -> None:
        """Calls the handlers in rounds: the first fact of every stream, then the second… Within a round the order is free."""
        rounds: dict[int, dict[str, tuple[Handler, list[Event]]]] = defaultdict(dict)
        before: dict[Stream, tuple[int, str]] = {}
        for event in ready:
            handler = self.handlers.get(event.key)
            if handler is None:
                continue
            loaded = replace(event, data=self._schemas[event.key].load(event.data))
            number, name = before.get(event.stream, (-1, ""))
            if handler.name != name or name not in self._together:
                number += 1
            before[event.stream] = number, handler.name
            rounds[number].setdefault(handler.name, (handler, []))[1].append(loaded)
        for number in sorted(rounds):
            for handler, events in rounds[number].values():
                if handler.batch:
                    with _Context(events[0], handler, self.service):
                        handler.run(connection, events)
                else:
                    for event in events:
                        with _Context(event, handler, self.service):
                            handler.run(connection, event)


class Turn:
    """One transaction, and if it loses against another, the same once more; then `taken` says what it was about."""

    def __init__(self, rounds: Rounds, *, most: int) -> None:
        """`most` stored events that waited are taken up."""
        self.taken: list[stored.Stored] = []
        self._rounds = rounds
        self._most = most

    def of_new(self, events: Sequence[Event], now: datetime) -> Outcome:
        """Gives effect to deliveries. Those that were here before are duplicates, those whose turn has not come are stored."""
        outcome = Outcome()
        self.taken = []
        with database.transaction(self._rounds.service) as connection:
            new = inbox.claim(connection, events, now)
            fresh: list[Event] = []
            for event in events:
                if event.id in new:
                    new.discard(event.id)
                    fresh.append(event)
                else:
                    outcome.duplicate.append(event)
            waiting = self._take_effect(connection, fresh, outcome)
            inbox.hold(connection, waiting)
        return outcome

    def of_stored(self, take_up: Callable[[sqlalchemy.Connection], list[stored.Stored]]) -> Outcome:
        """Gives effect to the stored events that `take_up` locks."""
        outcome = Outcome()
        self.taken = []
        with database.transaction(self._rounds.service) as connection:
            self.taken = take_up(connection)
            waiting = self._take_effect(connection, [row.event for row in self.taken], outcome)
            stored.wait_again(connection, [event.id for event in waiting])
        return outcome

    def _take_effect(
        self, connection: sqlalchemy.Connection, pending: list[Event], outcome: Outcome
    ) -> list[Event]:
        """Runs what is next in its stream, and what is next then; returns what has to wait."""
        cursors = inbox.lock_cursors(connection, {event.stream for event in pending})
        moved: dict[Stream, int] = {}
        looked_again = False
        while True:
            ready, pending = _sort_out(pending, cursors, moved, outcome)
            if ready:
                given_up = {row.event.id for row in self.taken if row.discarded}
                self._rounds.run(connection, [event for event in ready if event.id not in given_up])
                outcome.processed += ready
                # Looked for as late as can be and for all streams that have moved so far: what another replica stores is found
                # if it is committed before this moment, and else only the sweep finds it.
                found = inbox.advance(connection, moved, max(0, self._most - len(self.taken)))
                self.taken += found
                pending += [row.event for row in found]
            elif pending and not looked_again:
                # The first event of a stream has no cursor that could be locked, so its successor does not wait for the replica that
                # has it. That replica may have committed while our handlers ran.
                looked_again = True
                unknown = {event.stream for event in pending} - cursors.keys()
                cursors.update(inbox.lock_cursors(connection, unknown, wait=False))
            else:
                break
        undone = {event.id for event in pending}
        stored.settle(connection, [row.event.id for row in self.taken if row.event.id not in undone])
        outcome.waiting += pending
        return pending


def _sort_out(
    events: Iterable[Event], cursors: dict[Stream, int], moved: dict[Stream, int], outcome: Outcome
) -> tuple[list[Event], list[Event]]:
    """(ready, waiting); moves the cursors over those that are ready, and puts duplicates into the outcome."""
    ready, waiting = [], []
    # By sequence, so that a batch that holds 2 before 1 needs no detour.
    for event in sorted(events, key=lambda event: event.sequence):
        last = cursors.get(event.stream, 0)
        if event.sequence <= last:
            outcome.duplicate.append(event)
        elif event.sequence == last + 1:
            cursors[event.stream] = moved[event.stream] = event.sequence
            ready.append(event)
        else:
            waiting.append(event)
    return ready, waiting


class _Context:
    """Logs and traces of a handler carry the ids of the event that it handles; of a batch, those of its first."""

    def __init__(self, event: Event, handler: Handler, service: str) -> None:
        self._logs = logs.context(event.correlation_id, service)
        self._trace = tracing.continue_from(event.traceparent, f"handle {handler.name}", service)

    def __enter__(self) -> None:
        self._logs.__enter__()
        self._trace.__enter__()

    def __exit__(self, *exc_info: Any) -> None:
        self._trace.__exit__(*exc_info)
        self._logs.__exit__(*exc_info)
