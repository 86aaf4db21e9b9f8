"""Signing out of a ministry's provider, and what the provider ends of ours."""

import base64
import re

import pytest

from gateway import provider, sessions
from tests.support.hostile_tokens import CLIENT
from tests.unit.gateway.at_ministry import BY_OTP, OUR_CODE, WITH, run, text
from tests.unit.gateway.signing_in import HTML, give, hidden


def test_signing_out_leads_to_signing_out_there(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    browser = staff.browser()
    mwi.come(browser)
    answer = browser.post("/en/staff/sign-out")
    assert answer.location == "/en/staff/signed-out?from=mwi"
    page = text(browser.get(answer.location))
    assert f'href="{mwi.process.issuer}/end-session?client_id={CLIENT}' in page
    assert browser.get("/staff/sessions", headers=HTML).status_code == 303
    mwi.control(fault="broken")
    provider.forget()
    assert "On a computer that others use" in text(browser.get(answer.location))


def test_the_ministry_ends_what_it_opened_and_nothing_else(staff, mwi):
    mwi.enter(*OUR_CODE)
    # One session by password, one by the mwi.
    by_password, by_ministry = staff.browser(), staff.browser()
    page = give(by_password, staff.password)
    secret = base64.b32decode(re.search(r"secret=([A-Z2-7]+)", text(page)).group(1))
    by_password.post(
        "/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": staff.code(secret)}
    )
    page = mwi.come(by_ministry)
    by_ministry.post(
        "/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": staff.code(secret, 1)}
    )
    assert by_ministry.get("/staff/sessions").status_code == 200
    anybody = staff.browser()
    for token in ("", "nonsense", mwi.control(logout={"sub": "p-rania", "aud": "x"})["logout_token"]):
        answer = anybody.post(WITH + "/logout", data={"logout_token": token})
        assert answer.status_code == 400
    token = mwi.control(logout={"sub": "p-rania", "sid": "session of p-rania"})["logout_token"]
    assert anybody.post(WITH + "/logout", data={"logout_token": token}).status_code == 200
    assert by_ministry.get("/staff/sessions", headers=HTML).status_code == 303
    assert by_password.get("/staff/password").status_code == 200
    # The same token again is none.
    assert anybody.post(WITH + "/logout", data={"logout_token": token}).status_code == 400
    assert anybody.post("/staff/sign-in/with/other/logout", data={"logout_token": token}).status_code == 400


@pytest.mark.parametrize(
    ("fault", "asked", "ended"),
    [
        (None, {"sub": "p-rania", "sid": "another"}, False),
        (None, {"sub": "p-salma"}, False),
        (None, {"sid": "session of p-rania", "sub": None}, True),
        (None, {"sub": "p-rania"}, True),
        ("no_session", {"sub": "p-rania", "sid": "whatever"}, True),
        ("no_session", {"sid": "whatever", "sub": None}, False),
    ],
)
def test_a_logout_ends_the_session_that_it_means(staff, mwi, fault, asked, ended):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"], fault=fault)
    browser = staff.browser()
    mwi.come(browser)
    token = mwi.control(logout=asked)["logout_token"]
    assert staff.browser().post(WITH + "/logout", data={"logout_token": token}).status_code == 200
    sessions.forget()
    assert (browser.get("/staff/sessions", headers=HTML).status_code == 303) is ended


def test_removing_a_provider_ends_what_it_opened(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    browser = staff.browser()
    mwi.come(browser)
    assert run("remove", "--code", "mwi") == "1 sessions ended\n"
    sessions.forget()
    assert browser.get("/staff/sessions", headers=HTML).status_code == 303
    assert browser.get(WITH, headers=HTML).status_code == 404
    assert "no provider of this code" in run("remove", "--code", "mwi", code=1)
