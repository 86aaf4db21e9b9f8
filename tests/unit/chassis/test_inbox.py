"""What is kept of an event that has not taken effect."""

from datetime import timedelta

from services.chassis import inbox, parking, stored
from services.chassis.clock import new_id, now
from services.chassis.database import transaction
from services.chassis.event import Event


def test_a_failure_keeps_the_mark_of_what_a_person_gave_up(databases):
    event = Event(new_id(), "Made", 1, "maker", new_id(), 1, now(), "-", {"a": 1}, "a-correlation-id")
    failure = {"now": now(), "reason": "x", "handler": "made"}
    with transaction("intake") as connection:
        inbox.fail(connection, event, retry_after=None, **failure)
        assert parking.discard(connection, event.id)
        inbox.fail(connection, event, retry_after=timedelta(0), **failure)
        (due,) = stored.retries(connection, now(), 10)
    assert (due.event.id, due.discarded) == (event.id, True)


def test_what_nobody_can_read_is_kept_whatever_its_headers_hold(databases):
    headers = {"ce-id": "\ud800", "nul": "\x00"}
    with transaction("intake") as connection:
        inbox.park_undecodable(connection, b"\xff", headers, {}, now=now(), reason="ce-id")
    assert len(databases.rows("intake", "SELECT 1 FROM inbox WHERE status = 'parked'")) == 1
