"""Each fact moves a complaint to the cells where it stands now, and every question finds it there."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from services.chassis import database
from services.reporting import board, handlers, kpi, store
from tests.integration.reporting.facts import (
    NOW,
    PERIOD,
    apply,
    assigned,
    differences,
    fact,
    failed,
    moved,
    promised,
    read,
    received,
    some_id,
)

#: What may be said of flags: nothing, a right without its code, and both with one code or two.
FLAGGED = (
    {},
    {"service": False, "rights": True},
    {"service": True, "rights": True, "rights_codes": ["ES-HEALTH"]},
    {"service": False, "rights": True, "rights_codes": ["CP-EQUAL", "ES-HEALTH"]},
)


def values_of(row, name: str) -> list[str]:
    """The values of a dimension that a complaint is counted under."""
    if name == "rights_code":
        return row.rights_codes
    if name in kpi.FLAGS:
        return [kpi.YES if getattr(row, name) else kpi.NO]
    return [getattr(row, name) or "-"]


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
        "escalated": 0,
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


def test_what_is_settled_is_held_by_nobody_and_owed_by_nobody(databases):
    answered, withdrawn, working = some_id(), some_id(), some_id()
    apply([received(each) for each in (answered, withdrawn, working)])
    apply([assigned(answered), assigned(working), failed(withdrawn)])
    apply([promised(each, "2026-11-19T12:00:00+00:00") for each in (answered, withdrawn, working)])
    apply([fact("CaseAccepted", working, status="accepted")])
    apply([fact("ReplyApproved", answered, status="answered")])
    apply([fact("ComplaintClosed", withdrawn, status="withdrawn")])
    answer = read()
    assert {name: answer.totals[name] for name in ("received", "assigned", "unowned", "overdue")} == {
        "received": 3,
        "assigned": 1,
        "unowned": 0,
        "overdue": 1,
    }
    assert {code: row["received"] for code, row in answer.by["status"].items() if row["received"]} == {
        "accepted": 1,
        "answered": 1,
        "withdrawn": 1,
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
    about = {"rights": True, "rights_codes": ["ES-HEALTH"]}
    apply(
        [received(one, **about), assigned(one), promised(one, due.isoformat()), received(two), promised(two)]
    )
    assert read(now=due).totals["overdue"] == 0
    before = read().by
    for name in board.BREAKDOWNS:
        assert sum(row["overdue"] for row in before[name].values()) == 1
    with database.transaction("reporting") as connection:
        assert handlers.mark_overdue(connection, now=NOW) == 1
        assert handlers.mark_overdue(connection, now=NOW) == 0
    assert read().by == before
    assert differences() == []
    # A promise that moved takes it back, and is overdue again when it has passed.
    apply([moved(one)])
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
                **chance.choice(FLAGGED),
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
            expected = Counter(value for row in rows for value in values_of(row, name))
            got = {code: row["received"] for code, row in answer.by[name].items() if row["received"]}
            assert got == expected, (filters, name)


def test_a_complaint_is_counted_by_each_of_its_rights_and_flags_wherever_it_goes(databases):
    ids = [some_id() for _ in FLAGGED]
    apply([received(each, **flags) for each, flags in zip(ids, FLAGGED, strict=True)])
    for number, body in enumerate((None, "MOH", "MWI")):
        if body is not None:
            apply([assigned(each, body) for each in ids])
        answer = read(**({"institution": body} if body else {}))
        for figure, expected in (("received", 1), ("assigned", min(number, 1))):
            by = {name: {code: row[figure] for code, row in rows.items()} for name, rows in answer.by.items()}
            assert by["rights_code"] == {"CP-EQUAL": expected, "ES-HEALTH": 2 * expected}
            assert by["service"] == {"yes": 2 * expected, "no": 2 * expected}
            assert by["rights"] == {"yes": 3 * expected, "no": expected}
            assert answer.totals[figure] == 4 * expected
    assert not any(row["received"] for row in read(institution="MOH").by["rights_code"].values())
    assert differences() == []


def test_a_question_bears_figures_that_drifted(databases):
    one = some_id()
    apply([received(one), promised(one, "2026-11-01T00:00:00Z")])
    databases.rows("reporting", "DELETE FROM figure")
    answer = read()
    assert (answer.totals["received"], answer.totals["overdue"]) == (0, 1)
    assert answer.by["governorate"]["JO-AM"]["overdue"] == 1
