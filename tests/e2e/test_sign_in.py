"""Signing in, in a real browser: the first day with a password and a phone, and by a ministry that is another site."""

import base64
import re
import time

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import expect

from tests.support.hostile_tokens import CLIENT
from tests.support.ministry_sign_in import Process
from tests.support.poll import until

RANIA, SALMA = "rania@mwi.gov.jo", "salma@mwi.gov.jo"
NEW = "a horse that is correct"
BUTTON = "main form button"


@pytest.fixture(scope="module")
def ministry(system):
    """The Ministry of Water's provider of identity, under another name of this machine: to a browser another site."""
    from services.cli.postgres import free_port

    back = f"{system.gateway}/staff/sign-in/with/mwi/back"
    process = Process(free_port(), back, name="localhost")
    system.command("identity-provider", "add", "--code", "mwi", "--name-ar", "وزارة المياه والري",
        "--name-en", "the Ministry of Water and Irrigation", "--issuer", process.issuer,
        "--client-id", CLIENT, "--institution", "MWI", "--amr", "otp")  # fmt: skip
    process.control(amr=["pwd", "otp"])
    yield process
    process.close()


def account(system, subject: str) -> str:
    """Makes an account; its first password."""
    made = system.command("account", "add", "--subject", subject, "--role", "officer", "--institution", "MWI")
    return made.strip()


def offered(page, address: str) -> None:
    """Opens the page of signing in once it offers the ministry: the gateway looks for new ones now and then."""

    def there() -> bool:
        page.goto(address)
        return page.locator("#with-mwi").count() == 1

    until(there, seconds=60, every=1)


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_an_officer_comes_in_by_the_ministry_and_goes_out(open_page, system, ministry, scripts):
    if scripts is False:
        account(system, RANIA)
    page = open_page(scripts=scripts)
    offered(page, f"{system.gateway}/en/staff/sign-in")
    page.click("#with-mwi")
    assert page.url.startswith(ministry.issuer)
    page.click("button[value=p-rania]")
    # The cookie of the session is sent to no page that another site led to: this one goes on by itself.
    page.wait_for_url(re.compile(r"/en/staff/(desk|sessions)"))
    page.goto(f"{system.gateway}/en/staff/sessions")
    assert RANIA in page.locator(".who-am-i").inner_text()
    page.locator("form[action$=sign-out] button").first.click()
    assert page.locator("h1").inner_text() == "You are signed out"
    page.locator("main .button").first.click()
    assert page.url.startswith(f"{ministry.issuer}/end-session")
    page.goto(f"{system.gateway}/en/staff/sessions")
    assert page.url.endswith("/en/staff/sign-in")
    assert page.complaints == []


def test_the_first_day_with_password_and_phone(open_page, system):
    password = account(system, SALMA)
    page = open_page(scripts=False)
    page.goto(f"{system.gateway}/staff/sign-in")
    page.fill("#subject", SALMA)
    page.fill("#password", password)
    page.locator("form:has(#subject) button").click()
    picture = page.locator("svg.qr").bounding_box()
    assert picture["width"] >= 200
    assert abs(picture["width"] - picture["height"]) < 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    secret = re.search(r"secret=([A-Z2-7]+)", page.locator("a[href^=otpauth]").get_attribute("href")).group(1)
    assert "".join(page.locator(".tracking").inner_text().split()) == secret
    page.fill("#code", TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time())).decode())
    page.locator(BUTTON).first.click()
    expect(page.locator(".codes li")).to_have_count(10)
    page.locator("main .button").click()
    assert page.url.endswith("/staff/password")
    for field, typed in (("old", password), ("new", NEW), ("again", NEW)):
        page.fill(f"#{field}", typed)
    page.locator(BUTTON).first.click()
    assert page.url.endswith("/staff/sessions?changed=1")
    page.goto(f"{system.gateway}/staff/recovery-codes")
    page.fill("#proof", NEW)
    page.locator(BUTTON).first.click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert page.complaints == []
