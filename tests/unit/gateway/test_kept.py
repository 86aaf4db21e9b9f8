"""What was typed comes back after signing in again, to its own account and to no other; and when a service was away."""

import base64
import html
import io
import json
import re
import zlib
from datetime import timedelta

import pytest

from gateway import auth, sessions
from gateway.web import kept, sealing
from services.chassis import clock
from tests.unit.gateway.signing_in import HTML, NEW, command, give, hidden

PATH = "/staff/reply-templates/edit"
TYPED = {
    "name": "انقطاع المياه",
    "language": "ar",
    "category": "",
    "outcome": "",
    "summary": "سطر أول\r\nسطر ثانٍ <b>",
    "found": "ما تبيّن " * 300,
    "remedy": "",
    "legal_basis": "",
}


def text(answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


@pytest.fixture
def typing(staff, rania):
    """Rania, now a main officer, has the form of a text open: `.post(**more)` sends it, `.end()` ends her session elsewhere."""
    staff.rows("routing", "UPDATE account SET roles = array['main_officer']")
    sessions.forget()
    page = rania.browser.get(PATH)
    assert page.status_code == 200, text(page)

    class Typing:
        whose = hidden(page, "whose")

        def post(self, browser=rania.browser, prefix="", **more):
            return browser.post(prefix + PATH, data={**TYPED, "whose": self.whose, **more}, headers=HTML)

        def end(self):
            staff.rows("routing", "DELETE FROM session")
            sessions.forget()

        def texts(self):
            return staff.rows("routing", "SELECT count(*) FROM reply_template")[0][0]

    return Typing()


def signed_in_with(staff, browser, page, code: str):
    """Signs in on the page that was shown in place of the answer."""
    carried = {"kept": hidden(page, "kept")}
    asked = browser.post("/staff/sign-in", data={"subject": "rania@mwi.gov.jo", "password": NEW, **carried})
    ticket = hidden(asked, "ticket")
    return post_on(
        browser,
        "/staff/sign-in/code",
        {"ticket": ticket, "code": code, "kept": hidden(asked, "kept")},
    )


def post_on(browser, path: str, data):
    """Posts a form, and it again where 307 says, as a browser does. tests/e2e has a real one do it."""
    answer = browser.post(path, data=data)
    assert answer.status_code == 307, text(answer)
    return browser.post(answer.location, data=data)


def test_what_was_typed_comes_back_after_signing_in(staff, rania, typing):
    before = typing.texts()
    typing.end()
    page = typing.post()
    assert page.status_code == 401
    assert "سطر أول" not in text(page)
    assert "لم يضع ما كتبته" in text(page)
    form = signed_in_with(staff, rania.browser, page, rania.recovery[0])
    assert (form.status_code, form.request.path) == (200, PATH)
    assert "لم يُرسل بعد" in text(form)
    for value in ("انقطاع المياه", "سطر أول\nسطر ثانٍ <b>", TYPED["found"].strip()):
        assert value in text(form)
    assert typing.texts() == before
    sent = rania.browser.post(PATH, data={**TYPED, "whose": hidden(form, "whose")})
    assert sent.status_code == 303
    assert typing.texts() == before + 1


def test_signing_in_in_another_window_does_as_well(staff, rania, typing):
    typing.end()
    page = typing.post()
    sealed = hidden(page, "kept")
    # Not yet: the page asks again, and carries it on.
    still = rania.browser.post(PATH, data={"kept": sealed}, headers=HTML)
    assert (still.status_code, hidden(still, "kept")) == (401, sealed)
    english = rania.browser.post("/en" + PATH, data={"kept": sealed}, headers=HTML)
    assert "What you typed is not lost" in text(english)
    asked = give(rania.browser, NEW)
    rania.browser.post(
        "/staff/sign-in/code", data={"ticket": hidden(asked, "ticket"), "code": rania.recovery[0]}
    )
    form = rania.browser.post(PATH, data={"kept": sealed})
    assert (form.status_code, "انقطاع المياه" in text(form)) == (200, True)


def test_nobody_else_gets_to_see_it(staff, rania, typing):
    typing.end()
    sealed = hidden(typing.post(), "kept")
    other = staff.browser()
    other.set_cookie(auth.COOKIE, auth.issue("salma", ["coordinator"], clock.now()))
    page = other.post(PATH, data={"kept": sealed}, headers=HTML)
    assert page.status_code == 401
    assert "فُتح هذا النموذج بحساب آخر" in text(page)
    assert "انقطاع" not in text(page)
    # Signing in as somebody else leads to where they start, not to what another typed.
    token = auth.issue("salma", ["coordinator"], clock.now())
    landed = other.post("/staff/sign-in", data={"token": token, "kept": sealed})
    assert (landed.status_code, landed.location) == (303, "/staff/coordinator")


def test_a_form_of_another_account_is_not_sent_in_the_name_of_who_is_signed_in_now(staff, rania, typing):
    before = typing.texts()
    rania.browser.set_cookie(auth.COOKIE, auth.issue("salma", ["coordinator"], clock.now()))
    other = staff.browser()
    other.set_cookie(auth.COOKIE, auth.issue("salma", ["coordinator"], clock.now()))
    assert typing.post(other).status_code == 401
    assert typing.texts() == before
    # Whoever is signed in stays so.
    assert other.get("/staff/coordinator").status_code == 200


def test_a_token_brings_it_back_too(staff):
    browser = staff.browser()
    browser.set_cookie(auth.COOKIE, auth.issue("salma", ["coordinator"], clock.now()))
    page = browser.get(PATH)
    old = auth.issue("salma", ["coordinator"], clock.now() - timedelta(hours=13))
    browser.set_cookie(auth.COOKIE, old)
    page = browser.post(PATH, data={**TYPED, "whose": hidden(page, "whose")}, headers=HTML)
    assert page.status_code == 401
    token = auth.issue("salma", ["coordinator"], clock.now())
    form = post_on(browser, "/staff/sign-in", {"token": token, "kept": hidden(page, "kept")})
    assert (form.status_code, "انقطاع المياه" in text(form)) == (200, True)


def test_a_password_that_must_be_changed_first_loses_nothing(staff, rania, typing):
    first = command("reset", "--subject", "rania@mwi.gov.jo").split()[-1]
    sessions.forget()
    page = typing.post()
    assert page.status_code == 401
    asked = rania.browser.post(
        "/staff/sign-in",
        data={"subject": "rania@mwi.gov.jo", "password": first, "kept": hidden(page, "kept")},
    )
    secret = base64.b32decode(re.search(r"secret=([A-Z2-7]+)", text(asked)).group(1))
    carried = {"ticket": hidden(asked, "ticket"), "kept": hidden(asked, "kept")}
    codes = rania.browser.post("/staff/sign-in/code", data={**carried, "code": staff.code(secret)})
    assert codes.status_code == 200
    answer = rania.browser.post(PATH, data={"kept": hidden(codes, "kept")}, headers=HTML)
    assert 'name="old"' in text(answer)
    newer = "another horse of mine"
    changed = rania.browser.post(
        "/staff/password",
        data={"old": first, "new": newer, "again": newer, "kept": hidden(answer, "kept")},
    )
    assert changed.status_code == 200
    form = rania.browser.post(PATH, data={"kept": hidden(changed, "kept")})
    assert (form.status_code, "انقطاع المياه" in text(form)) == (200, True)


def test_a_service_that_is_away_loses_nothing(recording, service):
    """Routing answers nothing of use: neither the session nor the form can be taken."""
    with recording.application.test_request_context("/"):
        whose = kept.whose("salma")
    recording.set_cookie(auth.COOKIE, auth.issue("salma", ["coordinator"], clock.now()))
    service.status = "503 Service Unavailable"
    page = recording.post(PATH, data={**TYPED, "whose": whose}, headers=HTML)
    assert page.status_code == 503
    assert "لم يضع ما كتبته" in text(page)
    service.status, service.body = "200 OK", b"[]"
    form = recording.post(PATH, data={"kept": hidden(page, "kept")})
    assert (form.status_code, "انقطاع المياه" in text(form)) == (200, True)


def test_a_file_is_excepted_and_said_so(recording):
    with recording.application.test_request_context("/"):
        whose = kept.whose("salma")
    path = "/en/staff/directory/import"
    data = {"kind": "officers", "whose": whose, "file": (io.BytesIO(b"a,b"), "x.csv")}
    page = recording.post(path, data=data, headers=HTML)
    assert (page.status_code, "A file is not kept" in text(page)) == (401, True)
    recording.set_cookie(auth.COOKIE, auth.issue("salma", ["coordinator"], clock.now()))
    form = recording.post(path, data={"kept": hidden(page, "kept")})
    assert form.status_code == 200
    assert "A file is not kept" in text(form)
    assert 'value="officers" selected' in text(form)


@pytest.mark.parametrize(
    "field",
    [{}, {"whose": ""}, {"whose": "x" * 100}, {"kept": "gAAAA"}, {"kept": "x" * 300_000}],
    ids=["none", "empty", "forged", "forged kept", "endless"],
)
def test_what_is_not_ours_only_leads_to_signing_in(recording, field):
    answer = recording.post(PATH, data={**TYPED, **field}, headers=HTML)
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")


def test_passwords_are_never_kept(staff, rania, typing):
    typing.end()
    answer = rania.browser.post(
        "/staff/password", data={"old": NEW, "new": "x", "again": "x", "whose": typing.whose}, headers=HTML
    )
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")


def test_it_is_good_for_an_hour(recording):
    raw = zlib.compress(json.dumps(["salma", PATH, [["name", "x"]], False]).encode())
    moment = int(clock.now().timestamp())
    with recording.application.test_request_context(PATH):
        box = sealing.box("typed")
        assert kept.opened(box.encrypt_at_time(raw, moment - 10).decode()).fields == (("name", "x"),)
        assert kept.opened(box.encrypt_at_time(raw, moment - kept.GOOD_SECONDS - 1).decode()) is None


def test_what_is_too_old_leads_back_with_nothing_of_the_address_in_a_header(recording):
    recording.set_cookie(auth.COOKIE, auth.issue("salma", ["coordinator"], clock.now()))
    answer = recording.post("/staff/cases/a%0d%0aX:y/accept", data={"kept": "old"})
    assert (answer.status_code, answer.location) == (303, "/staff/cases/a%0D%0AX%3Ay/accept")
