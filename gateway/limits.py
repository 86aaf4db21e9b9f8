"""How often one may ask: counts per address, per member of staff and per tracking number that does not exist.

Counting is the `limits` library's, with sliding windows: two counters a window, so a thousand addresses cost little and nobody can
ask twice the rate around the turn of a minute.
"""

import functools
import ipaddress
import math
import time
from collections.abc import Callable

import limits
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter

from gateway import metrics
from gateway.counters import BoundedMemory
from gateway.settings import LimitSettings, Network
from services.chassis import logs, settings

log = logs.get()
Ask = Callable[[RateLimiter, limits.RateLimitItem], bool]

#: The names of what is limited: a field of LimitSettings each.
KINDS = ("complaints", "lookups", "misses", "reading", "staff", "sign_in")


class Limits:
    """Counts by kind and by whoever is counted."""

    def __init__(self, chosen: LimitSettings):
        self._enabled = chosen.enabled
        self._here = SlidingWindowCounterRateLimiter(BoundedMemory())
        self._limiter = (
            self._here
            if chosen.storage == "memory://"
            else SlidingWindowCounterRateLimiter(storage_from_string(chosen.storage, wrap_exceptions=True))
        )
        self._rates: dict[str, tuple[limits.RateLimitItem, ...]] = {
            kind: getattr(chosen, kind) for kind in KINDS
        }

    def take(self, kind: str, whose: str) -> int:
        """Counts one request. 0 when it may go on, otherwise the seconds after which trying again makes sense."""
        return self._counted(kind, whose, lambda limiter, rate: limiter.hit(rate, kind, whose))

    def spent(self, kind: str, whose: str) -> int:
        """As `take`, but counts nothing: for what is only counted when it went wrong."""
        return self._counted(kind, whose, lambda limiter, rate: limiter.test(rate, kind, whose))

    def _counted(self, kind: str, whose: str, ask: Ask) -> int:
        if not self._enabled:
            return 0
        try:
            return self._asked(self._limiter, kind, whose, ask)
        except StorageError as error:
            # Nobody is to be refused because counts cannot be shared: until they can, each replica counts for itself.
            metrics.limits_away_total.inc()
            log.warning("limits_storage_away", error=type(error.storage_error).__name__)
            return self._asked(self._here, kind, whose, ask)

    def _asked(self, limiter: RateLimiter, kind: str, whose: str, ask: Ask) -> int:
        for rate in self._rates[kind]:
            if not ask(limiter, rate):
                reset = limiter.get_window_stats(rate, kind, whose).reset_time
                return max(1, math.ceil(reset - time.time()))
        return 0


def client_address(peer: str | None, forwarded_for: str | None, trusted: tuple[Network, ...]) -> str:
    """The address that is counted: the nearest one to us that is not a trusted proxy.

    X-Forwarded-For is read from its end, and only as far as trusted proxies wrote it: what stands before may be the client's invention.
    Of an IPv6 address the network counts (/64), since one household has that many addresses.
    """
    current = peer or ""
    hops = [hop.strip() for hop in (forwarded_for or "").split(",")] if forwarded_for else []
    while hops and _trusted(current, trusted):
        current = hops.pop()
    return _counted(current)


@functools.lru_cache(maxsize=4096)
def _trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in trusted)


@functools.lru_cache(maxsize=4096)
def _counted(address: str) -> str:
    parsed = _parsed(address)
    if parsed is None:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(parsed), 64), strict=False).network_address)
    return str(parsed)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, None for a text that is none. What a listener for both kinds calls ::ffff:10.0.0.1 is 10.0.0.1, our proxy's too."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


@functools.lru_cache(maxsize=1)
def current() -> Limits:
    """The counts of this process."""
    return Limits(settings.load(LimitSettings))
