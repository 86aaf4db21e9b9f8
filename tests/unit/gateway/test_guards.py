"""Guards over the gateway as a whole, each with a proof that it can fail."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import flask
import jinja2
import pytest
from babel.messages import pofile
from babel.messages.extract import extract_from_dir

from gateway import admission, app, limits
from gateway.api import contracts, docs
from gateway.api.routes import Route
from gateway.web import pages, render, static
from services.chassis.actor import require
from services.chassis.http import UnguardedRoute
from services.chassis.http import create_app as chassis_app

WEB = Path(render.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true"}}
#: The directory finds what says the same and leaves it; its dry runs write nothing.
DIRECTORY = {
    f"/v1/staff/directory/{path}"
    for path in (
        "officers/{officer_id}/leave",
        "leave/{leave_id}/withdraw",
        "officers/{officer_id}/certificates",
        "on-call",
        "on-call/{duty_id}/withdraw",
        "rules",
        "rules/dry-run",
        "import",
    )
}
DESK = {
    "/v1/staff/cases/{complaint_id}/viewing",
    "/v1/staff/views",
    "/v1/staff/reply-templates/{template_id}/withdraw",
}
#: They say what is to be, not what is to be added: said twice, it is so once.
IDEMPOTENT_BY_NATURE = {
    # Of who looks at what there is one row, of a name one list, and what is withdrawn stays so.
    *(("POST", path) for path in DESK),
    ("POST", "/v1/staff/officers/{officer_id}/presence"),
    ("PUT", "/v1/staff/directory/units/{code}"),
    *(("POST", path) for path in DIRECTORY),
    # What holds already is not recorded again, and what was withdrawn not withdrawn again.
    ("POST", "/v1/staff/calendar/overrides"),
    ("POST", "/v1/staff/calendar/overrides/dry-run"),
    ("POST", "/v1/staff/calendar/overrides/{override_id}/withdraw"),
}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


@cache
def keys() -> dict[str, str]:
    """Every text of the pages that is to be translated, and where it is."""
    found = extract_from_dir(str(WEB), METHODS, OPTIONS, KEYWORDS)
    return {key if isinstance(key, str) else key[0]: f"{name}:{line}" for name, line, key, _, _ in found}


@cache
def arabic() -> dict[str, str]:
    with (WEB / "locale/ar/LC_MESSAGES/messages.po").open("rb") as source:
        return {
            _first(each.id): _whole(each.string)
            for each in pofile.read_po(source)
            if each.id and not each.fuzzy
        }


def _first(key) -> str:
    """A text with a number has a key of two; the first stands for it."""
    return key if isinstance(key, str) else key[0]


def _whole(text) -> str:
    """What a text is in Arabic: every form for a number, or nothing when one is missing."""
    return text if isinstance(text, str) else "\n".join(text) if all(text) else ""


def untranslated(wanted: dict[str, str], known: dict[str, str]) -> list[str]:
    return [f"{place}: {key!r}" for key, place in wanted.items() if not known.get(key)]


def bare_texts(template: str) -> list[str]:
    """Words of a template that stand outside of its expressions and would be shown as they are."""
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template, flags=re.DOTALL)
    # What the document of the API says is English in both languages; it is marked as such.
    source = re.sub(r'<div lang="en" dir="ltr">.*?</div>\s*</section>', "", source, flags=re.DOTALL)
    source = re.sub(r"<(script|style|pre)\b.*?</\1>", "", source, flags=re.DOTALL)
    shown = re.findall(r"(?:alt|title|placeholder|aria-label)=\"([^\"]*)\"", source)
    # A macro may give attributes alone; and an address is no sentence.
    source = re.sub(r"<[^>]*>|[\w-]+=\"[^\"]*\"", "\n", source, flags=re.DOTALL)
    shown += [line for line in source.splitlines() if not line.strip().startswith("/")]
    return [text.strip() for text in shown if re.search(r"[A-Za-z\u0600-\u06ff]{2}", text)]


def physical(css: str) -> list[str]:
    """Declarations that say left or right, or that a direction would not mirror."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    sides = r"(?:^|[\s;:{(-])(left|right)(?=[\s;:}),-]|$)"
    four = r"(?:margin|padding|inset|border-radius|border-width)\s*:\s*[^\s;]+\s+([^\s;]+)\s+[^\s;]+\s+([^\s;]+)\s*[;}]"
    found = [match.group(0).strip() for match in re.finditer(sides, css, re.MULTILINE)]
    # Four values go round by the clock: a different second and fourth is a left and a right.
    return found + [match.group(0) for match in re.finditer(four, css) if match.group(1) != match.group(2)]


def unused_keys(wanted: dict[str, str], known: dict[str, str]) -> list[str]:
    return sorted(set(known) - set(wanted))


def test_every_text_has_its_arabic():
    assert len(keys()) > 150
    assert untranslated(keys(), arabic()) == []


def test_the_catalogue_holds_nothing_that_is_not_shown():
    assert unused_keys(keys(), arabic()) == []


def test_the_guard_of_translations_sees_a_gap():
    assert untranslated({"Hello": "x.html:1"}, {"Hello": ""}) == ["x.html:1: 'Hello'"]
    assert unused_keys({}, {"Hello": "مرحبًا"}) == ["Hello"]


@pytest.mark.parametrize("key", sorted(arabic()))
def test_what_is_filled_in_is_the_same_in_arabic(key):
    names = re.compile(r"%\((\w+)\)s")
    for form in arabic()[key].split("\n"):
        # The forms for one and for two say the number in words.
        assert sorted(names.findall(key)) in (sorted(names.findall(form)), [*names.findall(form), "count"])
    assert not re.search(r"[A-Za-z]{3,}", names.sub("", arabic()[key]).replace("OpenAPI", ""))


@pytest.mark.parametrize(
    "template", sorted(WEB.glob("templates/**/*.html"), key=str), ids=lambda each: each.name
)
def test_templates_say_nothing_outside_of_the_catalogue(template):
    assert bare_texts(template.read_text(encoding="utf-8")) == []


def test_the_guard_of_templates_sees_a_bare_text():
    assert bare_texts("<p>{{ _('x') }} Hello</p>") == ["Hello"]
    assert bare_texts('<img alt="A picture">') == ["A picture"]


def test_no_style_says_left_or_right():
    assert physical((WEB / "static/style.css").read_text()) == []


@pytest.mark.parametrize(
    "css",
    [
        "a{left:0}",
        "a { margin-left: 1px }",
        "a{text-align: right;}",
        "a{padding: 1px 2px 3px 4px;}",
        "a{float:left}",
    ],
)
def test_the_guard_of_styles_sees_a_side(css):
    assert physical(css)


def test_no_page_has_a_script_or_style_of_its_own():
    for template in WEB.glob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text), (
            template
        )
        assert not re.search(r"(?:src|href|action)=\"https?:", text), template


def test_every_route_says_who_may_and_how_often(gateway):
    views = gateway().application.view_functions
    marked = [name for name, view in views.items() if hasattr(view, "_limit")]
    assert sorted(set(views) - set(marked)) == sorted(app.UNLIMITED)
    for route in docs.ROUTES:
        assert route.limit in limits.KINDS


def unproven(routes: Iterable[Route]) -> list[str]:
    """Changes marked repeatable of which neither the service's contract nor a person says that they are."""
    found = []
    for route in routes:
        operation = docs._operation(route, contracts.document(route.service))
        takes_key = any(each.get("name") == "Idempotency-Key" for each in operation["parameters"])
        if route.repeatable and not takes_key and (route.method, route.path) not in IDEMPOTENT_BY_NATURE:
            found.append(f"{route.method} {route.path}")
    return found


def test_what_is_sent_again_after_a_break_bears_it():
    assert unproven(docs.ROUTES) == []
    assert {route.path for route in docs.ROUTES if route.repeatable and route.method == "POST"} == {
        "/v1/complaints",
        "/v1/complaints/{tracking}/messages",
        "/v1/complaints/{tracking}/withdraw",
        "/v1/complaints/{tracking}/rating",
        "/v1/complaints/{tracking}/dispute",
        "/v1/staff/officers/{officer_id}/presence",
        "/v1/staff/calendar/overrides",
        "/v1/staff/calendar/overrides/dry-run",
        "/v1/staff/calendar/overrides/{override_id}/withdraw",
        *DIRECTORY,
        *DESK,
    }


def test_the_guard_of_repeating_sees_a_change_that_takes_no_key():
    target = "/staff/officers/{officer_id}/presence"
    bare = Route("POST", "/v1/x/{officer_id}", "routing", target, limit="staff", repeatable=True)
    assert unproven([bare]) == ["POST /v1/x/{officer_id}"]


def test_a_route_without_a_limit_stops_the_start():
    bare = flask.Flask("bare")
    bare.add_url_rule("/x", view_func=require("public")(lambda: "x"), endpoint="x")
    with pytest.raises(admission.UnlimitedRoute, match="x"):
        admission.check_views(bare, ("static",))


def test_a_route_without_a_role_stops_the_start(environment):
    made = flask.Blueprint("made", __name__)
    made.add_url_rule("/x", view_func=admission.limited("reading")(lambda: "x"), endpoint="x")
    with pytest.raises(UnguardedRoute, match="GET /x"):
        chassis_app("gateway", made, title="t", description="d", database=False)


def test_an_unknown_kind_of_limit_is_refused():
    with pytest.raises(ValueError, match="no kind of limit"):
        admission.limited("sometimes")


def test_staff_pages_are_not_for_the_public():
    for path, method, view in pages.PAGES:
        # The ways in and out.
        open_to_all = ("/staff/sign-out", "/staff/signed-out", "/staff/enter")
        way_in = path == "/staff/sign-in" or path.startswith("/staff/sign-in/")
        if path.startswith("/staff/") and not way_in and path not in open_to_all:
            assert "public" not in view._required_roles, (method, path)


def test_static_names_change_with_their_content():
    name = static.address("style.css")
    assert re.fullmatch(r"/static/style\.[0-9a-f]{12}\.css", name)
    with pytest.raises(KeyError):
        static.address("none.css")


def test_an_undefined_name_in_a_template_is_an_error():
    environment = render._environment("en")
    assert environment.undefined is jinja2.StrictUndefined
    assert environment.autoescape is True
