"""A body that ends, and the one that goes on: in the rules, for new complaints, for transfers, and on the public list."""

from datetime import date, timedelta

import pytest

from services.chassis import database
from services.chassis.clock import now
from services.routing import snapshot
from services.routing.assigning.assignment import Need
from services.routing.cases.step import Refused
from services.routing.directory.files import handlers as handlers_import
from services.routing.directory.files.sheet import read_csv
from services.routing.directory.succession import Service, heir
from tests.unit.routing.conftest import NOW, received
from tests.unit.routing.desk import Desk

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
