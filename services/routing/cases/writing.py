"""What an action comes to, written in one transaction: the case, the desks, the line of its history, the facts."""

from typing import Any

from sqlalchemy import Connection, Row

from services.chassis import outbox
from services.chassis.event import Event
from services.routing import store
from services.routing.assigning.assignment import NOTHING, Load
from services.routing.cases import records
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.cases.step import Step
from services.routing.clock import case_clock
from services.routing.events import SOURCE
from services.routing.history import chain as history
from services.routing.history import store as store_history
from services.routing.who import Who

COMPLAINANT = Who("complainant", frozenset({t.COMPLAINANT}))
CLOCK = Who(records.SYSTEM, frozenset({t.SYSTEM}))

#: What people write: kept apart from the history, which has only its digest.
_TEXTS = ("question", "found", "remedy", "legal_basis", "summary", "reason", "next_steps")

#: After these the body is not idle: it has done something for the complainant, or waited for something that has come. Passing a case on,
#: within the body or to another, is not among them.
_WORK = frozenset(
    {
        "assign",
        "accept",
        "ask",
        "answer_question",
        "lapse_question",
        "interim_reply",
        "propose_reply",
        "return_reply",
        "resolve_dispute",
    }
)

#: What gives a case back to its officer without anybody having decided so on the spot: until the next action it waits for them.
_WAITING = {"answer_question": "answered", "lapse_question": "no_answer", "return_reply": "returned"}


def write(step: Step, action: str, cause: Event | None) -> Row[Any]:
    """The case, the desks, the line of the history and the facts."""
    case, target = step.case, step.row.target
    texts = {name: step.fields[name] for name in _TEXTS if step.fields.get(name)}
    number = case.version + 1
    details = {"from": case.status, "to": target, **step.details}
    if texts:
        details["texts"] = history.digest(texts)
    if case.status == t.RECEIVED and target != t.RECEIVED:
        step.changes["unowned_since"] = None
    if action in _WORK:
        step.changes["last_action_at"] = step.now
    if target != t.ASSIGNED:
        step.changes["acknowledge_by"] = None
    if target in t.SETTLED:
        step.end(escalated_to=None, escalated_at=None)
    step.changes |= {"status": target, "version": number, "waiting": _waiting(step, action)}
    step.changes["check_at"] = case_clock.next_look(step.connection, step.after, step.now)
    changed = store_cases.change(step.connection, step.id, step.changes)
    _move_load(step.connection, case, changed)
    if step.note:
        store_cases.add_note(step.connection, step.id, number, step.note)
    line = records.line(step.id, number, action, step.who.id, details, step.now)
    heads = store_history.append_history(step.connection, [line])
    stated = [records.with_history(fact, heads) for fact in step.facts]
    outbox.record(step.connection, stated, source=SOURCE, now=step.now, cause=cause)
    if step.turns_clock is not None and step.turns_clock(step.connection, step.id, now=step.now):
        # A promise that moved is a line of the history of its own, and one more version.
        changed = store_cases.lock(step.connection, step.id) or changed
    return changed


def _waiting(step: Step, action: str) -> str | None:
    """Why the case, being worked on, waits for its officer: until a member of staff does something with it."""
    if step.row.target != t.ACCEPTED:
        return None
    by_staff = step.who.id not in (COMPLAINANT.id, CLOCK.id)
    return _WAITING.get(action, None if by_staff else step.case.waiting)


def _move_load(connection: Connection, before: Row[Any], after: Row[Any]) -> None:
    """Takes the case off one desk and puts it on another."""
    was, now = (each.officer_id if each.status in t.ON_DESK else None for each in (before, after))
    added: dict[str, Load] = {}
    if was is not None:
        added[str(was)] = Load(-before.load, 0)
    if now is not None:
        # Whoever is given a case has been given one more, even the one who had it before it was answered.
        given = 1 if was != now else 0
        load = added.get(str(now), NOTHING)
        added[str(now)] = Load(load.open + after.load, load.ever + given)
    store.add_loads(connection, {each: load for each, load in added.items() if load != NOTHING})
