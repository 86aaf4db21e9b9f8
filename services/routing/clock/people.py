"""Who may be told of a case, be asked to take it, or approve what was written in it: by who is there, and who must not know. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.routing.clock.escalation import COORDINATOR, HEAD, LEVELS, MAIN_OFFICER
from services.routing.directory import presence
from services.routing.directory.presence import Presence

_RANKS = {MAIN_OFFICER: "main", HEAD: "head"}
_APPROVE = ("approver", "main")


@dataclass(frozen=True, slots=True)
class People:
    """Who may be told of the cases of one body at a moment: officers by rank, who is there, and the coordinator's rota."""

    by_rank: Mapping[str, Sequence[str]]
    presences: Mapping[str, Presence]
    day: date
    coordinators: Sequence[str] = ()
    on_call: Sequence[str] = ()
    certified: Collection[str] = ()  # those of them who may be given complaints about rights
    powerless: Collection[str] = ()  # those whose account does not let them do what their rank does


def holder(
    level: int, people: People, barred: Collection[str], *, turn: int = 0, away: str | None = None
) -> tuple[int, str | None]:
    """The level that is reached, `level` or a higher one, and who is told there; None is the coordinator's desk itself.

    `barred` are those who must not have it: the implicated, and whoever has it already. Who is away is replaced by the cover. A level
    that has nobody is passed over. `turn` spreads cases over officers of the same rank. `away` had it until now: who stands in for
    them comes before the others.
    """
    if away is not None and away not in barred:
        cover = presence.cover_for(away, people.presences, people.day)
        if cover is not None and cover not in barred:
            return level, cover
    for each in LEVELS[LEVELS.index(level) : -1]:
        free = _free(people.by_rank.get(_RANKS[each], ()), people, barred)
        if free:
            return each, free[turn % len(free)]
    return COORDINATOR, next((each for each in people.coordinators if each not in barred), None)


def somebody_approves(people: People, barred: Collection[str]) -> bool:
    """Whether an approver or a main officer of the body is there who may approve a reply. `barred`: its author, and the implicated."""
    return any(each not in barred for each in able_to_approve(people))


def able_to_approve(people: People) -> Iterator[str]:
    """The approvers and main officers of the body who are there, and can sign in."""
    for rank in _APPROVE:
        for each in people.by_rank.get(rank, ()):
            if each not in people.powerless and is_there(people, each):
                yield each


def is_there(people: People, officer: str) -> bool:
    """Whether an officer is at work on that day."""
    known = people.presences.get(officer)
    return known is not None and presence.is_present(known, people.day)


def next_on_call(people: People, barred: Collection[str], *, rights: bool = False) -> str | None:
    """The next officer of the body who is asked to take an urgent case, in the order of the rota.

    One about a right is for who is certified for it, as far as one of them is on call: minutes count, and who is not is better than nobody.
    """
    free = [each for each in people.on_call if each not in barred]
    certified = [each for each in free if rights and each in people.certified]
    return next(iter(certified or free), None)


def _free(officers: Iterable[str], people: People, barred: Collection[str]) -> list[str]:
    found: list[str] = []
    for each in officers:
        who = each if is_there(people, each) else presence.cover_for(each, people.presences, people.day)
        # The one who is implicated does not choose who stands in either.
        if each not in barred and who is not None and who not in barred and who not in found:
            found.append(who)
    return found
