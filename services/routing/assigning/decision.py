"""What a choice of officers was made from, kept so that it can be made again. Pure.

A batch decides many cases one after the other, each seeing the loads that those before it left. Kept once per batch are the officers of
each body as they were (a pool, which many batches share) and their loads when it began; per case one line: what it needed, whom it was
kept from, and what came of it. Made again, the lines of a body in their order lead to the same loads and the same officers.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.routing.assigning.assignment import (
    ACCUSED_UNKNOWN,
    NOTHING,
    ON_CALL,
    UNFOUND,
    Assigned,
    Bars,
    Load,
    Need,
    Officer,
    Outcome,
    Rule,
    Unassigned,
    assign,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One case of a batch. `weight` is what it adds to the load of its officer."""

    complaint_id: str
    weight: int
    need: Need
    rule: Rule | None
    institution: str | None
    bars: Bars
    officer: str | None
    reason: str

    @property
    def body(self) -> str | None:
        """The body among whose officers was chosen."""
        return self.rule.institution if self.rule else self.institution


@dataclass(frozen=True, slots=True)
class Pool:
    """The officers of a body on a day, in the order of their ids."""

    institution: str
    officers: tuple[Officer, ...]

    @property
    def content(self) -> list[list[Any]]:
        """JSON-safe: id, languages, present, certified of each."""
        return [
            [each.id, sorted(each.languages), int(each.present), int(each.certified)]
            for each in self.officers
        ]

    @property
    def key(self) -> str:
        """The same for the same officers of a body, in whichever process."""
        content = json.dumps([self.institution, self.content], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()[:32]


def pool_of(institution: str, officers: Iterable[Officer]) -> Pool:
    """The pool of the officers of a body."""
    return Pool(institution, tuple(sorted(officers, key=lambda each: each.id)))


def pool_from(institution: str, content: Iterable[Sequence[Any]]) -> Pool:
    """The pool that was kept."""
    officers = (
        Officer(identity, institution, frozenset(languages), bool(present), bool(certified))
        for identity, languages, present, certified in content
    )
    return Pool(institution, tuple(officers))


def line_of(
    complaint_id: str, weight: int, need: Need, bars: Bars, outcome: Outcome, among: Pool | None
) -> Line:
    """The line of a decision. Of who is excluded it keeps those whom the choice was kept from."""
    ids = {each.id for each in among.officers} if among else set()
    kept = Bars(bars.excluded & ids, bars.answered & ids, bars.keeps)
    officer = outcome.officer.id if isinstance(outcome, Assigned) else None
    institution = outcome.institution if outcome.rule is None else None
    return Line(complaint_id, weight, need, outcome.rule, institution, kept, officer, outcome.reason)


def packed(line: Line) -> list[Any]:
    """JSON-safe."""
    need, bars = line.need, line.bars
    return [
        line.complaint_id,
        line.weight,
        [need.category, need.governorate, need.language, int(need.rights)],
        line.rule.id if line.rule else None,
        line.body,
        [sorted(bars.excluded), sorted(bars.answered), bars.keeps],
        line.officer,
        line.reason,
    ]


def unpacked(row: Sequence[Any], rules: Mapping[str, Rule]) -> Line:
    """The line that was kept; `rules` are those of the directory by id, none of which is ever taken out."""
    complaint_id, weight, need, rule, institution, bars, officer, reason = row
    return Line(
        complaint_id,
        weight,
        Need(need[0], need[1], need[2], bool(need[3])),
        rules[rule] if rule else None,
        institution,
        Bars(frozenset(bars[0]), frozenset(bars[1]), bars[2]),
        officer,
        reason,
    )


def choose(line: Line, among: Pool | None, loads: Mapping[str, Load]) -> Outcome:
    """The decision of a line, made again. Who was on call the rota says, and whom the directory does not have that says; the line takes
    both from there.
    """
    if line.reason == ACCUSED_UNKNOWN:
        return UNFOUND
    officers = among.officers if among else ()
    if line.reason == ON_CALL and line.officer is not None:
        called = next((each for each in officers if each.id == line.officer), None)
        body = line.body or ""
        return Assigned(called or Officer(line.officer, body, frozenset(), present=True), ON_CALL, line.rule)
    return assign(line.need, line.rule, officers, loads, bars=line.bars, institution=line.institution)


def again(
    lines: Iterable[Line], complaint_id: str, pools: Mapping[str, Pool], loads: Mapping[str, Load]
) -> tuple[Outcome, dict[str, Load]]:
    """The outcome for one case of a batch, made again with all that was decided before it; and the loads that it saw.

    Raises KeyError when the case is not among the lines.
    """
    current = dict(loads)
    for line in lines:
        outcome = choose(line, pools.get(line.body or ""), current)
        if line.complaint_id == complaint_id:
            return outcome, current
        if isinstance(outcome, Assigned):
            chosen = outcome.officer.id
            current[chosen] = current.get(chosen, NOTHING).plus(line.weight)
    raise KeyError(complaint_id)


def is_same(line: Line, outcome: Outcome) -> bool:
    """Whether an outcome is what the line says."""
    officer = outcome.officer.id if isinstance(outcome, Assigned) else None
    return (line.officer, line.reason, line.body) == (officer, outcome.reason, outcome.institution)


#: Why somebody was not chosen, in the order in which it is asked.
IMPLICATED, ANSWERED, ABSENT, UNCERTIFIED, LANGUAGE, LOADED, CHOSEN = (
    "implicated",
    "answer_is_disputed",
    "absent",
    "not_certified",
    "other_language",
    "more_on_the_desk",
    "chosen",
)
WHYS = (IMPLICATED, ANSWERED, ABSENT, UNCERTIFIED, LANGUAGE, LOADED, CHOSEN)


def why(line: Line, outcome: Outcome, officer: Officer, speaks: bool) -> str:
    """Why an officer was chosen, or was not. `speaks`: somebody who could be chosen speaks the language."""
    if officer.id in line.bars.excluded:
        return IMPLICATED
    if officer.id in line.bars.answered:
        return ANSWERED
    if not officer.present:
        return ABSENT
    if line.need.rights and not officer.certified:
        return UNCERTIFIED
    if isinstance(outcome, Assigned) and outcome.officer.id == officer.id:
        return CHOSEN
    if speaks and line.need.language not in officer.languages:
        return LANGUAGE
    return LOADED


def candidates(
    line: Line, outcome: Outcome, among: Pool | None, loads: Mapping[str, Load]
) -> list[dict[str, Any]]:
    """Everybody of the body, with what the choice saw of them, and why it was they or not."""
    officers = among.officers if among else ()
    open_to = [each for each in officers if why(line, Unassigned("", None), each, False) == LOADED]
    speaks = any(line.need.language in each.languages for each in open_to)
    return [
        {
            "officer_id": each.id,
            "open": loads.get(each.id, NOTHING).open,
            "ever": loads.get(each.id, NOTHING).ever,
            "languages": sorted(each.languages),
            "why": why(line, outcome, each, speaks),
        }
        for each in officers
    ]
