"""Who is there: service, presence and leave of officers, who covers for whom, and who is on call.

Pure. A day is a date of the wall clock in Amman; an officer is there or not for the whole of it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.routing.deadlines.calendar import AMMAN

#: Cases are given to liaison officers. Approvers and heads of a body act on what liaison officers bring to them.
LIAISON = ("main", "sub")
RANKS = (*LIAISON, "approver", "head")
PARTS = ("technical", "rights")


@dataclass(frozen=True, slots=True)
class Leave:
    """Away from the first day to the last, both included. `cover` is the officer who stands in, if one was named."""

    first_day: date
    last_day: date
    cover: str | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of an officer's being there. `valid_to` is the first day on which the officer no longer serves."""

    present: bool
    valid_from: date
    valid_to: date | None = None
    leaves: tuple[Leave, ...] = ()


@dataclass(frozen=True, slots=True)
class Duty:
    """One line of the rota: `officer` is on call from `starts_at` until just before `ends_at`.

    `institution` is None at the coordinator's desk. Of several on call at once the lowest position is asked first.
    """

    institution: str | None
    officer: str
    starts_at: datetime
    ends_at: datetime
    position: int


def day_of(at: datetime) -> date:
    """The day in Amman of an aware moment."""
    return at.astimezone(AMMAN).date()


def serves(presence: Presence, day: date) -> bool:
    """Whether the officer belongs to the body on that day."""
    return presence.valid_from <= day and (presence.valid_to is None or day < presence.valid_to)


def leave_on(presence: Presence, day: date) -> Leave | None:
    """The leave that the officer is on, or None."""
    return next((each for each in presence.leaves if each.first_day <= day <= each.last_day), None)


def is_present(presence: Presence, day: date) -> bool:
    """Whether work may be given to the officer: serves, is not marked absent, and is not on leave."""
    return presence.present and serves(presence, day) and leave_on(presence, day) is None


def cover_for(officer: str, presences: Mapping[str, Presence], day: date) -> str | None:
    """Who stands in for an officer on leave: the cover, or the cover's own cover where that one is on leave too.

    None when the officer is not on leave, when nobody was named, or when the chain ends with somebody who is not there.
    """
    seen = {officer}
    current = officer
    while (presence := presences.get(current)) is not None:
        leave = leave_on(presence, day)
        if leave is None:
            return current if current != officer and is_present(presence, day) else None
        # Two on leave who cover each other: nobody stands in.
        if leave.cover is None or leave.cover in seen:
            return None
        current = leave.cover
        seen.add(current)
    return None


def on_call(
    rota: Iterable[Duty],
    institution: str | None,
    at: datetime,
    presences: Mapping[str, Presence],
    barred: Collection[str] = (),
) -> Iterator[str]:
    """The officers on call for a body (None: the coordinator's desk) at a moment, in the order in which they are asked.

    Who is on leave is replaced by the cover; who is not there at all is passed over. Nobody is asked twice. Of a case from which they are
    `barred` nobody is asked, nor whom they chose to stand in.
    """
    day = day_of(at)
    due = [each for each in rota if each.institution == institution and each.starts_at <= at < each.ends_at]
    asked: set[str] = set()
    for duty in sorted(due, key=lambda each: (each.position, each.starts_at, each.officer)):
        if duty.officer in barred:
            continue
        presence = presences.get(duty.officer)
        there = presence is not None and is_present(presence, day)
        who = duty.officer if there else cover_for(duty.officer, presences, day)
        if who is not None and who not in asked and who not in barred:
            asked.add(who)
            yield who


def certified_until(certificates: Iterable[tuple[str, date, date]], part: str, day: date) -> date | None:
    """The last day on which the officer is certified for a part of the training, or None where there is no certificate in force.

    A certificate is (part, issued on, expires on) and counts on the day that it names as its last, too.
    """
    running = [expires for kind, issued, expires in certificates if kind == part and issued <= day <= expires]
    return max(running, default=None)


def is_certified(certificates: Iterable[tuple[str, date, date]], day: date) -> bool:
    """Whether an officer may be given complaints about rights: certified for every part of the training on that day."""
    held = tuple(certificates)
    return all(certified_until(held, part, day) is not None for part in PARTS)
