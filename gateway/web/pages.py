"""Which page is where; what every page request passes; and how refusals look to a person."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import flask
from werkzeug.wrappers import Response

from gateway import admission, policy, sessions
from gateway.settings import Settings
from gateway.web import (
    account_pages,
    accounts_pages,
    calendar_pages,
    case_pages,
    coordinator_pages,
    directory_pages,
    docs_page,
    file_pages,
    general_pages,
    identity_pages,
    kept,
    messages_page,
    officer_pages,
    on_call_pages,
    provider_pages,
    render,
    sign_in_forms,
    sign_in_pages,
    staff_pages,
    team_pages,
    texts_pages,
    track_acts,
    track_pages,
    typed_words,
)
from gateway.web.render import N_
from services.chassis import logs, settings
from services.chassis.problems import Problem, problem_of

_YEAR = 365 * 24 * 3600
#: What may be different in a moment, so that a form is worth sending again.
_PASSING = frozenset({429, 500, 503})
#: What is likely to stay so: then the words themselves are shown, to be copied.
_LASTING = frozenset({400, 403, 404, 409, 410, 412, 422})
#: The code of the refusal of a form that was sent from elsewhere.
OTHER_SITE = "other_site"

#: (path, method, view): each served at the path in Arabic and below /en in English.
PAGES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("/", "GET", general_pages.home),
    ("/file", "GET", file_pages.start),
    ("/file", "POST", file_pages.answer),
    ("/track", "GET", track_pages.form),
    ("/track", "POST", track_pages.show),
    (track_pages.STANDING, "GET", track_pages.standing),
    (track_acts.ANSWER.path, "POST", track_acts.answer),
    (track_acts.WITHDRAW.path, "POST", track_acts.withdraw),
    (track_acts.RATE.path, "POST", track_acts.rate),
    (track_acts.DISPUTE.path, "POST", track_acts.dispute),
    ("/docs", "GET", docs_page.show),
    ("/docs/staff", "GET", docs_page.show_staff),
    ("/staff/sign-in", "GET", sign_in_pages.form),
    ("/staff/sign-in", "POST", sign_in_pages.sign_in),
    ("/staff/sign-in/code", "POST", sign_in_pages.code),
    ("/staff/sign-in/with/<code>", "GET", provider_pages.leave),
    ("/staff/sign-in/with/<code>/back", "GET", provider_pages.back),
    ("/staff/sign-in/with/<code>/logout", "POST", provider_pages.log_out),
    ("/staff/signed-out", "GET", provider_pages.signed_out),
    ("/staff/sign-out", "POST", sign_in_pages.sign_out),
    ("/staff/enter", "GET", sign_in_pages.enter),
    (admission.PASSWORD_PAGE, "GET", account_pages.password_form),
    (admission.PASSWORD_PAGE, "POST", account_pages.change_password),
    ("/staff/sessions", "GET", account_pages.own_sessions),
    ("/staff/sessions", "POST", account_pages.end_sessions),
    ("/staff/recovery-codes", "GET", account_pages.recovery_form),
    ("/staff/recovery-codes", "POST", account_pages.renew_recovery),
    ("/staff/dashboard", "GET", staff_pages.dashboard),
    ("/staff/desk", "GET", officer_pages.day),
    ("/staff/cases", "GET", officer_pages.cases),
    ("/staff/search", "GET", officer_pages.search_form),
    ("/staff/search", "POST", officer_pages.search),
    ("/staff/views", "POST", officer_pages.save_view),
    ("/staff/cases/<complaint_id>", "GET", case_pages.show),
    ("/staff/cases/<complaint_id>/viewing", "POST", case_pages.viewing),
    ("/staff/cases/<complaint_id>/<action>", "GET", case_pages.action_form),
    ("/staff/cases/<complaint_id>/<action>", "POST", case_pages.act),
    ("/staff/coordinator", "GET", coordinator_pages.show),
    ("/staff/team", "GET", team_pages.show),
    ("/staff/team", "POST", team_pages.plan),
    (on_call_pages.PATH, "GET", on_call_pages.show),
    (on_call_pages.PATH, "POST", on_call_pages.record),
    ("/staff/calendar", "GET", calendar_pages.show),
    ("/staff/calendar", "POST", calendar_pages.record),
    ("/staff/directory", "GET", directory_pages.show),
    ("/staff/directory/export", "GET", directory_pages.export),
    ("/staff/directory/import", "GET", directory_pages.import_form),
    ("/staff/directory/import", "POST", directory_pages.import_file),
    ("/staff/reply-templates", "GET", texts_pages.show),
    ("/staff/reply-templates/edit", "GET", texts_pages.form),
    ("/staff/reply-templates/edit", "POST", texts_pages.write),
    ("/staff/accounts", "GET", accounts_pages.show),
    ("/staff/accounts", "POST", accounts_pages.end_sessions),
    (identity_pages.PATH, "GET", identity_pages.show),
    (identity_pages.EDIT, "GET", identity_pages.form),
    (identity_pages.EDIT, "POST", identity_pages.write),
)

_ELSEWHERE = (
    N_("This was not sent from our own page"),
    N_(
        "A form that another site sends is not taken, so that nobody can act here in your name. Nothing was changed. Open the page here and"
        " send the form from it."
    ),
)
_ELSEWHERE_DETAILS = {
    "ar": "أُرسل هذا النموذج من موقع آخر، فلم يُقبل. أرسله من صفحتنا نفسها.",
    "en": "This form was sent from another site and was not taken. Send it from our own page.",
}
_HEADINGS = {
    400: (N_("This could not be understood"), N_("Go back and try again.")),
    403: (N_("This is not open to you"), N_("Your account does not have the role that this page needs.")),
    404: (N_("This page does not exist"), N_("Check the address, or start from the first page.")),
    405: (N_("This page does not exist"), N_("Check the address, or start from the first page.")),
    413: (N_("That was too much"), N_("The text is longer than fits. Go back and shorten it.")),
    429: (
        N_("Too many requests from here"),
        N_("Many requests came from your network. Wait a little, then try again; nothing is lost."),
    ),
    503: (N_("We cannot answer just now"), N_("Part of the service is away. Try again in a minute.")),
    500: (N_("Something went wrong on our side"), N_("It was recorded. Try again in a minute.")),
}


def blueprints() -> list[flask.Blueprint]:
    """The pages in both languages, and what has no language."""
    found = [_blueprint("pages_ar", None), _blueprint("pages_en", "/en")]
    plain = flask.Blueprint("plain", __name__)
    plain.add_url_rule("/leave", view_func=general_pages.leave, methods=["GET"])
    plain.add_url_rule("/static/<name>", view_func=general_pages.asset, methods=["GET"])
    return [*found, plain]


def _blueprint(name: str, prefix: str | None) -> flask.Blueprint:
    made = flask.Blueprint(name, __name__, url_prefix=prefix)
    pages = PAGES
    if messages_page.wanted():
        pages = (*PAGES, ("/demo/messages", "GET", messages_page.show))
    for path, method, view in pages:
        made.add_url_rule(path, f"{method} {path}".replace(".", "_"), view, methods=[method])
    made.before_request(_refuse_other_sites)
    made.before_request(_choose)
    made.before_request(kept.restore)
    made.after_request(sessions.finish)
    made.errorhandler(Exception)(refusal)
    return made


def _refuse_other_sites() -> None:
    """A form on another site must not act here in the name of whoever looks at it."""
    request = flask.request
    if request.method != "POST":
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = {request.host, urlsplit(settings.load(Settings).public_url).netloc} - {""}
    foreign = site not in ("same-origin", "none") if site else bool(origin) and _host(origin) not in own
    if foreign:
        raise Problem(403, OTHER_SITE, _ELSEWHERE_DETAILS)


def _host(origin: str | None) -> str:
    try:
        return urlsplit(origin or "").netloc
    except ValueError:
        return ""


def _choose() -> Response | None:
    """Remembers a choice of language or digits that the address carries, and takes it out of the address."""
    request = flask.request
    if request.method != "GET" or not {"language", "digits"} & set(request.args):
        return None
    rest = [each for each in request.args.items(multi=True) if each[0] not in ("language", "digits")]
    # Written anew: a path may hold characters that no header may.
    response = flask.redirect(quote(request.path) + ("?" + urlencode(rest) if rest else ""), 303)
    for name, known in (("language", render.LANGUAGES), ("digits", ("latn", "arab"))):
        if request.args.get(name) in known:
            response.set_cookie(
                name,
                request.args[name],
                max_age=_YEAR,
                httponly=True,
                samesite="Lax",
                secure=sessions.secure(),
            )
    return response


def refusal(error: Exception) -> Response:
    """The page of a problem. Who is not signed in where that is needed is asked to sign in; what was typed goes along."""
    problem = problem_of(error)
    if problem.status == 401:
        return _not_signed_in(problem)
    if problem.code == "password_change_needed":
        typed = kept.of_request()
        if typed is None:
            return flask.redirect(render.url(admission.PASSWORD_PAGE), 303)
        return account_pages.password_page([], typed, first=True)
    status = problem.status if problem.status != 504 else 503
    heading, advice = _HEADINGS.get(status) or _HEADINGS[500 if status >= 500 else 400]
    if problem.code == OTHER_SITE:
        heading, advice = _ELSEWHERE
    lasting = status in _LASTING and problem.code != OTHER_SITE
    typed = kept.of_request() if lasting or status in _PASSING or problem.code == OTHER_SITE else None
    say = render.words()
    return render.page(
        "problem.html",
        problem.status,
        problem.headers,
        heading=say(heading),
        advice=say(advice),
        correlation_id=logs.correlation_id() if status >= 500 else None,
        elsewhere=problem.code == OTHER_SITE,
        kept=typed,
        # Of what another account typed, nothing is shown.
        words=typed_words.of(typed) if lasting and typed and typed.account == _actor_id() else [],
        home=_home(),
    )


def _actor_id() -> str | None:
    who = flask.g.get("actor")
    return who.id if who is not None else None


def _home() -> str:
    """Where somebody starts from: staff at their desk."""
    who = flask.g.get("actor")
    staff = who is not None and not who.roles.isdisjoint(policy.STAFF_ROLES)
    return sign_in_pages.landing(who.roles) if staff else "/"


def _not_signed_in(problem: Problem) -> Response:
    typed = kept.of_request()
    response: Response
    if typed is None:
        response = flask.redirect(render.url("/staff/sign-in"), 303)
    else:
        response = sign_in_forms.interrupted(typed, another=problem.code == kept.OTHER_ACCOUNT)
    if problem.code != kept.OTHER_ACCOUNT:
        sign_in_pages.drop_what_was_shown(response)
    return response
