"""What is said after the complaint: by whom, about what, and what its complainant may do while it stands as it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# --- what a complainant may do, by what is shown to them. Routing has the last word: what comes too late changes nothing.
MESSAGE = "message"
WITHDRAWAL = "withdrawal"
RATING = "rating"
DISPUTE = "dispute"

_OPEN = (
    "received",
    "assigned",
    "accepted",
    "reply_proposed",
    "awaiting_complainant",
    "in_transfer",
    "disputed",
)
WHILE: Mapping[str, tuple[str, ...]] = {
    MESSAGE: ("awaiting_complainant",),
    WITHDRAWAL: _OPEN,
    RATING: ("answered", "closed"),
    DISPUTE: ("answered", "inadmissible"),
}
ONCE = (WITHDRAWAL, RATING, DISPUTE)
"""Said once and for all; a message may follow another."""

ACT_NAMES: Mapping[str, Mapping[str, str]] = {
    MESSAGE: {"ar": "الإجابة عن السؤال", "en": "answer the question"},
    WITHDRAWAL: {"ar": "سحب الطلب", "en": "withdraw"},
    RATING: {"ar": "تقييم الرد", "en": "rate the answer"},
    DISPUTE: {"ar": "الاعتراض على الرد", "en": "dispute the answer"},
}

# --- what the body says ---------------------------------------------------------------------------
QUESTION = "question"
REPLY = "reply"
INTERIM_REPLY = "interim_reply"
REFERRAL = "referral"
DECISION = "decision"
REFUSAL = "refusal"
BY_BODY = (QUESTION, REPLY, INTERIM_REPLY, REFERRAL, DECISION, REFUSAL)
KINDS = (*WHILE, *BY_BODY)

COMPLAINANT = "complainant"
BODY = "body"

LONGEST_TEXT = 4_000
LEAST_DISPUTE = 10
SCORES = (1, 5)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something that was said. `words` by name of the part, such as `text` or `legal_basis`; `facts` are codes and times beside them."""

    kind: str
    at: datetime
    words: Mapping[str, str] = field(repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def author(self) -> str:
        """Who said it, by role alone."""
        return COMPLAINANT if self.kind in WHILE else BODY


def open_to(status: str, said: frozenset[str]) -> list[str]:
    """What the complainant may do now, given the kinds that were said before."""
    return [
        kind for kind, while_ in WHILE.items() if status in while_ and not (kind in ONCE and kind in said)
    ]
