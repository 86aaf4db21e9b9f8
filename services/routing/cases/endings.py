"""What the actions do by which a case leaves its body or ends: transfers, disputes, referral, refusal, withdrawal, silence.

The other half of effects.py.
"""

from services.routing.cases import effects, implicating, outcomes, promising, succeeding
from services.routing.cases import events as case_facts
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.cases.effects import Effect
from services.routing.cases.step import Next, Refused, Step, shut_out
from services.routing.clock import case_clock, raising
from services.routing.exclusions import exclusion
from services.routing.history import store as store_history

# --- no wrong door --------------------------------------------------------------------------------


def transfer(step: Step) -> None:
    """To another body, which accepts or objects; from the third time on an arbiter decides. The sender holds the case until then."""
    receiver = _body(step)
    if receiver == step.case.institution:
        raise Refused("institution", "holds_it_already")
    if exclusion.body(receiver) in step.case.implicated:
        raise Refused("institution", "body_implicated")
    arbiter = step.case.transfers + 1 >= t.ARBITER_FROM
    number = store_cases.add(
        step.connection,
        store_cases.transfer,
        step.id,
        {
            "from_institution": step.case.institution,
            "to_institution": receiver,
            "arbiter": arbiter,
            "reason": step.fields["reason"],
            "by": step.who.id,
            "at": step.now,
        },
    )
    step.end(
        receiver=receiver,
        transfers=step.case.transfers + 1,
        arbiter_since=step.now if arbiter else None,
    )
    step.details |= {"receiver": receiver, "transfer": number, "arbiter": arbiter}
    step.state(
        case_facts.COMPLAINT_TRANSFERRED,
        receiver=receiver,
        receiver_name=step.known.names[receiver],
        number=number,
        arbiter=arbiter,
    )


def accept_transfer(step: Step) -> None:
    """The receiving body takes it, and one of its officers has it."""
    effects.end_transfer(step, "accepted")
    effects.hand_over(step, step.case.receiver)


def object_to_transfer(step: Step) -> None:
    """Back to the officer who had it, and who must say anew that it was seen, where it is urgent."""
    ended = effects.end_transfer(step, "objected", step.fields["reason"])
    step.end(acknowledge_by=case_clock.acknowledge_by(step.known, step.case, step.now))
    step.details["by_institution"] = ended.to_institution
    step.state(case_facts.CASE_RESUMED, reason=case_facts.TRANSFER_OBJECTED, officer_id=step.case.officer_id)


def decide_transfer(step: Step) -> None:
    """The arbiter says which body has it; nobody can object to that."""
    institution = _body(step)
    effects.end_transfer(step, "decided", step.fields["reason"])
    effects.hand_over(step, institution)


def _body(step: Step) -> str:
    wanted = step.fields["institution"]
    if wanted not in step.known.names:
        raise Refused("institution", "institution_unknown")
    if step.known.heir(wanted, step.now) != wanted:
        raise Refused("institution", "institution_over")
    return wanted


# --- disputes -------------------------------------------------------------------------------------


def rate(step: Step) -> None:
    """The complainant is satisfied, or not and lets it be; a rating that comes after the end changes nothing but the record."""
    step.details["score"] = step.fields["score"]
    if step.case.status == t.ANSWERED:
        _close(step, case_facts.CONFIRMED)


def remind_to_rate(step: Step) -> None:
    """Nothing was said of the answer yet: the complainant hears once more that it can be rated, or disputed."""
    step.end(remind_at=None)
    step.state(case_facts.COMPLAINANT_REMINDED, confirm_until=step.case.confirm_until)


def close_unconfirmed(step: Step) -> None:
    """Nobody said anything for as long as was told."""
    _close(step, case_facts.NOT_CONFIRMED)


def dispute(step: Step) -> None:
    """Once; the coordinator's desk has it until it is decided. Nothing is confirmed by silence meanwhile."""
    step.end(disputed_at=step.now, confirm_until=None, remind_at=None, closed_at=None, close_reason=None)
    # It is waited for again, and circulars that came since the answer were not counted.
    step.turns_clock = promising.count_again
    step.state(case_facts.CASE_DISPUTED)


def resolve_dispute(step: Step) -> None:
    """Another authority has looked: another officer answers anew, or the answer stands."""
    decision = step.fields["decision"]
    step.note["reason"] = step.fields["reason"]
    step.details["decision"] = decision
    step.state(
        case_facts.DISPUTE_RESOLVED,
        decision=decision,
        sealed=step.to_complainant(reason=step.fields["reason"]),
    )
    if decision == outcomes.REJECTED:
        _close(step, case_facts.DISPUTE_REJECTED)
        return
    step.end(answered_at=None)
    reply = store_cases.last(step.connection, store_cases.reply, step.id)
    refused = store_history.last_actor(step.connection, step.id, "declare_inadmissible")
    closers = {refused, *((reply.author, reply.approver) if reply else ())}
    answered = frozenset(each for each in closers if each is not None)
    institution = step.case.institution
    if step.fields.get("officer_id"):
        # The coordinator may give it to another body altogether.
        officer = store_cases.officer(step.connection, str(step.fields["officer_id"]))
        institution = officer.institution if officer else institution
    # A body that has ended answers for nothing any more.
    institution = institution and step.known.heir(institution, step.now)
    if institution is None:
        raise Refused("officer_id", "officer_unknown")
    # Whoever knows the case goes on with it, unless it is their answer that is disputed.
    effects.hand_over(step, institution, answered=answered, keeps=str(step.case.officer_id))
    promising.reopen(step)


# --- ends without a reply -------------------------------------------------------------------------


def refer(step: Step) -> None:
    """To an authority outside; the complainant is told to whom and why."""
    body = step.fields["outside_body"]
    step.note["reason"] = step.fields["reason"]
    step.details["outside_body"] = body
    step.end(closed_at=step.now, close_reason=t.REFERRED)
    step.state(
        case_facts.COMPLAINT_REFERRED,
        outside_body=body,
        outside_body_name=dict(outcomes.OUTSIDE_BODIES[body]),
        sealed=step.to_complainant(reason=step.fields["reason"]),
    )


def declare_inadmissible(step: Step) -> None:
    """With the reason, the law and what to do next; the complainant can dispute it."""
    words = {name: step.fields[name] for name in ("legal_basis", "next_steps")}
    step.note |= words
    step.details["reason_code"] = step.fields["reason_code"]
    _close(step, t.INADMISSIBLE, code=step.fields["reason_code"], sealed=step.to_complainant(**words))


def merge(step: Step) -> None:
    """Handled together with another case of the same body; its complainant keeps number and page."""
    into = str(step.fields["into"])
    # Held, so that it does not end meanwhile, nor is merged into this one.
    other = store_cases.lock(step.connection, into)
    if into == step.id or other is None or other.institution != step.case.institution:
        raise Refused("into", "case_unknown")
    # What one may not see is as if it were not there.
    if shut_out(step.connection, other, step.who):
        raise Refused("into", "case_unknown")
    if other.status in t.SETTLED:
        raise Refused("into", "case_settled")
    step.end(merged_into=into)
    step.details["into"] = into
    subjects = frozenset(step.case.implicated) | frozenset(other.implicated)
    if not subjects <= set(other.implicated):
        # Whom the one is directed against must not handle the other either.
        step.following.append(Next(into, "keep_out", {"subjects": subjects}))
    if not subjects <= set(step.case.implicated):
        # Nor find in the one that there is the other.
        implicating.restrict(step, subjects)
        implicating.share(step, subjects)
    _close(step, t.MERGED)


def withdraw(step: Step) -> None:
    """The complainant takes it back: whatever was under way ends with it."""
    if step.case.status == t.AWAITING_COMPLAINANT:
        effects.end_question(step, "withdrawn")
    elif step.case.status == t.IN_TRANSFER:
        effects.end_transfer(step, "withdrawn")
    elif step.case.status == t.REPLY_PROPOSED:
        effects.drop_reply(step)
    _close(step, t.WITHDRAWN)


def _close(step: Step, reason: str, *, code: str | None = None, sealed: str | None = None) -> None:
    step.end(closed_at=step.now, close_reason=reason, confirm_until=None, remind_at=None)
    step.details.setdefault("reason", reason)
    step.state(case_facts.COMPLAINT_CLOSED, reason=reason, code=code, sealed=sealed)


EFFECTS: dict[str, Effect] = {
    each.__name__: each
    for each in (
        effects.assign,
        effects.reassign,
        effects.accept,
        effects.ask,
        effects.answer_question,
        effects.lapse_question,
        effects.interim_reply,
        effects.propose_reply,
        effects.approve_reply,
        effects.return_reply,
        implicating.implicate,
        implicating.keep_out,
        implicating.take_away,
        succeeding.succeed,
        transfer,
        accept_transfer,
        object_to_transfer,
        decide_transfer,
        raising.send_back,
        raising.reject_escalation,
        rate,
        remind_to_rate,
        close_unconfirmed,
        dispute,
        resolve_dispute,
        refer,
        declare_inadmissible,
        merge,
        withdraw,
    )
}
"""What is done, by action. A guard compares it with the table."""
