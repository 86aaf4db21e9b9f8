"""What a member of staff typed into a form that could not be taken: because the session was over meanwhile, or a service away.

It goes, sealed and packed, into the page that says so, and comes back with the first request that can be answered. Then the form is shown
with it, and nothing else is done. Nothing of it stays here, so any replica can take it. A form says in a field of its own, sealed, whose
it is; what was typed comes back to that account and to no other.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import flask
from cryptography.fernet import InvalidToken
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException

from gateway import admission
from gateway.web import render, sealing
from services.chassis.actor import current_actor
from services.chassis.clock import now
from services.chassis.problems import Problem

#: The field of a form that says whose it is, and the field that brings back what was typed.
WHOSE, KEPT = "whose", "kept"
#: Long enough to sign in with a phone that lies in another room.
GOOD_SECONDS = 3600
#: The code of the refusal of a form that somebody else opened.
OTHER_ACCOUNT = "other_account"
_MARK = "_comes_back"
#: Of what was typed before packing, and of what a form brings.
_MOST_BYTES, _LONGEST = 200_000, 200_000
#: A file that went with a form, and what tells which button was pressed: it is pressed again.
_LEFT_OUT = frozenset({WHOSE, KEPT, "packed", "go"})

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Kept:
    """What was typed: whose it is, the path of its form without the language, the fields, if a file went along, and it as it travels."""

    account: str
    path: str
    fields: tuple[tuple[str, str], ...]
    files: bool
    sealed: str


def comes_back(view: F) -> F:
    """Marks a view that takes a form, and that shows it and does no more when `restored` says so."""
    setattr(view, _MARK, True)
    return view


def whose(account: str) -> str:
    """The field of a form that says whose it is."""
    return sealing.box("whose").encrypt(account.encode()).decode()


def restored() -> Kept | None:
    """What this request brought back, None when it is one like any other."""
    return flask.g.get("restored")


def of_request() -> Kept | None:
    """What is to be kept of a request that cannot be answered; None where nothing was typed that could come back."""
    request = flask.request
    found = restored()
    if found is not None:
        return found
    if request.method != "POST" or not _marked() or admission.spent("reading"):
        return None
    # Reading a form of somebody who is not signed in counts as reading does.
    admission.note("reading")
    try:
        form, files = request.form, any(each.filename for each in request.files.values())
    except HTTPException:
        return None
    if KEPT in form:
        return opened(form[KEPT])
    account = _account(form.get(WHOSE, ""))
    typed = [(name, value) for name, value in form.items(multi=True) if name not in _LEFT_OUT]
    raw = json.dumps([account, render.bare_path(), typed, files]).encode()
    if account is None or not typed or len(raw) > _MOST_BYTES:
        return None
    return opened(sealing.box("typed").encrypt_at_time(zlib.compress(raw, 9), _second()).decode())


def carried() -> Kept | None:
    """What the forms of signing in bring along."""
    return opened(flask.request.form.get(KEPT, ""))


def opened(sealed: str) -> Kept | None:
    """What was sealed here within the time for it; None for anything else."""
    if not sealed or len(sealed) > _LONGEST:
        return None
    try:
        raw = sealing.box("typed").decrypt_at_time(sealed, GOOD_SECONDS, _second())
        account, path, fields, files = json.loads(zlib.decompress(raw))
    except (InvalidToken, ValueError, zlib.error):
        return None
    return Kept(account, path, tuple((name, value) for name, value in fields), files, sealed)


def restore() -> flask.Response | None:
    """Before a view that takes a form: puts what was typed in the place of the request's fields.

    Raises Problem 401 for a form that was opened by another account, so that nobody acts in the name of who uses the browser now.
    """
    request = flask.request
    if request.method != "POST" or not _marked():
        return None
    found = opened(request.form.get(KEPT, ""))
    account = found.account if found else _account(request.form.get(WHOSE, ""))
    if account is not None and account != current_actor().id:
        raise Problem(401, OTHER_ACCOUNT, _DETAILS)
    if found is not None and found.path == render.bare_path():
        request.form = ImmutableMultiDict(found.fields)
        flask.g.restored = found
    elif KEPT in request.form:
        # Too old. Whatever page it was, its form is asked for anew.
        return flask.redirect(quote(request.path), 303)  # type: ignore[return-value]
    return None


_DETAILS = {
    "ar": "فُتح هذا النموذج بحساب آخر.",
    "en": "This form was opened by another account.",
}


def _marked() -> bool:
    return hasattr(flask.current_app.view_functions.get(flask.request.endpoint or ""), _MARK)


def _account(sealed: str) -> str | None:
    if not sealed or len(sealed) > _LONGEST:
        return None
    try:
        return sealing.box("whose").decrypt(sealed).decode()
    except (InvalidToken, ValueError):
        return None


def _second() -> int:
    return int(now().timestamp())
