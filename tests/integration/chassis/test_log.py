"""The event log is kept in months: they are made ahead, and dropped only when a setting says so and nothing in them waits."""

from datetime import UTC, datetime

import pytest

from services.chassis import database, outbox, partitions
from tests.support.toy import PINGED

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def log(embedded_toys):
    """Months from January to November, each with one published fact but for March, whose fact is not."""
    with database.transaction("pinger") as connection:
        for statement in partitions.partition_statements(datetime(2026, 1, 15, tzinfo=UTC), months=12):
            connection.exec_driver_sql(statement)
        for month in range(1, 12):
            fact = PINGED.new(
                f"00000000-0000-0000-0000-0000000000{month:02}", {"number": month, "mood": "good"}
            )
            outbox.record(connection, [fact], source="pinger", now=datetime(2026, month, 5, tzinfo=UTC))
        rows = [row for row in outbox.fetch_unpublished(connection, 100) if row.recorded_at.month != 3]
        outbox.mark_published(connection, rows, NOW)
    return embedded_toys


def months(toys) -> list[int]:
    return [
        row[0]
        for row in toys.rows("pinger", "SELECT extract(month FROM recorded_at)::int FROM outbox ORDER BY 1")
    ]


def test_old_months_are_dropped_and_one_that_waits_stays(log):
    with database.transaction("pinger") as connection:
        dropped = partitions.drop_old_partitions(connection, NOW, keep_months=6)
    assert dropped == ["outbox_2026_01", "outbox_2026_02", "outbox_2026_04"]
    assert months(log) == [3, 5, 6, 7, 8, 9, 10, 11]


def test_a_year_is_crossed(log):
    with database.transaction("pinger") as connection:
        dropped = partitions.drop_old_partitions(connection, datetime(2027, 1, 2, tzinfo=UTC), keep_months=2)
    assert dropped[-1] == "outbox_2026_10"


def test_facts_of_every_month_are_in_a_partition_of_its_own(log):
    places = log.rows("pinger", "SELECT DISTINCT tableoid::regclass::text FROM outbox")
    assert len(places) == 11
    assert all("rest" not in place for (place,) in places)
