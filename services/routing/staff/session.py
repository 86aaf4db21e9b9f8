"""The life of a session: how long it may be idle, when its id changes, and when it is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: A request that was under way with the old id when it changed still gets its answer.
GRACE = timedelta(seconds=30)
#: The time of the last request is written this often at most.
TOUCH_EVERY = timedelta(seconds=60)

#: What a session id is worth.
GOOD, TOUCH, ROTATE, OVER, REUSED = "good", "touch", "rotate", "over", "reused"


@dataclass(frozen=True)
class Life:
    """How long sessions live."""

    idle: timedelta
    rotate: timedelta
    whole: timedelta


@dataclass(frozen=True)
class Times:
    """The times of one session id."""

    issued_at: datetime
    seen_at: datetime
    expires_at: datetime
    replaced_at: datetime | None
    revoked_at: datetime | None


def judge(times: Times, life: Life, now: datetime) -> str:
    """GOOD, TOUCH (and note that it was used), ROTATE (and give it a new id), OVER; or REUSED: an id that was replaced a while ago,
    so that two hold one session and one of them is not its owner.
    """
    if times.revoked_at is not None or now >= times.expires_at:
        return OVER
    if times.replaced_at is not None:
        return GOOD if now < times.replaced_at + GRACE else REUSED
    if now >= times.seen_at + life.idle:
        return OVER
    if now >= times.issued_at + life.rotate:
        return ROTATE
    return TOUCH if now >= times.seen_at + TOUCH_EVERY else GOOD
