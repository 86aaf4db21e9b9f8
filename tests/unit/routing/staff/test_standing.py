"""An officer's account is worth nothing when the officer does not serve, and follows the officer to another post."""

import base64
from datetime import timedelta
from types import SimpleNamespace

import pytest

from services.chassis import database
from services.routing.directory.presence import day_of
from services.routing.staff import accounts, sessions
from services.routing.staff import store as store_accounts
from services.routing.staff.standing import ACTIVE, DISABLED, LEFT, standing
from tests.unit.routing.conftest import NOW
from tests.unit.routing.staff.door import LIFE, Door

TODAY = day_of(NOW)
DAY = timedelta(days=1)


@pytest.fixture
def door(routing, keys) -> Door:
    return Door(routing, keys["ACCOUNT_KEY"])


@pytest.fixture
def officer(door):
    """An officer of MWI with an account: `.email`, `.session`, `.secret`, `.serve(first, end)`."""
    ((officer_id, email),) = door.rows(
        "SELECT id, email FROM officer WHERE institution = 'MWI' AND rank = 'sub' ORDER BY email LIMIT 1"
    )
    door.add(email, ("officer",), "MWI")
    half = door.knock(subject=email)
    secret = base64.b32decode(half.enrolment.secret)
    entered = door.show(half.ticket, door.code(secret))

    def serve(first, end):
        change = "UPDATE officer SET valid_from = %(first)s, valid_to = %(end)s WHERE id = %(id)s"
        door.rows(change, {"first": first, "end": end, "id": officer_id})

    return SimpleNamespace(email=email.lower(), session=entered.session, secret=secret, serve=serve)


def assert_shut_out(door, officer, half):
    """No session goes on, nobody begins one or ends what was begun, and the account says why."""
    assert door.resume(officer.session) is None
    assert door.knock(subject=officer.email) == "refused"
    door.now += timedelta(seconds=60)
    assert door.show(half.ticket, door.code(officer.secret)).outcome == "expired"
    with database.transaction("routing") as connection:
        (row,) = store_accounts.accounts_page(connection, "MWI", None, 2)
        assert accounts.listed(row, door.now)["state"] == LEFT


@pytest.mark.parametrize("days", [(TODAY - DAY, TODAY), (TODAY + DAY, None)])
def test_who_does_not_serve_has_no_session_and_does_not_come_in(door, officer, days):
    half = door.knock(subject=officer.email)
    assert door.resume(officer.session) is not None
    officer.serve(*days)
    assert_shut_out(door, officer, half)
    officer.serve(TODAY, TODAY + DAY)
    assert door.knock(subject=officer.email) != "refused"


def test_who_acts_for_a_body_that_has_ended_has_no_session_and_does_not_come_in(door, officer):
    """What the body had is its successor's."""
    half = door.knock(subject=officer.email)
    change = "UPDATE institution SET valid_to = %(end)s, successor = 'WAJ' WHERE code = 'MWI'"
    door.rows(change, {"end": TODAY})
    assert_shut_out(door, officer, half)
    door.rows(change, {"end": TODAY + DAY})
    assert door.knock(subject=officer.email) != "refused"


def test_another_post_is_another_account_in_the_same_hands(door, officer):
    officer.serve(TODAY - DAY, TODAY)
    with database.transaction("routing") as connection:
        assert accounts.change(connection, officer.email, ("main_officer",), "MOH", now=NOW)
        assert not accounts.change(connection, "nobody@moh.gov.jo", ("head",), "MOH", now=NOW)
        assert sessions.resume(connection, officer.session, life=LIFE, now=NOW) is None
    door.now += timedelta(seconds=60)
    entered = door.show(door.knock(subject=officer.email).ticket, door.code(officer.secret))
    assert entered.account["roles"] == ["main_officer"]
    assert (entered.account["institution"], entered.account["officer_id"]) == ("MOH", None)
    assert door.rows("SELECT actor, detail FROM account_event WHERE what = 'changed'") == [
        ("command", "main_officer MOH")
    ]


def test_who_moved_is_the_officer_of_the_new_body(door, officer):
    officer.serve(TODAY - DAY, TODAY)
    ((there,),) = door.rows(
        "INSERT INTO officer (id, institution, rank, name_ar, name_en, email, phone, languages, present, present_since, valid_from) "
        "SELECT gen_random_uuid(), 'MOH', rank, name_ar, name_en, email, phone, languages, present, present_since, valid_from FROM officer "
        "WHERE lower(email) = %(email)s RETURNING id",
        {"email": officer.email},
    )
    with database.transaction("routing") as connection:
        assert accounts.change(connection, officer.email, ("officer",), "MOH", now=NOW)
    assert door.rows("SELECT officer_id FROM account") == [(there,)]


@pytest.mark.parametrize(
    ("roles", "institution"), [((), "MOH"), (("king",), "MOH"), (("head",), None), (("head",), "NONE")]
)
def test_a_post_that_cannot_be_is_not_given(door, officer, roles, institution):
    with database.transaction("routing") as connection, pytest.raises(accounts.NotAdded):
        accounts.change(connection, officer.email, roles, institution, now=NOW)
    assert door.resume(officer.session) is not None


@pytest.mark.parametrize(
    ("state", "officer_id", "first", "end", "found"),
    [
        ("active", None, None, None, ACTIVE),
        ("active", "o", TODAY, None, ACTIVE),
        ("active", "o", TODAY, TODAY, LEFT),
        ("active", "o", TODAY + DAY, None, LEFT),
        ("disabled", "o", TODAY, TODAY, DISABLED),
    ],
)
def test_the_first_day_of_not_serving_is_out(state, officer_id, first, end, found):
    row = SimpleNamespace(
        state=state, officer_id=officer_id, serves_from=first, serves_to=end, body_to=None, roles=["officer"]
    )
    assert standing(row, NOW) == found


@pytest.mark.parametrize(
    ("roles", "end", "found"),
    [
        (["head"], TODAY, LEFT),
        (["officer", "coordinator"], TODAY, LEFT),
        (["head"], TODAY + DAY, ACTIVE),
        (["coordinator"], TODAY, ACTIVE),
    ],
)
def test_the_first_day_without_its_body_is_out(roles, end, found):
    row = SimpleNamespace(state=ACTIVE, officer_id=None, body_to=end, roles=roles)
    assert standing(row, NOW) == found
