"""The first page, the way out, and the files that pages refer to."""

import flask

from gateway.admission import limited
from gateway.settings import Settings
from gateway.web import render, static
from services.chassis import settings
from services.chassis.actor import require


@limited("reading")
@require("public")
def home() -> flask.Response:
    """What this is, and where to go on. Who chose English before is taken there."""
    if flask.request.path == "/" and flask.request.cookies.get("language") == "en":
        return flask.redirect("/en/", 303)  # type: ignore[return-value]
    return render.page("home.html")


@limited("reading")
@require("public")
def leave() -> flask.Response:
    """Away from here, to a page that tells nothing."""
    response = flask.redirect(settings.load(Settings).quick_exit_url, 303)
    response.headers.update(render.HEADERS)
    # On encrypted connections the browser also forgets the pages that it kept.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response  # type: ignore[return-value]


@limited("reading")
@require("public")
def asset(name: str) -> flask.Response:
    """A style sheet, script or picture."""
    return static.serve(name)
