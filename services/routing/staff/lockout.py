"""How long somebody must wait before the next try to sign in.

Two pauses, and neither lets a stranger shut somebody out:

- *Here*: after a few wrong tries for one account from one place, each further one doubles the pause. A place is a known device of the
  account, else the neighbourhood of an address, so what strangers do elsewhere is not counted against it.
- *Elsewhere*: while an account is being guessed from many places, a try from a place that is not a known device is held once for a short
  time and then judged. The time counts from that place's own first try, so it ends however long the others go on.

A code is only asked of who knew the password. Many wrong codes from unknown places mean that somebody else knows it: then codes from
unknown places are refused until an hour has passed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

PASSWORD, CODE = "password", "code"

#: Wrong tries from one place that cost nothing; the pause after the next; the longest.
FREE_HERE = 5
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
#: The pause of unknown devices behind an address from which too much went wrong, whosever account it was.
SPENT_PAUSE = timedelta(minutes=1)
#: How far back a place's own wrong tries count.
HERE_COUNTS = timedelta(days=1)

#: (wrong tries from other places within ELSEWHERE_COUNTS, for how long a try from an unknown place is held).
HOLDS = (
    (100, timedelta(seconds=60)),
    (50, timedelta(seconds=30)),
    (20, timedelta(seconds=10)),
)
ELSEWHERE_COUNTS = timedelta(hours=1)
#: Wrong codes from unknown places within ELSEWHERE_COUNTS after which no more of them are judged.
MOST_CODES = 10

NONE = timedelta(0)


@dataclass(frozen=True)
class Tries:
    """What was tried for an account before.

    `here` wrong tries from this place since the last sign-in there, the last at `last_here`. `elsewhere` wrong ones from other, unknown
    places. `held_since`: since when a try from here is held. `spent_code_at`: when the wrong code was tried that is the MOST_CODES-th from
    the newest.
    """

    here: int = 0
    last_here: datetime | None = None
    elsewhere: int = 0
    held_since: datetime | None = None
    spent_code_at: datetime | None = None


@dataclass(frozen=True)
class Verdict:
    """How long to wait; `hold` when this try is the one from which the holding counts."""

    wait: timedelta = NONE
    hold: bool = False


def judge(tries: Tries, step: str, known: bool, now: datetime) -> Verdict:
    """Whether a try may be judged now. `known`: it comes from a device on which the account was signed in before."""
    wait = _left(tries.last_here, pause_here(tries.here), now)
    if wait or known:
        return Verdict(wait)
    if step == CODE:
        return Verdict(_left(tries.spent_code_at, ELSEWHERE_COUNTS, now))
    hold = hold_for(tries.elsewhere)
    if not hold:
        return Verdict()
    if tries.held_since is None:
        return Verdict(hold, hold=True)
    return Verdict(_left(tries.held_since, hold, now))


def pause_here(wrong: int) -> timedelta:
    """The pause after this many wrong tries from one place."""
    if wrong < FREE_HERE:
        return NONE
    # The exponent is bounded before it is used: two to the power of an attacker's patience is no number to compute.
    return min(FIRST_PAUSE * 2 ** min(wrong - FREE_HERE, 16), LONGEST_PAUSE)


def hold_for(elsewhere: int) -> timedelta:
    """For how long a try from an unknown place is held after this many wrong ones from other places."""
    return next((hold for least, hold in HOLDS if elsewhere >= least), NONE)


def _left(since: datetime | None, length: timedelta, now: datetime) -> timedelta:
    return max(since + length - now, NONE) if since is not None else NONE
