"""Figures kept by differences are the figures of a recount: whatever the facts, their order, and the replicas."""

import random
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import eventlet
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis import database
from services.chassis.clock import new_id
from services.chassis.event import Event
from services.reporting import board, events, figures, handlers, kpi, store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
#: Whole months and the edges of others.
PERIOD = kpi.Period(kpi.today(NOW) - timedelta(days=100), kpi.today(NOW))
HANDLERS = {
    "ComplaintReceived": handlers.complaints_received,
    "ComplaintAssigned": handlers.complaints_assigned,
    "PromiseSet": handlers.promises_set,
    "AssignmentFailed": handlers.assignments_failed,
    "NotificationDelivered": handlers.notices_delivered,
    "NotificationFailed": handlers.notices_failed,
}
SCHEMAS = {reads.type: (reads.source, reads.schema()) for reads in events.READ}


def fact(kind: str, complaint: str, /, **data: object) -> Event:
    """An event as a handler gets it: its data loaded by reporting's own reading."""
    source, schema = SCHEMAS[kind]
    loaded = schema.load({"complaint_id": complaint, **data})
    return Event(new_id(), kind, 1, source, complaint, 1, NOW, "-", loaded, "test")


def received(complaint: str, **changes: str) -> Event:
    usual = {
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-AM",
        "channel": "web",
        "received_at": "2026-11-19T09:00:00+00:00",
    }
    return fact("ComplaintReceived", complaint, **usual | changes)


def assigned(complaint: str, institution: str = "MWI") -> Event:
    return fact(
        "ComplaintAssigned",
        complaint,
        institution=institution,
        institution_name={"ar": f"وزارة {institution}", "en": f"Ministry {institution}"},
        assigned_at="2026-11-19T09:00:01+00:00",
    )


def promised(complaint: str, due_at: str = "2026-12-03T12:00:00+00:00") -> Event:
    return fact("PromiseSet", complaint, due_at=due_at)


def failed(complaint: str, institution: str | None = None) -> Event:
    return fact(
        "AssignmentFailed", complaint, institution=institution, unowned_since="2026-11-19T09:00:01+00:00"
    )


def apply(facts: list[Event]) -> None:
    """One transaction for a batch, as the subscriber does it: one call of a handler for each type."""
    with database.transaction("reporting") as connection:
        for kind in dict.fromkeys(event.type for event in facts):
            HANDLERS[kind](connection, [event for event in facts if event.type == kind], now=NOW)


def differences() -> list[figures.Difference]:
    with database.transaction("reporting") as connection:
        return figures.recount(connection)


def read(now: datetime = NOW, **filters: str) -> board.Answer:
    with database.transaction("reporting") as connection:
        return board.read(connection, PERIOD, filters, now)


def some_id() -> str:
    return str(uuid.uuid4())


def test_a_complaint_is_counted_in_the_cell_where_it_stands_now(databases):
    one, two = some_id(), some_id()
    apply([received(one), received(two, kind="praise", governorate="JO-IR")])
    apply([assigned(one), promised(one), failed(two)])
    apply(
        [
            fact("NotificationDelivered", one),
            fact("NotificationDelivered", one),
            fact("NotificationFailed", two),
        ]
    )
    answer = read()
    assert answer.totals == {
        "received": 2,
        "assigned": 1,
        "unowned": 1,
        "promised": 1,
        "overdue": 0,
        "notices_delivered": 2,
        "notices_failed": 1,
    }
    assert {code: row["received"] for code, row in answer.by["institution"].items()} == {"MWI": 1, "-": 1}
    assert {code: row["received"] for code, row in answer.by["governorate"].items()} == {
        "JO-AM": 1,
        "JO-IR": 1,
    }
    assert {code: row["received"] for code, row in answer.by["status"].items() if row["received"]} == {
        "assigned": 1,
        "received": 1,
    }
    assert differences() == []


def test_a_fact_of_routing_may_come_before_intakes(databases):
    one = some_id()
    apply([assigned(one), promised(one)])
    assert read().totals["received"] == 0
    apply([received(one)])
    answer = read()
    assert (answer.totals["received"], answer.totals["assigned"], answer.totals["promised"]) == (1, 1, 1)
    assert answer.by["status"]["assigned"]["received"] == 1
    assert differences() == []


def test_the_day_is_the_day_in_amman(databases):
    one = some_id()
    apply([received(one, received_at="2026-11-18T21:00:00+00:00")])
    assert list(read().by_day) == [datetime(2026, 11, 19, tzinfo=UTC).date()]


def test_an_unowned_complaint_that_is_assigned_later_is_unowned_no_more(databases):
    one = some_id()
    apply([received(one), failed(one, "MOH")])
    assert read(institution="MOH").totals["unowned"] == 1
    apply([assigned(one, "MWI")])
    assert read(institution="MOH").totals["received"] == 0
    assert read(institution="MWI").totals == read().totals
    assert read().totals["unowned"] == 0
    assert differences() == []


def test_overdue_is_right_before_and_after_it_is_marked(databases):
    one, two = some_id(), some_id()
    due = NOW - timedelta(seconds=1)
    apply([received(one), assigned(one), promised(one, due.isoformat()), received(two), promised(two)])
    assert read(now=due).totals["overdue"] == 0
    for name in ("institution", "category", "governorate", "kind", "channel", "status"):
        before = read().by[name]
        assert sum(row["overdue"] for row in before.values()) == 1
    with database.transaction("reporting") as connection:
        assert handlers.mark_overdue(connection, now=NOW) == 1
        assert handlers.mark_overdue(connection, now=NOW) == 0
    assert read().by[name] == before
    assert differences() == []
    # A later promise takes it back, and a settled complaint is never overdue.
    apply([promised(one)])
    assert read().totals["overdue"] == 0
    assert differences() == []


def test_every_filter_gives_what_the_rows_give(databases):
    chance = random.Random(7)
    ids = [some_id() for _ in range(200)]
    apply(
        [
            received(
                each,
                kind=chance.choice(list(kpi.KINDS)),
                category=chance.choice(("water.outage", "health.waiting", "tax.customs")),
                governorate=chance.choice(("JO-AM", "JO-IR", "JO-AQ")),
                channel=chance.choice(list(kpi.CHANNELS)),
                received_at=(NOW - timedelta(days=chance.randrange(130), hours=9)).isoformat(),
            )
            for each in ids
        ]
    )
    apply([assigned(each, chance.choice(("MWI", "MOH"))) for each in ids[:150]])
    apply(
        [promised(each, chance.choice(("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"))) for each in ids[50:]]
    )
    with database.transaction("reporting") as connection:
        handlers.mark_overdue(connection, now=NOW, limit=20)
    values = {
        "institution": "MWI",
        "governorate": "JO-AM",
        "category": "health.waiting",
        "kind": "question",
    }
    for chosen in range(16):
        filters = {name: values[name] for bit, name in enumerate(values) if chosen >> bit & 1}
        answer = read(**filters)
        with database.transaction("reporting") as connection:
            rows = connection.execute(
                sa.select(store.complaint)
                .filter_by(**filters)
                .where(store.complaint.c.received_day.between(PERIOD.first, PERIOD.last))
            ).all()
            assert board.totals(connection, PERIOD, filters, NOW) == answer.totals
        assert answer.totals["received"] == len(rows)
        assert answer.totals["assigned"] == sum(row.assigned_at is not None for row in rows)
        assert answer.totals["overdue"] == sum(row.due_at is not None and row.due_at < NOW for row in rows)
        by_day = {day: row["received"] for day, row in answer.by_day.items() if row["received"]}
        assert by_day == Counter(row.received_day for row in rows)
        for name in board.BREAKDOWNS:
            expected = Counter(getattr(row, name) or "-" for row in rows)
            got = {code: row["received"] for code, row in answer.by[name].items() if row["received"]}
            assert got == expected, (filters, name)


STEPS = st.sampled_from(
    (
        received,
        lambda each: received(each, category="tax.customs", received_at="2026-10-30T22:30:00Z"),
        assigned,
        lambda each: assigned(each, "MOH"),
        promised,
        lambda each: promised(each, "2026-11-02T10:00:00Z"),
        failed,
        lambda each: failed(each, "MOH"),
        lambda each: fact("NotificationDelivered", each),
        lambda each: fact("NotificationFailed", each),
    )
)


def test_any_facts_in_any_order_and_batches_keep_the_figures_right(databases):
    ids = [some_id() for _ in range(4)]

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(st.tuples(STEPS, st.sampled_from(ids)), min_size=1, max_size=12), max_size=4))
    def check(batches):
        for batch in batches:
            apply([step(complaint) for step, complaint in batch])
        assert differences() == []

    check()


def test_three_replicas_neither_deadlock_nor_lose_a_count(databases):
    """Every replica holds many complaints and goes through the types of facts in another order."""
    chance = random.Random(3)
    ids = [some_id() for _ in range(300)]
    facts = [received(each, governorate=chance.choice(("JO-AM", "JO-IR"))) for each in ids]
    facts += [step(each) for each in ids for step in (assigned, promised)]
    facts += [fact("NotificationDelivered", each) for each in ids for _ in range(3)]
    chance.shuffle(facts)
    batches = [facts[start : start + 40] for start in range(0, len(facts), 40)]

    def replica(number: int) -> None:
        for batch in batches[number::3]:
            # What was applied needs no second attempt: neither deadlocks nor time limits are accepted here.
            apply(batch)

    for running in [eventlet.spawn(replica, number) for number in range(3)]:
        running.wait()
    assert differences() == []
    assert read().totals == {
        "received": 300,
        "assigned": 300,
        "unowned": 0,
        "promised": 300,
        "overdue": 0,
        "notices_delivered": 900,
        "notices_failed": 0,
    }


def test_a_recount_finds_a_wrong_figure_and_a_rebuild_mends_it(databases):
    one = some_id()
    apply([received(one), assigned(one)])
    databases.rows("reporting", "UPDATE figure SET received = received + 1 WHERE slice = 1")
    databases.rows("reporting", "DELETE FROM figure WHERE slice = 2")
    found = differences()
    assert sorted(
        (each.cell["slice"], each.kept["received"], each.counted["received"]) for each in found
    ) == [
        (1, 2, 1),
        (2, 0, 1),
    ]
    with database.transaction("reporting") as connection:
        assert handlers.audit(connection) == found
        figures.rebuild(connection)
    assert differences() == []


def test_a_sweep_leaves_what_counts(databases):
    one = some_id()
    apply([received(one)])
    apply([assigned(one)])
    before = read()
    with database.transaction("reporting") as connection:
        assert figures.sweep(connection) > 0
    after = read()
    assert after.totals == before.totals
    assert databases.rows("reporting", "SELECT count(*) FROM figure WHERE received = 0") == [(0,)]
    assert differences() == []


@pytest.mark.parametrize("name", ["complaint", "institution", "figure"])
def test_the_migration_makes_the_tables_that_the_store_declares(databases, name):
    declared = [
        (column.name, column.nullable, column.computed is not None)
        for column in store.metadata.tables[name].c
    ]
    made = databases.rows(
        "reporting",
        "SELECT column_name, is_nullable = 'YES', is_generated = 'ALWAYS' FROM information_schema.columns"
        " WHERE table_schema = 'reporting' AND table_name = %(name)s ORDER BY ordinal_position",
        {"name": name},
    )
    assert made == declared


def test_the_commands_find_and_mend_a_wrong_figure(databases):
    from click.testing import CliRunner

    from services.cli.figures import figures_group

    def run(command: str) -> tuple[int, str]:
        result = CliRunner().invoke(figures_group, [command], catch_exceptions=False)
        return result.exit_code, result.output

    apply([received(some_id()), received(some_id(), received_at="2025-12-31T23:00:00Z")])
    assert run("recount") == (0, "the figures are those of a recount\n")
    databases.rows("reporting", "UPDATE figure SET received = 7 WHERE slice = 1 AND day > '2026-11-01'")
    code, said = run("recount")
    assert code == 1
    assert "received 7 instead of 1" in said
    code, said = run("rebuild")
    assert code == 0
    assert said.splitlines()[:2] == ["2026-01: 10 cells", "2026-02: 0 cells"]
    assert run("recount")[0] == 0
