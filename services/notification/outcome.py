"""The rules after a try: what a sender can say, and what a message becomes by it.

"Nobody knows" is an answer of its own (docs/adr/0018): such a message is never repeated blindly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notification.message import DELIVERED, FAILED, RETRY, SENT, UNKNOWN


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. `provider_ids` by number of the part; receipts, where the channel has them, name these."""

    provider_ids: Mapping[int, str] = field(default_factory=dict)
    total: int = 1


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will never take it. `reason` is a code. Parts that it took before (`provider_ids`) get their receipts all the same."""

    reason: str
    provider_ids: Mapping[int, str] = field(default_factory=dict)
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Certainly not taken, or only in part (`provider_ids`): to be tried again.

    `counts` False when the fault is not the message's (provider away, throttled): it uses up no attempt. `delay` in seconds, or None
    for the usual back-off.
    """

    reason: str
    counts: bool = True
    delay: float | None = None
    provider_ids: Mapping[int, str] = field(default_factory=dict)
    total: int = 1


@dataclass(frozen=True, slots=True)
class Lost:
    """The call was made and its answer never came: nobody knows."""

    reason: str
    provider_ids: Mapping[int, str] = field(default_factory=dict)
    total: int = 1


Outcome = Accepted | Refused | Later | Lost


@dataclass(frozen=True)
class Patience:
    """How long a message is tried: ▸ 8 attempts that count, and ▸ 72 hours in all."""

    attempts: int = 8
    lifetime: timedelta = timedelta(hours=72)
    first_seconds: float = 30.0
    most_seconds: float = 3600.0

    def delay(self, attempt: int, jitter: float) -> timedelta:
        """Back-off after the given attempt (from 1): doubling, spread by ±20 % with `jitter` from 0 to 1."""
        seconds = min(self.most_seconds, self.first_seconds * 2 ** min(attempt - 1, 20))
        return timedelta(seconds=seconds * (0.8 + 0.4 * jitter))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message row becomes after a try. `uncount` gives the attempt back."""

    state: str
    reason: str | None
    not_before: datetime | None = None
    uncount: bool = False


def judge(
    outcome: Outcome,
    *,
    attempt: int,
    created_at: datetime,
    now: datetime,
    patience: Patience,
    jitter: float,
) -> Verdict:
    """The new state after a try. `attempt` counts from 1 and includes this one; `jitter` is from 0 to 1."""
    match outcome:
        case Accepted():
            return Verdict(SENT, None)
        case Refused(reason):
            return Verdict(FAILED, reason)
        case Lost(reason):
            return Verdict(UNKNOWN, reason)
        case Later(reason, counts, delay):
            if now - created_at >= patience.lifetime:
                return Verdict(FAILED, "expired")
            if counts and attempt >= patience.attempts:
                return Verdict(FAILED, "attempts_exhausted")
            wait = (
                patience.delay(attempt, jitter)
                if delay is None
                else timedelta(seconds=delay * (0.8 + 0.4 * jitter))
            )
            return Verdict(RETRY, reason, now + wait, uncount=not counts)
    raise AssertionError("unreachable")


def after_receipts(states: Sequence[str | None]) -> str | None:
    """What a message becomes once its parts have these receipts (None: not yet). One lost part spoils the whole."""
    if any(state == FAILED for state in states):
        return FAILED
    if states and all(state == DELIVERED for state in states):
        return DELIVERED
    return None
