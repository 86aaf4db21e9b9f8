"""The forms of signing in, and where somebody is led on from them; what was typed elsewhere and waits to be sent goes along."""

import re
from datetime import timedelta
from typing import Any

import flask
from werkzeug.wrappers import Response

from gateway.web import kept, offered, qr, render
from gateway.web.render import N_

_OVER = N_("Your session ended before this was sent.")
_ANOTHER = N_("This form was opened by another account. Sign in with that one to send it.")
_PICTURE = N_("Picture of the key, for the camera of your phone")
_WAIT = N_("There were too many tries. Try again in %(time)s.")


def asked(
    errors: list[dict[str, str]],
    subject: str = "",
    tried: str | None = None,
    fault: str | None = None,
    *,
    typed: kept.Kept | None = None,
    why: str = "",
    status: int = 200,
) -> flask.Response:
    """Asks for name and password or a token; `typed` is what waits, `why` says why it has to."""
    found = offered.providers()
    known = next((each for each in found if each["code"] == tried), None)
    if known is not None and fault is not None:
        errors = [{"field": f"with-{known['code']}", "message": render.words()(fault)}]
    return render.page(
        "staff/sign_in.html",
        422 if errors else status,
        errors=errors,
        subject=subject,
        posted=True,
        offered=found,
        kept=typed or kept.carried(),
        why=render.words()(why) if why else "",
    )


def interrupted(typed: kept.Kept, *, another: bool) -> flask.Response:
    """Asks to sign in again, and says that what was typed is not lost; `another`: somebody else is signed in."""
    return asked([], typed=typed, why=_ANOTHER if another else _OVER, status=401)


def code_page(
    ticket: str, enrolment: Any, errors: list[dict[str, str]], anew: bool = False
) -> flask.Response:
    """Asks for a code; shows the key of a phone that is to be made known."""
    template = "staff/enrol.html" if enrolment else "staff/code.html"
    picture = qr.svg(enrolment["uri"], render.words()(_PICTURE)) if enrolment else ""
    groups = re.findall(".{1,4}", enrolment["secret"]) if enrolment else []
    return render.page(
        template,
        422 if errors else 200,
        posted=True,
        errors=errors,
        ticket=ticket,
        groups=groups,
        enrolment=enrolment,
        picture=picture,
        anew=anew,
        kept=kept.carried(),
    )


def recovery_page(
    codes: list[str], goes_on: str, *, first: bool, typed: kept.Kept | None = None
) -> flask.Response:
    """Shows recovery codes, once; `typed` is what waits to be sent."""
    grouped = [f"{each[:5]}-{each[5:]}" for each in codes]
    return render.page(
        "staff/recovery.html", posted=True, codes=grouped, goes_on=goes_on, first=first, kept=typed
    )


def onward(goes_on: str, account: str) -> Response:
    """To where somebody starts from, or back to the form that they could not send: 307 has the browser bring it along."""
    typed = typed_by(account)
    if typed is None:
        return flask.redirect(render.url(goes_on), 303)
    return flask.redirect(render.url(typed.path), 307)


def typed_by(account: str) -> kept.Kept | None:
    """What the forms of signing in brought along, if it is this account's."""
    typed = kept.carried()
    return typed if typed is not None and typed.account == account else None


def wait_error(field: str, seconds: int) -> dict[str, str]:
    """The error that says for how long to wait."""
    return {
        "field": field,
        "message": render.words()(_WAIT) % {"time": render.short_span(timedelta(seconds=seconds))},
    }


def waiting(page: flask.Response, seconds: int) -> flask.Response:
    """The page as an answer to too many tries."""
    page.status_code = 429
    page.headers["Retry-After"] = str(seconds)
    return page


def error(field: str, text: str) -> dict[str, str]:
    """A text of the catalogue as an error of a field."""
    return {"field": field, "message": render.words()(text)}
