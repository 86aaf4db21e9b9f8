"""Lists of work read a range of an index, in its order, and no more of it than a page: however many cases are stored."""

from datetime import UTC, datetime

import pytest

from services.chassis import database
from services.routing import seed
from services.routing.desks import store_worklist, views
from services.routing.desks.store_worklist import Wanted
from services.routing.desks.views import Reader

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
COUNT = 40_000
AFTER = ("2026-11-20T00:00:00+00:00", "018f3c1e-0000-7000-8000-000000000009")

# Three in four are over. Of the others some are in each state, a few with each trait that a list is made of.
_FILL = """
    INSERT INTO cases (complaint_id, kind, category, governorate, language, status, institution, officer_id, reason, load, received_at,
                       assigned_at, unowned_since, due_at, working_days, version, urgent, receiver, transfers,
                       escalation_level, escalated_to, escalated_at)
    SELECT gen_random_uuid(), 'complaint', 'water.outage', 'JO-AM', 'ar', s.status, o.institution,
           CASE WHEN s.status <> 'received' THEN o.id END, 'least_loaded', 1, s.at, s.at,
           CASE WHEN s.status = 'received' THEN s.at END, s.at + interval '14 days', 10, 2, mod(n, 500) = 20,
           CASE WHEN s.status = 'in_transfer' THEN 'MOH' END, CASE WHEN s.status = 'in_transfer' THEN 1 + mod(n, 3) ELSE 0 END,
           CASE WHEN mod(n, 400) = 24 THEN 1 + mod(n, 3) ELSE 0 END, CASE WHEN mod(n, 400) = 24 AND mod(n, 3) < 2 THEN o.id END,
           CASE WHEN mod(n, 400) = 24 THEN s.at END
    FROM (
        SELECT n, CAST(%(now)s AS timestamptz) - n * interval '1 minute' AS at, CASE
            WHEN mod(n, 4) > 0 THEN 'closed' WHEN mod(n, 200) = 0 THEN 'received' WHEN mod(n, 200) = 4 THEN 'in_transfer'
            WHEN mod(n, 200) = 8 THEN 'disputed' WHEN mod(n, 40) = 12 THEN 'reply_proposed' WHEN mod(n, 40) = 16 THEN 'awaiting_complainant'
            WHEN mod(n, 8) = 0 THEN 'accepted' ELSE 'assigned' END AS status
        FROM generate_series(1, %(count)s) n
    ) s
    JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS nth, id, institution FROM officer WHERE rank IN ('main', 'sub')) o
      ON o.nth = mod(s.n / 4, (SELECT count(*) FROM officer WHERE rank IN ('main', 'sub')))
"""


@pytest.fixture
def reader(databases):
    """reader(part…) → somebody of the body of the first officer, in a database with many cases."""
    with database.transaction("routing") as connection:
        seed.fill(connection, NOW)
        connection.exec_driver_sql(_FILL, {"now": NOW, "count": COUNT})
        who, institution = connection.exec_driver_sql(
            "SELECT officer_id::text, institution FROM cases WHERE status = 'assigned' LIMIT 1"
        ).one()
    databases.rows("routing", "ANALYZE")

    def made(*parts: str) -> Reader:
        nation = views.COORDINATOR in parts
        return Reader(who, frozenset(parts), None if nation else institution)

    return made


def plan(statement, **settings: str) -> str:
    """How PostgreSQL goes about a query."""
    with database.transaction("routing") as connection:
        for name, value in settings.items():
            connection.exec_driver_sql(f"SET LOCAL {name} = {value}")
        compiled = statement.compile(connection.engine, compile_kwargs={"literal_binds": True})
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {compiled}"))


def faults(statement, index: str) -> str:
    """What is wrong with the plan of a list. A range of a few dozen cases may be fetched first and put in order then: so it is asked twice,
    for all that must never be, and without that way for the index that gives the order.
    """
    free, ordered = plan(statement), plan(statement, enable_bitmapscan="off")
    wrong = "Seq Scan on cases" in free or "Sort" in ordered or f"using {index} " not in ordered
    return f"{free}\n{ordered}" if wrong else ""


OFFICER, MAIN, APPROVER = (views.OFFICER,), (views.OFFICER, views.MAIN), (views.APPROVER,)
HEAD, COORDINATOR = (views.HEAD,), (views.COORDINATOR,)


@pytest.mark.parametrize("after", [None, AFTER])
def test_a_list_is_a_range_of_an_index(reader, after):
    lists = (
        (OFFICER, None, None, "cases_open"),
        (OFFICER, None, "accepted", "cases_by_state"),
        (OFFICER, None, "closed", "cases_settled"),
        (OFFICER, views.MINE, None, "cases_of_officer"),
        (OFFICER, views.OVERDUE, None, "cases_of_officer"),
        (OFFICER, views.DUE_TODAY, None, "cases_of_officer"),
        (OFFICER, views.WAITING_FOR_ME, None, "cases_of_officer"),
        (OFFICER, views.AWAITING_COMPLAINANT, None, "cases_by_state"),
        (OFFICER, views.INCOMING, None, "cases_incoming"),
        (OFFICER, views.URGENT, None, "cases_urgent_of"),
        (MAIN, views.TEAM, None, "cases_open"),
        (HEAD, views.URGENT, None, "cases_urgent_of"),
        (COORDINATOR, views.URGENT, None, "cases_urgent"),
        (HEAD, views.ESCALATED, None, "cases_escalated"),
        (COORDINATOR, views.ESCALATED, None, "cases_escalated_highest"),
        (MAIN, views.TO_APPROVE, None, "cases_by_state"),
        (HEAD, views.TO_APPROVE, None, "cases_escalated"),
        (COORDINATOR, views.TO_APPROVE, None, "cases_escalated_highest"),
        (APPROVER, views.OVERDUE, None, "cases_open"),
        (HEAD, views.AWAITING_COMPLAINANT, None, "cases_by_state"),
        (COORDINATOR, views.OVERDUE, None, "cases_due"),
        (COORDINATOR, views.DUE_TODAY, None, "cases_due"),
        (COORDINATOR, views.UNOWNED, None, "cases_unowned"),
        (COORDINATOR, views.DISPUTED, None, "cases_disputed"),
        (COORDINATOR, views.ARBITER, None, "cases_arbiter"),
    )
    wrong = {}
    for parts, view, state, index in lists:
        who = reader(*parts)
        wanted = Wanted(view, views.scope(who, view, None, None), {}, state)
        if found := faults(store_worklist.listed(wanted, who, views.times(NOW), after, 51), index):
            wrong[parts, view, state] = found
    assert not wrong, "\n\n".join(f"{key}\n{value}" for key, value in wrong.items())


def test_what_is_no_range_of_an_index_is_seen(reader):
    from sqlalchemy import select

    from services.routing.store import cases

    looked_for = select(cases).where(cases.c.kind == "question").order_by(cases.c.reason).limit(51)
    assert "Seq Scan on cases" in plan(looked_for)
    assert faults(looked_for, "cases_open")
    in_order = select(cases).where(cases.c.institution == reader(*HEAD).institution).order_by(cases.c.due_at)
    assert faults(in_order.limit(51), "cases_open")


def test_counting_looks_at_no_more_than_it_counts(reader):
    who = reader(*COORDINATOR)
    with database.transaction("routing") as connection:
        lists = {
            view: Wanted(view, views.scope(who, view, None, None), {}) for view in views.COUNTED_NATIONALLY
        }
        found = store_worklist.counts(connection, lists, who, views.times(NOW))
    assert found[views.OVERDUE] == store_worklist.COUNTED + 1
    assert 0 < found[views.UNOWNED] <= store_worklist.COUNTED
