"""The months of the event log: made ahead, and dropped when they are old and a setting says so."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import sqlalchemy
from sqlalchemy import text


def partition_statements(now: datetime, months: int) -> Iterable[str]:
    """DDL of the partitions of this month and the following ones; what exists is left alone."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(months):
        following = (first + timedelta(days=32)).replace(day=1)
        yield (
            f"CREATE TABLE IF NOT EXISTS outbox_{first:%Y_%m} PARTITION OF outbox "
            f"FOR VALUES FROM ('{first:%Y-%m-%d} 00:00+00') TO ('{following:%Y-%m-%d} 00:00+00')"
        )
        first = following


def drop_old_partitions(connection: sqlalchemy.Connection, now: datetime, keep_months: int) -> list[str]:
    """Drops months of the log that ended more than `keep_months` full months ago, and returns their names.

    A month in which anything is still unpublished stays, however old it is.
    """
    month = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - keep_months
    oldest_kept = f"outbox_{month // 12:04}_{month % 12 + 1:02}"
    names = connection.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass('outbox') AND c.relname ~ '^outbox_[0-9]{4}_[0-9]{2}$' ORDER BY 1"
        )
    ).scalars()
    dropped = []
    for name in [name for name in names if name < oldest_kept]:
        waiting = f"SELECT EXISTS (SELECT FROM {name} WHERE published_at IS NULL)"  # noqa: S608 - from the catalogue.
        if not connection.exec_driver_sql(waiting).scalar_one():
            connection.exec_driver_sql(f"DROP TABLE {name}")
            dropped.append(name)
    return dropped
