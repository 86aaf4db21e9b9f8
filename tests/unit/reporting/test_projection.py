"""What the facts of a batch say together."""

import pytest

from services.reporting import events, projection
from tests.integration.reporting.facts import assigned, fact, failed, moved, promised, received, some_id


def row(*facts) -> dict:
    """The one row that they are folded into, without the names."""
    (folded,) = projection.fold(facts)
    assert set(folded.pop("said")) == folded.keys() - {"complaint_id"}
    return folded


def test_the_last_word_counts_and_what_is_said_by_others_stays():
    one = some_id()
    folded = row(
        failed(one),
        received(one),
        assigned(one),
        fact("ReplyApproved", one, status="answered"),
        promised(one),
        moved(one),
    )
    assert folded["status"] == "answered"
    assert folded["unowned_since"] is None
    assert folded["institution"] == "MWI"
    assert folded["due_at"] == moved(one).data["due_at"]
    assert folded["governorate"] == "JO-AM"
    assert (folded["service"], folded["rights"], folded["rights_codes"]) == (True, False, [])


def test_notices_are_counted():
    one = some_id()
    folded = row(*(fact(f"Notification{what}", one) for what in ("Delivered", "Failed", "Delivered")))
    assert (folded["notices_delivered"], folded["notices_failed"]) == (2, 1)


def test_each_complaint_has_one_row():
    one, other = some_id(), some_id()
    rows = projection.fold([received(one), received(other), promised(one)])
    assert sorted(str(each["complaint_id"]) for each in rows) == sorted([one, other])


@pytest.mark.parametrize(("cause", "said"), [("promise", True), ("unowned", True), ("holder_away", False)])
def test_raised_is_what_was_raised_because_time_had_passed(cause, said):
    assert (
        any(
            each["escalated"]
            for each in projection.fold([fact("ComplaintEscalated", some_id(), cause=cause)])
        )
        == said
    )


def test_every_fact_that_is_read_says_something():
    assert {reads.key for reads in events.READ} == projection.OF_FACT.keys() | projection.COUNTED.keys()
