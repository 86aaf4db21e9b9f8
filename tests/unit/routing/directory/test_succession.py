"""A body that ends, and the one that goes on: in the rules, for new complaints, for transfers, and on the public list."""

from datetime import date, timedelta

import pytest

from services.chassis import database
from services.chassis.clock import now
from services.routing import snapshot
from services.routing.assigning.assignment import Need
from services.routing.cases import handing_on
from services.routing.cases import transitions as t
from services.routing.cases.step import Refused
from services.routing.directory.files import handlers as handlers_import
from services.routing.directory.files.sheet import read_csv
from services.routing.directory.presence import day_of
from services.routing.directory.succession import Service, heir
from tests.unit.routing.clock.ticking import IDLE, whole
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.desk import COORDINATOR, REPLY, Desk
from tests.unit.routing.stating import stated_as_the_table_says

LONG_AGO, END = date(2020, 1, 1), date(2026, 12, 1)
BODIES = {
    "A": Service(LONG_AGO, END, "B"),
    "B": Service(LONG_AGO, date(2027, 1, 1), "C"),
    "C": Service(LONG_AGO),
    "D": Service(LONG_AGO, END),
}


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("A", date(2026, 11, 30), "A"),
        ("A", END, "B"),
        ("A", date(2027, 1, 1), "C"),
        ("D", date(2026, 11, 30), "D"),
        ("D", END, None),
        ("NEW", END, "NEW"),
    ],
)
def test_who_answers_for_a_body_on_a_day(code, day, expected):
    assert heir(code, BODIES, day) == expected


def end(code: str, day: date, successor: str = "", version: int | None = None):
    text = f"code,kind,name_ar,name_en,valid_to,successor\n{code},authority,أ,A,{day},{successor}"
    with database.transaction("routing") as connection:
        return handlers_import.carry_out(
            connection, "institutions", read_csv(text), version=version, actor="c", now=NOW
        )


def test_from_its_last_day_on_new_complaints_go_to_the_successor(routing):
    assert end("WAJ", END, "MWI").counts()["ended"] == 1
    before, after = received(), received()
    routing.receive([before])
    routing.receive([after], now=NOW + timedelta(days=10))
    held = dict(routing.rows("SELECT complaint_id::text, institution FROM cases"))
    assert (held[before.subject], held[after.subject]) == ("WAJ", "MWI")
    assert routing.rows(
        "SELECT entity, key, after ->> 'successor' FROM directory_change ORDER BY number DESC LIMIT 1"
    ) == [("institution", "WAJ", "MWI")]


def test_a_body_that_has_cases_does_not_end_without_a_successor(routing, keys):
    desk = Desk(routing, keys)
    refused = end("WAJ", END)
    assert [(each.row, each.code) for each in refused.errors] == [(2, "institution_has_cases")]
    assert routing.rows("SELECT count(*) FROM institution WHERE valid_to IS NOT NULL") == [(0,)]
    # What it is to get counts, too.
    desk.act("transfer", institution="GAM", reason="ليست لنا.")
    assert [each.code for each in end("GAM", END).errors] == ["institution_has_cases"]
    assert end("WAJ", END, "MWI").errors == []


def test_where_nobody_succeeds_the_coordinator_has_what_comes(routing):
    assert end("WAJ", END).errors == []
    with database.transaction("routing") as connection:
        known = snapshot.current(connection)
    need = Need("water.outage", "JO-IR", "ar")
    assert known.rule(need, NOW).institution == "WAJ"
    assert known.rule(need, NOW + timedelta(days=10)) is None
    late = received()
    routing.receive([late], now=NOW + timedelta(days=10))
    assert routing.rows("SELECT status, reason FROM cases") == [("received", "no_rule")]


def test_nothing_is_transferred_to_a_body_that_has_ended(routing, keys):
    desk = Desk(routing, keys)
    assert end("GAM", END).errors == []
    desk.now = NOW + timedelta(days=20)
    with pytest.raises(Refused, match="institution_over"):
        desk.act("transfer", institution="GAM", reason="ليست لنا.")


def test_the_public_list_leaves_out_who_has_ended(routing):
    from services.routing.service import create_app

    def codes():
        from services.chassis import actor
        from services.chassis.actor import Actor

        public = actor.sign(Actor("p", frozenset({"public"})), "routing", now())
        answer = (
            create_app().test_client().get("/institutions", headers={"Authorization": f"Bearer {public}"})
        )
        return {each["code"] for each in answer.get_json()}

    assert "WAJ" in codes()
    routing.rows("UPDATE institution SET valid_to = '2026-01-01' WHERE code = 'WAJ'")
    assert "WAJ" not in codes()


# --- what it had --------------------------------------------------------------------------------


def pass_on(desk, limit=2) -> None:
    """All that the service does, in chunks."""
    after, first = None, True
    while first or after is not None:
        first = False
        with (
            stated_as_the_table_says(desk.routing, desk.id),
            database.transaction("routing") as connection,
        ):
            after = handing_on.hand_on(connection, after, now=desk.now, keys=desk.keys, limit=limit)


def over(desk, code: str = "WAJ", successor: str = "MWI") -> None:
    """The body ended this morning."""
    desk.routing.rows(
        "UPDATE institution SET valid_to = %(day)s, successor = %(heir)s WHERE code = %(code)s RETURNING 1",
        {"day": day_of(desk.now), "heir": successor or None, "code": code},
    )


def begin(desk, state: str) -> None:
    if state != t.ASSIGNED:
        desk.act("accept")
    if state == t.REPLY_PROPOSED:
        desk.act("propose_reply", **REPLY)
    if state == t.IN_TRANSFER:
        desk.act("transfer", institution="MOH", reason="ليست لنا.")


@pytest.mark.parametrize("state", [t.ASSIGNED, t.ACCEPTED, t.REPLY_PROPOSED, t.IN_TRANSFER])
def test_what_a_body_has_that_ends_is_its_successors(routing, keys, state):
    desk = Desk(routing, keys)
    others = [desk.open() for _ in range(4)]
    holder, due = str(desk.case.officer_id), desk.case.due_at
    begin(desk, state)
    pass_on(desk)
    assert (desk.case.institution, desk.case.status) == ("WAJ", state)
    over(desk)
    pass_on(desk)
    assert (desk.case.institution, desk.case.status, desk.case.due_at) == ("MWI", t.ASSIGNED, due)
    assert desk.history[-1] == "succeed"
    assert desk.fact("ComplaintAssigned").data["institution"] == "MWI"
    assert (desk.load(holder), desk.load(str(desk.case.officer_id)) > 0) == (0, True)
    assert {row[0] for row in routing.rows("SELECT institution FROM cases")} == {"MWI"}
    assert len(others) == 4
    before = desk.case.version
    pass_on(desk)
    assert desk.case.version == before
    assert "accept" in desk.allowed(desk.staff("sub", "MWI"))
    whole(desk)


def test_what_is_raised_and_not_answered_has_a_holder_in_the_successor(routing, keys):
    desk = Desk(routing, keys)
    desk.sweep(IDLE)
    assert desk.case.escalation_level == 1
    over(desk)
    pass_on(desk)
    assert desk.fact("ComplaintEscalated").data["cause"] == "another_body"
    holder = "SELECT o.institution, o.id <> c.officer_id FROM officer o JOIN cases c ON c.escalated_to = o.id"
    assert routing.rows(holder) == [("MWI", True)]
    whole(desk)


def test_what_the_complainant_is_asked_is_waited_for_and_then_handed_on(routing, keys):
    desk = Desk(routing, keys)
    desk.act("accept")
    desk.act("ask", question="متى انقطعت المياه؟")
    over(desk)
    pass_on(desk)
    assert (desk.case.status, desk.case.institution) == (t.AWAITING_COMPLAINANT, "WAJ")
    desk.said("answer_question", message="018f3c1e-0000-7000-8000-000000000009")
    pass_on(desk)
    assert (desk.case.status, desk.case.institution) == (t.ASSIGNED, "MWI")
    assert routing.rows("SELECT count(*) FROM case_pause WHERE ended_at IS NULL") == [(0,)]
    whole(desk)


def test_a_transfer_to_a_body_that_ends_comes_back(routing, keys):
    desk = Desk(routing, keys)
    holder = desk.case.officer_id
    begin(desk, t.IN_TRANSFER)
    over(desk, "MOH")
    pass_on(desk)
    assert (desk.case.status, desk.case.institution, desk.case.officer_id) == (t.ASSIGNED, "WAJ", holder)
    assert desk.case.reason == "had_it_before"
    whole(desk)


@pytest.mark.parametrize("successor", ["MWI", ""], ids=["nobody there", "no successor"])
def test_where_nobody_can_have_it_the_coordinator_has_it(routing, keys, successor):
    desk = Desk(routing, keys)
    routing.rows("UPDATE officer SET present = false WHERE institution = 'MWI' RETURNING 1")
    over(desk, successor=successor)
    pass_on(desk)
    reason = "no_officer" if successor else "no_rule"
    assert (desk.case.status, desk.case.institution, desk.case.reason) == (
        t.RECEIVED,
        successor or None,
        reason,
    )
    assert desk.case.unowned_since == desk.now
    whole(desk)
    routing.rows("UPDATE officer SET present = true WHERE institution = 'MWI' RETURNING 1")
    routing.retry(now=desk.now)
    assert desk.case.institution == (successor or None)
    assert (desk.case.status == t.ASSIGNED) is bool(successor)


def test_what_was_unowned_when_its_body_ended_finds_an_officer_of_the_successor(routing, keys):
    """Also where no rule, but somebody had decided on the body."""
    routing.rows("UPDATE officer SET present = false WHERE institution = 'WAJ' RETURNING 1")
    desk = Desk(routing, keys)
    assert desk.case.status == t.RECEIVED
    routing.rows("UPDATE cases SET rule_id = NULL RETURNING 1")
    over(desk)
    routing.rows("UPDATE officer SET present = true WHERE institution = 'WAJ' RETURNING 1")
    routing.retry(now=desk.now)
    assert (desk.case.status, desk.case.institution) == (t.ASSIGNED, "MWI")


def test_a_dispute_about_the_answer_of_a_body_that_ended_is_the_successors(routing, keys):
    desk = Desk(routing, keys)
    desk.answer()
    desk.said("dispute")
    over(desk)
    pass_on(desk)
    assert desk.case.status == t.DISPUTED
    desk.act("resolve_dispute", COORDINATOR, decision="reopened", reason="لم يُصلح شيء.")
    assert (desk.case.status, desk.case.institution) == (t.ASSIGNED, "MWI")


def test_nobody_of_a_body_that_has_ended_is_given_a_case(routing, keys):
    desk = Desk(routing, keys)
    over(desk, "MOH")
    desk.act("implicate", COORDINATOR, institution="WAJ", reason="x")
    assert desk.case.status == t.RECEIVED
    with pytest.raises(Refused, match="officer_unknown"):
        desk.act("assign", COORDINATOR, officer_id=desk.staff("sub", "MOH").id)
