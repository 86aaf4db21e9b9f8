"""Who answers: the body by rule, then the officer of that body with the least on the desk.

Who is implicated is never chosen, nor who is not certified where a right is touched. Pure and deterministic: the same rules, officers,
loads, exclusions and complaint give the same officer for the same reason, so that the choice can be explained, and made again, later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

LEAST_LOADED = "least_loaded"
ONLY_OFFICER = "only_officer"
OTHER_LANGUAGE = "other_language"
BY_HAND = "by_hand"
ON_CALL = "on_call"
HAD_IT_BEFORE = "had_it_before"
REASONS = (LEAST_LOADED, ONLY_OFFICER, OTHER_LANGUAGE, BY_HAND, ON_CALL, HAD_IT_BEFORE)

NO_RULE = "no_rule"
NO_OFFICER = "no_officer"
NOT_CERTIFIED = "not_certified"
BODY_IMPLICATED = "body_implicated"
ACCUSED_UNKNOWN = "accused_unknown"
FAILURES = (NO_RULE, NO_OFFICER, NOT_CERTIFIED, BODY_IMPLICATED, ACCUSED_UNKNOWN)

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """Complaints of `category` (in `governorate`, or anywhere when None) go to `institution` while the rule is in force."""

    id: str
    category: str
    governorate: str | None
    institution: str
    priority: int
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Officer:
    """A liaison officer as far as the choice needs to know."""

    id: str
    institution: str
    languages: frozenset[str]
    present: bool
    certified: bool = True


@dataclass(frozen=True, slots=True)
class Load:
    """`open`: weight of the cases on the desk now. `ever`: cases assigned since the beginning, the tie-break."""

    open: int
    ever: int

    def plus(self, weight: int) -> "Load":
        """The load after one more case of this weight."""
        return Load(self.open + weight, self.ever + 1)


NOTHING = Load(0, 0)


@dataclass(frozen=True, slots=True)
class Need:
    """What must be known of a complaint to find its officer."""

    category: str
    governorate: str
    language: str
    rights: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Whom a case is kept from: `excluded` are implicated, `answered` gave the answer that is disputed. `keeps` is who had it before."""

    excluded: frozenset[str] = NOBODY
    answered: frozenset[str] = NOBODY
    keeps: str | None = None


OPEN_TO_ALL = Bars()


@dataclass(frozen=True, slots=True)
class Assigned:
    """The officer, and why this one (one of REASONS). Without a rule somebody had decided on the body."""

    officer: Officer
    reason: str
    rule: Rule | None

    @property
    def institution(self) -> str:
        """The body that has it."""
        return self.officer.institution


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Nobody can take it, and why (one of FAILURES). `institution` is None where no body is known."""

    reason: str
    rule: Rule | None
    institution: str | None = None


Outcome = Assigned | Unassigned

#: It is directed against a unit or a body that the directory does not have: whoever were chosen might be of it.
UNFOUND = Unassigned(ACCUSED_UNKNOWN, None)


def choose_rule(rules: Iterable[Rule], need: Need, at: datetime) -> Rule | None:
    """The rule in force at `at`: highest priority, then a rule for the governorate before one for the country, then the newest."""
    fitting = [
        rule
        for rule in rules
        if rule.category == need.category
        and rule.governorate in (None, need.governorate)
        and rule.valid_from <= at
        and (rule.valid_to is None or at < rule.valid_to)
    ]
    # The id settles what is left, so that two replicas never disagree.
    return max(
        fitting,
        key=lambda rule: (rule.priority, rule.governorate is not None, rule.valid_from, rule.id),
        default=None,
    )


def choose_officer(
    officers: Sequence[Officer],
    loads: Mapping[str, Load],
    language: str,
    *,
    rights: bool = False,
    bars: Bars = OPEN_TO_ALL,
) -> tuple[Officer, str] | str:
    """The officer and the reason; or why there is none, one of FAILURES.

    Of those who are present, may have it and, for rights, are certified: who had it before; else the least open load among those who
    speak the language. Equal loads: who was given fewer so far, then the smaller id. When nobody of them speaks the language, the least
    loaded of all takes it: a case with an officer who needs an interpreter is better than a case with nobody.
    """
    free = [officer for officer in officers if officer.id not in bars.excluded]
    if officers and not free:
        return BODY_IMPLICATED
    present = [officer for officer in free if officer.present and officer.id not in bars.answered]
    if not present:
        return NO_OFFICER
    able = [officer for officer in present if officer.certified] if rights else present
    if not able:
        return NOT_CERTIFIED
    for officer in able:
        if officer.id == bars.keeps:
            return officer, HAD_IT_BEFORE
    speaking = [officer for officer in able if language in officer.languages]
    chosen = min(speaking or able, key=lambda officer: _order(officer, loads))
    if not speaking:
        return chosen, OTHER_LANGUAGE
    return chosen, LEAST_LOADED if len(speaking) > 1 else ONLY_OFFICER


def assign(
    need: Need,
    rule: Rule | None,
    officers: Sequence[Officer],
    loads: Mapping[str, Load],
    *,
    bars: Bars = OPEN_TO_ALL,
    institution: str | None = None,
) -> Outcome:
    """The outcome for one complaint, given its rule, or the body that somebody decided on, and that body's officers with their loads."""
    body = institution if rule is None else rule.institution
    if body is None:
        return Unassigned(NO_RULE, None)
    choice = choose_officer(officers, loads, need.language, rights=need.rights, bars=bars)
    if isinstance(choice, str):
        return Unassigned(choice, rule, body)
    return Assigned(choice[0], choice[1], rule)


def _order(officer: Officer, loads: Mapping[str, Load]) -> tuple[int, int, str]:
    load = loads.get(officer.id, NOTHING)
    return load.open, load.ever, officer.id
