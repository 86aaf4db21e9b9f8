"""The use cases of routing: one function, one transaction of the caller."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis import database, outbox
from services.chassis.contract import Fact
from services.chassis.event import Event
from services.routing import metrics, snapshot, store
from services.routing.assigning.assignment import (
    NOTHING,
    ON_CALL,
    OPEN_TO_ALL,
    UNFOUND,
    Assigned,
    Bars,
    Load,
    Need,
    Officer,
    Outcome,
    Rule,
    Unassigned,
)
from services.routing.assigning.deciding import Deciding
from services.routing.cases import records
from services.routing.cases.records import Complaint
from services.routing.cases.step import Keys
from services.routing.clock.people import next_on_call
from services.routing.deadlines.promise import BY_BODY, RIGHTS, SERVICE, URGENT
from services.routing.deadlines.promises import count_again
from services.routing.events import SOURCE
from services.routing.exclusions import exclusion, keeping_out, restriction
from services.routing.history import store as store_history
from services.routing.known import Directory


def receive(
    connection: Connection,
    received: Sequence[Event],
    *,
    now: datetime,
    seal_key: str,
    intake_key: str = "",
    names_key: str = "",
) -> None:
    """Opens a case for each ComplaintReceived: an officer or the unowned desk, and a promise.

    A complaint that has a case already is left alone, so that intake may say it twice. The keys of intake and of the names are needed
    where somebody is accused.
    """
    known = snapshot.steady(connection)
    complaints = _unique(_complaint(event, known, names_key) for event in received)
    outcomes, deciding = _choose(connection, known, complaints, now)
    promised = [
        known.promise(each.kind, each.received_at, each.need, records.institution_of(outcome), each.flags)
        for each, outcome in zip(complaints, outcomes, strict=True)
    ]
    rows = [
        records.case_row(known, *each, now=now) for each in zip(complaints, outcomes, promised, strict=True)
    ]
    # In one order everywhere: two batches that hold the same complaints wait for each other and cannot deadlock.
    opened = store.insert_cases(connection, sorted(rows, key=itemgetter("complaint_id")))
    history: list[dict[str, Any]] = []
    facts: list[tuple[Fact, Event | None]] = []
    for complaint, outcome, promise in zip(complaints, outcomes, promised, strict=True):
        if complaint.id not in opened:
            continue
        if complaint.implicated or complaint.names:
            # Before anybody is told who has it: so nobody reads it in between who must not.
            restricted = restriction.restrict(
                connection,
                known,
                complaint.id,
                complaint.implicated,
                names=complaint.names,
                intake_key=intake_key,
                notification_key=seal_key,
                now=now,
            )
            facts += [(fact, complaint.cause) for fact in restricted]
        facts.append((records.outcome_fact(known, complaint, outcome, now, now, seal_key), complaint.cause))
        history.append(records.outcome_event(complaint, 1, outcome, deciding.id, now))
        if promise is not None:
            facts.append(
                (
                    records.promise_fact(
                        complaint.id,
                        promise,
                        records.scope(known, records.institution_of(outcome), complaint.implicated),
                        now,
                    ),
                    complaint.cause,
                )
            )
            history.append(records.promise_event(complaint.id, 2, promise, now))
    new = [pair for pair in zip(complaints, outcomes, strict=True) if pair[0].id in opened]
    deciding.keep(opened)
    _finish(connection, known, new, history, facts, now, new=True)
    failed = Counter(outcome.reason for _, outcome in new if isinstance(outcome, Unassigned))
    _count(connection, new, failed)


def retry_unowned(
    connection: Connection,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    now: datetime,
    keys: Keys,
) -> tuple[int, tuple[datetime, str] | None]:
    """Looks again for officers of up to `limit` unowned cases, oldest first. Returns (cases that found one, where to go on or None).

    A case that still has none but for another reason (its rule came, the officer not yet) says so in a new AssignmentFailed.
    """
    rows = store.lock_unowned(connection, after, limit)
    if not rows:
        return 0, None
    known = snapshot.current(connection)
    # Who is tied to it by the directory as it is now: before anybody is told who has it.
    if keeping_out.look_at(connection, [str(row.complaint_id) for row in rows], now=now, keys=keys):
        rows = store.lock_unowned(connection, after, limit)
    complaints = [_stored(row, known, now) for row in rows]
    outcomes, deciding = _choose(connection, known, complaints, now)
    history: list[dict[str, Any]] = []
    facts: list[tuple[Fact, Event | None]] = []
    owned: list[tuple[Complaint, Outcome]] = []
    changed: list[tuple[Complaint, Outcome]] = []
    for row, complaint, outcome in zip(rows, complaints, outcomes, strict=True):
        if isinstance(outcome, Assigned):
            owned.append((complaint, outcome))
        elif (row.institution, row.reason) != (records.institution_of(outcome), outcome.reason):
            changed.append((complaint, outcome))
        else:
            continue
        facts.append(
            (records.outcome_fact(known, complaint, outcome, now, row.unowned_since, keys.notification), None)
        )
        history.append(records.outcome_event(complaint, row.version + 1, outcome, deciding.id, now))
    deciding.keep([complaint.id for complaint, _ in (*owned, *changed)])
    case_of = {str(row.complaint_id): row for row in rows}
    store.own_cases(
        connection, [records.owned(known, case_of[pair[0].id], *pair, now=now) for pair in owned], now
    )
    store.refuse_cases(connection, [records.ownership(*pair) for pair in changed], now)
    _finish(connection, known, owned, history, facts, now)
    elsewhere = [
        complaint.id
        for complaint, outcome in (*owned, *changed)
        if case_of[complaint.id].institution != records.institution_of(outcome)
    ]
    count_again(connection, elsewhere, now=now, cause=BY_BODY)
    _count(connection, owned, Counter())
    last = rows[-1]
    return len(owned), (last.unowned_since, str(last.complaint_id)) if len(rows) == limit else None


def _choose(
    connection: Connection, known: Directory, complaints: Sequence[Complaint], now: datetime
) -> tuple[list[Outcome], Deciding]:
    """The outcome of each complaint in order."""
    # Where somebody has decided on a body, an accused whom nobody can find has been thought of.
    unfound = [
        not each.fixed and exclusion.unfound(each.implicated, known.names, known.units) for each in complaints
    ]
    rules = [
        None if each.fixed or lost else known.rule(each.need, now)
        for each, lost in zip(complaints, unfound, strict=True)
    ]
    bodies = {rule.institution for rule in rules if rule} | {each.fixed for each in complaints if each.fixed}
    deciding = Deciding(connection, known, bodies, now)
    outcomes = [
        deciding.choose(
            each.id,
            each.kind,
            each.need,
            rule=rule,
            institution=each.fixed,
            given=UNFOUND if lost else _on_call(known, each, rule, now),
            bars=Bars(exclusion.excluded(each.implicated, known.tied)) if each.implicated else OPEN_TO_ALL,
        )
        for each, rule, lost in zip(complaints, rules, unfound, strict=True)
    ]
    return outcomes, deciding


def _on_call(known: Directory, complaint: Complaint, rule: Rule | None, now: datetime) -> Assigned | None:
    """An urgent complaint is for whoever is on call for the body, day and night; None when it is not urgent, or nobody is."""
    if rule is None or URGENT not in complaint.flags:
        return None
    barred = exclusion.excluded(complaint.implicated, known.tied)
    people = known.people(rule.institution, now, barred)
    chosen = next_on_call(people, barred, rights=RIGHTS in complaint.flags)
    if chosen is None:
        return None
    return Assigned(Officer(chosen, rule.institution, frozenset(), present=True), ON_CALL, rule)


def _finish(
    connection: Connection,
    known: Directory,
    decided: Iterable[tuple[Complaint, Outcome]],
    history: Sequence[dict[str, Any]],
    facts: Sequence[tuple[Fact, Event | None]],
    now: datetime,
    *,
    new: bool = False,
) -> None:
    added: dict[str, Load] = {}
    for complaint, outcome in decided:
        if isinstance(outcome, Assigned):
            chosen = outcome.officer.id
            added[chosen] = added.get(chosen, NOTHING).plus(known.load_of(complaint.kind))
    store.add_loads(connection, added)
    heads = store_history.append_history(connection, history, new=new)
    stated = [(records.with_history(fact, heads), cause) for fact, cause in facts]
    outbox.record_each(connection, stated, source=SOURCE, now=now)


def _count(
    connection: Connection, decided: Iterable[tuple[Complaint, Outcome]], failed: Counter[str]
) -> None:
    assigned = Counter(outcome.reason for _, outcome in decided if isinstance(outcome, Assigned))
    database.after_commit(connection, partial(metrics.count, assigned, failed))


def _unique(complaints: Iterable[Complaint]) -> list[Complaint]:
    first: dict[str, Complaint] = {}
    for each in complaints:
        first.setdefault(each.id, each)
    return list(first.values())


def _complaint(event: Event, known: Directory, names_key: str) -> Complaint:
    data = event.data
    names = data.get("accused_sealed")
    implicated = frozenset(
        subject
        for each in data.get("accused", ())
        for subject in exclusion.places(each["institution"], each["unit"], known.units)
    )
    if names:
        implicated |= restriction.look_up(known, names, names_key)
    return Complaint(
        str(data["complaint_id"]),
        data["kind"],
        data["received_at"],
        Need(data["category"], data["governorate"], data["language"], data.get("rights", False)),
        event,
        flags=_flags(data.get("service", True), data.get("rights", False), data.get("urgent", False)),
        rights_codes=tuple(data.get("rights_codes", ())),
        urgent_ground=data.get("urgent_ground"),
        implicated=implicated,
        names=names,
    )


def _flags(service: bool, rights: bool, urgent: bool) -> frozenset[str]:
    given = {SERVICE: service, RIGHTS: rights, URGENT: urgent}
    return frozenset(name for name, holds in given.items() if holds)


def _stored(row: Row[Any], known: Directory, now: datetime) -> Complaint:
    return Complaint(
        str(row.complaint_id),
        row.kind,
        row.received_at,
        Need(row.category, row.governorate, row.language, row.rights),
        flags=_flags(row.service, row.rights, row.urgent),
        rights_codes=tuple(row.rights_codes),
        urgent_ground=row.urgent_ground,
        implicated=frozenset(row.implicated),
        # Without a rule somebody had decided on the body, and it was taken from who had it there.
        fixed=row.institution and known.heir(row.institution, now) if row.rule_id is None else None,
    )
