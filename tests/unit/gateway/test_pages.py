"""The pages in front of intake's own app. The browser has its turn in tests/e2e."""

import re

import pytest

from gateway import auth
from gateway.web import render, sign_in_pages, track_pages
from services.chassis.clock import now
from tests.support.apps import app_of

LIMIT = 60_000
# The reference grows with the interface, and who reads it is not in the street.
LIMIT_OF_REFERENCE = 250_000


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
    assert len(answer.data) < (LIMIT_OF_REFERENCE if path.endswith("/docs") else LIMIT)
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

    client = gateway(INTAKE_URL=serve(app_of(create_intake_app)))
    assert client.get("/file").status_code == 200
    kept = dict(names._kept)
    client = gateway(INTAKE_URL="http://127.0.0.1:1")
    names._kept.update({name: (0.0, rows) for name, (_, rows) in kept.items()})
    assert client.get("/file").status_code == 200


@pytest.mark.parametrize("status", ["400 Bad Request", "422 Unprocessable Content", "404 Not Found"])
def test_what_cannot_be_a_number_is_no_such_number(recording, service, status):
    service.status = status
    answer = recording.post("/en/track", data={"number": "BK\0"})
    assert answer.status_code == 404
    assert "no complaint with this number" in answer.get_data(as_text=True)


def test_staff_pages_ask_to_sign_in_first(pages):
    answer = pages.get("/staff/dashboard", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")


def test_signing_in_and_out(pages):
    assert pages.post("/staff/sign-in", data={"token": "wrong"}).status_code == 422
    token = auth.issue("salma", ["coordinator"], now())
    answer = pages.post("/en/staff/sign-in", data={"token": f" {token}\n"})
    assert (answer.status_code, answer.location) == (303, "/en/staff/coordinator")
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


def test_a_link_with_a_code_leads_to_where_its_bearer_works(pages):
    for role, institution in (("coordinator", None), ("officer", "WAJ")):
        code = auth.entry_codes.new("guest", [role], institution)
        text = pages.get(f"/en/staff/enter?code={code}").get_data(as_text=True)
        assert f'href="/en{sign_in_pages.landing([role])}"' in text
    assert sign_in_pages.landing(["officer"]) == "/staff/desk"
    token = pages.get_cookie(auth.COOKIE).value
    assert auth.verify(token, now()).attributes == {"institution": "WAJ"}


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
