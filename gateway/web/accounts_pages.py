"""The accounts of staff, for those who look after them: who has one, when they last signed in, and ending their sessions."""

from typing import Any
from urllib.parse import quote, urlencode

import flask
from werkzeug.wrappers import Response

from gateway.admission import limited
from gateway.web import case_view, desk, names, render
from gateway.web.render import N_
from services.chassis.actor import require

KEEPERS = ("coordinator", "operations")
ROWS = 50
STATES = {"active": N_("in use"), "disabled": N_("disabled"), "left": N_("no longer serves")}


@limited("staff")
@require(*KEEPERS)
def show() -> flask.Response:
    """A page of accounts."""
    args = flask.request.args
    query = {name: args.get(name, "").strip() for name in ("institution", "after")}
    found = desk.get(desk.target("/staff/accounts", **query, limit=ROWS))
    kept = {"institution": query["institution"]} if query["institution"] else {}
    onward = urlencode({**kept, "after": found["next"]}) if found["next"] else None
    return desk.page(
        "staff/accounts.html",
        rows=[_row(each) for each in found["items"]],
        bodies=names.choices("bodies"),
        body=query["institution"],
        onward=onward,
        first=urlencode(kept) if query["after"] else None,
        after=query["after"],
        done="ended" in args,
    )


@limited("staff")
@require(*KEEPERS)
def end_sessions() -> Response:
    """Signs an account out everywhere."""
    given = flask.request.form
    reply = desk.ask("POST", f"/staff/accounts/{quote(given.get('account', ''), safe='')}/sessions/end", {})
    if reply.status != 200:
        raise desk.refused(reply)
    kept = {name: given[name] for name in ("institution", "after") if given.get(name)}
    return flask.redirect(render.url("/staff/accounts") + "?" + urlencode({**kept, "ended": 1}), 303)


def _row(each: dict[str, Any]) -> dict[str, Any]:
    say = render.words()
    roles = [say(desk.ROLE_NAMES[role]) if role in desk.ROLE_NAMES else role for role in each["roles"]]
    state = STATES.get(each["state"])
    return {
        **each,
        "roles": say(N_(", ")).join(roles),
        "body": case_view.body_name(each["institution"]),
        "state_name": say(state) if state else each["state"],
    }
