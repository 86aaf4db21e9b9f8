"""What the tests of the clock share: looks at what is due, and what was told."""

from datetime import UTC, datetime

from services.chassis import database
from services.routing.cases.step import Keys, Who
from services.routing.clock import timers
from services.routing.clock.timers import Swept
from services.routing.history import store as store_history
from services.routing.history.chain import verify

# The case of the desk comes on Monday the 23rd of November at noon in Amman: three hours of work are left on that day.
IDLE = datetime(2026, 11, 25, 12, tzinfo=UTC)
DUE = datetime(2026, 12, 7, 12, tzinfo=UTC)
HALF = datetime(2026, 12, 2, 12, tzinfo=UTC)
CLOCK = ("ComplaintEscalated", "CaseDueSoon", "CaseOverdue", "EscalationAnswered", "ComplaintAssigned")


def told(desk, kinds=CLOCK, since=2) -> list[tuple]:
    """(type, level or step, holder) of the facts about the case that came after the first ones."""
    return [
        (
            fact.type,
            fact.data.get("level", fact.data.get("step", fact.data.get("decision"))),
            fact.data.get("holder_id"),
        )
        for fact in desk.routing.facts(desk.id)[since:]
        if fact.type in kinds
    ]


def whole(desk) -> None:
    """The history is unbroken and as long as the case's version says."""
    with database.transaction("routing") as connection:
        ((version, lines),) = store_history.whole(connection, [desk.id]).values()
    assert verify(desk.id, lines, version).wrong == ()


def through(desk, until, limit=100) -> int:
    """Looks whenever something is due, up to a moment; how often."""
    for count in range(limit):
        moment = desk.routing.rows("SELECT min(check_at) FROM cases")[0][0]
        if moment is None or moment > until:
            return count
        desk.sweep(max(moment, desk.now))
    raise AssertionError("it goes on for ever")


def head_of(desk, institution="WAJ") -> Who:
    found = desk.staff("head", institution)
    return Who(found.id, frozenset({"head"}), institution)


def sweep(keys, now, limit=100, urgent=False) -> Swept:
    """One look of all that is due, as the service has it."""
    with database.transaction("routing") as connection:
        return timers.sweep(
            connection,
            now=now,
            keys=Keys(keys["SEAL_PUBLIC_KEY"], keys["INTAKE_SEAL_PUBLIC_KEY"]),
            limit=limit,
            urgent=urgent,
        )
