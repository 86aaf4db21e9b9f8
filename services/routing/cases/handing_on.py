"""The bodies that have ended: what they have is handed on, a chunk per transaction, until nothing is left."""

from datetime import datetime

from sqlalchemy import Connection, Row

from services.chassis import database, logs
from services.routing import snapshot
from services.routing.assigning.assignment import Assigned
from services.routing.cases import actions, succeeding
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.cases.step import Keys, Step
from services.routing.cases.writing import CLOCK

log = logs.get()


def hand_on(
    connection: Connection, after: str | None, *, now: datetime, keys: Keys, limit: int
) -> str | None:
    """Hands on up to `limit` cases behind the id `after`; where to go on, None at the end.

    It does not matter when somebody looks: what a body that has ended has is found by what the rows say.
    """
    known = snapshot.current(connection)
    ended = [code for code in known.bodies if known.heir(code, now) != code]
    if not ended:
        return None
    rows = store_cases.lock_of_bodies(connection, ended, t.WORKED_ON, after, limit)
    for row in rows:
        try:
            with connection.begin_nested():
                _hand_on(connection, row, now, keys)
        except Exception as error:
            # One that cannot be handed on stops no other.
            if database.is_away(error) or database.has_lost(error):
                raise
            log.error(
                "case_not_handed_on", complaint_id=str(row.complaint_id), error=database.safe_text(error)
            )
    return str(rows[-1].complaint_id) if len(rows) == limit else None


def _hand_on(connection: Connection, case: Row, now: datetime, keys: Keys) -> None:
    (row, *_) = t.named(t.allowed(case.status, CLOCK.roles, ()), "succeed")
    outcome, _ = succeeding.outcome_of(Step(connection, case, row, {}, CLOCK, now, keys))
    found = "officer" if isinstance(outcome, Assigned) else "nobody"
    actions.act(
        connection,
        str(case.complaint_id),
        "succeed",
        {"found": found},
        CLOCK,
        version=None,
        now=now,
        keys=keys,
    )
