"""Pipelined publisher confirms: many facts are under way at once, and the books say which of them the broker has."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

from services.chassis.event import CONTENT_TYPE, Event, properties

_LARGEST_WRITE = 256 * 1024


@contextmanager
def gathered(link: Any) -> Iterator[None]:
    """Puts what the block sends together into few large writes.

    py-amqp writes each message by itself, and each write wakes the broker, which on a busy machine takes the processor from us: measured,
    two to three times as many facts per second go out this way. If the block raises, what was not written is dropped with the connection.

    Before each message py-amqp also looks whether the broker has said that it blocks publishers, a fifth of the time that publishing takes.
    In the block nobody looks: what the broker says is read by whoever waits for the confirms.
    """
    connection = link._connection
    transport = getattr(connection, "transport", None)
    if transport is None:
        # The broker in memory writes nothing.
        yield
        return
    write, waiting, size = transport._write, [], 0

    def flush() -> None:
        nonlocal size
        if waiting:
            together = b"".join(waiting)
            waiting.clear()
            size = 0
            write(together)

    def gather(piece: Any) -> None:
        nonlocal size
        # A copy: py-amqp uses one buffer for all frames.
        waiting.append(bytes(piece))
        size += len(waiting[-1])
        if size >= _LARGEST_WRITE:
            flush()

    transport._write, connection.drain_events = gather, _look_nowhere
    try:
        yield
        flush()
    finally:
        transport._write = write
        del connection.drain_events


def _look_nowhere(timeout: float | None = None) -> None:
    """In place of `drain_events`."""


class Confirms:
    """The books of one batch in flight: what was published under which tag, and what the broker said of it."""

    def __init__(self, channel: Any) -> None:
        """Puts the channel into confirm mode; from now on everything on it is published through here."""
        self._channel = channel
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self.pending: dict[int, Any] = {}
        self.confirmed: list[Any] = []
        self.refused: list[Any] = []
        self._returned: set[str] = set()
        self._tag = 0

    def publish(self, row: Any, event: Event, *, exchange: str, routing_key: str) -> None:
        """Sends the stored JSON text of a row of the log as it is, in the envelope of `event`. The confirm comes later."""
        message = self._channel.prepare_message(
            row.body, None, CONTENT_TYPE, "utf-8", event.headers(), properties(event.id)
        )
        self._tag += 1
        self.pending[self._tag] = row
        self._channel.basic_publish(message, exchange=exchange, routing_key=routing_key, mandatory=True)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        """The broker has taken it; if it was returned before, then only to drop it."""
        for row in self._settle(tag, multiple):
            (self.refused if row.event_id in self._returned else self.confirmed).append(row)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        """The broker could not take it."""
        self.refused.extend(self._settle(tag, multiple))

    def _on_return(self, _error: Any, _exchange: str, _routing_key: str, message: Any) -> None:
        """No queue is bound for it. The confirm follows."""
        self._returned.add(message.properties.get("message_id"))

    def collect(self) -> tuple[list[Any], list[Any], int]:
        """(confirmed rows, refused rows, how many of the refused were unroutable) since the last call."""
        result = (self.confirmed, self.refused, len(self._returned))
        self.confirmed, self.refused, self._returned = [], [], set()
        return result

    def _settle(self, tag: int, multiple: bool) -> list[Any]:
        if multiple:
            # Tags were put in in ascending order.
            return [
                self.pending.pop(each) for each in list(takewhile(lambda each: each <= tag, self.pending))
            ]
        row = self.pending.pop(tag, None)
        return [] if row is None else [row]
