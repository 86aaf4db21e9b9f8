"""The coordinator in a real browser: what nobody owns is seen with its clock, taken, and given to an officer."""

import pytest

from tests.e2e.conftest import DESK, PHONE
from tests.e2e.test_pages import LAID_OUT, PALE
from tests.support import journey
from tests.support.poll import until

PATHS = (
    *("coordinator", "team?institution=WAJ", "calendar", "directory?institution=WAJ", "reply-templates"),
    *("on-call?institution=WAJ", "on-call?of=WAJ", "directory/import", "accounts", "dashboard", "sessions"),
)


@pytest.fixture
def nobody_there(system, coordinator):
    """A body of which nobody is present, for the time of a test: (its code, a category and governorate that it answers for)."""
    team = journey.ask(f"{system.gateway}/v1/staff/team?institution=WAJ", headers=coordinator).body

    def mark(present: bool) -> None:
        for each in team:
            path = f"{system.gateway}/v1/staff/officers/{each['id']}/presence"
            assert journey.ask(path, {"present": present}, coordinator).status == 200

    mark(False)
    yield "WAJ", "water.outage", "JO-IR"
    mark(True)


def signed_in(page, address: str, token: str) -> None:
    page.goto(address + "/en/staff/sign-in")
    page.locator("details summary", has_text="token").click()
    page.fill("#token", token)
    page.locator("details .button").click()
    page.wait_for_url("**/en/staff/**")


def test_the_coordinator_takes_what_nobody_owns(open_page, system, coordinator, nobody_there):
    _, category, governorate = nobody_there
    tracking = journey.file(system.gateway, category=category, governorate=governorate)
    unowned = f"{system.gateway}/v1/staff/worklist?view=unowned"
    until(lambda: journey.ask(unowned, headers=coordinator).body["items"])
    page = open_page(scripts=False, viewport=DESK)
    signed_in(page, system.gateway, coordinator["Authorization"].removeprefix("Bearer "))
    page.goto(system.gateway + "/en/staff/coordinator")
    row = page.locator("section[aria-labelledby=unowned] tbody tr").first
    assert "ago" in row.inner_text() or "just now" in row.inner_text()
    row.locator(".button").click()
    assert page.url.endswith("/assign")
    page.select_option("#of_body", "MWI")
    page.locator("button[value=reload]").click()
    there = page.locator("#officer_id option:not([disabled])").nth(1).get_attribute("value")
    page.select_option("#officer_id", there)
    page.locator("main form button:not([value]):not(.link)").last.click()
    assert page.locator("[role=status]").count() >= 1
    seen = until(
        lambda: (found := journey.track(system.gateway, tracking))["status"]["code"] == "assigned" and found,
        20,
    )
    assert seen["institution"] == "MWI"
    page.goto(system.gateway + "/en/staff/coordinator")
    assert page.locator("section[aria-labelledby=unowned]").count() == 0
    assert page.complaints == []


@pytest.mark.parametrize(("prefix", "viewport", "scheme"), [("", PHONE, "light"), ("/en", DESK, "dark")])
def test_the_pages_of_those_who_lead_fit_and_can_be_read_and_hit(
    open_page, system, coordinator, prefix, viewport, scheme
):
    page = open_page(viewport=viewport, scheme=scheme)
    signed_in(page, system.gateway, coordinator["Authorization"].removeprefix("Bearer "))
    found = {}
    for path in PATHS:
        page.goto(f"{system.gateway}{prefix}/staff/{path}")
        wrong = page.evaluate(LAID_OUT) + page.evaluate(PALE)
        if wrong:
            found[path] = wrong
    assert found == {}
    assert page.complaints == []


@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
def test_the_menu_takes_one_row_of_a_phone_and_opens_by_keyboard_without_scripts(
    open_page, system, coordinator, prefix
):
    page = open_page(scripts=False, viewport=PHONE)
    signed_in(page, system.gateway, coordinator["Authorization"].removeprefix("Bearer "))
    page.goto(f"{system.gateway}{prefix}/staff/directory")
    menu, links = page.locator(".desk-menu"), page.locator(".desk-menu a")
    assert not page.locator(".desk-nav").is_visible()
    assert menu.bounding_box()["height"] < 60
    assert links.count() >= 8
    assert not links.first.is_visible()
    page.locator(".desk-menu summary").focus()
    page.keyboard.press("Enter")
    assert all(each.is_visible() for each in links.all())
    assert page.locator(".desk-menu [aria-current=page]").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.querySelector('.desk-menu a')")
    page.set_viewport_size(DESK)
    assert page.locator(".desk-nav").is_visible()
    assert not menu.is_visible()
