"""These tests drive separate processes from outside, and a browser: this process stays as Python made it."""

import os
import sys
from collections.abc import Iterator

import pytest

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
    environment["LIMITS"] = "false"
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
    from playwright.sync_api import sync_playwright

    from tests.support.tools import chromium

    # Chromium has no sandbox for root, and refuses to start rather than to do without.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
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
        page.set_default_timeout(15_000)
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
