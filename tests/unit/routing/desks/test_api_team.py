"""Who is looking at a case, and the team at a glance, over HTTP."""

from datetime import timedelta

from services.chassis.clock import now
from services.routing.service import RoutingService
from tests.unit.routing.conftest import officer_of
from tests.unit.routing.desks.test_api import COORDINATOR, call, desk, signed_in

__all__ = ["call", "desk"]
NOBODY = "0191d4c0-0000-7000-8000-000000000000"


# --- who is looking -------------------------------------------------------------------------------


def test_who_else_has_a_case_open(call, desk, routing):
    path = f"/staff/cases/{desk.id}"
    rana, main = officer_of("WAJ", str(desk.case.officer_id)), signed_in(desk.staff("sub", number=1))
    assert call(rana, f"{path}/viewing", "POST", {}).json == {"viewers": []}
    (seen,) = call(main, f"{path}/viewing", "POST", {}).json["viewers"]
    ((name_ar, name_en),) = routing.rows(
        "SELECT name_ar, name_en FROM officer WHERE id = %(id)s", {"id": rana.id}
    )
    assert seen["name"] == {"ar": name_ar, "en": name_en}
    call(COORDINATOR, f"{path}/viewing", "POST", {})
    viewers = call(rana, path).json["viewers"]
    assert [each["name"]["en"] for each in viewers][1:] == ["The government coordinator"]
    assert call(rana, f"{path}/viewing", "POST", {}).json["viewers"] == viewers
    assert routing.rows("SELECT count(*) FROM viewing") == [(3,)]
    other = officer_of("MOH", "x")
    assert call(other, f"{path}/viewing", "POST", {}).status_code == 404
    assert call(rana, f"/staff/cases/{NOBODY}/viewing", "POST", {}).status_code == 404
    assert call(rana, f"{path}/viewing", "POST", {"x": 1}).status_code == 422


def test_who_looked_a_minute_ago_is_not_looking(call, desk, routing):
    path = f"/staff/cases/{desk.id}"
    call(COORDINATOR, f"{path}/viewing", "POST", {})
    ((since,),) = routing.rows("SELECT since FROM viewing")
    routing.rows("UPDATE viewing SET seen_at = seen_at - interval '50 seconds'")
    call(COORDINATOR, f"{path}/viewing", "POST", {})
    assert routing.rows("SELECT since FROM viewing") == [(since,)]
    routing.rows("UPDATE viewing SET seen_at = seen_at - interval '61 seconds'")
    assert call(officer_of("WAJ"), path).json["viewers"] == []
    call(COORDINATOR, f"{path}/viewing", "POST", {})
    assert routing.rows("SELECT since > %(since)s FROM viewing", {"since": since}) == [(True,)]
    RoutingService().forget_viewers()
    assert routing.rows("SELECT count(*) FROM viewing") == [(1,)]
    routing.rows("UPDATE viewing SET seen_at = seen_at - interval '61 seconds'")
    RoutingService().forget_viewers()
    assert routing.rows("SELECT count(*) FROM viewing") == [(0,)]


# --- the team -------------------------------------------------------------------------------------


def test_the_team_and_what_lies_on_each_desk(call, desk, routing):
    holder = str(desk.case.officer_id)
    moment = now()
    routing.rows("UPDATE cases SET due_at = %(at)s", {"at": moment + timedelta(days=9)})
    team = {each["id"]: each for each in call(signed_in(desk.main), "/staff/team").json}
    assert {each["rank"] for each in team.values()} == {"main", "sub", "approver", "head"}
    assert (team[holder]["open"], team[holder]["load"], team[holder]["overdue"]) == (1, 1, 0)
    assert sum(each["open"] for each in team.values()) == 1
    assert team[holder]["present"] is True
    assert team[holder]["cover"] is team[holder]["on_leave_until"] is None
    routing.rows("UPDATE cases SET due_at = %(at)s", {"at": moment - timedelta(seconds=1)})
    cover = next(each for each in team if each != holder and team[each]["rank"] == "sub")
    leave = """INSERT INTO officer_leave (id, officer_id, first_day, last_day, cover_id, recorded_at, recorded_by)
               VALUES (gen_random_uuid(), %(id)s, current_date - 2, current_date + 2, %(cover)s, now(), 'x')"""
    routing.rows(leave, {"id": holder, "cover": cover})
    (member,) = [
        each for each in call(COORDINATOR, "/staff/team?institution=WAJ").json if each["id"] == holder
    ]
    assert (member["overdue"], member["due_today"], member["present"]) == (1, 0, False)
    assert member["on_leave_until"] > f"{moment:%Y-%m-%d}"
    assert (member["cover"], member["cover_name"]) == (cover, team[cover]["name"])


def test_the_team_is_for_who_leads_it(call, desk):
    assert call(officer_of("WAJ", "h", "head"), "/staff/team").status_code == 200
    assert (
        call(officer_of("WAJ", "m", "officer", "main_officer"), "/staff/team?institution=WAJ").status_code
        == 200
    )
    assert call(officer_of("WAJ"), "/staff/team").status_code == 403
    assert call(signed_in(desk.main), "/staff/team?institution=MOH").status_code == 422
    assert call(COORDINATOR, "/staff/team").status_code == 422
    assert call(COORDINATOR, "/staff/team?institution=NOBODY").json == []
