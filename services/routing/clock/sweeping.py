"""The sweep of the clock: urgent cases first, the others in chunks, a transaction each; one that cannot be looked at stops no other."""

from datetime import datetime, timedelta

from services.chassis import database, logs
from services.routing import metrics, snapshot
from services.routing.cases.step import Keys
from services.routing.clock import approving, timers
from services.routing.clock import store as store_timers
from services.routing.clock.timers import Swept
from services.routing.events import SOURCE

LATER = timedelta(minutes=10)
"""When a case is tried again that could not be looked at."""

log = logs.get()


def sweep(*, now: datetime, keys: Keys, chunk: int, most: int) -> int:
    """Looks at what is due until nothing is, or people were told of some `most` cases; of how many they were."""
    _look_at_people(now, keys)
    told = 0
    while told < most:
        # Whatever else is late: what somebody must have seen within minutes is never behind it.
        for urgent in (True, False):
            swept = _chunk(now, keys, chunk, urgent=urgent)
            told += swept.told
        if swept.looked < chunk:
            break
    return told


def _look_at_people(now: datetime, keys: Keys) -> None:
    """Whoever went, or cannot approve any more, brings cases forward. Where that fails, what time alone decides is not late for it."""
    for look in (_who_is_away, _who_may_approve):
        try:
            look(now, keys)
        except Exception as error:
            if database.is_away(error):
                raise
            log.error("people_not_looked_at", look=look.__name__, error=database.safe_text(error))
            metrics.timers_failed_total.inc()


def _who_is_away(now: datetime, _keys: Keys) -> None:
    """What was raised to somebody who is away by now is looked at again. Who went when does not matter: as a rule nothing is found."""
    with database.transaction(SOURCE) as connection:
        moment = store_timers.earlier(connection, now)
        store_timers.look_at_held_by(connection, snapshot.current(connection).away(moment), moment)


def _who_may_approve(now: datetime, keys: Keys) -> None:
    with database.transaction(SOURCE) as connection:
        approving.look_again(connection, now=store_timers.earlier(connection, now), key=keys.notification)


def _chunk(now: datetime, keys: Keys, limit: int, *, urgent: bool) -> Swept:
    try:
        with database.transaction(SOURCE) as connection:
            moment = store_timers.earlier(connection, now)
            return timers.sweep(connection, now=moment, keys=keys, limit=limit, urgent=urgent)
    except Exception as error:
        if database.is_away(error):
            raise
    return _one_by_one(now, keys, limit, urgent=urgent)


def _one_by_one(now: datetime, keys: Keys, limit: int, *, urgent: bool) -> Swept:
    """One of the chunk made it fail: the others are looked at all the same, and that one later."""
    with database.transaction(SOURCE) as connection:
        due = store_timers.due(connection, store_timers.earlier(connection, now), limit, urgent=urgent)
    told = 0
    for complaint_id in due:
        try:
            with database.transaction(SOURCE) as connection:
                moment = store_timers.earlier(connection, now)
                swept = timers.sweep(
                    connection, now=moment, keys=keys, limit=1, urgent=urgent, only=complaint_id
                )
            told += swept.told
        except Exception as error:
            if database.is_away(error):
                raise
            log.error("case_not_looked_at", complaint_id=complaint_id, error=database.safe_text(error))
            metrics.timers_failed_total.inc()
            with database.transaction(SOURCE) as connection:
                store_timers.put_off(connection, complaint_id, now + LATER)
    return Swept(len(due), told)
