"""These tests drive separate processes from outside, and a browser: this process stays as Python made it."""

import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.support import journey

SALT = "SALT"
#: What a page may take on a busy machine.
SECONDS = 15
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}

if "eventlet" in sys.modules:
    import eventlet.patcher

    if eventlet.patcher.is_monkey_patched("socket"):
        raise pytest.UsageError("tests/e2e run in a process of their own: pytest tests/e2e")


@pytest.fixture(scope="session")
def sinks(tmp_path_factory):
    """Local ends for text messages and mail; their settings by name."""
    from services.cli.sinks import running

    with running(tmp_path_factory.mktemp("sinks")) as ends:
        yield ends


@pytest.fixture(scope="session")
def provider_secrets(tmp_path_factory):
    """Where the gateway finds the secrets of providers of identity: that of the Ministry of Water."""
    from tests.support.ministry_sign_in import SECRET

    place = tmp_path_factory.mktemp("providers")
    (place / "mwi").write_text(SECRET)
    return {"IDENTITY_PROVIDER_SECRETS": str(place)}


@pytest.fixture(scope="session")
def system(database_template, rabbit, keys, sinks, provider_secrets):
    """The whole system as separate processes, filled with what an installation starts with.

    `.gateway` is its address, `.command("token", "issue", …)` runs a command in its environment, `.processes`,
    `.environment`; `.databases` and `.vhost` are what it runs on.
    """
    from tests.support.deployment import Deployment

    databases, vhost = database_template.copy(), rabbit.create_vhost()
    environment = {**databases.environment, **keys, **sinks, **provider_secrets, "AMQP_URI": vhost.uri}
    # A busy machine slows services down; that is none of what is tested here.
    environment |= {"LIMITS": "false", "SERVICE_TIMEOUT_SECONDS": "60"}
    deployment = Deployment(environment)
    deployment.databases, deployment.vhost = databases, vhost
    deployment.command("topology", "declare")
    deployment.command("seed")
    try:
        yield deployment.start()
    finally:
        codes = deployment.close()
        vhost.drop()
        databases.drop()
    assert set(codes.values()) <= {0}, deployment.last_words


@pytest.fixture(scope="session")
def coordinator(system):
    """The headers of the coordinator."""
    token = system.command("token", "issue", "--role", "coordinator").strip()
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium, driven by playwright."""
    from playwright.sync_api import expect, sync_playwright

    from tests.support.tools import chromium

    # Chromium has no sandbox for root, and refuses to start rather than to do without.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield running
        running.close()


@pytest.fixture
def open_page(browser) -> Iterator:
    """Opens a page of a fresh browser context: `open_page(scripts=…, viewport=…, scheme=…)`."""
    contexts = []

    def build(*, scripts: bool = True, viewport: dict = PHONE, scheme: str = "light"):
        context = browser.new_context(java_script_enabled=scripts, viewport=viewport, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: page.complaints.append(line.text) if "Content Security" in line.text else None,
        )
        return page

    yield build
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def salt(system, coordinator):
    """A body with one liaison officer beside the main one, who is away, so that it is known whose the next case is.

    `.token(role, rank)`, `.officer` (the address at work), `.file()` a complaint that is the officer's, `.act(case, action, …)`.
    """
    people = {
        rank: (identity, email)
        for identity, rank, email in system.databases.rows(
            "routing", f"SELECT id::text, rank, email FROM officer WHERE institution = '{SALT}'"
        )
    }
    away = f"{system.gateway}/v1/staff/officers/{people['main'][0]}/presence"
    assert journey.ask(away, {"present": False}, coordinator).status == 200
    tokens = {}

    def token(role: str, rank: str) -> str:
        if role not in tokens:
            said = ("--role", role, "--institution", SALT, "--subject", people[rank][0])
            tokens[role] = system.command("token", "issue", *said).strip()
        return tokens[role]

    def file(**changes) -> SimpleNamespace:
        tracking = journey.file(system.gateway, category="municipal.waste", governorate="JO-BA", **changes)
        journey.wait_until_assigned(system.gateway, tracking)
        query = "SELECT complaint_id::text FROM cases ORDER BY complaint_id DESC LIMIT 1"
        ((case,),) = system.databases.rows("routing", query)
        return SimpleNamespace(tracking=tracking, case=case)

    def act(case: str, action: str, role: str = "officer", rank: str = "sub", **fields) -> None:
        headers = {"Authorization": f"Bearer {token(role, rank)}"}
        place = f"{system.gateway}/v1/staff/cases/{case}"
        body = {"version": journey.ask(place, headers=headers).body["version"], **fields}
        answer = journey.ask(f"{place}/actions/{action}", body, headers)
        assert answer.status == 200, answer

    return SimpleNamespace(token=token, officer=people["sub"][1], file=file, act=act)


@pytest.fixture
def come_in(open_page, system, salt):
    """Opens a page of somebody who is signed in: `come_in("officer", "sub", scripts=…)`."""

    def build(role: str, rank: str, **options):
        page = open_page(**options)
        page.context.add_cookies(
            [{"name": "staff", "value": salt.token(role, rank), "url": system.gateway, "sameSite": "Strict"}]
        )
        return page

    return build
