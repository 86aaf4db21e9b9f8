"""Sessions of staff, as the gateway knows them: routing keeps them; what it said of one is believed for a few seconds.

The browser holds an opaque id in a cookie that no script reads and no other site makes it send. The JSON API does not look at it.
"""

import ipaddress
import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import flask
from werkzeug.wrappers import Response

from gateway import auth, policy
from gateway.asking import ask
from gateway.settings import Settings
from services.chassis import settings
from services.chassis.actor import Actor
from services.chassis.problems import Problem

#: In whose name the gateway asks routing about sessions. Nobody can be issued its role.
GATEWAY = Actor("gateway", frozenset({"gateway"}))
DEVICE_COOKIE = "staff_device"
_DEVICE_SECONDS = 180 * 24 * 3600
#: A session that was revoked elsewhere is good here for so long at most.
KEPT_SECONDS = 3.0
_MOST_KEPT = 4096
LONGEST_ID = 200
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class Session:
    """A good session: its id, and who signed in."""

    id: str
    actor: Actor
    subject: str
    must_change: bool
    provider: str | None = None


_kept: OrderedDict[str, tuple[float, Session]] = OrderedDict()


def of_request(request: flask.Request) -> Session | None:
    """The session whose cookie a request carries, None without a cookie. Raises Problem 401 when it is over, 503 when routing is away."""
    session_id = request.cookies.get(cookie())
    if not session_id:
        return None
    moment = time.monotonic()
    kept = _kept.get(session_id)
    if kept is not None and moment < kept[0]:
        return kept[1]
    _kept.pop(session_id, None)
    answer = say("/accounts/session", session=session_id) if len(session_id) <= LONGEST_ID else None
    if answer is None or answer["account"] is None:
        raise Problem(401, "token_missing")
    session = opened(answer["fresh"] or session_id, answer["account"])
    if answer["fresh"]:
        # Not kept: that the browser comes back with it is how routing learns that it arrived.
        flask.g.session_cookie = session.id
        return session
    _kept[session.id] = (moment + KEPT_SECONDS, session)
    while len(_kept) > _MOST_KEPT:
        _kept.popitem(last=False)
    return session


def opened(session_id: str, account: dict[str, Any]) -> Session:
    """The session of an account as routing describes it."""
    known = {"institution": account["institution"], "officer_id": account["officer_id"]}
    attributes = {name: value for name, value in known.items() if value is not None}
    who = Actor(account["id"], policy.expanded(account["roles"]), attributes)
    return Session(session_id, who, account["subject"], account["must_change"], account["provider"])


def say(path: str, **body: Any) -> dict[str, Any] | None:
    """What routing answers the gateway; None when it can make nothing of what a person typed. Raises Problem 503."""
    answer = ask(GATEWAY, "routing", "POST", path, json.dumps(body).encode())
    if answer.status in (400, 422):
        return None
    if answer.status != 200:
        raise Problem(503, "busy", headers={"Retry-After": "5"})
    return json.loads(answer.body)


def forget(session_id: str | None = None) -> None:
    """Asks again for this session, or for all."""
    if session_id is None:
        _kept.clear()
    else:
        _kept.pop(session_id, None)


def cookie() -> str:
    """The name of the cookie: over encrypted connections one that only this very host can have set."""
    return "__Host-session" if secure() else "staff_session"


def secure() -> bool:
    """Whether people reach us over encrypted connections."""
    return urlsplit(settings.load(Settings).public_url).scheme == "https"


def keep(response: Response, session_id: str, mark: str | None = None) -> None:
    """Gives the browser its session, which ends with the browser's at the latest, and a mark by which the device is known again."""
    response.set_cookie(cookie(), session_id, path="/", httponly=True, samesite="Strict", secure=secure())
    if mark:
        response.set_cookie(
            DEVICE_COOKIE,
            mark,
            max_age=_DEVICE_SECONDS,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=secure(),
        )
    response.headers["Cache-Control"] = "no-store"


def drop(response: Response) -> None:
    """Takes the session from the browser. The mark of the device stays: it opens nothing."""
    response.delete_cookie(cookie(), path="/", httponly=True, samesite="Strict", secure=secure())


def keep_token(response: Response, token: str, lifetime: timedelta) -> None:
    """Gives the browser a staff token, in place of a session."""
    response.set_cookie(
        auth.COOKIE,
        token,
        max_age=int(lifetime.total_seconds()),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=secure(),
    )
    response.headers["Cache-Control"] = "no-store"


def drop_token(response: Response) -> None:
    """Takes the staff token from the browser."""
    response.delete_cookie(auth.COOKIE, path="/", httponly=True, samesite="Strict", secure=secure())


def finish(response: flask.Response) -> flask.Response:
    """After a request: the new id of a session whose old one was replaced by it, unless the view gave another."""
    fresh = flask.g.get("session_cookie")
    if fresh and not any(line.startswith(cookie() + "=") for line in response.headers.getlist("Set-Cookie")):
        keep(response, fresh)
    return response


def where(request: flask.Request, address: str) -> dict[str, Any]:
    """From where a request comes, as coarse as serves: a neighbourhood of addresses, a kind of browser, and the device's mark."""
    mark = request.cookies.get(DEVICE_COOKIE, "")
    return {
        "place": neighbourhood(address),
        "agent": agent(request.headers.get("User-Agent", "")),
        "mark": mark if 0 < len(mark) <= 400 else None,
    }


def neighbourhood(address: str) -> str:
    """The network of 256 addresses around an IPv4 address; of an IPv6 one, what a provider gives to one customer (/48)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def agent(text: str) -> str:
    """Browser and system by name; no versions, which would tell people apart."""
    found = [next((name for sign, name in names if sign in text), "") for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(each for each in found if each) or "?"
