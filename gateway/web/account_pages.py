"""What the owner of an account does with it: changes the password, sees where it is signed in, and ends that."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from gateway import admission, policy, sessions
from gateway.admission import limited
from gateway.web import desk, kept, render, sign_in_forms, sign_in_pages
from gateway.web.render import N_
from services.chassis.actor import require
from services.chassis.problems import Problem

_NOT_PROVED = N_("This is neither your password nor the code that your phone shows now.")
_FAULTS = {
    "refused": ("old", N_("This is not your present password.")),
    "short": ("new", N_("Choose a password of at least 12 characters. Several words are good.")),
    "long": ("new", N_("Choose a password of at most 128 characters.")),
    "same": ("new", N_("Choose another password than the present one.")),
    "like_name": ("new", N_("Choose a password that is not made of your name.")),
}
_DIFFERENT = N_("The two are not the same. Write the new password twice.")


@limited("staff")
@require(*policy.STAFF_ROLES)
def password_form() -> Response:
    """Asks for the present password and a new one."""
    return _form([]) if _session() else flask.redirect(render.url("/staff/sessions"), 303)


@limited("staff")
@require(*policy.STAFF_ROLES)
def change_password() -> Response:
    """Changes the password. Other browsers are signed out by it."""
    session = _session()
    if session is None:
        return flask.redirect(render.url("/staff/sessions"), 303)
    given = flask.request.form
    old, new, again = (given.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        return _form([{"field": "again", "message": render.words()(_DIFFERENT)}])
    answer = sessions.say(
        "/accounts/password",
        **sessions.where(flask.request, admission.address()),
        session=session.id,
        old=old,
        new=new,
    )
    outcome = answer["outcome"] if answer else "refused" if not old else "short"
    if outcome == "over":
        sessions.forget(session.id)
        raise Problem(401, "token_missing")
    if answer is not None and outcome == "wait":
        page = _form([sign_in_forms.wait_error("old", answer["seconds"])])
        return sign_in_forms.waiting(page, answer["seconds"])
    if outcome != "changed":
        field, text = _FAULTS[outcome]
        return _form([{"field": field, "message": render.words()(text)}])
    assert answer is not None
    sessions.forget(session.id)
    typed = kept.carried()
    response: Response
    if typed is not None:
        # By a page and not by sending the browser on with the form: it would take the passwords along.
        response = render.page("staff/typed.html", kept=typed)
    else:
        response = flask.redirect(render.url("/staff/sessions") + "?changed=1", 303)
    sessions.keep(response, answer["session"], answer["mark"])
    return response


@limited("staff")
@require(*policy.STAFF_ROLES)
def own_sessions() -> Response:
    """Where the account is signed in."""
    return _shown()


@limited("staff")
@require(*policy.STAFF_ROLES)
def end_sessions() -> Response:
    """Ends one of the other sessions, or all."""
    session = _session()
    if session is not None:
        family = flask.request.form.get("family") or None
        sessions.say("/accounts/sessions/end", session=session.id, family=family)
    return flask.redirect(render.url("/staff/sessions"), 303)


@limited("staff")
@require(*policy.STAFF_ROLES)
def recovery_form() -> Response:
    """Asks who wants new recovery codes to prove it once more."""
    return _recovery([]) if _session() else flask.redirect(render.url("/staff/sessions"), 303)


@limited("staff")
@require(*policy.STAFF_ROLES)
def renew_recovery() -> Response:
    """New recovery codes in place of the old ones, shown once."""
    session = _session()
    if session is None:
        return flask.redirect(render.url("/staff/sessions"), 303)
    proof = flask.request.form.get("proof", "").strip()
    answer = sessions.say(
        "/accounts/recovery-codes",
        **sessions.where(flask.request, admission.address()),
        session=session.id,
        proof=proof,
    )
    outcome = answer["outcome"] if answer else "refused"
    if outcome == "over":
        sessions.forget(session.id)
        raise Problem(401, "token_missing")
    if outcome == "no_phone":
        return flask.redirect(render.url("/staff/sessions"), 303)
    if answer is not None and outcome == "wait":
        page = _recovery([sign_in_forms.wait_error("proof", answer["seconds"])])
        return sign_in_forms.waiting(page, answer["seconds"])
    if answer is None or outcome != "renewed":
        return _recovery([{"field": "proof", "message": render.words()(_NOT_PROVED)}])
    return sign_in_forms.recovery_page(answer["recovery_codes"], "/staff/sessions", first=False)


def _recovery(errors: list[dict[str, str]]) -> flask.Response:
    session = _session()
    by_provider = session is not None and session.provider is not None
    return render.page(
        "staff/renew.html",
        422 if errors else 200,
        errors=errors,
        by_provider=by_provider,
        who=sign_in_pages.signed_in_as(),
    )


def _shown() -> Response:
    session = _session()
    found: dict[str, Any] | None = None
    if session is not None:
        found = sessions.say("/accounts/sessions", session=session.id)
        if found is None or found["account"] is None:
            sessions.forget(session.id)
            raise Problem(401, "token_missing")
    return desk.page(
        "staff/sessions.html",
        found=found,
        changed="changed" in flask.request.args,
        few=sign_in_pages.FEW_CODES,
        provider=session.provider if session is not None else None,
        start=sign_in_pages.landing(flask.g.actor.roles),
    )


def password_page(errors: list[dict[str, str]], typed: kept.Kept | None, *, first: bool) -> flask.Response:
    """The form for a new password; `typed` is what goes on waiting for it."""
    session = _session()
    return render.page(
        "staff/password.html",
        422 if errors else 200,
        errors=errors,
        first=first,
        who=session.subject if session is not None else "",
        kept=typed,
    )


def _form(errors: list[dict[str, str]]) -> flask.Response:
    session = _session()
    return password_page(errors, kept.carried(), first=session is not None and session.must_change)


def _session() -> sessions.Session | None:
    """The session of this request; None for who signed in with a token, which has no account."""
    return flask.g.get("session")
