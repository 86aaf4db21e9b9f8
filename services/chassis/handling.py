"""Events take effect: once each, in the order of their sequence, with one of three outcomes (done, retry later, parked).

Knows the inbox and the handlers, and nothing of the broker: the subscriber, the sweep and the tests all come through here.
"""

import random
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import eventlet
import marshmallow

from services.chassis import database, inbox, logs, metrics, stored
from services.chassis.event import Event
from services.chassis.turn import OUTCOMES, Handler, Key, Outcome, Rounds, Stream, Turn

__all__ = ["Handler", "HandlerTimeout", "Handling", "Outcome", "Permanent", "RetryLater", "backoff"]

log = logs.get()


class RetryLater(Exception):
    """Raised by a handler: not now. The reason is stored and shown, so it names codes and ids only."""


class Permanent(Exception):
    """Raised by a handler: never. The event is parked at once. The reason names codes and ids only."""


class HandlerTimeout(Exception):
    """A handler did not end in time."""


# Stored events that one transaction takes up beside its own. What more waits is the sweep's, so that none grows without bound.
_MOST = 200
# How long after a batch there is a look at what the batch stored: if another replica has the predecessor, and did not find what was
# stored, then it had begun to commit.
_SOON_SECONDS = 0.05


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
        self._rounds = Rounds(service, handlers)
        self._clock = clock
        self._attempts = attempts
        self._seconds = seconds
        # Those of the last batches; what is pushed out is the sweep's.
        self._stored: deque[Stream] = deque(maxlen=10 * _MOST)
        self._bell = eventlet.semaphore.Semaphore(0)

    @property
    def handlers(self) -> Mapping[Key, Handler]:
        """The handlers by the key of what they read."""
        return self._rounds.handlers

    @property
    def sources(self) -> set[str]:
        """The services whose facts are followed."""
        return {key[0] for key in self.handlers}

    def take(self, events: Sequence[Event]) -> Outcome:
        """Gives effect to deliveries; when it returns, each of them is safe in the database in one way or another.

        The whole batch is one transaction, and stored events that waited for it are run in it. If it fails, each event gets a
        transaction of its own without those, so that one bad event stops no other and is not taken for another. Raises
        DatabaseUnavailable, and then nothing has happened (or, if a commit was cut off, all of it has).
        """
        turn = Turn(self._rounds, most=_MOST)
        try:
            outcome = self._count(self._in_time(turn.of_new, events, self._clock()))
            self._look_at(outcome.waiting)
            return outcome
        except Exception as error:
            _unless_own_fault(error)
            if len(events) == 1 and not turn.taken:
                return self._failed(events[0], 0, error)
            log.warning("batch_failed", size=len(events) + len(turn.taken), error=self._reason(error))
        outcome = Outcome()
        for event in events:
            outcome.add(self._alone(event, 0, lambda turn, event=event: turn.of_new([event], self._clock())))
        self._look_at(events)
        return outcome

    def sweep(self, limit: int = 200) -> Outcome:
        """Runs the stored events whose turn it is: those that failed one by one, those that only waited by the batch of `limit`."""
        total = Outcome()
        while True:
            with database.transaction(self.service) as connection:
                rows = stored.retries(connection, self._clock(), limit)
            outcome = Outcome()
            for row in rows:
                outcome.add(self._rerun(row))
            outcome.add(self._release(limit))
            total.add(outcome)
            if outcome.size < limit or not outcome.processed:
                return total

    def look(self, seconds: float) -> Outcome:
        """Waits for a batch that stores events, at most `seconds`; a moment later runs those of them that were released meanwhile.

        So they need not wait for the sweep, and it costs little however much waits for other reasons.
        """
        if not self._bell.acquire(timeout=seconds):
            return Outcome()
        eventlet.sleep(_SOON_SECONDS)
        streams = set(self._stored)
        self._stored.clear()
        return self._release(_MOST, streams)

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

    def _release(self, limit: int, streams: Collection[Stream] | None = None) -> Outcome:
        """Runs up to `limit` events that waited in one transaction; if it fails, those that are next one by one."""
        turn = Turn(self._rounds, most=limit)
        try:
            return self._count(
                self._in_time(turn.of_stored, lambda connection: stored.released(connection, limit, streams))
            )
        except Exception as error:
            _unless_own_fault(error)
            if len(turn.taken) == 1:
                return self._failed(turn.taken[0].event, turn.taken[0].attempts, error)
            log.warning("batch_failed", size=len(turn.taken), error=self._reason(error))
        with database.transaction(self.service) as connection:
            rows = stored.released(connection, limit, streams)
        outcome = Outcome()
        for row in rows:
            outcome.add(self._rerun(row))
        self._look_at(row.event for row in rows)
        return outcome

    def _rerun(self, row: stored.Stored) -> Outcome:
        def again(turn: Turn) -> Outcome:
            return turn.of_stored(lambda connection: stored.take_up(connection, row.event.id))

        return self._alone(row.event, row.attempts, again)

    def _alone(self, event: Event, attempts: int, work: Callable[[Turn], Outcome]) -> Outcome:
        """One event in a transaction of its own, with nothing that waited for it: if it fails, the fault is its own."""
        try:
            return self._count(self._in_time(work, Turn(self._rounds, most=0)))
        except Exception as error:
            _unless_own_fault(error)
            return self._failed(event, attempts, error)

    def _look_at(self, events: Iterable[Event]) -> None:
        self._stored.extend(event.stream for event in events)
        if self._stored and self._bell.counter <= 0:
            self._bell.release()

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
        for name in OUTCOMES:
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


def backoff(attempts: int) -> timedelta:
    """1 s, 2 s, 4 s… at most 5 min after the n-th failed attempt, with a quarter of jitter so that a crowd does not come back at once."""
    seconds = min(300.0, 2.0 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - jitter, not a secret.
