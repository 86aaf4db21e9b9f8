"""What an officer is not told after all: because the complaint is directed against their side, or because another has the case now.

A message that waits becomes `withheld` in the transaction that handles the fact. One that waits for nothing is asked about once more
where messages are claimed (outbound.py): a try that was under way and failed is not repeated to who was excluded meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.chassis import database
from services.chassis.event import dump
from services.notification import metrics
from services.notification.message import WITHHELD
from services.notification.template import OF_WHO_HAS_IT

_RESTRICT = text(
    """
    INSERT INTO restriction AS r (complaint_id, sequence, officers, persons)
    SELECT n.complaint_id, n.sequence, n.officers, n.persons FROM json_to_recordset(CAST(:rows AS json)) AS n (
        complaint_id uuid, sequence integer, officers text[], persons text[])
    ON CONFLICT (complaint_id) DO UPDATE
    SET sequence = excluded.sequence, officers = excluded.officers, persons = excluded.persons
    WHERE r.sequence < excluded.sequence
    """
)
_EXCLUDED = text(
    """
    UPDATE message m SET state = 'withheld', reason = 'excluded', finished_at = :now
    FROM restriction r
    WHERE r.complaint_id = ANY(CAST(:ids AS uuid[])) AND m.complaint_id = r.complaint_id
      AND split_part(m.recipient, ':', 2) = ANY(r.officers) AND m.state IN ('awaiting_recipient', 'pending', 'retry')
    RETURNING m.channel, m.template
    """
)
_REASSIGNED = text(
    """
    UPDATE message m SET state = 'withheld', reason = 'reassigned', finished_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:holders AS text[])) AS n (complaint_id, holder)
    WHERE m.complaint_id = n.complaint_id AND m.recipient IS DISTINCT FROM n.holder AND m.template = ANY(:templates)
      AND m.state IN ('awaiting_recipient', 'pending', 'retry')
    RETURNING m.channel, m.template
    """
)
_SHUT_OUT = text(
    "SELECT EXISTS (SELECT FROM restriction WHERE complaint_id = :complaint_id AND :reader = ANY(persons))"
)


def restrict(
    connection: Connection, said: Sequence[tuple[str, int, Mapping[str, Any]]], now: datetime
) -> None:
    """Keeps (complaint id, sequence, `officers` and `persons` by id), one of a complaint, in place of what was said before."""
    rows = [
        {"complaint_id": complaint_id, "sequence": sequence}
        | {name: list(content[name]) for name in ("officers", "persons")}
        for complaint_id, sequence, content in said
    ]
    if rows:
        connection.execute(_RESTRICT, {"rows": dump(rows)})
        excluded(connection, [complaint_id for complaint_id, _, _ in said], now)


def excluded(connection: Connection, complaint_ids: Iterable[str], now: datetime) -> None:
    """Withholds what waits to be told to officers against whose side the complaints are directed."""
    ids = sorted(set(complaint_ids))
    if ids:
        count(connection, connection.execute(_EXCLUDED, {"ids": ids, "now": now}).all())


def reassigned(connection: Connection, holders: Mapping[str, str | None], now: datetime) -> None:
    """Withholds what waits to be told to officers who had the cases. `holders`: who has each complaint now, None for nobody."""
    if holders:
        ids = sorted(holders)
        values = {
            "ids": ids,
            "holders": [holders[each] for each in ids],
            "templates": list(OF_WHO_HAS_IT),
            "now": now,
        }
        count(connection, connection.execute(_REASSIGNED, values).all())


def shut_out(connection: Connection, complaint_id: str, reader: str) -> bool:
    """Whether a complaint is directed against the reader in person."""
    wanted = {"complaint_id": complaint_id, "reader": reader}
    return bool(connection.execute(_SHUT_OUT, wanted).scalar_one())


def count(connection: Connection, rows: Iterable[Row[Any]]) -> None:
    """Counts withheld messages once the transaction is committed."""
    tally = Counter((row.channel, row.template, WITHHELD) for row in rows)
    if tally:
        database.after_commit(connection, lambda: metrics.count_messages(tally))
