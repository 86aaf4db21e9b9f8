"""What each action does beside changing the state: the rows that it writes, the words that it carries, the facts that it states.

One function per action, in the transaction of actions.act, which has checked that the table allows it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from services.routing.assigning.assignment import BY_HAND, NOBODY, Bars, Need, Officer, Outcome, Unassigned
from services.routing.assigning.deciding import Deciding
from services.routing.cases import events as case_facts
from services.routing.cases import promising, records
from services.routing.cases import store as store_cases
from services.routing.cases.step import NoOfficer, Refused, Step
from services.routing.clock import case_clock, escalation, raising
from services.routing.clock import events as clock_facts
from services.routing.deadlines import promise, promises

FURTHEST = timedelta(days=366)
"""How far away the date may be that an interim reply names."""

# --- who has it -----------------------------------------------------------------------------------


def assign(step: Step) -> None:
    """The officer whom somebody named, of whatever body: an unowned case may have none."""
    _note_reason(step)
    give(step, _named(step, None), BY_HAND)


def reassign(step: Step) -> None:
    """Another officer of the same body."""
    _note_reason(step)
    chosen = _named(step, step.case.institution)
    if chosen.id == str(step.case.officer_id):
        raise Refused("officer_id", "has_it_already")
    # Whoever it was raised to has been heard: somebody else has it now.
    step.end(escalated_to=None, escalated_at=None)
    give(step, chosen, BY_HAND)


def _note_reason(step: Step) -> None:
    if step.fields.get("reason"):
        step.note["reason"] = step.fields["reason"]


def accept(step: Step) -> None:
    """The officer has begun."""
    step.state(case_facts.CASE_ACCEPTED, officer_id=step.case.officer_id)


# --- the question ---------------------------------------------------------------------------------


def ask(step: Step) -> None:
    """A stated question; the promise waits for the answer, and goes on by itself on the day on which the question lapses."""
    longest = step.known.longest_pause(promise.counts_from(step.case))
    until = promise.latest_end(promise.Pause(step.now), step.calendar, longest)
    number = store_cases.add(
        step.connection,
        store_cases.question,
        step.id,
        {"author": step.who.id, "text": step.fields["question"], "asked_at": step.now, "answer_by": until},
    )
    step.turns_clock = promises.pause
    step.details["question"] = number
    step.state(
        case_facts.INFORMATION_REQUESTED,
        question=number,
        answer_by=until,
        sealed=step.to_complainant(question=step.fields["question"]),
    )


def answer_question(step: Step) -> None:
    """The answer is in intake; its id is kept here."""
    step.details["message"] = step.fields["message"]
    _resume(step, case_facts.ANSWERED)


def lapse_question(step: Step) -> None:
    """Nobody answered in time: the officer decides by what is known."""
    _resume(step, case_facts.NO_ANSWER)


def _resume(step: Step, reason: str) -> None:
    end_question(step, reason)
    step.details["reason"] = reason
    step.state(case_facts.CASE_RESUMED, reason=reason, officer_id=step.case.officer_id)


def end_question(step: Step, how: str) -> None:
    """The question waits no more."""
    asked = store_cases.last(step.connection, store_cases.question, step.id)
    assert asked is not None
    ended = {"ended": how, "ended_at": step.now}
    store_cases.end(step.connection, store_cases.question, step.id, asked.number, ended)
    step.turns_clock = promises.resume


# --- the reply ------------------------------------------------------------------------------------


def interim_reply(step: Step) -> None:
    """Why it takes longer, and until when. No promise is moved by it."""
    expected = step.fields["expected_at"]
    if expected <= step.now:
        raise Refused("expected_at", "in_the_past")
    if expected > step.now + FURTHEST:
        raise Refused("expected_at", "too_far")
    step.note["summary"] = step.fields["summary"]
    step.details["expected_at"] = expected.isoformat()
    step.state(
        case_facts.INTERIM_REPLY_GIVEN,
        expected_at=expected,
        sealed=step.to_complainant(summary=step.fields["summary"]),
    )


def propose_reply(step: Step) -> None:
    """A reply for a second officer to look at."""
    values = {name: step.fields[name] for name in ("outcome", "found", "remedy", "legal_basis", "summary")}
    values |= {"state": "proposed", "author": step.who.id, "proposed_at": step.now}
    number = store_cases.add(step.connection, store_cases.reply, step.id, values)
    step.details |= {"reply": number, "outcome": step.fields["outcome"]}
    step.state(case_facts.REPLY_PROPOSED, reply=number)
    raise_for_approval(step, step.who.id)


def raise_for_approval(step: Step, author: str) -> None:
    """Where nobody of the body may approve what `author` wrote, somebody above is asked at once."""
    higher = raising.for_approval(
        step.known,
        step.after,
        author=author,
        excluded=step.excluded,
        now=step.now,
        key=step.keys.notification,
    )
    if higher is not None:
        _raise(step, higher)


def approve_reply(step: Step) -> None:
    """The complainant may see it."""
    reply = _decide(step, {"state": "approved"})
    until = step.now + timedelta(days=step.days("confirm"))
    remind_at = step.now + timedelta(days=step.days("remind"))
    step.end(answered_at=step.now, confirm_until=until, remind_at=remind_at if remind_at < until else None)
    step.details["outcome"] = reply.outcome
    step.state(
        case_facts.REPLY_APPROVED,
        reply=reply.number,
        outcome=reply.outcome,
        confirm_until=until,
        sealed=step.to_complainant(
            found=reply.found, remedy=reply.remedy, legal_basis=reply.legal_basis, summary=reply.summary
        ),
    )


def return_reply(step: Step) -> None:
    """Back to its author, with the reason."""
    reply = _decide(step, {"state": "returned", "return_reason": step.fields["reason"]})
    step.state(case_facts.REPLY_RETURNED, reply=reply.number, officer_id=step.case.officer_id)


def drop_reply(step: Step) -> None:
    """Nobody needs the proposed reply any more."""
    reply = store_cases.last(step.connection, store_cases.reply, step.id)
    assert reply is not None
    dropped = {"state": "dropped", "decided_at": step.now}
    store_cases.end(step.connection, store_cases.reply, step.id, reply.number, dropped)


def _decide(step: Step, values: dict[str, Any]) -> Row[Any]:
    reply = store_cases.last(step.connection, store_cases.reply, step.id)
    assert reply is not None
    decided = values | {"approver": step.who.id, "decided_at": step.now}
    store_cases.end(step.connection, store_cases.reply, step.id, reply.number, decided)
    step.details["reply"] = reply.number
    return reply


# --- the transfer ---------------------------------------------------------------------------------


def end_transfer(step: Step, how: str, reason: str | None = None) -> Row[Any]:
    """How a transfer ended; its row."""
    ended = store_cases.last(step.connection, store_cases.transfer, step.id)
    assert ended is not None
    values = {"ended": how, "ended_at": step.now, "ended_reason": reason}
    store_cases.end(step.connection, store_cases.transfer, step.id, ended.number, values)
    step.end(receiver=None, arbiter_since=None)
    step.details["transfer"] = ended.number
    return ended


# --- choosing an officer --------------------------------------------------------------------------


def hand_over(
    step: Step, institution: str, *, answered: frozenset[str] = NOBODY, keeps: str | None = None
) -> None:
    """Gives the case to the officer whom `officer_id` names, or to the one of the body who is chosen as for a new case.

    `answered` gave the answer that is disputed, `keeps` had it before.
    """
    if step.fields.get("officer_id"):
        chosen = _named(step, institution)
        if chosen.id in answered:
            raise Refused("officer_id", "answer_is_disputed")
        give(step, chosen, BY_HAND)
        return
    outcome, deciding = decide(step, institution, answered=answered, keeps=keeps)
    if isinstance(outcome, Unassigned):
        raise NoOfficer(outcome.reason)
    deciding.keep([step.id])
    step.details["decision"] = deciding.id
    give(step, outcome.officer, outcome.reason)


def decide(
    step: Step, institution: str, *, answered: frozenset[str] = NOBODY, keeps: str | None = None
) -> tuple[Outcome, Deciding]:
    """Who of a body would have the case now."""
    case = step.case
    deciding = Deciding(step.connection, step.known, {institution}, step.now)
    need = Need(case.category, case.governorate, case.language, case.rights)
    bars = Bars(step.excluded, answered, keeps)
    return deciding.choose(step.id, case.kind, need, institution=institution, bars=bars), deciding


def _named(step: Step, institution: str | None) -> Officer:
    wanted = str(step.fields["officer_id"])
    for code in [institution] if institution is not None else sorted(step.known.officers):
        for each in step.known.officers_of(code, step.now):
            if each.id == wanted:
                _check(step, each)
                return each
    raise Refused("officer_id", "officer_unknown")


def _check(step: Step, officer: Officer) -> None:
    if officer.id in step.excluded:
        raise Refused("officer_id", "officer_implicated")
    if not officer.present:
        raise Refused("officer_id", "officer_absent")
    if step.case.rights and not officer.certified:
        raise Refused("officer_id", "officer_not_certified")


def give(step: Step, officer: Officer, reason: str) -> None:
    """The officer has the case from now on, and notification learns how the officer is reached."""
    elsewhere = officer.institution != step.case.institution
    # The rule said which body; another body is somebody's decision.
    rule = None if elsewhere else step.case.rule_id
    step.end(
        officer_id=officer.id,
        institution=officer.institution,
        rule_id=rule,
        reason=reason,
        assigned_at=step.now,
        unowned_since=None,
        acknowledge_by=case_clock.acknowledge_by(step.known, step.case, step.now),
        called=None,
    )
    step.details |= {"institution": officer.institution, "officer": officer.id, "reason": reason}
    step.facts.append(
        records.assigned_fact(
            step.known,
            records.CaseOf.row(step.after),
            officer.institution,
            officer.id,
            reason,
            rule,
            step.now,
            step.keys.notification,
        )
    )
    if elsewhere:
        _take_along(step, officer)


def _take_along(step: Step, officer: Officer) -> None:
    """Another body: its calendar counts from now on, and it has a holder of its own for what is raised and not answered."""
    step.turns_clock = promising.count_elsewhere
    case = step.case
    if case.escalated_at is None or case.escalation_level == escalation.COORDINATOR:
        return
    higher = raising.raised(
        step.known,
        case,
        case.escalation_level,
        escalation.ANOTHER_BODY,
        institution=officer.institution,
        officer=officer.id,
        excluded=step.excluded,
        now=step.now,
        key=step.keys.notification,
    )
    _raise(step, higher)


def _raise(step: Step, higher: raising.Raised) -> None:
    step.end(**higher.changes)
    step.details["escalated"] = higher.details
    step.state(clock_facts.COMPLAINT_ESCALATED, **higher.data)


Effect = Callable[[Step], None]
