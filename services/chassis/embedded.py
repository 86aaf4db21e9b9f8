"""The broker of the one-process mode: an in-memory kombu transport that behaves like RabbitMQ where the chassis relies on it.

- It confirms a publish when every queue that took the message has acknowledged it, that is, after the effects are committed. So the
  relay marks a fact as published only when nothing of it lives in memory alone, and after a kill −9 the relay delivers the rest again.
- `mandatory` returns what no queue would take.
- A waiting consumer or publisher is woken at once instead of polling.

It lives as long as the process and does not reach beyond it. Heartbeats, dead-lettering and delivery limits do not exist here.
"""

from collections import deque
from queue import Empty
from typing import Any

import eventlet
import kombu.transport
from eventlet.semaphore import Semaphore
from kombu.transport import memory, virtual

SCHEME = "embedded://"


class _Bell:
    """Rings for everybody who waits in drain_events."""

    def __init__(self) -> None:
        self._waiting: set[Semaphore] = set()

    def ring(self) -> None:
        for each in list(self._waiting):
            if each.counter <= 0:
                each.release()

    def wait(self, seconds: float | None) -> None:
        mine = Semaphore(0)
        self._waiting.add(mine)
        try:
            mine.acquire(timeout=seconds)
        finally:
            self._waiting.discard(mine)


_bell = _Bell()
# delivery tag (one per queue that took the message) → the publication that waits for it
_unacknowledged: dict[str, "_Publication"] = {}


class _Publication:
    """One confirmed publish: known to be safe when every queue that took it has acknowledged."""

    def __init__(self, channel: "Channel", tag: int, copies: int) -> None:
        self.channel = channel
        self.tag = tag
        self.copies = copies

    def settle(self) -> None:
        self.copies -= 1
        if self.copies == 0:
            self.channel.confirmed.append(self.tag)


class Channel(memory.Channel):
    """A virtual channel with publisher confirms and returns, as py-amqp offers them."""

    body_encoding = None

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self.events: dict[str, set[Any]] = {"basic_ack": set(), "basic_nack": set(), "basic_return": set()}
        self._published = 0
        self._confirming = False
        self.confirmed: deque[int] = deque()

    def confirm_select(self, nowait: bool = False) -> None:
        """From now on each publish is confirmed through events["basic_ack"]."""
        self._confirming = True

    def basic_publish(
        self, message: Any, exchange: str = "", routing_key: str = "", mandatory: bool = False, **kwargs: Any
    ) -> None:
        """Delivers to the bound queues. An unroutable mandatory message is handed to events["basic_return"] and then confirmed."""
        if exchange:
            if exchange not in self.state.exchanges:
                raise kombu.exceptions.OperationalError(f"no exchange {exchange}")
            queues = set(self.typeof(exchange).lookup(self.get_table(exchange), exchange, routing_key, None))
        else:
            queues = {routing_key}
        self._published += 1
        if not queues:
            if mandatory:
                for callback in list(self.events["basic_return"]):
                    callback(None, exchange, routing_key, _Returned(message))
            self.confirmed.append(self._published)
        publication = _Publication(self, self._published, len(queues))
        for queue in sorted(queues):
            tag = self._next_delivery_tag()
            own = {
                "delivery_tag": tag,
                "delivery_info": {"exchange": exchange, "routing_key": routing_key, "queue": queue},
            }
            if self._confirming:
                _unacknowledged[tag] = publication
            self._put(queue, {**message, "properties": {**message["properties"], **own}})
        _bell.ring()

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        """Acknowledges one delivery, or with `multiple` all up to it."""
        tags = [delivery_tag]
        if multiple:
            tags = []
            self.qos._flush()
            for tag in list(self.qos._delivered):
                tags.append(tag)
                if tag == delivery_tag:
                    break
        for tag in tags:
            super().basic_ack(tag)
            self._settle(tag)
        _bell.ring()

    def basic_reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        """Puts a delivery back at the end of its queue, or drops it."""
        super().basic_reject(delivery_tag, requeue=requeue)
        if not requeue:
            self._settle(delivery_tag)
        _bell.ring()

    def _settle(self, tag: Any) -> None:
        publication = _unacknowledged.pop(tag, None)
        if publication is not None:
            publication.settle()

    def _restore(self, message: Any) -> None:
        raw = message.serializable()
        raw["redelivered"] = True
        self._put(raw["properties"]["delivery_info"]["queue"], raw)

    _restore_at_beginning = _restore

    def deliver_confirms(self) -> bool:
        """Calls the publisher's callbacks for what has been settled; says whether there was anything."""
        any_ = bool(self.confirmed)
        while self.confirmed:
            tag = self.confirmed.popleft()
            for callback in list(self.events["basic_ack"]):
                callback(tag, False)
        return any_

    def close(self) -> None:
        """Puts what was delivered here and not acknowledged back, as a broker does."""
        if not self.closed and self._qos is not None:
            self._qos.restore_unacked()
        super().close()
        _bell.ring()


class _Returned:
    """What a return callback looks at."""

    def __init__(self, message: dict[str, Any]) -> None:
        self.properties = {"message_id": message["properties"].get("message_id")}
        self.headers = message.get("headers", {})


class Transport(memory.Transport):
    """Shares queues and bindings among all connections of the process."""

    Channel = Channel
    global_state = virtual.BrokerState()
    driver_type = "embedded"
    driver_name = "embedded"

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Handles one delivery or the confirms that came in. Raises TimeoutError when there is nothing within `timeout` seconds."""
        clock = eventlet.hubs.get_hub().clock
        deadline = None if timeout is None else clock() + timeout
        while True:
            if any([channel.deliver_confirms() for channel in list(self.channels)]):
                return
            try:
                self.cycle.get(self._deliver, timeout=None)
                return
            except Empty:
                pass
            left = None if deadline is None else deadline - clock()
            if left is not None and left <= 0:
                raise TimeoutError
            _bell.wait(left)


def register() -> None:
    """Makes `embedded://` known to kombu."""
    kombu.transport.TRANSPORT_ALIASES["embedded"] = f"{__name__}:Transport"


def forget() -> None:
    """Empties the broker. For tests."""
    Transport.global_state.clear()
    Channel.queues.clear()
    _unacknowledged.clear()
