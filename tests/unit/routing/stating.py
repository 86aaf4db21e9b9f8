"""What was done to a case states what the table of the lifecycle says, and nothing else."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from services.routing.cases import transitions as t
from services.routing.cases.occasions import may_state

_ROWS = {(row.source, row.action, row.target): row for row in (*t.TABLE, *t.BY_TIME)}
#: Lines of the history that no row of the table writes, and what each states.
_OTHERS = {
    "assigned": "ComplaintAssigned",
    "assignment_failed": "AssignmentFailed",
    "promised": "PromiseSet",
    "promise_moved": "PromiseMoved",
    "said_too_late": None,
}


def untrue(lines: Iterable[tuple[str, str, str]], stated: Iterable[str]) -> str:
    """What is wrong with the facts stated beside the lines (from, action, to) of the history that came with them; "" if nothing."""
    said = set(stated)
    rows = [_ROWS[line] for line in lines if line[1] not in _OTHERS]
    others = {_OTHERS[action] for _, action, _ in lines if action in _OTHERS} - {None}
    required = {fact for row in rows for fact in row.facts} | others
    may = {fact for row in rows for fact in may_state(row.action)}
    moved = "PromiseMoved" in said and bool(rows) and "PromiseMoved" not in may
    missing, more = required - said, said - required - may
    return "" if not (missing or more or moved) else f"{lines}: missing {missing}, more {more}, moved {moved}"


@contextmanager
def stated_as_the_table_says(routing, complaint_id: str) -> Iterator[None]:
    """Compares what is stated inside with the lines that are written inside."""
    values = {"id": complaint_id}
    lines = "SELECT number, details ->> 'from', action, details ->> 'to' FROM case_event WHERE complaint_id = %(id)s"
    facts = "SELECT sequence, type FROM outbox WHERE subject = %(id)s"
    before = [max((row[0] for row in routing.rows(query, values)), default=0) for query in (lines, facts)]
    yield
    new = [row[1:] for row in routing.rows(f"{lines} AND number > {before[0]} ORDER BY number", values)]
    stated = [row[1] for row in routing.rows(f"{facts} AND sequence > {before[1]}", values)]
    assert untrue(new, stated) == ""
