"""Circulars that come late: which promises move, and what is said of it."""

import threading
from datetime import date, datetime, time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis import database
from services.chassis.clock import new_id
from services.routing import handlers, snapshot
from services.routing.deadlines import promises
from services.routing.deadlines import store as store_calendar
from services.routing.service import RoutingService
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.deadlines.circulars import LATER, due, recompute, record, said, stretch, withdraw


def test_a_circular_that_comes_late_moves_what_it_concerns_and_says_so(routing):
    here, there = received(governorate="JO-AJ"), received(governorate="JO-AM")
    praise = received(governorate="JO-AJ", kind="praise")
    routing.receive([here, there, praise])
    identity = record(said(scope="governorate", code="JO-AJ"))
    assert recompute() == (1, 1)
    (moved,) = [fact for fact in routing.facts() if fact.type == "PromiseMoved"]
    assert (moved.subject, moved.sequence, moved.scope) == (here.subject, 3, "WAJ")
    assert {name: value for name, value in moved.data.items() if name != "history_hash"} == {
        "complaint_id": here.subject,
        "due_at": "2026-12-08T12:00:00+00:00",
        "previous_due_at": "2026-12-07T12:00:00+00:00",
        "cause": "calendar",
        "moved_at": LATER.isoformat(),
    }
    before, after = (datetime.fromisoformat(moved.data[name]) for name in ("previous_due_at", "due_at"))
    assert routing.rows(
        "SELECT due_at, version FROM cases WHERE governorate = 'JO-AJ' AND kind <> 'praise'"
    ) == [(after, 3)]
    assert routing.rows(
        "SELECT complaint_id::text, number, at, due_before, due_after, cause, override_id::text FROM promise_change"
    ) == [(here.subject, 3, LATER, before, after, "calendar", identity)]
    ((number, action, actor, details),) = routing.rows(
        "SELECT number, action, actor, details FROM case_event WHERE action = 'promise_moved'"
    )
    assert (number, action, actor) == (3, "promise_moved", "system")
    assert details == {
        "due_at": after.isoformat(),
        "previous_due_at": before.isoformat(),
        "cause": "calendar",
    }


def test_a_case_that_comes_after_the_circular_is_promised_by_it(routing):
    record(said(scope="institution", code="WAJ"))
    routing.receive([received(), received(category="health.waiting")])
    recompute()
    assert [fact.type for fact in routing.facts()].count("PromiseMoved") == 0
    assert due(routing) == [
        datetime.fromisoformat("2026-12-08T12:00:00+00:00"),
        datetime.fromisoformat("2026-12-07T12:00:00+00:00"),
    ]


def test_what_moves_no_promise_is_told_to_nobody(routing):
    routing.receive([received()])
    # A day after the promise, a day that is off already, and hours that are the usual ones.
    record(said(first=date(2026, 12, 8)))
    record(said(first=date(2026, 11, 27)))
    record(said("hours", date(2026, 11, 24), date(2026, 12, 20), opens=time(8), closes=time(15)))
    assert recompute() == (2, 0)
    assert len(routing.facts()) == 2
    assert routing.rows("SELECT count(*) FROM promise_change") == [(0,)]


def test_other_hours_move_the_hour_and_a_day_off_that_is_worked_moves_it_nearer(routing):
    routing.receive([received()])
    record(said("hours", date(2026, 12, 1), date(2026, 12, 31), opens=time(9), closes=time(14)))
    record(said("open", date(2026, 11, 28), opens=time(9), closes=time(12)))
    recompute()
    assert due(routing) == [datetime.fromisoformat("2026-12-06T11:00:00+00:00")]


def test_withdrawing_takes_it_back(routing):
    routing.receive([received()])
    before = due(routing)
    identity = record(said())
    recompute()
    assert due(routing) != before
    assert withdraw(identity) is True
    assert withdraw(identity) is False
    assert withdraw(new_id()) is None
    recompute()
    assert due(routing) == before
    assert [row[0] for row in routing.rows("SELECT cause FROM promise_change")] == ["calendar", "calendar"]


def test_saying_it_again_changes_nothing(routing):
    identity = record(said())
    assert record(said()) == identity
    assert routing.rows("SELECT count(*) FROM recompute_job") == [(1,)]
    withdraw(identity)
    assert record(said()) != identity
    assert routing.rows("SELECT count(*) FROM recompute_job") == [(3,)]


def test_a_place_that_nobody_knows_is_refused(routing):
    for wanted in (
        said(scope="institution", code="JO-AM"),
        said(scope="governorate", code="MOH"),
    ):
        with pytest.raises(promises.UnknownPlace):
            record(wanted)
    assert routing.rows("SELECT count(*) FROM recompute_job") == [(0,)]


_circulars = st.lists(
    st.builds(
        said,
        effect=st.just("closed"),
        first=st.dates(date(2026, 11, 20), date(2026, 12, 12)),
        scope=st.just("nation"),
    )
    | st.builds(
        said,
        effect=st.sampled_from(["hours", "open"]),
        first=st.dates(date(2026, 11, 20), date(2026, 12, 12)),
        scope=st.just("governorate"),
        code=st.sampled_from(["JO-AJ", "JO-IR"]),
        opens=st.just(time(9)),
        closes=st.sampled_from([time(12), time(14)]),
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_circulars.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_order_in_which_circulars_arrive_does_not_matter(routing, keys, orders):
    """The same complaints end with the same promises, and with those that they would get if they came only now."""
    ends = []
    for order in orders:
        with database.engine("routing").connect() as connection:
            try:
                ends.append(_promises_after(connection, order, keys["SEAL_PUBLIC_KEY"]))
            finally:
                connection.rollback()
    assert ends[0] == ends[1]


def _promises_after(connection, order, seal_key) -> list[datetime]:
    complaints = [
        received(governorate=place, kind=kind)
        for place in ("JO-AJ", "JO-AM")
        for kind in ("complaint", "question")
    ]
    handlers.receive(connection, complaints, now=NOW, seal_key=seal_key)
    for wanted in order:
        promises.record_override(connection, wanted, by="c", now=LATER, override_id=new_id(), job_id=new_id())
        while promises.recompute(connection, now=LATER) is not None:
            pass
    known = snapshot.current(connection)
    found = []
    for event in complaints:
        (row,) = store_calendar.lock_cases(connection, [event.subject])
        place = (row.governorate, row.institution)
        assert row.due_at == known.due(row.received_at, row.working_days, None, place)
        found.append(row.due_at)
    return found


def test_it_goes_on_where_it_was(routing):
    routing.receive([received() for _ in range(25)])
    record(said())
    with database.engine("routing").connect() as connection:
        promises.recompute(connection, now=LATER, length=10)
        connection.rollback()
    assert routing.rows("SELECT seen, moved, after FROM recompute_job") == [(0, 0, None)]
    assert stretch(10) == (10, 10)
    assert recompute(10) == (15, 15)
    assert routing.rows("SELECT seen, moved, finished_at FROM recompute_job") == [(25, 25, LATER)]
    assert routing.rows("SELECT DISTINCT version FROM cases") == [(3,)]
    assert stretch() is None


def test_the_service_does_all_that_is_to_be_done(routing):
    routing.receive([received(governorate=place) for place in ("JO-AJ", "JO-AM")])
    record(said())
    record(said(first=date(2026, 11, 25), scope="governorate", code="JO-AM"))
    RoutingService().recompute_promises()
    assert routing.rows("SELECT seen, moved FROM recompute_job ORDER BY id") == [(2, 2), (1, 0)]
    assert sorted(due(routing)) == [
        datetime.fromisoformat("2026-12-08T12:00:00+00:00"),
        datetime.fromisoformat("2026-12-09T12:00:00+00:00"),
    ]


def test_a_stretch_that_ends_with_the_last_case_ends_the_work(routing):
    routing.receive([received() for _ in range(10)])
    record(said())
    assert recompute(5) == (10, 10)
    assert routing.rows("SELECT moved FROM recompute_job WHERE finished_at IS NOT NULL") == [(10,)]


def test_a_circular_waits_for_those_who_still_count_without_it(routing):
    """Else a case that is counted by the old calendar could be written behind the back of the recomputation."""
    begun, done = threading.Event(), threading.Event()

    def circular():
        begun.set()
        record(said())
        done.set()

    with database.transaction("routing") as connection:
        snapshot.steady(connection)
        other = threading.Thread(target=circular)
        other.start()
        assert begun.wait(10)
        assert not done.wait(0.2)
    assert done.wait(10)
    other.join()
