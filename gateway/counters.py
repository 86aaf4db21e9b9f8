"""The library's counters in memory, with an upkeep that does not grow with the number of addresses.

`limits` looks through all its keys in a timer after each request: with 100,000 addresses 13 ms of processor time a request, and a stall of
the hub of 80 ms, for whoever sends from many addresses to cause. Here each request looks at a few keys, and there is an upper bound.
"""

import time
from collections import OrderedDict

from limits.storage import MemoryStorage

#: Some 60 MB. Beyond, the oldest counts are forgotten: a flood from ever new addresses is for what stands before us to stop.
MOST_KEYS = 200_000
_LOOKED_AT = 8
_PAUSE_SECONDS = 30


class BoundedMemory(MemoryStorage):
    """For one process and cooperative threads: nothing here yields, so nothing is locked."""

    # Not found by address: chosen in limits.py.
    STORAGE_SCHEME = None

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        super().__init__()
        self.expirations = OrderedDict()
        self._most_keys = most_keys
        self._waiting: list[str] = []
        self._next_look = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Adds to a counter, which lives `expiry` seconds from its first use; its value."""
        now = time.time()
        count = self.get(key) + amount
        self.storage[key] = count
        if count == amount:
            self.expirations[key] = now + expiry
        self._forget(now)
        return count

    def decr(self, key: str, amount: int = 1) -> int:
        """Takes back from a counter; its value."""
        count = max(self.get(key) - amount, 0)
        if key in self.expirations:
            self.storage[key] = count
        return count

    def get(self, key: str) -> int:
        """The value of a counter; 0 when it has expired."""
        if self.expirations.get(key, 0) <= time.time():
            self._drop(key)
        return self.storage.get(key, 0)

    def _forget(self, now: float) -> None:
        if not self._waiting and now >= self._next_look:
            self._waiting = list(self.expirations)
            self._next_look = now + _PAUSE_SECONDS
        for _ in range(min(_LOOKED_AT, len(self._waiting))):
            key = self._waiting.pop()
            if self.expirations.get(key, now) < now:
                self._drop(key)
        while len(self.expirations) > self._most_keys:
            oldest, _ = self.expirations.popitem(last=False)
            self.storage.pop(oldest, None)

    def _drop(self, key: str) -> None:
        self.storage.pop(key, None)
        self.expirations.pop(key, None)
