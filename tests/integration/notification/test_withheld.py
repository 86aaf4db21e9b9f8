"""What an officer is not told after all: the complaint is directed against their side, or another has it now."""

from collections import Counter

import pytest

from services.chassis import actor, seal
from services.chassis.clock import new_id, now
from services.chassis.subscriber import Permanent
from services.notification import api, metrics, sending
from services.notification.outcome import Later, Patience
from tests.support.notices import NIGHT_IS_OFF, OFFICER, Facts, handle
from tests.support.poll import until


@pytest.fixture
def told(rows):
    """told(officer): their messages as (template, state, reason), counted."""
    statement = "SELECT template, state, reason FROM message WHERE recipient = 'officer:{}'"
    return lambda officer: Counter(rows(statement.format(officer)))


def claim():
    return sending.claim("email", limit=100, now=now(), quiet=NIGHT_IS_OFF)


def withheld(template: str) -> float:
    return metrics.messages_total.labels("email", template, "withheld")._value.get()


def test_what_waits_when_somebody_is_accused_does_not_reach_them(facts, told, start, states, outside):
    fact = facts()
    accused, before = fact.officer, withheld("officer_assigned")
    handle(fact.received(), fact.assigned())
    handle(fact.restricted(accused))
    assert told(accused) == {("officer_assigned", "withheld", "excluded"): 1}
    assert withheld("officer_assigned") == before + 1
    start()
    until(lambda: states()["email sent"] == 2, 20)
    assert OFFICER["email"] not in {mail["to"] for mail in outside.smtp.received.list()}
    assert told(accused) == {("officer_assigned", "withheld", "excluded"): 1}


def test_nor_what_was_under_way_and_has_to_be_tried_again(facts, told):
    fact = facts()
    accused, before = fact.officer, withheld("officer_assigned")
    handle(fact.assigned())
    (under_way,) = claim()
    handle(fact.restricted(accused))
    # Nobody can call it back.
    assert told(accused) == {("officer_assigned", "sending", None): 1}
    verdict = sending.result(
        under_way, Later("smtp_451", delay=0), now=now(), patience=Patience(), jitter=0.5
    )
    sending.record([verdict], now=now())
    assert told(accused) == {("officer_assigned", "retry", "smtp_451"): 1}
    assert claim() == []
    assert told(accused) == {("officer_assigned", "withheld", "excluded"): 1}
    assert withheld("officer_assigned") == before + 1


def test_nor_what_happens_later_until_they_are_cleared(facts, told):
    fact = facts()
    other, accused = new_id(), fact.officer
    handle(fact.assigned(), fact.restricted(accused, other, sequence=2))
    handle(fact.due_soon(), fact.escalated(other))
    assert told(accused) == {
        ("officer_assigned", "withheld", "excluded"): 1,
        ("officer_due_soon", "withheld", "excluded"): 1,
        ("officer_escalated", "withheld", "excluded"): 1,
    }
    assert told(other) == {("holder_escalated", "withheld", "excluded"): 1}
    # Of others they are told, and others of it.
    elsewhere = facts()
    elsewhere.officer = accused
    handle(elsewhere.assigned())
    fact.officer = new_id()
    handle(fact.assigned())
    assert told(accused)["officer_assigned", "pending", None] == 1
    assert told(fact.officer) == {("officer_assigned", "pending", None): 1}

    handle(fact.restricted(other, sequence=4))
    # Out of date.
    handle(fact.restricted(accused, other, sequence=3))
    handle(fact.due_soon(accused))
    assert told(accused)["officer_due_soon", "pending", None] == 1
    assert told(accused)["officer_due_soon", "withheld", "excluded"] == 1
    assert {each.recipient for each in claim()} == {f"officer:{accused}", f"officer:{fact.officer}"}


def test_who_has_lost_the_case_is_not_told_that_they_have_it(facts, told):
    fact, head = facts(), new_id()
    first = fact.officer
    handle(fact.received(), fact.assigned(), fact.due_soon(), fact.escalated(head))
    fact.officer = new_id()
    handle(fact.assigned())
    assert told(first) == {
        ("officer_assigned", "withheld", "reassigned"): 1,
        ("officer_due_soon", "withheld", "reassigned"): 1,
        ("officer_escalated", "withheld", "reassigned"): 1,
    }
    assert told(head) == {("holder_escalated", "pending", None): 1}
    assert told(fact.officer) == {("officer_assigned", "pending", None): 1}
    handle(fact.unowned())
    assert told(fact.officer) == {("officer_assigned", "withheld", "reassigned"): 1}
    # And back: what is new is told.
    fact.officer = first
    handle(fact.assigned())
    assert told(first)["officer_assigned", "pending", None] == 1


def test_what_cannot_be_opened_is_parked(keys, facts):
    stranger = Facts({"SEAL_PUBLIC_KEY": seal.new_keys()[1]})
    with pytest.raises(Permanent, match="restriction_unreadable"):
        handle(stranger.restricted(new_id()))


def test_staff_see_what_was_withheld_and_the_accused_sees_nothing(facts, keys):
    fact, accused = facts(), new_id()
    handle(fact.assigned(), fact.restricted(fact.officer, accused, persons=[accused]))
    client = api.create_notification_app().test_client()

    def seen(who: actor.Actor):
        asking = {"Authorization": f"Bearer {actor.sign(who, 'notification', now())}"}
        answer = client.get(f"/staff/complaints/{fact.complaint}/notices", headers=asking)
        assert answer.status_code == 200
        return Counter((each["template"], each["state"], each["reason"]) for each in answer.json["items"])

    role = frozenset({"coordinator"})
    found = seen(actor.Actor("somebody", role))
    assert found["officer_assigned", "withheld", "excluded"] == 1
    assert seen(actor.Actor("an-account", role, {"officer_id": fact.officer})) == found
    assert seen(actor.Actor("an-account", role, {"officer_id": accused})) == Counter()
    assert seen(actor.Actor(accused, role)) == Counter()
