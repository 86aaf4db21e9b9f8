"""Somebody turns out to be whom a case is directed against: they are kept out of it, and it is taken away from them at once."""

from services.routing.assigning.assignment import Assigned, Outcome, Unassigned
from services.routing.assigning.deciding import Deciding
from services.routing.cases import effects, records
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.cases.step import Next, Refused, Step
from services.routing.exclusions import exclusion, restriction


def implicate(step: Step) -> None:
    """Somebody names whom the case is directed against: a body, a unit, an officer."""
    step.note["reason"] = step.fields["reason"]
    _shut_out(step, _subjects(step))


def keep_out(step: Step) -> None:
    """The directory, or a case that this one is merged with, tells more of whom it is directed against."""
    _shut_out(step, step.fields["subjects"])


def share(step: Step, subjects: frozenset[str]) -> None:
    """Whom a case is directed against is kept out of those that are handled with it, too: each tells of the other."""
    for complaint_id in store_cases.merged_into(step.connection, step.id, without=subjects):
        step.following.append(Next(complaint_id, "keep_out", {"subjects": subjects}))


def restrict(step: Step, implicated: frozenset[str]) -> None:
    """Notes whom the case is directed against from now on, and states who must not see it."""
    step.end(implicated=sorted(implicated))
    step.facts += restriction.restrict(
        step.connection,
        step.known,
        step.id,
        implicated,
        intake_key=step.keys.intake,
        notification_key=step.keys.notification,
        now=step.now,
    )


def _shut_out(step: Step, new: frozenset[str]) -> None:
    implicated = frozenset(step.case.implicated) | new
    restrict(step, implicated)
    if step.case.escalated_to is not None and str(step.case.escalated_to) in step.excluded:
        # Others of that level may answer it; the clock finds within seconds who is told.
        step.end(escalated_to=None)
    # The history is read by colleagues of who is accused, and never altered: it names places, and counts persons.
    step.details |= {
        "institutions": sorted(exclusion.named(new, exclusion.BODY)),
        "units": sorted(exclusion.named(new, exclusion.UNIT)),
        "persons": len(exclusion.named(new, exclusion.PERSON)),
    }
    share(step, implicated)
    if must_be_taken(step):
        outcome, _ = _outcome(step)
        found = "officer" if isinstance(outcome, Assigned) else "nobody"
        step.following.append(Next(step.id, "take_away", {"found": found}))
    elif step.case.status == t.REPLY_PROPOSED:
        # Whoever is kept out may have been the last who could approve.
        effects.raise_for_approval(step, _author(step))


def must_be_taken(step: Step) -> bool:
    """Whether who has the case, or wrote the reply that waits for approval, or the whole body that is to get it, is kept out of it."""
    case = step.case
    if case.status not in t.ON_DESK:
        return False
    if case.status == t.IN_TRANSFER and exclusion.body(case.receiver) in step.changes["implicated"]:
        # Nobody there could accept it, nor object.
        return True
    holders = {str(case.officer_id)}
    if case.status == t.REPLY_PROPOSED:
        holders.add(_author(step))
    return not holders.isdisjoint(step.excluded)


def _author(step: Step) -> str:
    reply = store_cases.last(step.connection, store_cases.reply, step.id)
    assert reply is not None
    return str(reply.author)


def take_away(step: Step) -> None:
    """Whatever was under way ends, and another officer of the body has it, or the coordinator's desk."""
    if step.case.status == t.AWAITING_COMPLAINANT:
        effects.end_question(step, "withdrawn")
    elif step.case.status == t.IN_TRANSFER:
        effects.end_transfer(step, "withdrawn")
    elif step.case.status == t.REPLY_PROPOSED:
        effects.drop_reply(step)
    outcome, deciding = _outcome(step)
    deciding.keep([step.id])
    step.details["decision"] = deciding.id
    if isinstance(outcome, Assigned):
        effects.give(step, outcome.officer, outcome.reason)
    else:
        to_the_coordinator(step, outcome)


def _outcome(step: Step) -> tuple[Outcome, Deciding]:
    case = step.case
    # Who is not kept out goes on with it, where only the reply was written by somebody who is.
    return effects.decide(step, case.institution, keeps=str(case.officer_id))


def to_the_coordinator(step: Step, outcome: Unassigned) -> None:
    """Nobody has it, and whoever it was raised to has it no more either."""
    step.end(
        officer_id=None,
        reason=outcome.reason,
        assigned_at=None,
        unowned_since=step.now,
        escalated_to=None,
        escalated_at=None,
        called=None,
    )
    step.details |= {"institution": outcome.institution, "reason": outcome.reason}
    step.facts.append(
        records.failed_fact(
            step.known, step.id, outcome.institution, outcome.reason, step.now, step.case.implicated
        )
    )


def _subjects(step: Step) -> frozenset[str]:
    found = set()
    institution, unit = step.fields.get("institution"), step.fields.get("unit")
    officer = step.fields.get("officer_id")
    if unit is not None:
        if step.known.units.get(unit) is None or institution not in (None, step.known.units[unit]):
            raise Refused("unit", "unit_unknown")
        found.add(exclusion.unit(unit))
    elif institution is not None:
        if institution not in step.known.names:
            raise Refused("institution", "institution_unknown")
        found.add(exclusion.body(institution))
    if officer is not None:
        if str(officer) not in step.known.contacts:
            raise Refused("officer_id", "officer_unknown")
        found.add(exclusion.person(str(officer)))
    if not found:
        raise Refused("officer_id", "nobody_named")
    return frozenset(found)
