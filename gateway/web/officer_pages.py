"""The officer's day, the list of work, the search, and the views that somebody saved."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import flask
from werkzeug.wrappers import Response

from gateway.admission import limited
from gateway.web import case_view, case_words, desk, kept, names, render
from gateway.web.render import N_
from services.chassis.actor import require

READERS = ("officer", "approver", "head", "coordinator")
DESKS = ("officer", "approver", "head")
ROWS = 25
_FIRST_WORDS = 280

#: view → (label, what is said when it is empty)
VIEWS = {
    "mine": (N_("Mine"), N_("Nothing is on your desk.")),
    "waiting_for_me": (N_("Waiting for me"), N_("Nobody waits for you.")),
    "due_today": (N_("Due today"), N_("Nothing is due today.")),
    "overdue": (N_("Overdue"), N_("Nothing is overdue.")),
    "awaiting_complainant": (N_("Awaiting the complainant"), N_("No question is open.")),
    "to_approve": (N_("To approve"), N_("No reply waits for approval.")),
    "incoming": (N_("Passed to us"), N_("No other body asks you to take a case.")),
    "urgent": (N_("Urgent"), N_("Nothing urgent.")),
    "escalated": (N_("Escalated"), N_("Nothing has been escalated.")),
    "team": (N_("The whole body"), N_("The body has no open case.")),
    "unowned": (N_("Unowned"), N_("Every case has an officer.")),
    "arbiter": (N_("For the arbiter"), N_("No transfer waits for a decision.")),
    "disputed": (N_("Under dispute"), N_("No dispute waits for a decision.")),
}
#: Who sees which view, in the order of the tabs; routing has the last word.
_OF_A_BODY = (
    "due_today",
    "overdue",
    "awaiting_complainant",
    "to_approve",
    "incoming",
    "urgent",
    "escalated",
    "team",
)
_TABS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("main_officer", ("mine", "waiting_for_me", *_OF_A_BODY)),
    (
        "officer",
        ("mine", "waiting_for_me", *(each for each in _OF_A_BODY if each not in ("to_approve", "team"))),
    ),
    ("approver", ("to_approve", *(each for each in _OF_A_BODY if each != "to_approve"))),
    ("head", _OF_A_BODY),
    (
        "coordinator",
        (
            "unowned",
            "urgent",
            "overdue",
            "due_today",
            "arbiter",
            "disputed",
            "to_approve",
            "escalated",
            "team",
        ),
    ),
)
#: Why a case is the next one, by the list that it was taken from.
REASONS = {
    "urgent": N_("It is urgent: minutes count."),
    "escalated": N_("It was escalated to you."),
    "overdue": N_("Its promise is broken: every hour makes it worse."),
    "due_today": N_("Its promise ends today."),
    "to_approve": N_("A colleague's reply waits for your approval."),
    "incoming": N_("Another body asks you to take it."),
    "waiting_for_me": N_("Somebody waits for your next step."),
    "mine": N_("It is the first on your desk to fall due."),
}
FILTERS = ("view", "state", "institution", "officer_id", "category", "governorate", "rights", "urgent")


@limited("staff")
@require(*DESKS)
def day() -> flask.Response:
    """What to take next and why, what waits, the search, the saved views."""
    found = desk.get("/staff/desk")
    following, counts = found["next"], desk.counted(found)
    return desk.page(
        "staff/desk.html",
        standing=found,
        next=case_view.rows([following])[0] if following else None,
        reason=_reason(found["next_reason"]) if following else "",
        first_words=_first_words(following["complaint_id"]) if following else "",
        tiles=[
            {**tab, "count": counts.get(tab["view"], "")}
            for tab in tabs(None)
            if tab["view"] in found["counts"]
        ],
        saved=saved_views(),
    )


@limited("staff")
@require(*READERS)
def cases() -> flask.Response:
    """The cases of a view, first due first, a page at a time."""
    args = flask.request.args
    query = {name: value for name in FILTERS if (value := args.get(name, "").strip())}
    view = query.get("view") or (None if "state" in query else _first_view())
    asked = {**query, **({"view": view} if view else {})}
    reply = desk.ask("GET", desk.target("/staff/worklist", **asked, after=args.get("after"), limit=ROWS))
    errors = []
    if reply.status == 422:
        errors = [
            {"field": each["field"], "message": each["message"]} for each in reply.data.get("errors", [])
        ]
        found: Mapping[str, Any] = {"items": [], "next": None}
    elif reply.status == 200:
        found = reply.data
    else:
        raise desk.refused(reply)
    narrowed = {name: value for name, value in query.items() if name != "view"}
    label, empty = VIEWS.get(view or "", (N_("Cases"), N_("No case matches.")))
    onward = urlencode({**asked, "after": found["next"]}) if found["next"] else None
    return desk.page(
        "staff/cases.html",
        422 if errors else 200,
        errors=errors,
        tabs=tabs(view),
        view=view,
        title=render.words()(label),
        empty=render.words()(empty if not narrowed else N_("No case matches.")),
        rows=case_view.rows(found["items"]),
        onward=onward,
        first=urlencode(asked) if args.get("after") else None,
        chosen=query,
        narrowed=narrowed,
        query=asked,
        states=[(code, render.words()(text)) for code, text in case_words.STATES.items()],
        categories=names.choices("categories"),
        governorates=names.choices("governorates"),
        bodies=names.choices("bodies") if desk.has("coordinator") else [],
        shows_officer=view != "mine",
        saved=saved_views(),
    )


@limited("staff")
@require(*READERS)
def search_form() -> flask.Response:
    """Asks for what to look for."""
    return desk.page("staff/search.html", typed="", errors=[], found=None)


@kept.comes_back
@limited("staff")
@require(*READERS)
def search() -> Response:
    """Cases by tracking number, by number of the case, or by words. What was looked for is in no address."""
    typed = flask.request.form.get("q", "").strip()[:200]
    if not typed:
        errors = [{"field": "q", "message": render.words()(N_("Write a number or a few words."))}]
        return desk.page("staff/search.html", 422, typed="", errors=errors, found=None)
    after = flask.request.form.get("after")
    reply = desk.ask(
        "GET", desk.target("/staff/complaints", q=typed, after=after, limit=ROWS), service="intake"
    )
    if reply.status == 422:
        errors = [{"field": "q", "message": each["message"]} for each in reply.data.get("errors", [])]
        return desk.page("staff/search.html", 422, typed=typed, errors=errors, found=None)
    if reply.status != 200:
        raise desk.refused(reply)
    items = reply.data["items"]
    if len(items) == 1 and not after and not reply.data.get("next"):
        return flask.redirect(render.url(desk.case_path(items[0]["complaint_id"])), 303)
    return desk.page("staff/search.html", typed=typed, errors=[], found=reply.data)


@kept.comes_back
@limited("staff")
@require(*READERS)
def save_view() -> Response:
    """Keeps what a list is narrowed down by, under a name; or forgets a kept one."""
    given = flask.request.form
    forgotten = given.get("forget", "")
    if forgotten:
        reply = desk.ask("DELETE", f"/staff/views/{quote(forgotten, safe='')}")
        # One that is not there any more is forgotten.
        if reply.status not in (204, 404):
            raise desk.refused(reply)
        return flask.redirect(render.url("/staff/cases"), 303)
    query = {name: value for name in FILTERS if (value := given.get(name, "").strip())}
    if kept.restored():
        return _saving(query, [])
    reply = desk.ask("POST", "/staff/views", {"name": given.get("name", "").strip(), "query": query})
    if reply.status in (200, 201):
        return flask.redirect(_list(query), 303)
    if reply.status not in (409, 422):
        raise desk.refused(reply)
    data = reply.data
    messages = [each["message"] for each in data.get("errors", [])] or [data.get("detail", "")]
    return _saving(query, [{"field": "name", "message": each} for each in messages], reply.status)


def _saving(query: Mapping[str, str], errors: list[dict[str, str]], status: int = 200) -> flask.Response:
    return desk.page(
        "staff/save_view.html",
        status,
        errors=errors,
        typed=flask.request.form.get("name", ""),
        query=query,
        address=_list(query),
    )


def _list(query: Mapping[str, str]) -> str:
    """The address of a list that is narrowed down."""
    return render.url("/staff/cases") + "?" + urlencode(query)


def tabs(present: str | None) -> list[dict[str, Any]]:
    """The views of whoever is signed in."""
    say = render.words()
    found: dict[str, dict[str, Any]] = {}
    for role, views in _TABS:
        if not desk.has(role) or (role == "officer" and desk.has("main_officer")):
            continue
        for view in views:
            address = render.url("/staff/cases") + f"?view={view}"
            found[view] = {
                "view": view,
                "label": say(VIEWS[view][0]),
                "address": address,
                "here": view == present,
            }
    return list(found.values())


def saved_views() -> list[dict[str, Any]]:
    """The views that somebody saved, with their addresses. Without them a page is shown all the same."""
    found = desk.items(desk.attempt("GET", "/staff/views"))
    return [{**each, "address": _list(each["query"])} for each in found]


def _first_view() -> str:
    return tabs(None)[0]["view"]


def _reason(code: str | None) -> str:
    return render.words()(REASONS.get(code or "", N_("It is the first to fall due.")))


def _first_words(complaint_id: str) -> str:
    """How a complaint begins. Empty when intake does not say: the officer reads it on the page of the case."""
    found = desk.attempt("GET", f"/staff/complaints/{complaint_id}", service="intake")
    if found is None:
        return ""
    text = " ".join((found["title"] or found["text"]).split())
    return text if len(text) <= _FIRST_WORDS else text[:_FIRST_WORDS].rsplit(" ", 1)[0] + " …"
