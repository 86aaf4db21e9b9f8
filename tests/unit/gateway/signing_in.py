"""Somebody who signs in through the pages, with routing's own app and database behind them."""

import base64
import html
import re
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from services.chassis.clock import now
from services.cli.main import main
from services.routing.staff import credentials
from tests.support.apps import app_of

RANIA = "rania@mwi.gov.jo"
NEW = "a horse that is correct"
HTML = {"Accept": "text/html"}


def command(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["account", *arguments])
    assert done.exit_code == 0, done.output
    return done.output.strip()


def hidden(page, name: str) -> str:
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page.get_data(as_text=True)).group(1))


@pytest.fixture
def staff(databases, gateway, serve):
    """`.browser()` is a new client of one gateway before routing; `.password` is Rania's first; `.code(secret, ahead)`."""
    from services.routing.service import create_app

    app = gateway(ROUTING_URL=serve(app_of(create_app))).application
    password = command("add", "--subject", RANIA, "--role", "officer", "--institution", "MWI")

    def code(secret: bytes, ahead: int = 0) -> str:
        return credentials._totp(secret).generate(int(now().timestamp()) + 30 * ahead).decode()

    return SimpleNamespace(browser=app.test_client, password=password, code=code, rows=databases.rows)


def give(browser, password: str, subject: str = RANIA, prefix: str = ""):
    return browser.post(prefix + "/staff/sign-in", data={"subject": subject, "password": password})


@pytest.fixture
def rania(staff):
    """She signed in for the first time and changed her password: `.browser`, `.secret`, `.recovery`."""
    browser = staff.browser()
    page = give(browser, staff.password)
    text = page.get_data(as_text=True)
    secret = re.search(r"otpauth://[^\"]*?secret=([A-Z2-7]+)", text).group(1)
    raw = base64.b32decode(secret)
    wrong = browser.post("/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": ""})
    assert wrong.status_code == 422
    assert secret in wrong.get_data(as_text=True)
    shown = browser.post(
        "/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": staff.code(raw)}
    )
    assert shown.status_code == 200
    recovery = re.findall(r"[0-9A-Z]{5}-[0-9A-Z]{5}", shown.get_data(as_text=True))
    assert len(recovery) == 10
    for path in ("/staff/sessions", "/staff/dashboard", "/staff/cases/staff/password"):
        answer = browser.get(path, headers=HTML)
        assert (answer.status_code, answer.location) == (303, "/staff/password")
    changed = browser.post("/staff/password", data={"old": staff.password, "new": NEW, "again": NEW})
    assert (changed.status_code, changed.location) == (303, "/staff/sessions?changed=1")
    return SimpleNamespace(browser=browser, secret=raw, recovery=recovery)


def come_in(staff, browser, code: str, prefix: str = ""):
    page = give(browser, NEW, prefix=prefix)
    return browser.post(prefix + "/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": code})
