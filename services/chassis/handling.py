"""Events take effect: once each, in the order of their sequence, with one of three outcomes (done, retry later, parked).

Knows the inbox and the handlers, and nothing of the broker: the subscriber, the sweep and the tests all come through here.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import eventlet
import marshmallow
import sqlalchemy

from services.chassis import database, inbox, logs, metrics, tracing
from services.chassis.contract import Reads
from services.chassis.event import Event

log = logs.get()


class RetryLater(Exception):
    """Raised by a handler: not now. The reason is stored and shown, so it names codes and ids only."""


class Permanent(Exception):
    """Raised by a handler: never. The event is parked at once. The reason names codes and ids only."""


class HandlerTimeout(Exception):
    """A handler did not end in time."""


@dataclass(frozen=True)
class Handler:
    """What is done with one type of event: `run(connection, event)`, or with `batch` `run(connection, events)`."""

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
        for name in ("processed", "duplicate", "waiting", "retried", "parked"):
            getattr(self, name).extend(getattr(other, name))


class Handling:
    """The handlers of one service over its inbox."""

    def __init__(
        self,
        service: str,
        handlers: Iterable[Handler],
        *,
        clock: Callable[[], datetime],
        attempts: int = 8,
        seconds: float = 20.0,
    ) -> None:
        """`attempts` before an event is parked; `seconds` that one transaction of handlers may take."""
        self.service = service
        self.handlers: Mapping[tuple[str, str, int], Handler] = {each.reads.key: each for each in handlers}
        self._schemas = {key: each.reads.schema() for key, each in self.handlers.items()}
        self._clock = clock
        self._attempts = attempts
        self._seconds = seconds

    @property
    def sources(self) -> set[str]:
        """The services whose facts are followed."""
        return {key[0] for key in self.handlers}

    def take(self, events: Sequence[Event]) -> Outcome:
        """Gives effect to deliveries; when it returns, each of them is safe in the database in one way or another.

        The whole batch is one transaction. If it fails, each event gets a transaction of its own, so that one bad event stops no
        other. Raises DatabaseUnavailable, and then nothing has happened (or, if a commit was cut off, all of it has).
        """
        if len(events) > 1:
            try:
                return self._count(self._in_time(self._apply, events))
            except Exception as error:
                _unless_own_fault(error)
                log.warning("batch_failed", size=len(events), error=self._reason(error))
        outcome = Outcome()
        for event in events:
            outcome.add(self._take_one(event))
        return outcome

    def sweep(self, limit: int = 200) -> Outcome:
        """Runs the stored events whose turn it is."""
        total = Outcome()
        while True:
            with database.transaction(self.service) as connection:
                rows = inbox.due(connection, self._clock(), limit)
            done_before = len(total.processed)
            for row in rows:
                total.add(self._rerun(row))
            if len(rows) < limit or len(total.processed) == done_before:
                return total

    def park(self, event: Event, reason: str) -> None:
        """Puts an event aside that the broker gave up on, unless it has taken effect already."""
        with database.transaction(self.service) as connection:
            inbox.fail(
                connection,
                event,
                now=self._clock(),
                reason=reason,
                handler=self._name(event),
                retry_after=None,
            )
        self._count(Outcome(parked=[event]))

    def _take_one(self, event: Event) -> Outcome:
        try:
            return self._count(self._in_time(self._apply, [event]))
        except Exception as error:
            _unless_own_fault(error)
            return self._failed(event, 0, error)

    def _rerun(self, row: inbox.Due) -> Outcome:
        try:
            return self._count(self._in_time(self._apply_stored, row))
        except Exception as error:
            _unless_own_fault(error)
            return self._failed(row.event, row.attempts, error)

    def _failed(self, event: Event, attempts: int, error: Exception) -> Outcome:
        attempts += 1
        final = isinstance(error, (Permanent, marshmallow.ValidationError)) or attempts >= self._attempts
        with database.transaction(self.service) as connection:
            inbox.fail(
                connection,
                event,
                now=self._clock(),
                reason=self._reason(error),
                handler=self._name(event),
                retry_after=None if final else backoff(attempts),
            )
        log.warning(
            "event_parked" if final else "event_failed",
            event_id=event.id,
            event_type=event.type,
            handler=self._name(event),
            attempts=attempts,
            error=self._reason(error),
        )
        return self._count(Outcome(parked=[event]) if final else Outcome(retried=[event]))

    def _in_time(self, work: Callable[..., Outcome], *args: Any) -> Outcome:
        timer = eventlet.Timeout(self._seconds, HandlerTimeout)
        try:
            return database.retrying(work, *args)
        except Exception:
            if not timer.pending:
                # Cut off inside the driver, the time-out comes out as a broken connection.
                raise HandlerTimeout from None
            raise
        finally:
            timer.cancel()

    def _apply(self, events: Sequence[Event]) -> Outcome:
        outcome = Outcome()
        with database.transaction(self.service) as connection:
            now = self._clock()
            new = inbox.claim(connection, events, now)
            fresh: list[Event] = []
            for event in events:
                if event.id in new:
                    new.discard(event.id)
                    fresh.append(event)
                else:
                    outcome.duplicate.append(event)
            cursors = inbox.lock_cursors(connection, {event.stream for event in fresh})
            ready: list[Event] = []
            moved: dict[tuple[str, str], int] = {}
            # By sequence, so that a batch that holds 2 before 1 needs no detour.
            for event in sorted(fresh, key=lambda event: event.sequence):
                last = cursors.get(event.stream, 0)
                if event.sequence <= last:
                    outcome.duplicate.append(event)
                elif event.sequence == last + 1:
                    cursors[event.stream] = moved[event.stream] = event.sequence
                    ready.append(event)
                else:
                    outcome.waiting.append(event)
            inbox.hold(connection, outcome.waiting)
            self._run(connection, ready)
            inbox.advance(connection, moved)
            outcome.processed.extend(ready)
        return outcome

    def _apply_stored(self, row: inbox.Due) -> Outcome:
        event = row.event
        with database.transaction(self.service) as connection:
            if not inbox.take_up(connection, event.id):
                return Outcome()
            last = inbox.lock_cursors(connection, [event.stream]).get(event.stream, 0)
            if event.sequence > last + 1:
                inbox.wait_again(connection, event)
                return Outcome(waiting=[event])
            if event.sequence <= last:
                return Outcome(duplicate=[event])
            if not row.discarded:
                self._run(connection, [event])
            inbox.advance(connection, {event.stream: event.sequence})
        return Outcome(processed=[event])

    def _run(self, connection: sqlalchemy.Connection, ready: Sequence[Event]) -> None:
        """Calls the handlers in rounds: the first fact of every stream, then the second… Within a round the order is free."""
        rounds: dict[int, dict[tuple[str, str, int], list[Event]]] = defaultdict(lambda: defaultdict(list))
        depth: dict[tuple[str, str], int] = defaultdict(int)
        for event in ready:
            handler = self.handlers.get(event.key)
            if handler is None:
                continue
            loaded = replace(event, data=self._schemas[event.key].load(event.data))
            rounds[depth[event.stream]][event.key].append(loaded)
            depth[event.stream] += 1
        for number in sorted(rounds):
            for key, events in rounds[number].items():
                handler = self.handlers[key]
                if handler.batch:
                    with self._context(events[0], handler):
                        handler.run(connection, events)
                else:
                    for event in events:
                        with self._context(event, handler):
                            handler.run(connection, event)

    def _context(self, event: Event, handler: Handler) -> Any:
        return _Context(event, handler, self.service)

    def _name(self, event: Event) -> str:
        handler = self.handlers.get(event.key)
        return handler.name if handler else "none"

    def _reason(self, error: Exception) -> str:
        if isinstance(error, (RetryLater, Permanent)):
            return f"{type(error).__name__}: {error}"[:300]
        if isinstance(error, marshmallow.ValidationError):
            return f"does not match its contract: {', '.join(sorted(map(str, error.messages_dict)))}"
        return database.safe_text(error)

    def _count(self, outcome: Outcome) -> Outcome:
        now = self._clock()
        for name in ("processed", "duplicate", "waiting", "retried", "parked"):
            tally: dict[tuple[str, str], int] = defaultdict(int)
            for event in getattr(outcome, name):
                # A type that nobody here reads may come from a newer producer: its name must not make new series without bound.
                tally[(event.source, event.type if event.key in self.handlers else "other")] += 1
            for (source, kind), number in tally.items():
                metrics.events_handled_total.labels(self.service, source, kind, name).inc(number)
        for event in outcome.processed:
            metrics.event_age_seconds.labels(self.service, event.source).observe(
                max(0.0, (now - event.time).total_seconds())
            )
        return outcome


def _unless_own_fault(error: Exception) -> None:
    """Passes on that the database is away: then no handler has failed. A statement over its time limit is the handler's failure."""
    if isinstance(error, database.DatabaseUnavailable) and not isinstance(error, database.DatabaseSlow):
        raise error


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


def backoff(attempts: int) -> timedelta:
    """1 s, 2 s, 4 s… at most 5 min after the n-th failed attempt, with a quarter of jitter so that a crowd does not come back at once."""
    seconds = min(300.0, 2.0 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - jitter, not a secret.
