"""What each fact says of the row of its complaint, and what the facts of a batch say together. Pure.

Facts of one source about one complaint come in order, so the last wins; facts of different sources say different columns, so their order
does not matter.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.chassis.contract import Reads
from services.chassis.event import Event
from services.reporting import events

Columns = dict[str, Any]
Saying = Callable[[Mapping[str, Any]], Columns]

#: What a complaint is of which nothing was said: fields that facts may leave out.
_UNSAID = {"service": True, "rights": False, "rights_codes": []}
#: Why a case was raised when time had passed. It is also raised because nobody may approve, or because who has it is away.
_BY_TIME = frozenset({"promise", "idle", "unowned", "arbiter", "unacknowledged"})


def _received(data: Mapping[str, Any]) -> Columns:
    names = ("kind", "category", "governorate", "channel", "received_at", *_UNSAID)
    said = _UNSAID | data
    return {name: said[name] for name in names}


def _assigned(data: Mapping[str, Any]) -> Columns:
    """An officer of the institution holds it; it is unowned no more."""
    return {
        "institution": data["institution"],
        "assigned_at": data["assigned_at"],
        "status": "assigned",
        "unowned_since": None,
    }


def _failed(data: Mapping[str, Any]) -> Columns:
    """Nobody could take it; it is unowned until it is assigned."""
    return {
        "institution": data["institution"],
        "unowned_since": data["unowned_since"],
        "status": "received",
    }


def _promised(data: Mapping[str, Any]) -> Columns:
    """Another due time counts; what was overdue by the one before is so no more, until it is again."""
    return {"due_at": data["due_at"], "overdue": False}


def _moved(data: Mapping[str, Any]) -> Columns:
    return {"status": data["status"]}


def _escalated(data: Mapping[str, Any]) -> Columns:
    return {"escalated": True} if data["cause"] in _BY_TIME else {}


_SAYS: Mapping[Reads, Saying] = {
    events.COMPLAINT_RECEIVED: _received,
    events.COMPLAINT_ASSIGNED: _assigned,
    events.ASSIGNMENT_FAILED: _failed,
    events.PROMISE_SET: _promised,
    events.PROMISE_MOVED: _promised,
    events.COMPLAINT_ESCALATED: _escalated,
    **dict.fromkeys(events.MOVES, _moved),
}
#: What a fact of a type says.
OF_FACT = {reads.key: saying for reads, saying in _SAYS.items()}
#: The column in which facts of a type are counted.
COUNTED = {
    events.NOTIFICATION_DELIVERED.key: "notices_delivered",
    events.NOTIFICATION_FAILED.key: "notices_failed",
}


def fold(facts: Iterable[Event]) -> list[Columns]:
    """One row for each complaint: its `complaint_id`, what is said of it, and the names of that as `said`. Counts are to be added."""
    rows: dict[Any, Columns] = {}
    for fact in facts:
        row = rows.setdefault(fact.data["complaint_id"], {})
        if fact.key in COUNTED:
            row[COUNTED[fact.key]] = row.get(COUNTED[fact.key], 0) + 1
        else:
            row |= OF_FACT[fact.key](fact.data)
    return [row | {"complaint_id": complaint, "said": list(row)} for complaint, row in rows.items() if row]
