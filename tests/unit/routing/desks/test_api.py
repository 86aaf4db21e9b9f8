"""The lists of work and what lies on a desk, over HTTP, with signed actors."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.actor import Actor
from services.chassis.clock import now
from tests.unit.routing.conftest import officer_of, received
from tests.unit.routing.desk import REPLY, Desk

COORDINATOR = Actor("c", frozenset({"coordinator"}))


def signed_in(who, *roles: str) -> Actor:
    """The account of an officer of the directory."""
    return officer_of("WAJ", who.id, *roles)


@pytest.fixture
def call(call):
    """call(actor, path, method, body, language) → the answer."""
    return lambda who, path, method="GET", body=None, language="en": call(who, method, path, body, language)


@pytest.fixture
def ids(call):
    """ids(actor, query) → the complaints of a list."""

    def send(who: Actor, query: str) -> list[str]:
        answer = call(who, f"/staff/worklist?{query}")
        assert answer.status_code == 200, answer.json
        return [each["complaint_id"] for each in answer.json["items"]]

    return send


@pytest.fixture
def desk(routing, keys):
    return Desk(routing, keys)


@pytest.fixture
def in_time(routing):
    """in_time(): has nothing be late. What is filed on a day of the calendar is, as soon as these tests run long after it."""

    def send() -> None:
        routing.rows("UPDATE cases SET due_at = %(at)s", {"at": now() + timedelta(days=9)})

    return send


def test_a_list_comes_in_pages_first_due_first(call, routing):
    kinds = ("complaint", "question", "praise", "complaint", "question")
    routing.receive([received(kind=kind) for kind in kinds] + [received(category="health.waiting")])
    seen, after = [], ""
    while after is not None:
        page = call(officer_of("WAJ"), f"/staff/worklist?limit=2{after and f'&after={after}'}").json
        seen += page["items"]
        after = page["next"]
    assert [each["kind"] for each in seen] == ["question", "question", "complaint", "complaint", "praise"]
    assert len({each["complaint_id"] for each in seen}) == 5
    assert seen[0]["officer_name"].keys() == {"ar", "en"}
    assert seen[0]["progress"]["by_the_clock"] is False
    assert seen[-1]["progress"] is None


def test_the_lists_by_state_and_of_what_comes_in(call, ids, routing, keys):
    answered, passed = Desk(routing, keys), Desk(routing, keys)
    answered.answer()
    passed.act("transfer", institution="MOH", reason="x")
    waj, moh = officer_of("WAJ"), officer_of("MOH")
    assert ids(waj, "") == [passed.id]
    assert ids(waj, "state=answered") == [answered.id]
    assert ids(waj, "state=in_transfer") == [passed.id]
    assert ids(waj, f"state=answered&officer_id={answered.case.officer_id}") == [answered.id]
    assert ids(moh, "") == []
    assert ids(moh, "incoming=true") == ids(moh, "view=incoming") == [passed.id]
    assert ids(COORDINATOR, "institution=WAJ") == [passed.id]
    assert call(moh, f"/staff/cases/{passed.id}").status_code == 200
    refused = ((moh, "institution=WAJ"), (COORDINATOR, ""), (waj, "after=xyz"), (waj, "state=lost"))
    for who, query in (
        *refused,
        (waj, "view=team"),
        (waj, "view=all"),
        (officer_of("WAJ", "h", "head"), "view=mine"),
    ):
        answer = call(who, f"/staff/worklist?{query}", language="ar")
        assert (answer.status_code, len(answer.json["errors"])) == (422, 1)


def test_an_officer_sees_the_own_desk_and_the_main_officer_the_whole(ids, call, desk):
    holder = str(desk.case.officer_id)
    own, other = officer_of("WAJ", holder), officer_of("WAJ", "018f3c1e-0000-7000-8000-000000000009")
    assert ids(own, "view=mine") == ids(own, "view=waiting_for_me") == [desk.id]
    assert ids(other, "view=mine") == ids(officer_of("WAJ"), "view=mine") == []
    main = signed_in(desk.main)
    mine = [desk.id] if holder == desk.main.id else []
    assert ids(main, "view=mine") == mine
    assert ids(main, "view=team") == ids(main, f"view=team&officer_id={holder}") == [desk.id]
    assert ids(officer_of("WAJ", "m", "officer", "main_officer"), "view=team") == [desk.id]
    for role in ("head", "approver"):
        assert ids(officer_of("WAJ", "x", role), "view=team&category=water.outage") == [desk.id]
    assert ids(main, "view=team&category=water.leak") == []
    elsewhere = str(desk.staff("sub", "MOH").id)
    for who, query in ((main, ""), (main, "view=team&"), (COORDINATOR, "institution=WAJ&"), (own, "")):
        answer = call(who, f"/staff/worklist?{query}officer_id={elsewhere}")
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "officer_id")
    assert ids(main, "view=team&governorate=JO-AM") == []


def test_what_waits_for_an_officer(ids, call, desk):
    own = officer_of("WAJ", str(desk.case.officer_id))

    def waiting():
        return ids(own, "view=waiting_for_me")

    assert waiting() == [desk.id]
    desk.act("accept")
    assert waiting() == []
    desk.act("ask", question="?")
    assert ids(own, "view=awaiting_complainant") == [desk.id]
    assert waiting() == []
    desk.said("answer_question", message="018f3c1e-0000-7000-8000-000000000009")
    assert waiting() == [desk.id]
    (item,) = call(own, "/staff/worklist?view=waiting_for_me").json["items"]
    assert item["waiting"] == "answered"
    desk.act("propose_reply", **REPLY)
    assert waiting() == []
    desk.act("return_reply", desk.approver, reason="x")
    assert waiting() == [desk.id]
    desk.act("interim_reply", summary="x", expected_at=desk.now + timedelta(days=1))
    assert waiting() == []
    desk.act("propose_reply", **REPLY)
    desk.act("return_reply", desk.approver, reason="x")
    desk.said("withdraw")
    assert waiting() == []
    assert desk.case.waiting is None


def test_replies_are_approved_by_another_than_their_author(ids, call, desk, in_time):
    desk.act("accept")
    desk.act("propose_reply", desk.main, **REPLY)
    approver = officer_of("WAJ", "a", "approver")
    assert ids(approver, "view=to_approve") == [desk.id]
    assert ids(signed_in(desk.main), "view=to_approve") == []
    assert ids(officer_of("MOH", "a", "approver"), "view=to_approve") == []
    in_time()
    seen = call(approver, "/staff/desk").json
    assert (seen["counts"]["to_approve"], seen["next_reason"]) == (1, "to_approve")
    assert seen["next"]["complaint_id"] == desk.id


def test_the_coordinator_s_lists(ids, call, routing, keys, desk, in_time):
    routing.receive(
        [received(category="nobody.answers"), received(category="nobody.answers", kind="question")]
    )
    unowned = [
        each
        for (each,) in routing.rows(
            "SELECT complaint_id::text FROM cases WHERE status = 'received' ORDER BY unowned_since, complaint_id"
        )
    ]
    desk.answer()
    desk.said("dispute")
    passed = Desk(routing, keys)
    for institution, by in (("MOH", passed.main), ("WAJ", None), ("MOH", passed.main)):
        passed.act("transfer", by or passed.staff("main", "MOH"), institution=institution, reason="x")
        if institution == "MOH" and passed.case.transfers < 3:
            passed.act("accept_transfer", passed.staff("main", "MOH"))
        elif passed.case.transfers < 3:
            passed.act("accept_transfer", passed.main)
    assert ids(COORDINATOR, "view=unowned") == unowned
    first = call(COORDINATOR, "/staff/worklist?view=unowned&limit=1").json
    assert ids(COORDINATOR, f"view=unowned&after={first['next']}") == unowned[1:]
    assert ids(COORDINATOR, "view=disputed") == [desk.id]
    assert ids(COORDINATOR, "view=disputed&institution=MOH") == []
    assert ids(COORDINATOR, "view=arbiter") == [passed.id]
    in_time()
    seen = call(COORDINATOR, "/staff/desk").json
    assert seen["counts"] == {
        "unowned": 2,
        "urgent": 0,
        "overdue": 0,
        "arbiter": 1,
        "disputed": 1,
        "to_approve": 0,
        "escalated": 0,
    }
    assert (seen["next_reason"], seen["next"]["complaint_id"]) == ("unowned", unowned[0])


def test_what_is_due_today_and_what_is_late(ids, call, desk, routing):
    own = officer_of("WAJ", str(desk.case.officer_id))
    moment = now()

    def due(at: datetime):
        routing.rows(
            "UPDATE cases SET due_at = %(at)s WHERE complaint_id = %(id)s", {"at": at, "id": desk.id}
        )
        return ids(own, "view=overdue"), ids(own, "view=due_today")

    end = datetime.fromisoformat(f"{moment.astimezone(UTC):%Y-%m-%d}T21:00:00+00:00")
    end += timedelta(days=1) if moment >= end else timedelta()
    assert due(moment - timedelta(seconds=1)) == ([desk.id], [])
    assert due(end - timedelta(milliseconds=1)) == ([], [desk.id])
    assert due(end) == ([], [])
    due(moment - timedelta(days=1))
    seen = call(own, "/staff/desk").json
    assert (seen["counts"]["mine"], seen["counts"]["overdue"], seen["next_reason"]) == (1, 1, "overdue")
    assert seen["next"]["progress"]["minutes_left"] <= 0
    assert ids(COORDINATOR, "view=overdue") == [desk.id]
    assert ids(officer_of("WAJ", "h", "head"), "view=overdue") == [desk.id]
    # What waits for the complainant is not the next thing to do, however late.
    desk.act("accept")
    desk.act("ask", question="?")
    due(moment - timedelta(days=1))
    assert call(own, "/staff/desk").json["next"] is None


def test_what_is_urgent_comes_first_and_rights_are_told_apart(ids, call, desk, routing, keys):
    urgent = Desk(routing, keys, urgent=True, urgent_ground="child_danger", rights=True, service=False)
    own = officer_of("WAJ", str(urgent.case.officer_id))
    for who in (own, officer_of("WAJ", "h", "head"), COORDINATOR):
        assert ids(who, "view=urgent") == [urgent.id]
        seen = call(who, "/staff/desk").json
        assert (seen["counts"]["urgent"], seen["next_reason"]) == (1, "urgent")
        assert (seen["next"]["urgent"], seen["next"]["rights"], seen["next"]["service"]) == (
            True,
            True,
            False,
        )
    assert seen["next"]["progress"]["by_the_clock"] is True
    assert ids(officer_of("MOH", "h", "head"), "view=urgent") == []
    waj = officer_of("WAJ")
    assert ids(waj, "rights=true") == ids(waj, "urgent=true") == [urgent.id]
    assert ids(waj, "rights=false") == ids(waj, "urgent=false") == [desk.id]
    assert ids(COORDINATOR, "view=urgent&rights=false") == []


def test_what_is_raised_to_somebody_is_theirs_to_decide(ids, call, desk, routing):
    head = officer_of("WAJ", str(desk.staff("head").id), "head")
    raised = """UPDATE cases SET escalation_level = %(level)s, escalated_to = CAST(%(to)s AS uuid), escalated_at = now()
                WHERE complaint_id = %(id)s"""
    for level, holder, other in ((1, signed_in(desk.main), head), (2, head, signed_in(desk.main))):
        routing.rows(raised, {"level": level, "to": holder.id, "id": desk.id})
        assert ids(holder, "view=escalated") == [desk.id]
        assert ids(other, "view=escalated") == ids(COORDINATOR, "view=escalated") == []
        seen = call(holder, "/staff/desk").json
        assert (seen["counts"]["escalated"], seen["next_reason"]) == (1, "escalated")
        assert seen["next"]["escalation_level"] == level
    routing.rows(raised, {"level": 3, "to": None, "id": desk.id})
    assert ids(head, "view=escalated") == []
    assert (
        ids(COORDINATOR, "view=escalated") == ids(COORDINATOR, "view=escalated&institution=WAJ") == [desk.id]
    )
    assert ids(COORDINATOR, "view=escalated&institution=MOH") == []
    routing.rows("UPDATE cases SET escalated_at = NULL")
    assert ids(COORDINATOR, "view=escalated") == []


def test_a_list_that_is_narrowed_down_goes_on_where_it_stopped_looking(call, routing, monkeypatch):
    from services.routing.desks import store_worklist

    monkeypatch.setattr(store_worklist, "SCANNED", 4)
    routing.receive([received(governorate="JO-IR") for _ in range(9)] + [received(governorate="JO-KA")])
    seen, pages, after = [], 0, ""
    while after is not None:
        page = call(officer_of("WAJ"), f"/staff/worklist?governorate=JO-KA{after and f'&after={after}'}").json
        seen += page["items"]
        pages, after = pages + 1, page["next"]
    assert len(seen) == 1
    assert pages == 3


def test_counting_ends_at_a_thousand(call, routing, in_time, monkeypatch):
    from services.routing.desks import store_worklist

    monkeypatch.setattr(store_worklist, "COUNTED", 3)
    routing.receive([received() for _ in range(5)])
    in_time()
    seen = call(officer_of("WAJ", "h", "head"), "/staff/desk").json
    assert (seen["counts"]["overdue"], seen["more"]) == (0, [])
    routing.rows("UPDATE cases SET due_at = now() - interval '1 day'")
    seen = call(officer_of("WAJ", "h", "head"), "/staff/desk").json
    assert (seen["counts"]["overdue"], seen["more"]) == (3, ["overdue"])


def test_who_belongs_to_no_body_has_an_empty_desk(call):
    nobody = Actor("o", frozenset({"officer"}))
    seen = call(nobody, "/staff/desk").json
    assert (set(seen["counts"].values()), seen["next"]) == ({0}, None)
    assert call(Actor("p", frozenset({"public"})), "/staff/desk").status_code == 403
