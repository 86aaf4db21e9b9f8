"""Signing in with a ministry's own provider, through the pages: there, back and out, and whom it lets in."""

import base64
import re
from datetime import timedelta
from urllib.parse import urlsplit

import eventlet
import pytest

from services.chassis import clock, database, logs
from services.routing.staff import sign_in, store
from services.routing.staff.credentials import Keys
from services.routing.staff.session import Life
from services.routing.staff.sessions import Via, Where
from services.routing.staff.sign_in import Came
from tests.support import poll
from tests.support.ministry_sign_in import SECRET
from tests.unit.gateway.at_ministry import BY_OTP, OUR_CODE, WITH, fault_of, run, text
from tests.unit.gateway.signing_in import HTML, RANIA, command, give, hidden


def test_an_officer_comes_in_with_the_ministry_s_account(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["pwd", "otp"])
    browser = staff.browser()
    page = text(browser.get("/en/staff/sign-in"))
    assert "Sign in with Ministry of Water" in page
    assert f'href="/en{WITH}"' in page
    shown = mwi.come(browser, prefix="/en")
    # The language in which it was begun; and a page, since a redirect would come without the strict cookie.
    assert (shown.status_code, 'lang="en"' in text(shown)) == (200, True)
    line = next(each for each in shown.headers.getlist("Set-Cookie") if each.startswith("staff_session="))
    assert "SameSite=Strict" in line
    assert "HttpOnly" in line
    assert browser.get_cookie("staff_leaving") is None
    page = browser.get("/en/staff/sessions")
    assert page.status_code == 200
    # The first password, which nobody used, does not stand in the way; nor are there recovery codes without a phone.
    assert "recovery" not in text(page).lower()
    assert "/staff/password" not in text(page)
    assert staff.rows("routing", "SELECT provider, subject FROM account_identity") == [("mwi", "p-rania")]
    assert staff.rows("routing", "SELECT what, actor FROM account_event ORDER BY number") == [
        ("made", "command"),
        ("linked", "mwi"),
    ]


def test_our_code_is_asked_for_in_addition(staff, mwi):
    mwi.enter(*OUR_CODE)
    browser = staff.browser()
    page = mwi.come(browser)
    secret = base64.b32decode(re.search(r"secret=([A-Z2-7]+)", text(page)).group(1))
    assert browser.get_cookie("staff_session") is None
    assert staff.rows("routing", "SELECT count(*) FROM account_identity") == [(0,)]
    data = {"ticket": hidden(page, "ticket"), "code": staff.code(secret)}
    done = browser.post("/staff/sign-in/code", data=data)
    assert done.status_code == 200
    assert browser.get("/staff/sessions").status_code == 200
    # The next time a wrong code keeps out, whatever the ministry says.
    other = staff.browser()
    page = mwi.come(other)
    assert "otpauth:" not in text(page)
    wrong = other.post("/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": "000000"})
    assert wrong.status_code == 422
    right = other.post(
        "/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": staff.code(secret, 1)}
    )
    assert right.status_code == 303
    # Recovery codes are renewed by the code, since there is no password to type.
    assert 'autocomplete="one-time-code"' in text(other.get("/staff/recovery-codes"))


def test_who_was_unlinked_on_the_way_to_our_code_is_not_linked_anew(staff, mwi):
    mwi.enter(*OUR_CODE)
    browser = staff.browser()
    page = mwi.come(browser)
    secret = base64.b32decode(re.search(r"secret=([A-Z2-7]+)", text(page)).group(1))
    browser.post("/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": staff.code(secret)})
    page = mwi.come(browser)
    assert run("unlink", "--code", "mwi", "--account", RANIA)
    answer = browser.post(
        "/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": staff.code(secret, 1)}
    )
    assert answer.status_code == 422
    assert staff.rows("routing", "SELECT count(*) FROM account_identity") == [(0,)]


def test_a_provider_that_is_disabled_ends_who_is_just_coming_in(staff, mwi):
    mwi.enter(*BY_OTP)
    life = Life(timedelta(minutes=30), timedelta(hours=1), timedelta(hours=12))
    via = Via("mwi", "p-rania")
    came = Came(Where("x", "x"), via, Keys(b"l" * 32, b"m" * 32), life, clock.now(), clock.new_id)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with database.transaction("routing") as connection:
        account = store.account_of(connection, RANIA)
        assert sign_in.opened(connection, account, None, came).outcome == "in"
        disabling = eventlet.spawn(run, "disable", "--code", "mwi")
        poll.until(lambda: staff.rows("routing", waiting) == [(1,)])
    assert disabling.wait() == "disabled\n"
    assert staff.rows("routing", "SELECT count(*) FROM session WHERE revoked_at IS NULL") == [(0,)]


def test_without_a_second_factor_there_nobody_comes_in(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["pwd"])
    browser = staff.browser()
    answer = mwi.come(browser, prefix="/en")
    assert fault_of(answer) == "factor"
    page = browser.get(answer.location)
    assert page.status_code == 422
    assert "without a second factor" in text(page)
    assert 'href="#with-mwi"' in text(page)
    assert browser.get_cookie("staff_session") is None


def test_one_ministry_s_provider_signs_in_nobody_of_another(staff, mwi):
    command("add", "--subject", "omar@moh.gov.jo", "--role", "officer", "--institution", "MOH")
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    assert fault_of(mwi.come(staff.browser(), "p-other")) == "account"
    # Not even when it is told to mean that account.
    run("link", "--code", "mwi", "--account", "omar@moh.gov.jo", "--subject", "p-other")
    assert fault_of(mwi.come(staff.browser(), "p-other")) == "account"


def test_who_acts_for_the_country_does_not_come_in_by_a_ministry(staff, mwi):
    name = "coordinator@mwi.gov.jo"
    command("add", "--subject", name, "--role", "coordinator", "--role", "officer", "--institution", "MWI")
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    assert fault_of(mwi.come(staff.browser(), "p-coordinator")) == "account"
    run("remove", "--code", "mwi")
    mwi.enter(*BY_OTP, "--national-role", "coordinator")
    assert mwi.come(staff.browser(), "p-coordinator").status_code == 200


@pytest.mark.parametrize("sub", ["p-stranger", "p-unverified"])
def test_nobody_gets_an_account_by_coming(staff, mwi, sub):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    before = staff.rows("routing", "SELECT count(*) FROM account")
    assert fault_of(mwi.come(staff.browser(), sub)) == "account"
    assert staff.rows("routing", "SELECT count(*) FROM account") == before


def test_an_address_that_another_person_got_opens_nothing(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    assert mwi.come(staff.browser()).status_code == 200
    assert fault_of(mwi.come(staff.browser(), "p-recycled")) == "account"
    run("unlink", "--code", "mwi", "--account", RANIA)
    assert mwi.come(staff.browser(), "p-recycled").status_code == 200
    assert fault_of(mwi.come(staff.browser())) == "account"


def test_by_subject_alone_an_address_says_nothing(staff, mwi):
    mwi.enter(*BY_OTP, "--match", "subject")
    mwi.control(amr=["otp"])
    assert fault_of(mwi.come(staff.browser())) == "account"
    run("link", "--code", "mwi", "--account", RANIA, "--subject", "p-rania")
    assert mwi.come(staff.browser()).status_code == 200


def test_a_disabled_account_stays_out(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    command("disable", "--subject", RANIA)
    assert fault_of(mwi.come(staff.browser())) == "account"


def test_what_was_begun_elsewhere_is_not_ended_here(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    thief, victim = staff.browser(), staff.browser()
    left = thief.get(WITH)
    came = urlsplit(mwi.process.sign_in(left.location, "p-rania"))
    back = f"{came.path}?{came.query}"
    # The thief's own sign-in, slipped to the victim: with no ticket, and with a ticket of the victim's own.
    assert fault_of(victim.get(back)) == "again"
    victim.get(WITH)
    assert fault_of(victim.get(back)) == "again"
    assert victim.get_cookie("staff_session") is None
    # The state of one with the code of another; another provider's way back; no state at all.
    thief.get(WITH)
    assert fault_of(thief.get(back)) == "again"
    for address in (
        f"{WITH}/back",
        "/staff/sign-in/with/other/back?state=x&code=y",
        f"{WITH}/back?state=%00",
    ):
        thief.get(WITH)
        answer = thief.get(address)
        assert answer.status_code in (303, 400)
        assert thief.get_cookie("staff_session") is None


def test_coming_back_twice_comes_in_once(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    browser = staff.browser()
    left = browser.get(WITH)
    ticket = browser.get_cookie("staff_leaving").value
    came = urlsplit(mwi.process.sign_in(left.location, "p-rania"))
    back = f"{came.path}?{came.query}"
    assert browser.get(back).status_code == 200
    assert fault_of(browser.get(back)) == "again"
    other = staff.browser()
    other.set_cookie("staff_leaving", ticket)
    assert fault_of(other.get(back)) == "again"
    ((used,),) = staff.rows("routing", "SELECT count(*) FROM used_assertion")
    assert used == 1


@pytest.mark.parametrize("fault", ["nonce", "none", "hs256", "expired", "audience", "mix_up"])
def test_a_token_that_is_none_opens_nothing(staff, mwi, fault):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"], fault=fault)
    browser = staff.browser()
    assert fault_of(mwi.come(browser)) == "again"
    assert browser.get_cookie("staff_session") is None


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_while_the_provider_is_away_the_password_still_signs_in(staff, mwi, prefix):
    mwi.enter(*BY_OTP)
    mwi.control(fault="broken")
    browser = staff.browser()
    answer = browser.get(prefix + WITH)
    assert fault_of(answer) == "away"
    page = browser.get(answer.location)
    assert page.status_code == 422
    assert ("It cannot be reached" if prefix else "يتعذّر الوصول إليه") in text(page)
    assert give(browser, staff.password, prefix=prefix).status_code == 200


def test_declining_there_leads_back(staff, mwi):
    mwi.enter(*BY_OTP)
    assert fault_of(mwi.come(staff.browser(), None)) == "declined"


def test_nothing_is_redirected_to_where_somebody_else_says(staff, mwi):
    mwi.enter(*BY_OTP)
    mwi.control(amr=["otp"])
    browser = staff.browser()
    left = browser.get(WITH + "?next=https://evil.example&redirect_uri=https://evil.example")
    assert "evil" not in left.location
    came = urlsplit(mwi.process.sign_in(left.location, "p-rania"))
    shown = browser.get(f"{came.path}?{came.query}&next=https://evil.example")
    assert "evil" not in text(shown)
    for address in ("/staff/signed-out?from=https://evil.example", "/staff/sign-in?from=//evil&fault=away"):
        answer = browser.get(address)
        assert "evil" not in text(answer) + (answer.location or "")


def test_a_link_on_another_site_signs_nobody_in(staff, mwi):
    mwi.enter(*BY_OTP)
    answer = staff.browser().get(WITH, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.location == "/staff/sign-in"


def test_the_commands(staff, mwi):
    made = ["add", "--code", "x", "--name-ar", "x", "--name-en", "x", "--client-id", "us"]
    good = [*made, "--issuer", "https://login.moh.gov.jo", "--institution", "MOH", "--our-code"]
    assert "put its secret into the file x" in run(*good)
    assert "a provider of this code" in run(*good, code=1)
    listed = run("list")
    assert listed == "x\thttps://login.moh.gov.jo\tMOH\tby email\tour code\tactive\n"
    assert run("disable", "--code", "x") == "disabled\n"
    assert staff.browser().get("/staff/sign-in/with/x", headers=HTML).status_code == 404
    assert run("enable", "--code", "x") == "active\n"
    wrong = {
        "https": [*made, "--issuer", "http://login.moh.gov.jo", "--institution", "MOH", "--our-code"],
        "query": [*made, "--issuer", "https://x.jo/?a=b", "--institution", "MOH", "--our-code"],
        "no institution NONE": [*made, "--issuer", "https://x.jo", "--institution", "NONE", "--our-code"],
        "name the institutions": [*made, "--issuer", "https://x.jo", "--our-code"],
    }
    for number, (said, arguments) in enumerate(wrong.items()):
        arguments[2] = f"y{number}"
        assert said in run(*arguments, code=1)
    assert "--our-code" in run(*made, "--issuer", "https://x.jo", "--institution", "MOH", code=2)
    assert "no such account" in run(
        "link", "--code", "x", "--account", "nobody@y.z", "--subject", "s", code=1
    )
    assert "does not mean" in run("unlink", "--code", "x", "--account", RANIA, code=1)


def test_nothing_of_a_person_is_in_the_log(staff, mwi, capsys, caplog):
    mwi.enter(*BY_OTP)
    logs.configure("gateway", "debug")
    mwi.control(amr=["otp"])
    mwi.come(staff.browser())
    mwi.control(fault="nonce")
    mwi.come(staff.browser())
    logs.configure("gateway")
    said = capsys.readouterr().out + caplog.text
    assert "identity_provider_not_believed" in said
    for secret in (RANIA, SECRET, "p-rania"):
        assert secret not in said
