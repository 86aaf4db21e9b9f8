"""The team of a body: who is there, what is on each desk, what is due; leave with cover; who is on call."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import flask
from werkzeug.wrappers import Response

from gateway import policy
from gateway.admission import limited
from gateway.web import desk, kept, names, render
from gateway.web.render import N_
from services.chassis.actor import current_actor, require
from services.chassis.clock import in_amman, now

LEADERS = ("main_officer", "approver", "head", "coordinator")
PLANNERS = ("main_officer", "coordinator")
RANKS = {
    "main": N_("Main officer"),
    "sub": N_("Officer"),
    "approver": N_("Approver"),
    "head": N_("Head"),
}
#: Cases are given to these.
_HANDLERS = ("main", "sub")
_COUNTED = 1_000
DONE = {
    "leave": N_("The leave is recorded. New cases go to others on these days."),
    "withdrawn": N_("The leave is withdrawn."),
}
_MISSING = {
    "officer": N_("Choose an officer."),
    "first_day": N_("Say the first day."),
    "last_day": N_("Say the last day."),
}
#: field of routing → field of the page
_PLACES = {"first_day": "first_day", "last_day": "last_day", "cover": "cover", "cover_id": "cover"}

Errors = list[dict[str, str]]


@limited("staff")
@require(*LEADERS)
def show() -> flask.Response:
    """Who is there, and what is on each desk."""
    return _page({}, [])


@kept.comes_back
@limited("staff")
@require(*PLANNERS)
def plan() -> Response:
    """Records leave, with who stands in; or takes leave back."""
    given = flask.request.form
    if given.get("go") == "withdraw":
        return _withdraw_leave(given.get("leave", ""))
    typed = {name: given.get(name, "").strip() for name in ("officer", "first_day", "last_day", "cover")}
    if kept.restored():
        return _page(typed, [])
    say = render.words()
    errors = [{"field": name, "message": say(text)} for name, text in _MISSING.items() if not typed[name]]
    if errors:
        return _page(typed, errors, 422)
    body = {name: typed[name] for name in ("first_day", "last_day")} | {"cover": typed["cover"] or None}
    reply = desk.ask("POST", f"/staff/directory/officers/{quote(typed['officer'], safe='')}/leave", body)
    if reply.status == 201:
        return _back("leave")
    if reply.status in (409, 422):
        return _page(typed, refusals(reply, _PLACES, "officer"), reply.status)
    raise desk.refused(reply)


def _withdraw_leave(wanted: str) -> Response:
    reply = desk.ask("POST", f"/staff/directory/leave/{quote(wanted, safe='')}/withdraw", {})
    if reply.status == 204:
        return _back("withdrawn")
    if reply.status in (409, 422):
        return _page({}, refusals(reply, {}, "team"), reply.status)
    raise desk.refused(reply)


def refusals(reply: desk.Reply, places: Mapping[str, str], other: str) -> Errors:
    """What a service says is wrong, at the fields of a page; `other` is where the rest is said."""
    found = [
        {"field": places.get(each["field"], other), "message": each["message"]}
        for each in reply.data.get("errors") or []
    ]
    return found or [{"field": other, "message": reply.data.get("detail", "")}]


def today() -> str:
    """The day by the calendar of Amman, as routing writes days."""
    return in_amman(now()).date().isoformat()


def _page(typed: Mapping[str, str], errors: Errors, status: int = 200) -> flask.Response:
    body = _body()
    team = desk.get(desk.target("/staff/team", institution=body)) if body else []
    may_plan = policy.allows("POST", "/staff/team", current_actor().roles)
    people = (
        desk.items(desk.attempt("GET", desk.target("/staff/directory/officers", institution=body)))
        if body and may_plan
        else []
    )
    shown = {str(each["id"]): render.name_of(each["name"]) for each in [*people, *team]}
    return desk.page(
        "staff/team.html",
        status,
        errors=errors,
        typed=typed,
        body=body,
        body_name=render.name_of(names.by_code("bodies").get(body or "")) or body,
        bodies=bodies(),
        rows=[_row(each, body) for each in team],
        may_plan=may_plan,
        officers=sorted(shown.items(), key=lambda each: each[1]),
        leave=_leave(people, shown),
        on_call=_on_call(body) if may_plan and body else None,
        done=render.words()(DONE[flask.request.args["done"]])
        if flask.request.args.get("done") in DONE
        else "",
    )


def _body() -> str | None:
    """Whose team: one's own, or for the coordinator the one that is asked for."""
    asked = flask.request.values.get("institution", "").strip()
    return (asked or None) if desk.has("coordinator") else desk.institution()


def bodies() -> list[tuple[str, str]]:
    """All bodies by name, for who may look at any."""
    return names.choices("bodies") if desk.has("coordinator") else []


def _row(each: Mapping[str, Any], body: str | None) -> dict[str, Any]:
    say = render.words()
    query = urlencode({"officer_id": each["id"], **({"institution": body} if body else {}), "view": "team"})
    until = each["on_leave_until"]
    if each["present"]:
        there = say(N_("there"))
    elif until:
        there = say(N_("on leave until %(day)s")) % {"day": render.day(until, False)}
    else:
        there = say(N_("away"))
    return {
        **each,
        "name": render.name_of(each["name"]),
        "rank": say(RANKS[each["rank"]]) if each["rank"] in RANKS else each["rank"],
        "there": there,
        "cover": render.name_of(each.get("cover_name")),
        "handles": each["rank"] in _HANDLERS,
        **{name: _counted(each[name]) for name in ("open", "due_today", "overdue")},
        "address": render.url("/staff/cases") + "?" + query,
    }


def _counted(count: int) -> str:
    """A number of cases; empty for none. Routing counts no further than so far."""
    if not count:
        return ""
    shown = render.number(count)
    return render.words()(N_("%(count)s+")) % {"count": shown} if count >= _COUNTED else shown


def _leave(people: list[dict[str, Any]], shown: Mapping[str, str]) -> list[dict[str, Any]]:
    """Leave that is not over, the next first."""
    found = [
        {**one, "who": render.name_of(each["name"]), "cover": shown.get(str(one["cover_id"]), "")}
        for each in people
        for one in each["leave"]
        if one["last_day"] >= today()
    ]
    return sorted(found, key=lambda each: each["first_day"])


def _on_call(body: str) -> dict[str, Any] | None:
    found = desk.attempt("GET", desk.target("/staff/directory/on-call", institution=body))
    if found is None:
        return None
    return {
        "now": [render.name_of(found["people"].get(str(each))) for each in found["officers"]],
        "rota": [
            {**each, "who": render.name_of(found["people"].get(str(each["officer_id"])))}
            for each in found["rota"]
        ],
    }


def _back(done: str) -> Response:
    asked = flask.request.form.get("institution", "")
    query = {"done": done, **({"institution": asked} if asked else {})}
    return flask.redirect(render.url("/staff/team") + "?" + urlencode(query), 303)
