"""What the desks of staff share: asking a service, the frame with navigation and counts, the promise in words, who else looks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import flask

from gateway import policy
from gateway.api import forward
from gateway.web import kept, names, render, sign_in_pages
from gateway.web.render import N_
from services.chassis.actor import current_actor
from services.chassis.clock import now
from services.chassis.problems import Problem

#: Below this share of its promise a case is not near its end.
SOON = 0.75
_AWAY_SECONDS = "5"

ROLE_NAMES = {
    "main_officer": N_("Main liaison officer"),
    "officer": N_("Liaison officer"),
    "approver": N_("Approver"),
    "head": N_("Head of the body"),
    "coordinator": N_("Government coordinator"),
    "operations": N_("Operations team"),
}
#: (path, view of the worklist, label, name of its count, roles); an entry shows when the table of policy lets its reader in.
NAVIGATION: tuple[tuple[str, str | None, str, str | None, frozenset[str]], ...] = (
    ("/staff/desk", None, N_("My day"), None, frozenset(policy.STAFF_ROLES)),
    ("/staff/coordinator", None, N_("Coordinator's desk"), None, frozenset(policy.STAFF_ROLES)),
    ("/staff/cases", None, N_("Cases"), "mine", frozenset(policy.STAFF_ROLES)),
    (
        "/staff/cases",
        "to_approve",
        N_("To approve"),
        "to_approve",
        frozenset({"approver", "main_officer"}),
    ),
    ("/staff/cases", "incoming", N_("Passed to us"), "incoming", frozenset({"officer"})),
    ("/staff/cases", "escalated", N_("Escalated"), "escalated", frozenset({"head"})),
    ("/staff/team", None, N_("Team"), None, frozenset(policy.STAFF_ROLES)),
    ("/staff/directory", None, N_("Directory"), None, frozenset(policy.STAFF_ROLES)),
    ("/staff/calendar", None, N_("Calendar"), None, frozenset(policy.STAFF_ROLES)),
    ("/staff/reply-templates", None, N_("Texts for replies"), None, frozenset(policy.STAFF_ROLES)),
    ("/staff/accounts", None, N_("Accounts"), None, frozenset(policy.STAFF_ROLES)),
    ("/staff/identity-providers", None, N_("Ministries' sign-in"), None, frozenset(policy.STAFF_ROLES)),
    ("/staff/dashboard", None, N_("Figures"), None, frozenset(policy.STAFF_ROLES)),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered: the status, and the body if it was JSON."""

    status: int
    data: Any


@dataclass(frozen=True, slots=True)
class Due:
    """A promise for people: mood (fine, soon, late, waiting), sign, words, how much of it has gone in percent, the exact time."""

    mood: str
    sign: str
    words: str
    used: int
    at: str


def ask(method: str, target: str, body: Mapping[str, Any] | None = None, service: str = "routing") -> Reply:
    """Asks a service in the name of who is signed in. Raises Problem 503 when it does not answer."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    answer = forward.ask(
        current_actor(), service, method, target, content, language=render.language(), repeatable=False
    )
    try:
        return Reply(answer.status, json.loads(answer.body) if answer.body else None)
    except ValueError:
        return Reply(answer.status, None)


def get(target: str, service: str = "routing") -> Any:
    """What is at an address of a service. Raises Problem with what a person is to be told otherwise."""
    reply = ask("GET", target, service=service)
    if reply.status != 200:
        raise refused(reply)
    return reply.data


def attempt(method: str, target: str, body: Mapping[str, Any] | None = None, service: str = "routing") -> Any:
    """As `ask`, for what a page can do without: None when it cannot be had."""
    try:
        reply = ask(method, target, body, service)
    except Problem:
        return None
    return reply.data if reply.status == 200 else None


def items(found: Any) -> list[dict[str, Any]]:
    """The rows of a list, whether it comes by pages or as a whole."""
    if found is None:
        return []
    return found if isinstance(found, list) else found["items"]


def refused(reply: Reply) -> Problem:
    """The problem that a page makes of an answer that is none."""
    if reply.status == 404:
        return Problem(404, "not_found")
    if reply.status == 403:
        return Problem(403, "role_missing")
    if 400 <= reply.status < 500:
        return Problem(400, "bad_request")
    return Problem(503, "busy", headers={"Retry-After": _AWAY_SECONDS})


def target(path: str, **parameters: Any) -> str:
    """An address of a service with those of the parameters that say something."""
    said = {name: value for name, value in parameters.items() if value not in (None, "", False)}
    return path + ("?" + urlencode(said) if said else "")


def case_path(complaint_id: str, action: str = "") -> str:
    """The path of a case, or of an action on it, as both routing and the pages have it after /staff."""
    return f"/staff/cases/{quote(str(complaint_id), safe='')}" + (f"/{action}" if action else "")


def has(*roles: str) -> bool:
    """Whether who is signed in has one of the roles."""
    return not current_actor().roles.isdisjoint(roles)


def institution() -> str | None:
    """The body of who is signed in."""
    found = current_actor().attributes.get("institution")
    return str(found) if found else None


# --- the frame ------------------------------------------------------------------------------------


def page(
    template: str, status: int = 200, *, standing: Mapping[str, Any] | None = None, **context: Any
) -> flask.Response:
    """A page of a desk. `standing` is the answer to GET /staff/desk, which is asked for when a page does not have it."""
    if standing is None:
        standing = attempt("GET", "/staff/desk") or {}
    return render.page(template, status, desk=frame(counted(standing)), **context)


def counted(standing: Mapping[str, Any]) -> dict[str, str]:
    """How many cases each list has, in words; what has none is left out. A count that is not the whole says so."""
    more = standing.get("more", ())
    say = render.words()
    return {
        name: say(N_("%(count)s+")) % {"count": render.number(count)}
        if name in more
        else render.number(count)
        for name, count in standing.get("counts", {}).items()
        if count
    }


def frame(counts: Mapping[str, str]) -> dict[str, Any]:
    """What desk_base.html needs beside the page itself."""
    request, roles = flask.request, current_actor().roles
    view, here = request.args.get("view"), render.bare_path()
    say = render.words()
    entries = []
    for path, its_view, label, count, for_whom in NAVIGATION:
        row = ("GET", path)
        if row not in policy.POLICY or not policy.allows(*row, roles) or roles.isdisjoint(for_whom):
            continue
        entries.append(
            {
                "address": render.url(path) + (f"?view={its_view}" if its_view else ""),
                "label": say(label),
                "count": counts.get(count or "", ""),
                "here": here == path and (view == its_view or (its_view is None and not _is_entry(view))),
            }
        )
    other = "en" if render.language() == "ar" else "ar"
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "language"]
    body = institution()
    return {
        "navigation": entries,
        "home": render.url(sign_in_pages.landing(roles)),
        "who": _who(),
        "role": next((say(text) for role, text in ROLE_NAMES.items() if role in roles), ""),
        "body": (render.name_of(names.by_code("bodies").get(body)) or body) if body else None,
        "whose": kept.whose(current_actor().id),
        "restored": kept.restored(),
        # A page that was posted to is left where it was asked for: its address answers GET as well.
        "other_address": f"{render.url(here, other)}?{urlencode([*query, ('language', other)])}",
    }


def _who() -> str:
    """What whoever is signed in knows the account by. By a token it may be an id of the directory, which tells nobody anything."""
    name = sign_in_pages.signed_in_as()
    try:
        UUID(name)
    except ValueError:
        return name
    return render.words()(N_("Your account"))


def _is_entry(view: str | None) -> bool:
    return any(view == its_view for _, its_view, *_ in NAVIGATION if its_view)


# --- words ----------------------------------------------------------------------------------------


def due(case: Mapping[str, Any], moment: datetime | None = None) -> Due | None:
    """The promise of a case or a line of a worklist; None where nothing is promised or owed any more."""
    moment = moment or now()
    say, at, progress = render.words(), case.get("due_at"), case.get("progress")
    if case["status"] == "awaiting_complainant" and at:
        used = _percent(progress["share"]) if progress else 0
        return Due(
            "waiting", say(N_("Paused")), say(N_("The clock stands until the complainant answers.")), used, at
        )
    if not progress or not at:
        return None
    if progress["minutes_left"] < 0:
        late = max(moment - instant(at), timedelta(hours=1))
        words = say(N_("by %(time)s")) % {"time": render.span(late)}
        return Due("late", say(N_("Overdue")), words, 100, at)
    soon = progress["share"] >= SOON
    sign = say(N_("Soon")) if soon else say(N_("On time"))
    return Due("soon" if soon else "fine", sign, left_words(case, progress), _percent(progress["share"]), at)


def left_words(case: Mapping[str, Any], progress: Mapping[str, Any]) -> str:
    """How much of the promise is left: in working time, or by the clock for what is urgent."""
    minutes = max(0, int(progress["minutes_left"]))
    hours = minutes // 60
    if progress.get("by_the_clock"):
        if minutes < 60:
            return render.ngettext("%(count)s minute left", "%(count)s minutes left", minutes)
        return render.ngettext("%(count)s hour left", "%(count)s hours left", hours)
    # A working day has as many hours as the calendar says, so days are a share of those that were promised.
    days = int((case.get("working_days") or 0) * max(0.0, 1 - progress["share"]))
    if days >= 2:
        return render.ngettext("%(count)s working day left", "%(count)s working days left", days)
    if minutes < 60:
        return render.ngettext("%(count)s working minute left", "%(count)s working minutes left", minutes)
    return render.ngettext("%(count)s working hour left", "%(count)s working hours left", hours)


def ago(text: str, moment: datetime | None = None) -> str:
    """How long ago something happened, in words."""
    passed = max(timedelta(0), (moment or now()) - instant(text))
    say = render.words()
    if passed < timedelta(minutes=1):
        return say(N_("just now"))
    short = passed < timedelta(hours=2)
    span = render.short_span(max(passed, timedelta(minutes=2))) if short else render.span(passed)
    return say(N_("%(time)s ago")) % {"time": span}


def looking(viewers: Sequence[Mapping[str, Any]]) -> str:
    """Who else has a case open, in a sentence; empty when nobody has."""
    people = [render.name_of(each["name"]) for each in viewers]
    if not people:
        return ""
    if len(people) == 1:
        return render.words()(N_("%(who)s has this case open now. Agree who takes it.")) % {"who": people[0]}
    joined = render.words()(N_("%(first)s and %(last)s")) % {
        "first": render.words()(N_(", ")).join(people[:-1]),
        "last": people[-1],
    }
    return render.words()(N_("%(who)s have this case open now. Agree who takes it.")) % {"who": joined}


def instant(text: str) -> datetime:
    """A moment as routing writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _percent(share: float) -> int:
    return min(100, max(2, round(100 * share)))
