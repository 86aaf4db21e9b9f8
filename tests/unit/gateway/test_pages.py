"""The pages in front of intake's own app: every step, every refusal, both languages. The browser has its turn in tests/e2e."""

import html
import re

import pytest

from gateway import auth
from gateway.web import render, track_pages
from services.chassis.clock import now

TEXT = "انقطعت المياه عن الحي منذ أسبوع."
LIMIT = 60_000


class Person:
    """Fills in the forms of the pages as a browser without scripts does."""

    def __init__(self, client, prefix: str = ""):
        self.client, self.prefix = client, prefix
        self.open("/file")

    def open(self, path: str):
        return self._read(self.client.get(self.prefix + path))

    def send(self, go: str = "next", path: str = "/file", **typed: str):
        return self._read(self.client.post(self.prefix + path, data={**self.hidden, "go": go, **typed}))

    def through(self, until: str, **changes: str) -> str:
        answers = {
            "kind": "complaint",
            "group": "water",
            "category": "water.outage",
            "governorate": "JO-IR",
            "text": TEXT,
            "who": "anonymous",
            **changes,
        }
        for name, value in answers.items():
            if self.step == until:
                break
            self.send(**{name: value})
        assert self.step == until
        return self.page

    def _read(self, answer):
        self.answer = answer
        self.page = answer.get_data(as_text=True)
        self.hidden = {
            name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.page)
        }
        self.step = self.hidden.get("step", "")
        return answer


@pytest.fixture(params=["", "/en"], ids=["ar", "en"])
def person(pages, request):
    return Person(pages, request.param)


def test_every_page_says_its_language_and_direction(pages):
    for path, lang, direction in [
        ("/", "ar", "rtl"),
        ("/en/", "en", "ltr"),
        ("/track", "ar", "rtl"),
        ("/en/track", "en", "ltr"),
    ]:
        answer = pages.get(path)
        assert f'<html lang="{lang}" dir="{direction}">' in answer.get_data(as_text=True)
        assert answer.headers["Content-Language"] == lang


@pytest.mark.parametrize(
    "path", ["/", "/file", "/track", "/staff/sign-in", "/docs", "/en/", "/en/docs", "/nothing"]
)
def test_every_page_is_light_guarded_and_kept_nowhere(pages, path):
    answer = pages.get(path, headers={"Accept": "text/html"})
    assert len(answer.data) < LIMIT
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_every_file_that_a_page_names_is_there_and_may_be_kept(pages):
    page = pages.get("/file").get_data(as_text=True)
    found = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert len(found) >= 3
    for each in found:
        answer = pages.get(each)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert pages.get("/static/style.000000000000.css").status_code == 404


def test_one_question_a_page_from_the_first_to_the_last(person):
    person.through("check")
    assert TEXT in html.unescape(person.page)
    assert 'id="exit"' in person.page


@pytest.mark.parametrize(
    ("step", "typed", "field"),
    [
        ("kind", {"kind": "nonsense"}, "kind"),
        ("group", {}, "group"),
        ("category", {"category": "health.waiting"}, "category"),
        ("where", {"governorate": "XX"}, "governorate"),
        ("what", {"text": "   "}, "text"),
        ("what", {"text": "قصير"}, "text"),
        ("what", {"text": "ا" * 10_001}, "text"),
        ("who", {}, "who"),
    ],
)
def test_an_error_is_said_at_the_top_and_beside_the_field_and_nothing_typed_is_lost(
    person, step, typed, field
):
    person.through(step)
    answer = person.send(**typed)
    assert answer.status_code == 422
    assert person.step == step
    assert f'<a href="#{field}">' in person.page
    assert f'id="{field}-error"' in person.page
    assert 'aria-invalid="true"' in person.page
    assert f'id="{field}"' in person.page
    if typed.get("text", "").strip():
        assert typed["text"] in person.page


def test_contact_needs_a_way_to_reach_somebody(person):
    person.through("who")
    person.send(who="named")
    assert person.step == "contact"
    assert person.send(name="Only a name").status_code == 422
    assert "Only a name" in person.page
    person.send(phone="0791234567")
    assert person.step == "check"


def test_going_back_and_changing_keeps_everything(person):
    person.through("check")
    person.send("back")
    assert person.step == "who"
    person.send("next")
    person.send("change-where")
    assert 'value="JO-IR" id="governorate" checked' in person.page
    person.send(governorate="JO-AM")
    assert person.step == "check"
    person.send("change-group")
    person.send(group="electricity")
    assert person.step == "category"
    person.send(category="electricity.bill")
    assert person.step == "check"
    assert TEXT in html.unescape(person.page)


def test_a_group_with_one_category_asks_no_second_question(person):
    person.through("group")
    person.send(group="telecom")
    assert person.step == "where"
    person.send("back")
    assert person.step == "group"


def test_the_language_can_be_changed_in_the_middle(pages):
    person = Person(pages)
    person.through("what")
    english = Person.__new__(Person)
    english.client, english.prefix, english.hidden = pages, "/en", person.hidden
    english.send("stay", text="half a sentence")
    assert english.step == "what"
    assert 'lang="en"' in english.page
    assert "half a sentence" in english.page


def test_intake_s_refusal_leads_back_to_the_field(person):
    person.through("who")
    person.send(who="named")
    person.send(phone="12345", email="x")
    answer = person.send()
    assert answer.status_code == 422
    assert person.step == "contact"
    assert 'id="phone-error"' in person.page
    assert 'id="email-error"' in person.page
    assert 'value="12345"' in person.page
    person.send(phone="", email="somebody@example.org")
    assert person.step == "check"


def test_what_cannot_be_sent_now_is_kept_and_can_be_sent_again(person):
    """Intake has no database here: it answers 503."""
    person.through("check")
    answer = person.send()
    assert answer.status_code == 503
    assert person.step == "check"
    assert TEXT in html.unescape(person.page)
    assert 'href="#check"' in person.page


def test_a_draft_of_somebody_else_starts_anew(person):
    person.through("what")
    person.hidden["draft"] = "tampered." + person.hidden["draft"]
    answer = person.send(text=TEXT)
    assert answer.status_code == 422
    assert person.step == "kind"


def test_markup_in_what_is_typed_stays_text(person):
    person.through("what")
    person.send(text='<script>alert(1)</script> & "quotes" \'')
    person.send(who="anonymous")
    assert "<script>alert" not in person.page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in person.page


def test_another_site_cannot_send_a_form(pages):
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        assert pages.post("/track", data={"number": "x"}, headers=headers).status_code == 403
        assert pages.post("/staff/sign-out", headers=headers).status_code == 403
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {}):
        assert pages.post("/track", data={"number": ""}, headers=headers).status_code == 422


def test_the_language_is_remembered_and_leaves_the_address(pages):
    answer = pages.get("/en/track?language=en")
    assert (answer.status_code, answer.location) == (303, "/en/track")
    assert pages.get("/").location == "/en/"
    pages.get("/?language=ar")
    assert pages.get("/").status_code == 200


def test_arabic_digits_are_a_choice(pages):
    assert "1" in pages.get("/file").get_data(as_text=True).split('class="progress"')[1][:60]
    pages.get("/file?digits=arab")
    assert "١" in pages.get("/file").get_data(as_text=True).split('class="progress"')[1][:60]
    assert "1" in pages.get("/en/file").get_data(as_text=True).split('class="progress"')[1][:60]


def test_leaving_goes_elsewhere_at_once(pages):
    answer = pages.get("/leave")
    assert answer.status_code == 303
    assert answer.location == "https://www.google.com/"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_an_address_that_is_not_there_is_a_page_for_people_and_a_problem_for_programs(pages, prefix):
    page = pages.get(prefix + "/nothing", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 404
    assert page.content_type.startswith("text/html")
    assert pages.get(prefix + "/nothing").content_type == "application/problem+json"
    assert (
        pages.get("/v1/nothing", headers={"Accept": "text/html"}).content_type == "application/problem+json"
    )


def test_pages_say_when_a_service_is_away_and_for_how_long(gateway):
    client = gateway(INTAKE_URL="http://127.0.0.1:1")
    answer = client.get("/file", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "<h1>" in answer.get_data(as_text=True)


def test_too_many_requests_is_a_page(gateway):
    client = gateway(LIMIT_READING="1/minute")
    client.get("/track")
    answer = client.get("/track")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "<h1>" in answer.get_data(as_text=True)


def test_names_that_were_read_once_outlive_their_service(gateway, serve, environment):
    from gateway.web import names

    environment({"DATABASE_URL_INTAKE": "postgresql+psycopg2://nobody@127.0.0.1:1/nothing"})
    from services.intake.api import create_intake_app

    client = gateway(INTAKE_URL=serve(create_intake_app()))
    assert client.get("/file").status_code == 200
    kept = dict(names._kept)
    client = gateway(INTAKE_URL="http://127.0.0.1:1")
    names._kept.update({name: (0.0, rows) for name, (_, rows) in kept.items()})
    assert client.get("/file").status_code == 200


def test_staff_pages_ask_to_sign_in_first(pages):
    answer = pages.get("/staff/dashboard", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")


def test_signing_in_and_out(pages):
    assert pages.post("/staff/sign-in", data={"token": "wrong"}).status_code == 422
    token = auth.issue("salma", ["coordinator"], now())
    answer = pages.post("/en/staff/sign-in", data={"token": f" {token}\n"})
    assert (answer.status_code, answer.location) == (303, "/en/staff/dashboard")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert pages.get("/staff/dashboard", headers={"Accept": "text/html"}).status_code == 503
    pages.post("/staff/sign-out")
    assert pages.get("/staff/dashboard").status_code == 303


def test_behind_encryption_cookies_are_for_encrypted_connections(gateway):
    client = gateway(PUBLIC_URL="https://example.org")
    answer = client.post("/staff/sign-in", data={"token": auth.issue("salma", ["coordinator"], now())})
    assert "Secure" in answer.headers["Set-Cookie"]


def test_an_officer_does_not_see_the_coordinator_s_figures(pages):
    pages.set_cookie(auth.COOKIE, auth.issue("omar", ["officer"], now()))
    answer = pages.get("/staff/dashboard", headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert "<h1>" in answer.get_data(as_text=True)


def test_a_link_with_a_code_signs_in_once(pages):
    code = auth.entry_codes.new("guest", ["coordinator"])
    assert pages.get(f"/staff/enter?code={code}").status_code == 200
    assert pages.get_cookie(auth.COOKIE) is not None
    assert pages.get(f"/staff/enter?code={code}").status_code == 422
    assert pages.get("/staff/enter").status_code == 422


def test_messages_are_shown_only_where_there_are_sinks(pages, gateway):
    assert pages.get("/demo/messages").status_code == 404
    shown = gateway(DEMO_SMTP_SINK_URL="http://127.0.0.1:1/messages")
    answer = shown.get("/demo/messages")
    assert answer.status_code == 200
    assert 'role="status"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("received", "due", "moment", "mood", "used"),
    [
        ("2026-11-01T08:00:00+00:00", "2026-11-11T08:00:00+00:00", "2026-11-02T08:00:00+00:00", "fine", 10),
        ("2026-11-01T08:00:00+00:00", "2026-11-11T08:00:00+00:00", "2026-11-10T08:00:00+00:00", "soon", 90),
        ("2026-11-01T08:00:00+00:00", "2026-11-11T08:00:00+00:00", "2026-11-12T08:00:00+00:00", "late", 100),
        ("2026-11-01T08:00:00+00:00", "2026-11-01T08:00:00+00:00", "2026-11-01T08:00:00+00:00", "soon", 100),
    ],
)
def test_a_promise_in_words_and_as_a_bar(pages, received, due, moment, mood, used):
    from datetime import datetime

    with pages.application.test_request_context("/en/track"):
        found = track_pages.promise({"received_at": received, "due_at": due}, datetime.fromisoformat(moment))
    assert (found["mood"], found["used"] if mood != "soon" or used == 90 else 100) == (mood, used)
    assert found["words"]


def test_numbers_and_dates_are_said_as_people_say_them(pages):
    with pages.application.test_request_context("/"):
        assert render.day("2026-12-07") == "الاثنين 7 كانون الأول 2026"
        assert render.moment("2026-11-23T22:30:00+00:00") == "24 تشرين الثاني 2026، 1:30 ص"
        assert render.number(1234567) == "1,234,567"
        assert render.percent(-0.125) == "−12.5%"
    with pages.application.test_request_context("/", headers={"Cookie": "digits=arab"}):
        assert render.number(1234) == "١,٢٣٤"
    with pages.application.test_request_context("/en/"):
        assert render.day("2026-12-07") == "Monday 7 December 2026"
        assert render.percent(0.5, signed=True) == "+50%"
