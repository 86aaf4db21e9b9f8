"""A dry run of rules: where the complaints of a period would have gone, had other rules been in force. Pure.

Complaints come counted by what a rule looks at. The period is cut where a rule begins or ends, so that within a segment the same rules are
in force all the time and one look per group is enough, however many complaints there are.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.routing.assigning.assignment import Need, Rule, choose_rule

_AN_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Group:
    """`cases` complaints of a segment (counted from 1) with the body that has them, or None."""

    category: str
    governorate: str
    institution: str | None
    segment: int
    cases: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`moves`: complaints by (category, body that has them, body that would), where these differ. `hits`: complaints by added rule."""

    cases: int
    same: int
    moves: dict[tuple[str, str | None, str | None], int]
    hits: dict[str, int]


def marks(rules: Iterable[Rule], begin: datetime, end: datetime) -> list[datetime]:
    """The beginnings of the segments of [begin, end), the first being `begin`."""
    edges = {edge for rule in rules for edge in (rule.valid_from, rule.valid_to) if edge is not None}
    return [begin, *sorted(edge for edge in edges if begin < edge < end)]


def rehearse(
    groups: Iterable[Group],
    segments: Sequence[datetime],
    rules: Iterable[Rule],
    added: Sequence[Rule],
    ended: Collection[str],
) -> Rehearsal:
    """What would have happened, with `added` in force all the time as the newest rules, and those with the ids `ended` never."""
    by_category: defaultdict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.id not in ended:
            by_category[rule.category].append(rule)
    new_by_category: defaultdict[str, list[Rule]] = defaultdict(list)
    for rule in added:
        new_by_category[rule.category].append(rule)
    total = same = 0
    moves: Counter[tuple[str, str | None, str | None]] = Counter()
    hits: Counter[str] = Counter({rule.id: 0 for rule in added})
    for group in groups:
        # An instant after the edge: a rule that begins there is in force, and still older than the added ones.
        at = segments[group.segment - 1] + _AN_INSTANT
        new = [replace(rule, valid_from=at, valid_to=None) for rule in new_by_category[group.category]]
        need = Need(group.category, group.governorate, "ar")
        rule = choose_rule([*by_category[group.category], *new], need, at)
        would = rule.institution if rule else None
        total += group.cases
        if rule is not None and rule.id in hits:
            hits[rule.id] += group.cases
        if would == group.institution:
            same += group.cases
        else:
            moves[group.category, group.institution, would] += group.cases
    return Rehearsal(total, same, dict(moves), dict(hits))
