"""Waits until everything that was accepted has gone all its way."""

import time
from typing import Any

from tests.chaos.rules import PRODUCERS, READERS

#: States of a message in which something is still to happen.
UNSETTLED = ("awaiting_recipient", "pending", "sending", "retry")

_QUESTIONS = {
    **{
        f"unpublished facts of {service}": f"SELECT count(*) FROM {service}.outbox WHERE published_at IS NULL"
        for service in PRODUCERS
    },
    **{
        f"facts of {source} that {reader} has not finished": f"""
            SELECT (SELECT count(*) FROM {source}.outbox)
                 - (SELECT count(*) FROM {reader}.inbox WHERE source = '{source}' AND status NOT IN ('waiting', 'retry'))"""
        for reader, sources in READERS.items()
        for source in sources
    },
    "messages under way": f"SELECT count(*) FROM notification.message WHERE state IN {UNSETTLED}",
    "SMS without a receipt": "SELECT count(*) FROM notification.message WHERE state = 'sent' AND channel = 'sms'",
    "unowned cases of bodies with somebody present": """
        SELECT count(*) FROM routing.cases WHERE unowned_since IS NOT NULL
        AND institution IN (SELECT institution FROM routing.officer WHERE present AND rank IN ('main', 'sub'))""",
}
#: A receipt that was lost with a connection never comes; no rule needs it.
_OPTIONAL = "SMS without a receipt"


# One statement and so one snapshot: between two questions a fact could slip from what was not asked yet to what was asked already.
_ALL = " UNION ALL ".join(f"SELECT '{name}', ({question})" for name, question in _QUESTIONS.items())


def left(connection: Any) -> dict[str, int]:
    """What is not finished yet, by name; empty when everything is quiet."""
    with connection.cursor() as cursor:
        cursor.execute(_ALL)
        return {name: number for name, number in cursor.fetchall() if number}


def wait(connection: Any, seconds: float, patience: float = 5.0) -> tuple[float, dict[str, int]]:
    """(how long it took, what is left). Ends when nothing is left, or only what may never come and has not moved for `patience`."""
    start = moved = time.monotonic()
    before: dict[str, int] = {}
    while True:
        found = left(connection)
        now = time.monotonic()
        if found != before:
            before, moved = found, now
        optional = set(found) <= {_OPTIONAL} and now - moved > patience
        if not found or optional or now - start > seconds:
            return now - start, found
        time.sleep(0.3)
