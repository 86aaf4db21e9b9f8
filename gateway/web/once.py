"""A number handed from a form to the page that follows it: in no address and no history, and good for one look.

After a POST the browser is sent on to a page of its own, which going back or reloading can show as often as it likes. That page must know
the number. It comes in a cookie that only this page is sent, sealed, which is taken away as soon as it was used and is good for a minute.
"""

import json
from datetime import datetime

import flask
from cryptography.fernet import InvalidToken
from werkzeug.wrappers import Response

from gateway import sessions
from gateway.web import render, sealing
from services.chassis.clock import now

COOKIE = "once"
GOOD_SECONDS = 60
_LONGEST = 2_000


def send(path: str, number: str, what: str = "") -> Response:
    """On to the page at `path` with the number; `what` says what has just been done."""
    response = flask.redirect(render.url(path), 303)
    content = json.dumps([number, what]).encode()
    response.set_cookie(
        COOKIE,
        sealing.box("numbers").encrypt_at_time(content, _second(now())).decode(),
        path=render.url(path),
        httponly=True,
        samesite="Strict",
        secure=sessions.secure(),
    )
    response.headers.update(render.HEADERS)
    return response


def take(request: flask.Request) -> tuple[str, str] | None:
    """The number that this page was sent, and what was done; None if nothing was, or too long ago."""
    sealed = request.cookies.get(COOKIE, "")
    if not sealed or len(sealed) > _LONGEST:
        return None
    try:
        number, what = json.loads(
            sealing.box("numbers").decrypt_at_time(sealed, GOOD_SECONDS, _second(now()))
        )
    except (InvalidToken, ValueError, TypeError):
        return None
    return str(number), str(what)


def forget(response: Response, path: str) -> None:
    """Takes the number from the browser."""
    response.delete_cookie(
        COOKIE, path=render.url(path), httponly=True, samesite="Strict", secure=sessions.secure()
    )


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
