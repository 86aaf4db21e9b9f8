"""What was said after the complaint, as its complainant reads it: who, when, what it is called, and each part under its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.web import render
from gateway.web.render import N_

#: The names of routing's codes, as contracts/facts.md has them; a test compares them.
OUTCOMES = {
    "satisfactory": N_("Ended satisfactorily"),
    "unsatisfactory": N_("Ended unsatisfactorily"),
    "outside_mandate": N_("Outside the mandate"),
    "no_violation": N_("No violation proven"),
    "complainant_did_not_cooperate": N_("The complainant did not cooperate"),
    "closed_at_complainants_wish": N_("Closed at the complainant's wish"),
    "shelved": N_("Shelved"),
}
REFUSALS = {
    "before_court": N_("Before a court"),
    "decided_by_court": N_("Decided by a court"),
    "duplicate": N_("Filed before"),
    "no_facts": N_("States no facts"),
}
DECISIONS = {
    "reopened": N_("Your dispute was accepted: another officer answers anew."),
    "rejected": N_("Your dispute was looked at, and the answer stands."),
}
SCORES = {
    1: N_("Very poor"),
    2: N_("Poor"),
    3: N_("Neither good nor poor"),
    4: N_("Good"),
    5: N_("Very good"),
}
TITLES = {
    "question": N_("The officer asks you"),
    "reply": N_("The answer"),
    "interim_reply": N_("Why it takes longer"),
    "referral": N_("Passed on to an outside authority"),
    "decision": N_("The decision on your dispute"),
    "refusal": N_("Why it cannot be taken up"),
    "message": N_("Your answer"),
    "withdrawal": N_("You took it back"),
    "rating": N_("Your rating"),
    "dispute": N_("Your dispute"),
}
#: The parts of what is said, in the order in which they are read; a part that bears no name is the text itself.
PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "reply": (
        ("summary", N_("In short")),
        ("found", N_("What was found")),
        ("remedy", N_("What is done about it")),
        ("legal_basis", N_("The law behind it")),
    ),
    "refusal": (("legal_basis", N_("The law behind it")), ("next_steps", N_("What you can do next"))),
}
#: What ends an answer's search, shown above everything else.
_LAST_WORDS = ("reply", "refusal", "referral", "decision")
_SHOWN_FIRST = frozenset({"answered", "closed", "inadmissible", "referred"})
#: A page stays below 60 KB: what was said longer ago than these bytes hold is shown when asked for.
MOST_BYTES = 30_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said. `notes` are what its codes and times mean, in sentences."""

    kind: str
    own: bool
    at: str
    title: str
    parts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def weight(self) -> int:
        """How much of a page it fills."""
        return sum(len(text.encode()) for _, text in self.parts)


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said: the `question` that waits, what to read `first`, the `others` in order; of those before, `hidden` are not shown."""

    question: Turn | None
    first: Turn | None
    others: tuple[Turn, ...]
    hidden: int
    replied: bool


def of(found: Mapping[str, Any], *, whole: bool = False) -> Talk:
    """The conversation of a PublicComplaint; `whole` however long it is."""
    said: Sequence[Mapping[str, Any]] = sorted(found["conversation"], key=lambda each: each["at"])
    turns = [turn(each) for each in said]
    status = found["status"]["code"]
    question = first = None
    replied = False
    if status == "awaiting_complainant":
        question = next((each for each in reversed(turns) if each.kind == "question"), None)
        replied = question is not None and any(
            each.kind == "message" for each in turns[turns.index(question) :]
        )
    if status in _SHOWN_FIRST:
        first = next((each for each in reversed(turns) if each.kind in _LAST_WORDS), None)
    others = [each for each in turns if each is not question and each is not first]
    shown = len(others) if whole else _fitting(others, (question, first))
    kept = others[len(others) - shown :]
    return Talk(question, first, tuple(kept), len(others) - shown, replied)


def turn(said: Mapping[str, Any]) -> Turn:
    """One utterance, in the language of the page."""
    say, kind, words, facts = render.words(), said["kind"], said["words"], said["facts"]
    named = PARTS.get(kind, ())
    parts = [(say(label), words[name]) for name, label in named if words.get(name)]
    known = {name for name, _ in named}
    parts += [("", text) for name, text in words.items() if name not in known and text]
    return Turn(
        kind,
        said["author"] == "complainant",
        said["at"],
        say(TITLES[kind]) if kind in TITLES else kind,
        tuple(parts),
        tuple(_notes(kind, facts)),
    )


def _notes(kind: str, facts: Mapping[str, Any]) -> list[str]:
    say = render.words()
    if kind == "question" and facts.get("answer_by"):
        return [say(N_("Please answer by %(moment)s.")) % {"moment": render.moment(facts["answer_by"])}]
    if kind == "interim_reply" and facts.get("expected_at"):
        return [say(N_("An answer is expected by %(day)s.")) % {"day": render.day(facts["expected_at"])}]
    if kind == "reply":
        return [_named(OUTCOMES, facts.get("outcome"))]
    if kind == "refusal":
        return [_named(REFUSALS, facts.get("code"))]
    if kind == "decision":
        return [_named(DECISIONS, facts.get("decision"))]
    if kind == "referral":
        return [render.name_of(facts.get("outside_body_name"))]
    if kind == "rating" and facts.get("score") in SCORES:
        score = facts["score"]
        words = {"score": render.number(score), "most": render.number(5), "words": say(SCORES[score])}
        return [say(N_("%(score)s of %(most)s: %(words)s")) % words]
    return []


def _named(names: Mapping[str, str], code: str | None) -> str:
    return render.words()(names[code]) if code in names else code or ""


def _fitting(others: Sequence[Turn], always: Sequence[Turn | None]) -> int:
    """How many of the latest fit beside what is shown in any case; at least the last one."""
    room = MOST_BYTES - sum(each.weight for each in always if each)
    count = 0
    for each in reversed(others):
        room -= each.weight
        if room < 0 and count:
            break
        count += 1
    return count
