"""Facts that an action states only where there is cause. What it states each time is in its rows of the table. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Occasion:
    """`actions` state the fact where `why` is so."""

    fact: str
    why: str
    actions: frozenset[str]


OCCASIONS: tuple[Occasion, ...] = (
    Occasion(
        "PromiseMoved",
        "the due time is another one than before",
        frozenset(
            {
                "assign",
                "ask",
                "answer_question",
                "lapse_question",
                "dispute",
                "resolve_dispute",
                "accept_transfer",
                "decide_transfer",
                "take_away",
                "succeed",
            }
        ),
    ),
    Occasion(
        "ComplaintEscalated",
        "a reply waits and nobody of the body may approve it",
        frozenset({"propose_reply", "implicate", "keep_out"}),
    ),
    Occasion(
        "ComplaintEscalated",
        "what was raised and not answered comes to another body",
        frozenset({"accept_transfer", "decide_transfer", "succeed"}),
    ),
    Occasion(
        "ComplaintRestricted",
        "others must not see it than was told before",
        frozenset({"implicate", "keep_out", "merge"}),
    ),
    Occasion("CaseDueSoon", "the time for a step is nearly over", frozenset({"remind"})),
    Occasion("CaseOverdue", "it is over", frozenset({"remind"})),
)


def may_state(action: str) -> frozenset[str]:
    """The facts that an action states where there is cause."""
    return frozenset(each.fact for each in OCCASIONS if action in each.actions)
