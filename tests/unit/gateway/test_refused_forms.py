"""A form that is refused for good loses no words; and one that came from elsewhere is told so."""

import html
import json
import zlib

import pytest

from gateway import auth, sessions
from gateway.web import kept, sealing
from services.chassis import clock
from tests.unit.gateway.signing_in import HTML, hidden
from tests.unit.gateway.test_kept import PATH, TYPED

CASE = "/staff/cases/0191d4c0-0000-7000-8000-000000000000/propose_reply"
REPLY = {"found": "عطل في الخط <b>", "summary": "أُصلح الخط.", "outcome": "satisfactory"}
NOT_OPEN = {"": "هذه الصفحة غير متاحة لك", "/en": "This is not open to you"}
ELSEWHERE = {"": "لم يُرسل هذا من صفحتنا", "/en": "This was not sent from our own page"}


def text(answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


@pytest.fixture
def omar(recording):
    """An officer who is signed in, and the field that says that a form is his: `.post(path, prefix, **more)`."""
    recording.set_cookie(auth.COOKIE, auth.issue("omar", ["officer"], clock.now(), institution="MWI"))
    with recording.application.test_request_context("/"):
        whose = kept.whose("omar")

    def post(path, data, **headers):
        return recording.post(path, data={"whose": whose, **data}, headers={**HTML, **headers})

    return post


def test_a_role_that_was_lost_meanwhile_takes_no_words_with_it(staff, rania):
    def become(role: str) -> None:
        staff.rows("routing", f"UPDATE account SET roles = array['{role}']")
        sessions.forget()

    become("main_officer")
    whose = hidden(rania.browser.get(PATH), "whose")
    become("officer")
    page = rania.browser.post("/en" + PATH, data={**TYPED, "whose": whose}, headers=HTML)
    assert page.status_code == 403
    assert NOT_OPEN["/en"] in text(page)
    for words in ("What was found", "سطر ثانٍ <b>", "انقطاع المياه", TYPED["found"].strip()):
        assert words in text(page)
    assert "سطر ثانٍ <b>" not in page.get_data(as_text=True)
    # Still not: it stays there. And once the role is back, the form is there with it.
    sealed = hidden(page, "kept")
    assert hidden(rania.browser.post(PATH, data={"kept": sealed}, headers=HTML), "kept") == sealed
    become("main_officer")
    form = rania.browser.post(PATH, data={"kept": sealed})
    assert (form.status_code, "لم يُرسل بعد" in text(form)) == (200, True)


@pytest.mark.parametrize(
    "status", ["404 Not Found", "403 Forbidden", "410 Gone"], ids=["gone", "not theirs", "over"]
)
@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
def test_a_case_that_left_the_reader_s_view_takes_no_words_with_it(omar, service, prefix, status):
    service.status = status
    page = omar(prefix + CASE, REPLY)
    assert page.status_code in (400, 403, 404)
    for words in ("عطل في الخط <b>", "أُصلح الخط."):
        assert words in text(page)
    assert "satisfactory" not in text(page)
    # And again, if it is tried again.
    again = omar(prefix + CASE, {"kept": hidden(page, "kept")})
    assert (again.status_code, "أُصلح الخط." in text(again)) == (page.status_code, True)


def test_where_a_service_is_away_the_second_time_nothing_is_lost_either(omar, service):
    service.status = "503 Service Unavailable"
    page = omar(CASE, REPLY)
    again = omar(CASE, {"kept": hidden(page, "kept")})
    assert (again.status_code, hidden(again, "kept")) == (503, hidden(page, "kept"))


def test_nothing_of_another_account_is_shown(omar, recording):
    raw = zlib.compress(json.dumps(["salma", "/staff/calendar", [["note_ar", "سرّ"]], False]).encode())
    with recording.application.test_request_context("/"):
        sealed = sealing.box("typed").encrypt_at_time(raw, int(clock.now().timestamp())).decode()
    page = omar("/staff/calendar", {"kept": sealed})
    assert page.status_code == 403
    assert "سرّ" not in text(page)


def test_staff_are_led_back_to_their_desk(omar):
    page = omar("/staff/calendar", {})
    assert (page.status_code, 'href="/staff/desk"' in text(page)) == (403, True)


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}], ids=["site", "origin"]
)
@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
def test_a_form_from_elsewhere_is_told_so_and_may_be_sent_from_here(
    omar, recording, service, prefix, headers
):
    page = omar(prefix + "/staff/search", {"q": "انقطاع"}, **headers)
    assert page.status_code == 403
    assert ELSEWHERE[prefix] in text(page)
    assert NOT_OPEN[prefix] not in text(page)
    # Not in the page: whoever sent it might not be the one who typed it.
    assert "انقطاع" not in text(page)
    assert service.asked == []
    with recording.application.test_request_context("/"):
        assert kept.opened(hidden(page, "kept")).fields == (("q", "انقطاع"),)


@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
def test_so_is_the_public(pages, prefix):
    page = pages.post(prefix + "/track", data={"number": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (page.status_code, ELSEWHERE[prefix] in text(page)) == (403, True)
    assert f'href="{prefix or "/"}' in text(page)
