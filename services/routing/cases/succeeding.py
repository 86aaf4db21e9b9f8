"""A body ends: what it has, or was to get, is the successor's from that day on, and the coordinator's where there is none."""

from services.routing.assigning.assignment import NO_RULE, Assigned, Outcome, Unassigned
from services.routing.assigning.deciding import Deciding
from services.routing.cases import effects, implicating, promising
from services.routing.cases import transitions as t
from services.routing.cases.step import Step


def succeed(step: Step) -> None:
    """Whatever was under way ends, since who began it cannot go on; an officer of the successor has it, or the coordinator's desk.

    Where only the body ended that was to get it, its officer goes on with it.
    """
    if step.case.status == t.IN_TRANSFER:
        effects.end_transfer(step, "withdrawn")
    elif step.case.status == t.REPLY_PROPOSED:
        effects.drop_reply(step)
    outcome, deciding = outcome_of(step)
    if deciding is not None:
        deciding.keep([step.id])
        step.details["decision"] = deciding.id
    if isinstance(outcome, Assigned):
        effects.give(step, outcome.officer, outcome.reason)
        return
    elsewhere = outcome.institution != step.case.institution
    if elsewhere:
        # It is looked for in that body again, whatever the rules say of others.
        step.end(institution=outcome.institution, rule_id=None)
        step.turns_clock = promising.count_elsewhere
    implicating.to_the_coordinator(step, outcome)


def outcome_of(step: Step) -> tuple[Outcome, Deciding | None]:
    """Who has it when its body, or the one that was to get it, has ended."""
    heir = step.known.heir(step.case.institution, step.now)
    if heir is None:
        return Unassigned(NO_RULE, None), None
    return effects.decide(step, heir, keeps=str(step.case.officer_id))
