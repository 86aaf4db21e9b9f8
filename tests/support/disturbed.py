"""A broker that does everything a broker may do to a consumer: each message twice, and none in its order.

It is the in-memory broker with an unkind channel: what is published to a queue arrives there later by a random moment,
and a second copy by another. The seed makes a run repeatable as far as the threads are.
"""

import random
from typing import Any

import eventlet
import kombu.transport

from services.chassis import embedded

LATEST_SECONDS = 0.25


class Channel(embedded.Channel):
    """Delays and doubles what goes into queues."""

    chance = random.Random(1)
    doubled = 0

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        tag = self._next_delivery_tag()
        copy = {**message, "properties": {**message["properties"], "delivery_tag": tag}}
        Channel.doubled += 1
        for each in (message, copy):
            eventlet.spawn_after(self.chance.uniform(0, LATEST_SECONDS), self._arrive, queue, each)

    def _arrive(self, queue: str, message: Any) -> None:
        super()._put(queue, message)
        embedded._bell.ring()


class Transport(embedded.Transport):
    """The in-memory transport with the unkind channel."""

    Channel = Channel


def install(seed: int) -> None:
    """From now on `embedded://` is the unkind broker."""
    Channel.chance = random.Random(seed)
    Channel.doubled = 0
    kombu.transport.TRANSPORT_ALIASES["embedded"] = f"{__name__}:Transport"
    _ask_again()


def remove() -> None:
    """`embedded://` is the kind one again, and empty."""
    embedded.register()
    _ask_again()
    embedded.forget()


def _ask_again() -> None:
    """kombu keeps what a name stood for when it was first asked, which may have been by another test."""
    kombu.transport._transport_cache.pop("embedded", None)
