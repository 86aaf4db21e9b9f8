"""What becomes of a complaint, on a real database."""

from collections import Counter
from datetime import datetime, timedelta

import psycopg2
import pytest

from services.chassis import database
from services.chassis.clock import new_id
from services.chassis.contract import Fact
from services.chassis.seal import unseal
from services.routing import events, handlers, seed, snapshot, store
from services.routing.directory import handlers as handlers_directory
from services.routing.service import RoutingService
from tests.unit.routing.conftest import NOW, received


def absent(routing, institution):
    routing.rows("UPDATE officer SET present = false WHERE institution = %(code)s", {"code": institution})


def test_a_complaint_gets_an_officer_of_the_right_body_and_a_promise(routing, keys):
    event = received(category="municipal.waste", governorate="JO-AM")
    routing.receive([event])
    assigned, promised = routing.facts()
    assert (assigned.type, assigned.sequence, assigned.scope) == ("ComplaintAssigned", 1, "GAM")
    assert (promised.type, promised.sequence, promised.scope) == ("PromiseSet", 2, "GAM")
    assert {assigned.cause, promised.cause} == {event.id}
    assert assigned.data["institution_name"] == {
        "ar": "أمانة عمان الكبرى",
        "en": "Greater Amman Municipality",
    }
    assert assigned.data["rule_id"] == "municipal.waste@JO-AM#1"
    assert promised.data["working_days"] == 10
    assert promised.data["due_at"] == "2026-12-07T12:00:00+00:00"
    (officer,) = routing.rows(
        "SELECT name_ar, email, phone FROM officer WHERE institution = 'GAM' AND id = %(id)s",
        {"id": assigned.data["officer_id"]},
    )
    opened = unseal(keys["SEAL_PRIVATE_KEY"], assigned.data["sealed"])
    assert opened == {"name": officer[0], "email": officer[1], "phone": officer[2], "language": "ar"}
    assert officer[1] not in str(assigned.data)


def test_the_case_and_its_history_say_the_same_as_the_facts(routing):
    event = received()
    routing.receive([event])
    assigned, promised = routing.facts()
    ((status, institution, officer, reason, due, unowned, version),) = routing.rows(
        "SELECT status, institution, officer_id::text, reason, due_at, unowned_since, version FROM cases"
    )
    assert (status, institution, officer, reason) == (
        "assigned",
        "WAJ",
        assigned.data["officer_id"],
        "least_loaded",
    )
    assert due == datetime.fromisoformat(promised.data["due_at"])
    assert (unowned, version) == (None, 2)
    history = routing.rows("SELECT number, action, actor, details FROM case_event ORDER BY number")
    assert [row[:3] for row in history] == [(1, "assigned", "system"), (2, "promised", "system")]
    assert history[0][3]["officer"] == officer


def test_praise_is_given_to_an_officer_and_promises_nothing(routing):
    routing.receive([received(kind="praise")])
    assert [fact.type for fact in routing.facts()] == ["ComplaintAssigned"]
    assert routing.rows("SELECT due_at, working_days, version FROM cases") == [(None, None, 1)]
    assert routing.rows("SELECT sum(open), sum(ever) FROM officer_load") == [(0, 1)]


def test_the_term_is_a_row_and_not_a_constant(routing):
    routing.rows("INSERT INTO kind_term VALUES ('question', '2026-11-01', 2, 1)")
    routing.receive([received(kind="question")])
    assert routing.facts()[1].data["due_at"] == "2026-11-25T12:00:00+00:00"


def test_a_holiday_that_is_announced_counts_from_the_next_complaint_on(routing):
    routing.receive([received(kind="question")])
    routing.rows("INSERT INTO holiday VALUES ('2026-11-24', 'عطلة', 'Snow')")
    routing.receive([received(kind="question")])
    first, second = (fact.data["due_at"] for fact in routing.facts() if fact.type == "PromiseSet")
    assert (first, second) == ("2026-11-30T12:00:00+00:00", "2026-12-01T12:00:00+00:00")


def test_saying_it_twice_opens_one_case(routing):
    event = received()
    again = received(complaint_id=event.subject)
    routing.receive([event, again])
    routing.receive([again])
    assert len(routing.facts()) == 2
    assert routing.rows("SELECT count(*) FROM cases") == [(1,)]
    assert routing.rows("SELECT sum(open), sum(ever) FROM officer_load") == [(1, 1)]


def test_a_batch_is_spread_evenly(routing):
    routing.receive([received() for _ in range(200)])
    ((least, most, total),) = routing.rows(
        "SELECT min(l.open), max(l.open), sum(l.open) FROM officer_load l JOIN officer o ON o.id = l.officer_id "
        "WHERE o.institution = 'WAJ'"
    )
    assert total == 200
    assert most - least <= 1
    by_officer = Counter(
        fact.data["officer_id"] for fact in routing.facts() if fact.type == "ComplaintAssigned"
    )
    assert max(by_officer.values()) == most


def test_a_batch_is_as_one_after_the_other(routing, databases):
    """The same complaints in one batch and one by one get the same officers."""
    complaints = [received(language="en" if number % 3 else "ar") for number in range(40)]
    with database.engine("routing").connect() as connection:
        handlers.receive(connection, complaints, now=NOW, seal_key=_key())
        in_batch = _choices(connection)
        connection.rollback()
    for each in complaints:
        routing.receive([each])
    with database.transaction("routing") as connection:
        assert _choices(connection) == in_batch


def test_who_speaks_the_language_takes_it(routing):
    routing.receive([received(language="en") for _ in range(60)])
    spoken = routing.rows(
        "SELECT DISTINCT 'en' = ANY(o.languages) FROM cases c JOIN officer o ON o.id = c.officer_id"
    )
    assert spoken == [(True,)]


def test_without_a_rule_it_is_unowned_and_promised_all_the_same(routing):
    event = received(category="space.travel")
    routing.receive([event])
    failed, promised = routing.facts()
    assert (failed.type, failed.scope, promised.type, promised.scope) == (
        "AssignmentFailed",
        "-",
        "PromiseSet",
        "-",
    )
    (head,) = routing.rows("SELECT encode(hash, 'hex') FROM case_event ORDER BY number DESC LIMIT 1")[0]
    assert failed.data == {
        "history_hash": head,
        "complaint_id": event.subject,
        "institution": None,
        "reason": "no_rule",
        "unowned_since": "2026-11-23T09:00:00+00:00",
    }
    assert routing.rows("SELECT status, officer_id, unowned_since FROM cases") == [("received", None, NOW)]


def test_when_an_officer_comes_back_the_unowned_case_is_given_out(routing):
    absent(routing, "WAJ")
    event = received()
    routing.receive([event])
    assert [(fact.type, fact.scope) for fact in routing.facts()] == [
        ("AssignmentFailed", "WAJ"),
        ("PromiseSet", "WAJ"),
    ]
    later = NOW + timedelta(minutes=5)
    assert routing.retry(later) == (0, None)
    assert len(routing.facts()) == 2, "nothing changed, so there is nothing to say"

    ((back,),) = routing.rows(
        "SELECT id::text FROM officer WHERE institution = 'WAJ' AND rank = 'sub' ORDER BY id LIMIT 1"
    )
    with database.transaction("routing") as connection:
        changed = handlers_directory.set_presence(connection, back, True, actor="c", now=later)
        assert changed["present_since"] == later
    assert routing.retry(later) == (1, None)
    found = routing.facts()[-1]
    assert (found.type, found.sequence, found.data["officer_id"]) == ("ComplaintAssigned", 3, back)
    assert found.data["reason"] == "only_officer"
    assert routing.rows(
        "SELECT status, officer_id::text, unowned_since, assigned_at, version FROM cases"
    ) == [("assigned", back, None, later, 3)]
    assert [row[0] for row in routing.rows("SELECT action FROM case_event ORDER BY number")] == [
        "assignment_failed",
        "promised",
        "assigned",
    ]
    assert routing.rows("SELECT open, ever FROM officer_load WHERE open > 0") == [(1, 1)]
    assert routing.retry(later) == (0, None)


def test_a_rule_that_comes_late_says_whose_it_is_even_when_nobody_is_there(routing):
    event = received(category="space.travel")
    routing.receive([event])
    absent(routing, "MOT")
    routing.rows("INSERT INTO rule VALUES ('space.travel#1', 'space.travel', NULL, 'MOT', 10, '2026-11-01')")
    routing.retry(NOW + timedelta(hours=1))
    again = routing.facts()[-1]
    assert (again.type, again.scope, again.data["reason"]) == ("AssignmentFailed", "MOT", "no_officer")
    assert again.data["unowned_since"] == "2026-11-23T09:00:00+00:00", "the clock goes on"
    routing.retry(NOW + timedelta(hours=2))
    assert len(routing.facts()) == 3


def test_the_sweep_goes_through_everything_in_chunks_and_leaves_out_what_another_has(routing):
    absent(routing, "WAJ")
    routing.receive([received() for _ in range(25)])
    routing.rows("UPDATE officer SET present = true WHERE institution = 'WAJ'")
    with database.transaction("routing") as other:
        held = {row.complaint_id for row in store.lock_unowned(other, None, 5)}
        after, found = None, 0
        while True:
            owned, after = routing.retry(after=after, limit=7)
            found += owned
            if after is None:
                break
        assert found == 20
    left = {
        row[0] for row in routing.rows("SELECT complaint_id::text FROM cases WHERE unowned_since IS NOT NULL")
    }
    assert left == {str(each) for each in held}
    assert routing.retry()[0] == 5


def test_the_unowned_are_counted_with_the_age_of_the_oldest(routing):
    with database.transaction("routing") as connection:
        assert store.unowned_figures(connection, NOW) == (0, 0.0)
    absent(routing, "WAJ")
    routing.receive([received()])
    routing.receive([received()], now=NOW + timedelta(seconds=60))
    with database.transaction("routing") as connection:
        assert store.unowned_figures(connection, NOW + timedelta(seconds=90)) == (2, 90.0)


def test_history_is_only_added_to(routing):
    routing.receive([received()])
    for statement in ("UPDATE case_event SET actor = 'x'", "DELETE FROM case_event", "TRUNCATE case_event"):
        with pytest.raises(psycopg2.Error, match="only added to"):
            routing.rows(statement)


def test_seeding_again_changes_nothing_and_keeps_what_an_operator_changed(routing):
    # Brings the holidays up to today first, which may be years after the day on which this database was filled.
    seed.seed()
    routing.rows("UPDATE institution SET name_en = 'Renamed' WHERE code = 'MOH'")
    before = [
        routing.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("rule", "officer", "holiday")
    ]
    assert seed.seed() == "63 bodies, 70 units, 87 rules, 300 officers, 126 approvers and heads"
    assert before == [
        routing.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("rule", "officer", "holiday")
    ]
    assert routing.rows("SELECT name_en FROM institution WHERE code = 'MOH'") == [("Renamed",)]


def test_the_calendar_grows_by_itself_and_keeps_what_was_moved(routing):
    routing.rows("DELETE FROM holiday WHERE day = '2026-12-25'")
    routing.rows("DELETE FROM holiday WHERE day >= '2029-01-01'")
    with database.transaction("routing") as connection:
        assert seed.extend_holidays(connection, NOW) == [2029]
        assert seed.extend_holidays(connection, NOW) == []
        assert seed.extend_holidays(connection, NOW.replace(year=2027)) == [2030]
    found = [day.isoformat() for (day,) in routing.rows("SELECT day FROM holiday")]
    assert "2026-12-25" not in found
    assert {"2026-05-25", "2029-12-25", "2030-12-25"} <= set(found)


def test_the_directory_is_read_again_only_when_a_row_changed(routing):
    def current():
        with database.transaction("routing") as connection:
            return snapshot.current(connection)

    first = current()
    assert current() is first
    calendar = ("holiday", "working_hours", "kind_term")
    people = ("institution", "unit", "rule", "officer", "officer_leave", "certificate", "on_call")
    for table in (*people, *calendar):
        before = current()
        routing.rows(f"DELETE FROM {table} WHERE false")
        assert current() is not before, table


def test_the_schedule_of_the_service_gives_out_what_was_unowned(routing, environment):
    environment({"UNOWNED_CHUNK": "3"})
    absent(routing, "WAJ")
    routing.receive([received() for _ in range(10)])
    routing.rows("UPDATE officer SET present = true WHERE institution = 'WAJ'")
    RoutingService().retry_unowned()
    assert routing.rows("SELECT count(*) FROM cases WHERE unowned_since IS NOT NULL") == [(0,)]
    assert Counter(fact.type for fact in routing.facts())["ComplaintAssigned"] == 10


def test_a_real_roster_is_never_mixed_with_the_invented_one(routing):
    routing.rows(
        "DELETE FROM officer_load; DELETE FROM certificate; DELETE FROM officer WHERE institution <> 'MOH'"
    )
    assert seed.seed().endswith("approvers and heads")
    assert routing.rows("SELECT DISTINCT institution FROM officer") == [("MOH",)]


def test_facts_carry_no_personal_data(routing):
    routing.receive([received(category="space.travel"), received()])
    people = routing.rows("SELECT name_ar, name_en, email, phone FROM officer")
    said = str([fact.data for fact in routing.facts()])
    assert not [value for person in people for value in person if value in said]


def test_a_fact_that_breaks_its_contract_is_found_before_anything_is_stored(routing):
    fact = {"complaint_id": new_id(), "due_at": NOW, "working_days": 0, "set_at": NOW}
    with pytest.raises(ValueError, match="working_days"):
        events.PROMISE_SET.new(new_id(), fact)
    assert isinstance(events.PROMISE_SET.new(new_id(), {**fact, "working_days": 1}), Fact)


def _key() -> str:
    import os

    return os.environ["SEAL_PUBLIC_KEY"]


def _choices(connection) -> dict[str, str]:
    rows = connection.exec_driver_sql("SELECT complaint_id::text, officer_id::text FROM cases").all()
    return dict(tuple(row) for row in rows)
