"""Who answers: the body by rule, then the officer of that body with the least on the desk.

Pure and deterministic: the same rules, officers, loads and complaint give the same officer for the same reason, so
that the choice can be explained later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

LEAST_LOADED = "least_loaded"
ONLY_OFFICER = "only_officer"
OTHER_LANGUAGE = "other_language"
BY_HAND = "by_hand"
ON_CALL = "on_call"
REASONS = (LEAST_LOADED, ONLY_OFFICER, OTHER_LANGUAGE, BY_HAND, ON_CALL)

NO_RULE = "no_rule"
NO_OFFICER = "no_officer"
FAILURES = (NO_RULE, NO_OFFICER)


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


@dataclass(frozen=True, slots=True)
class Assigned:
    """The officer, and why this one (one of REASONS)."""

    officer: Officer
    reason: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Nobody can take it, and why (one of FAILURES). The rule is known when a body is."""

    reason: str
    rule: Rule | None


Outcome = Assigned | Unassigned


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
    officers: Sequence[Officer], loads: Mapping[str, Load], language: str
) -> tuple[Officer, str] | None:
    """The officer with the least open load among those present who speak the language; None when nobody is present.

    Equal loads: who was given fewer so far, then the smaller id. When nobody present speaks the language, the least loaded of all
    present takes it: a case with an officer who needs an interpreter is better than a case with nobody.
    """
    present = [officer for officer in officers if officer.present]
    if not present:
        return None
    speaking = [officer for officer in present if language in officer.languages]
    chosen = min(speaking or present, key=lambda officer: _order(officer, loads))
    if not speaking:
        return chosen, OTHER_LANGUAGE
    return chosen, LEAST_LOADED if len(speaking) > 1 else ONLY_OFFICER


def assign(need: Need, rule: Rule | None, officers: Sequence[Officer], loads: Mapping[str, Load]) -> Outcome:
    """The outcome for one complaint, given its rule and the officers of the rule's institution with their loads."""
    if rule is None:
        return Unassigned(NO_RULE, None)
    choice = choose_officer(officers, loads, need.language)
    if choice is None:
        return Unassigned(NO_OFFICER, rule)
    return Assigned(choice[0], choice[1], rule)


def _order(officer: Officer, loads: Mapping[str, Load]) -> tuple[int, int, str]:
    load = loads.get(officer.id, NOTHING)
    return load.open, load.ever, officer.id
