"""Signing in through the pages, with routing's own app and database behind them."""

import time

import pytest

from gateway import auth, policy, sessions
from services.chassis.clock import now
from tests.unit.gateway.signing_in import HTML, NEW, RANIA, come_in, command, give, hidden


def test_the_first_day(rania):
    page = rania.browser.get("/en/staff/sessions?changed=1")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert RANIA in text
    assert "Your password was changed" in text
    assert text.count("<tr>") == 2
    assert "127.0.0.0/24" in text


def test_the_cookies_are_shut_and_opaque(staff, rania):
    answer = come_in(staff, staff.browser(), rania.recovery[0])
    assert (answer.status_code, answer.location) == (303, "/staff/desk")
    cookies = {each.split("=")[0]: each for each in answer.headers.getlist("Set-Cookie")}
    for name in ("staff_session", sessions.DEVICE_COOKIE):
        assert "HttpOnly" in cookies[name]
        assert "SameSite=Strict" in cookies[name]
        assert "Path=/" in cookies[name]
        assert RANIA not in cookies[name]
    assert "Max-Age" not in cookies["staff_session"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_in_english_leads_to_a_page_in_english(staff, rania):
    answer = come_in(staff, staff.browser(), rania.recovery[0], "/en")
    assert answer.location == "/en/staff/desk"


def test_a_wrong_password_and_no_account_are_one_page(staff, rania):
    pages = [
        give(staff.browser(), "wrong", subject).get_data(as_text=True).replace(subject, "…")
        for subject in (RANIA, "nobody@mwi.gov.jo")
    ]
    assert pages[0] == pages[1]
    assert 'class="summary"' in pages[0]
    assert 'href="#password"' in pages[0]


@pytest.mark.parametrize(
    "typed", [{}, {"subject": RANIA}, {"password": "x"}, {"subject": " ", "password": ""}]
)
def test_what_is_missing_is_named(staff, typed):
    page = staff.browser().post("/staff/sign-in", data=typed)
    assert page.status_code == 422
    assert 'class="summary"' in page.get_data(as_text=True)
    assert staff.rows("routing", "SELECT count(*) FROM sign_in_attempt") == [(0,)]


@pytest.mark.parametrize("password", ["x" * 5000, "\0", "\ud83d", "<b>"])
def test_whatever_is_typed_is_a_wrong_password_at_most(staff, password):
    page = staff.browser().post(
        "/staff/sign-in", data={"subject": "<script>@x", "password": password.encode("utf-8", "replace")}
    )
    assert page.status_code == 422
    assert "<script>@x" not in page.get_data(as_text=True)


def test_a_ticket_that_is_none_leads_back_to_the_password(staff):
    page = staff.browser().post("/staff/sign-in/code", data={"ticket": "nonsense", "code": "123456"})
    assert page.status_code == 422
    assert 'id="password"' in page.get_data(as_text=True)
    assert staff.browser().post("/staff/sign-in/code").status_code == 422


def test_too_many_tries_say_when_to_come_back(staff, rania):
    stranger = staff.browser()
    answers = [give(stranger, "wrong") for _ in range(7)]
    assert [each.status_code for each in answers] == [422] * 5 + [429] * 2
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 5
    assert give(stranger, NEW).status_code == 429
    # The owner, at a browser that is known, in the same network.
    assert give(rania.browser, NEW).status_code == 200


def test_an_address_that_is_spent_still_lets_known_devices_in(staff, rania):
    stranger = staff.browser()
    for number in range(12):
        give(stranger, "wrong", f"somebody{number}@moh.gov.jo")
    refused = give(stranger, "wrong", "another@moh.gov.jo")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert give(rania.browser, NEW).status_code == 200
    assert rania.browser.get("/staff/sessions").status_code == 200


def test_where_an_address_is_spent_people_are_led_to_sign_in_and_good_tokens_are_good(staff):
    browser = staff.browser()
    for number in range(12):
        browser.get("/v1/staff/accounts", headers={"Authorization": f"Bearer {number}"})
    assert browser.get("/v1/staff/accounts", headers={"Authorization": "Bearer x"}).status_code == 429
    good = {"Authorization": "Bearer " + auth.issue("salma", ["coordinator"], now())}
    assert browser.get("/v1/staff/accounts", headers=good).status_code == 200
    assert browser.get("/staff/desk", headers=HTML).location == "/staff/sign-in"


def test_a_link_from_another_site_signs_nobody_out(staff, rania):
    # A browser that follows it sends no strict cookie along, and would obey when told to drop one.
    answer = staff.browser().get("/staff/desk", headers={**HTML, "Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")
    assert answer.headers.getlist("Set-Cookie") == []


def test_a_token_that_opens_nothing_is_taken_from_the_browser(staff):
    browser = staff.browser()
    browser.set_cookie(auth.COOKIE, "nonsense")
    assert browser.get("/staff/desk", headers=HTML).location == "/staff/sign-in"
    assert browser.get_cookie(auth.COOKIE) is None


def test_a_session_is_no_token_of_the_api(rania):
    for path in ("/v1/staff/accounts", "/v1/dashboard"):
        assert rania.browser.get(path).status_code == 401


def test_signing_out_ends_the_session_everywhere(staff, rania):
    copied = rania.browser.get_cookie("staff_session").value
    answer = rania.browser.post("/staff/sign-out")
    assert (answer.status_code, answer.location) == (303, "/")
    assert rania.browser.get_cookie("staff_session") is None
    thief = staff.browser()
    thief.set_cookie("staff_session", copied)
    answer = thief.get("/staff/sessions", headers=HTML)
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")
    assert thief.get_cookie("staff_session") is None


def test_another_browser_is_signed_out_from_here(staff, rania):
    other = staff.browser()
    come_in(staff, other, rania.recovery[0])
    assert other.get("/staff/sessions").status_code == 200
    page = rania.browser.get("/staff/sessions")
    family = hidden(page, "family")
    assert rania.browser.post("/staff/sessions", data={"family": family}).status_code == 303
    sessions.forget()
    assert other.get("/staff/sessions").status_code == 303
    assert rania.browser.get("/staff/sessions").status_code == 200


def test_a_session_that_was_revoked_is_believed_for_seconds_at_most(staff, rania):
    assert rania.browser.get("/staff/sessions").status_code == 200
    command("sessions", "revoke", "--subject", RANIA)
    kept = next(iter(sessions._kept.values()))
    assert kept[0] - time.monotonic() <= sessions.KEPT_SECONDS <= 5
    sessions.forget()
    assert rania.browser.get("/staff/sessions").status_code == 303


def test_an_old_id_is_replaced_in_the_browser(staff, rania):
    before = rania.browser.get_cookie("staff_session").value
    staff.rows("routing", "UPDATE session SET issued_at = issued_at - interval '61 minutes'")
    sessions.forget()
    assert rania.browser.get("/staff/sessions").status_code == 200
    after = rania.browser.get_cookie("staff_session").value
    assert after != before
    sessions.forget()
    assert rania.browser.get("/staff/sessions").status_code == 200
    assert rania.browser.get_cookie("staff_session").value == after


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"old": NEW, "new": "short", "again": "short"}, "new"),
        ({"old": NEW, "new": "a long one of many", "again": "another long one"}, "again"),
        ({"old": "wrong", "new": "a long one of many", "again": "a long one of many"}, "old"),
        ({"old": NEW, "new": NEW, "again": NEW}, "new"),
        ({}, "old"),
    ],
)
def test_a_password_that_cannot_be_is_named_beside_its_field(rania, typed, field):
    page = rania.browser.post("/staff/password", data=typed)
    assert page.status_code == 422
    text = page.get_data(as_text=True)
    assert f'id="{field}-error"' in text
    assert NEW not in text


def test_who_has_a_token_has_no_account_to_look_at(staff):
    browser = staff.browser()
    browser.set_cookie(auth.COOKIE, auth.issue("guest", ["coordinator"], now()))
    assert browser.get("/staff/sessions").status_code == 200
    assert browser.get("/staff/password").location == "/staff/sessions"
    assert browser.post("/staff/password").location == "/staff/sessions"
    assert browser.post("/staff/sessions").status_code == 303


def test_one_way_of_being_signed_in_takes_the_place_of_the_other(staff, rania):
    token = auth.issue("salma", ["coordinator"], now())
    answer = rania.browser.post("/staff/sign-in", data={"token": token})
    assert answer.location == "/staff/coordinator"
    assert rania.browser.get_cookie("staff_session") is None
    come_in(staff, rania.browser, rania.recovery[0])
    assert rania.browser.get_cookie(auth.COOKIE) is None
    code = auth.entry_codes.new("salma", ["coordinator"])
    assert rania.browser.get(f"/staff/enter?code={code}").status_code == 200
    assert rania.browser.get_cookie("staff_session") is None
    assert "salma" in rania.browser.get("/staff/sessions").get_data(as_text=True)
    assert staff.rows("routing", "SELECT count(*) FROM session WHERE revoked_at IS NULL") == [(0,)]


def test_while_routing_is_away_nobody_is_let_in_and_nobody_is_thrown_out(gateway):
    browser = gateway(ROUTING_URL="http://127.0.0.1:1")
    browser.set_cookie("staff_session", "x" * 43)
    assert browser.get("/staff/dashboard", headers=HTML).status_code == 503
    assert browser.get_cookie("staff_session") is not None
    assert give(browser, "x").status_code == 503
    assert browser.post("/staff/sign-out").status_code == 303


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_forms_of_other_sites_do_nothing(staff, rania, prefix):
    for path in ("/staff/sign-in", "/staff/sign-in/code", "/staff/password", "/staff/sessions"):
        answer = rania.browser.post(prefix + path, data={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


def test_nothing_of_a_person_is_in_the_log(staff, rania, capsys, caplog):
    from services.chassis import logs

    logs.configure("gateway", "debug")
    give(staff.browser(), "wrong")
    come_in(staff, staff.browser(), rania.recovery[0])
    rania.browser.get("/staff/sessions")
    logs.configure("gateway")
    said = capsys.readouterr().out + caplog.text
    assert "http_request" in said
    for secret in (RANIA, NEW, rania.recovery[0], "wrong"):
        assert secret not in said


PAGES = sorted(
    (method, path) for method, path in policy.POLICY if path.startswith("/staff/") and method == "GET"
)


@pytest.mark.parametrize("language", ["", "/en"])
def test_a_session_may_on_every_page_what_the_table_says(staff, rania, language):
    made_up = staff.browser()
    for method, path in PAGES:
        row = policy.POLICY[method, path]
        if row.public:
            continue
        answer = rania.browser.get(language + path, headers=HTML)
        # There is no case to be shown, but who may not look at any is told so first.
        found = 404 if "{" in path else 200
        assert answer.status_code == (403 if row.cells["officer"] == policy.NO else found), path
        for cookie in ("x" * 43, "x" * 4000):
            made_up.set_cookie("staff_session", cookie)
            answer = made_up.get(language + path, headers=HTML)
            assert (answer.status_code, answer.location) == (303, language + "/staff/sign-in"), path
