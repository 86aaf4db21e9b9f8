"""An officer's work in a real browser: from the first sign-in to an approved reply, by mouse, by keyboard and without scripts."""

import base64
import re
import time
from datetime import timedelta

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import expect

from services.chassis.clock import now
from tests.e2e.conftest import DESK, SALT
from tests.e2e.test_pages import LAID_OUT, PALE
from tests.support import journey
from tests.support.poll import until

PASSWORD = "a horse that is correct"
ANSWER = "الحاوية أمام المدرسة رقم 14."
REPLY = {
    "found": "لم تمرّ سيارة الجمع بسبب عطل فيها.",
    "remedy": "أُصلحت السيارة وجُمعت النفايات.",
    "legal_basis": "المادة 3 من نظام إدارة النفايات الصلبة",
    "summary": "جُمعت النفايات اليوم، وتمرّ السيارة كل يومين.",
}


def sign_in(page, address: str, subject: str, first_password: str) -> None:
    """The first day: password, phone, recovery codes, a password of one's own."""
    page.goto(address + "/en/staff/sign-in")
    page.fill("#subject", subject)
    page.fill("#password", first_password)
    page.locator("form:has(#password) .button").click()
    address_of_key = page.locator("a[href^='otpauth']").get_attribute("href")
    secret = base64.b32decode(re.search(r"secret=([A-Z2-7]+)", address_of_key).group(1))
    page.fill("#code", TOTP(secret, 6, SHA1(), 30).generate(int(time.time())).decode())
    page.locator("form:has(#code) .button").click()
    page.locator(".actions .button").first.click()
    page.fill("#old", first_password)
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.locator("form:has(#new) .button").first.click()
    page.get_by_role("link", name="To your work").click()


def test_a_new_officer_answers_a_complaint_without_scripts(open_page, come_in, system, salt):
    address = system.gateway
    about = {"rights_codes": ["ES-ENV"], "groups": ["children"]}
    filed = salt.file(text="لم تُجمع النفايات من شارعنا منذ أسبوع، والحاوية ممتلئة.", **about)
    texts = {
        "name": "جمع النفايات",
        "category": "municipal.waste",
        "outcome": "satisfactory",
        "language": "ar",
    }
    written = journey.ask(
        f"{address}/v1/staff/reply-templates",
        {**texts, **REPLY, "found": ""},
        {"Authorization": f"Bearer {salt.token('main_officer', 'main')}"},
    )
    assert written.status == 201, written
    said = ("--subject", salt.officer, "--role", "officer", "--institution", SALT)
    first_password = system.command("account", "add", *said).strip()

    page = open_page(scripts=False)
    sign_in(page, address, salt.officer, first_password)
    assert page.url == address + "/en/staff/desk"
    page.locator(".next .button").click()
    # What other tests have filed for this officer may be due before it.
    assert page.url.startswith(f"{address}/en/staff/cases/")
    page.goto(f"{address}/en/staff/cases/{filed.case}")
    assert "لم تُجمع النفايات" in page.locator(".filed").inner_text()
    assert page.locator(".filed dd").all_inner_texts() == ["Environment", "Children"]

    page.get_by_role("button", name="Accept").click()
    assert page.url.endswith(f"{filed.case}?done=accept")
    assert "taken it up" in page.locator("[role=status].done").inner_text()
    page.get_by_role("link", name="Ask the complainant").click()
    page.locator("form.act .actions .button").first.click()
    assert "Your question:" in page.locator(".summary").inner_text()
    page.fill("#question", "أين الحاوية؟")
    page.locator("form.act .actions .button").first.click()
    assert "Waits for the complainant" in page.locator(".case-head").inner_text()

    journey.ask(f"{address}/v1/complaints/{filed.tracking}/messages", {"text": ANSWER})

    def answered() -> bool:
        page.goto(f"{address}/en/staff/cases/{filed.case}")
        return ANSWER in page.content() and "In work" in page.locator(".case-head").inner_text()

    until(answered, every=0.2)
    page.get_by_role("link", name="Propose a reply").click()
    page.fill("#found", REPLY["found"])
    page.select_option("#template", label="جمع النفايات")
    page.locator("button[value=template]").click()
    for name, text in REPLY.items():
        assert page.input_value(f"#{name}") == text
    assert page.input_value("#outcome") == "satisfactory"
    page.locator("form.act .actions .button").first.click()
    assert "second officer" in page.locator(".done").inner_text()
    assert page.get_by_role("link", name="Approve the reply").count() == 0

    approver = come_in("approver", "approver", scripts=False)
    approver.goto(address + "/staff/desk")
    approver.locator(".next .button").click()
    approver.goto(f"{address}/staff/cases/{filed.case}")
    approver.get_by_role("link", name="اعتماد الرد").click()
    assert "لم تُجمع النفايات" in approver.locator("div.first").inner_text()
    assert REPLY["summary"] in approver.locator("div.second").inner_text()
    assert approver.locator(".checks .bad").count() == 0
    approver.locator("form.act .button").first.click()
    expect(approver.locator("[role=status].done")).to_have_count(1)

    complainant = open_page(scripts=False)

    def told() -> bool:
        complainant.goto(address + "/track")
        complainant.fill("#number", filed.tracking)
        complainant.locator("main .button").first.click()
        return REPLY["summary"] in complainant.content()

    until(told, every=0.2)
    assert [each.complaints for each in (page, approver, complainant)] == [[], [], []]


def test_who_is_second_keeps_what_was_typed_and_sees_what_changed(come_in, system, salt):
    case = salt.file().case
    salt.act(case, "accept")
    page = come_in("officer", "sub")
    page.goto(f"{system.gateway}/en/staff/cases/{case}/ask")
    page.fill("#question", "Which street is it?")
    promised = {"summary": "ننتظر سيارة أخرى.", "expected_at": (now() + timedelta(days=30)).isoformat()}
    salt.act(case, "interim_reply", "main_officer", "main", **promised)
    page.locator("form.act .actions .button").first.click()
    expect(page.locator(".summary")).to_be_focused()
    assert "quicker" in page.locator(".summary").inner_text()
    assert "An interim reply was given, just now" in page.locator(".notice").first.inner_text()
    assert page.input_value("#question") == "Which street is it?"

    salt.act(case, "transfer", institution="MOH", reason="ليس لنا.")
    page.locator("form.act .actions .button").first.click()
    assert page.locator("h1").inner_text() == "This is not possible any more"
    assert "Which street is it?" in page.locator("#typed").inner_text()
    assert "Another body was asked" in page.locator(".notice").first.inner_text()
    assert page.evaluate(LAID_OUT) + page.evaluate(PALE) == []


def test_who_else_has_it_open_is_said_and_said_again(come_in, system, salt):
    case = salt.file().case
    page, other = come_in("officer", "sub"), come_in("main_officer", "main")
    page.clock.install()
    page.goto(f"{system.gateway}/en/staff/cases/{case}")
    notice = page.locator(".viewers")
    assert not notice.is_visible()
    other.goto(f"{system.gateway}/en/staff/cases/{case}")
    assert "has this case open now" in other.locator(".viewers").inner_text()
    page.clock.run_for(21_000)
    notice.wait_for(state="visible")
    assert notice.get_attribute("role") == "status"
    assert page.complaints == other.complaints == []


def test_the_list_is_worked_by_keyboard(come_in, system, salt):
    for _ in range(2):
        salt.file()
    page = come_in("officer", "sub", viewport=DESK)
    page.goto(system.gateway + "/en/staff/cases")
    rows = page.locator("[data-row]")
    focused = "document.activeElement.href"
    page.keyboard.press("j")
    assert page.evaluate(focused) == rows.nth(0).evaluate("each => each.href")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate(focused) == rows.nth(1).evaluate("each => each.href")
    page.keyboard.press("?")
    assert page.locator("#keys").evaluate("each => each.open")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("j/k")
    assert page.input_value("#q") == "j/k"
    page.check("#keys-off")
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    page.locator("#keys summary").click()
    page.uncheck("#keys-off")
    page.locator("#keys summary").click()
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    wanted = rows.nth(0).evaluate("each => each.href")
    page.keyboard.press("Enter")
    page.wait_for_url(wanted)
    assert page.complaints == []


def test_lists_are_narrowed_saved_and_forgotten(come_in, system, salt):
    salt.file()
    page = come_in("officer", "sub", scripts=False)
    page.goto(system.gateway + "/en/staff/cases?view=mine")
    page.locator(".narrowing summary").click()
    page.select_option("#category", "municipal.waste")
    page.locator(".filters .button").first.click()
    assert "category=municipal.waste" in page.url
    page.fill("#name", "Waste")
    page.locator("form:has(#name) .button").click()
    assert "category=municipal.waste" in page.url
    assert page.locator(".pill.own").inner_text().strip().endswith("Waste")
    page.goto(system.gateway + "/en/staff/desk")
    page.get_by_role("link", name="Waste", exact=True).click()
    assert page.input_value("#category") == "municipal.waste"
    page.locator(".language").click()
    assert "category=municipal.waste" in page.url
    assert page.locator("html").get_attribute("lang") == "ar"
    page.locator(".forget .link").click()
    assert page.locator(".pill.own").count() == 0
    page.goto(system.gateway + "/en/staff/cases?view=incoming&category=telecom.service")
    expect(page.locator(".empty")).to_have_count(1)
    page.goto(system.gateway + "/en/staff/cases?after=nonsense")
    expect(page.locator(".summary")).to_have_count(1)


def test_a_case_is_found_and_what_was_looked_for_is_in_no_address(come_in, system, salt):
    filed = salt.file(text="رائحة كريهة من حاوية النفايات قرب الملعب البلدي القديم.")
    page = come_in("officer", "sub")
    page.goto(system.gateway + "/en/staff/desk")
    page.fill("#q", filed.tracking)
    page.locator(".find .button").click()
    assert page.url == f"{system.gateway}/en/staff/cases/{filed.case}"
    page.goto(system.gateway + "/en/staff/search")
    page.fill("#q", "الملعب البلدي")
    page.locator(".find .button").click()
    assert page.url in (f"{system.gateway}/en/staff/cases/{filed.case}", system.gateway + "/en/staff/search")
    page.goto(system.gateway + "/en/staff/search")
    page.fill("#q", "zebra xylophone")
    page.locator(".find .button").click()
    assert page.url == system.gateway + "/en/staff/search"
    expect(page.locator(".empty[role=status]")).to_have_count(1)
    page.fill("#q", "")
    page.locator(".find .button").click()
    expect(page.locator(".summary")).to_be_focused()
