"""The pages in a real browser, in front of the real system: what a person sees and does, in both languages."""

import re

import pytest
from playwright.sync_api import expect

from gateway.web.filing import STEPS
from tests.e2e.conftest import DESK, PHONE
from tests.support import journey

TEXT = "المياه مقطوعة عن حيّنا منذ أسبوع كامل، واتصلنا بالطوارئ ثلاث مرات دون جواب."
NEXT = "form#filing .button[value=next]"


@pytest.fixture(scope="module")
def address(system) -> str:
    return system.gateway


def fill_in(page, *, group: str, category: str | None, who: str) -> None:
    """From the first question to the answers."""
    page.locator(NEXT).click()
    page.check(f"input[value={group}]")
    page.locator(NEXT).click()
    if category:
        page.check(f"input[value='{category}']")
        page.locator(NEXT).click()
    page.check("input[value=JO-IR]")
    page.locator(NEXT).click()
    # Service or right, and danger: passed over.
    page.locator(NEXT).click()
    page.locator(NEXT).click()
    page.fill("#text", TEXT)
    page.locator(NEXT).click()
    # And whom it is about.
    page.locator(NEXT).click()
    page.check(f"input[value={who}]")
    page.locator(NEXT).click()


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_a_person_files_and_tracks(open_page, address, scripts):
    page = open_page(scripts=scripts)
    page.goto(address)
    page.locator(".hero .button").click()
    fill_in(page, group="water", category="water.outage", who="named")
    page.fill("#phone", "0791234567")
    page.fill("#name", "أحمد")
    page.locator(NEXT).click()
    assert TEXT in page.locator(".answers").inner_text()
    page.locator(NEXT).click()
    tracking = page.locator(".tracking").inner_text().strip()
    assert re.fullmatch(r"BK(-[0-9A-Z]{5}){3}", tracking)
    assert tracking not in page.url
    assert tracking not in page.title()

    journey.wait_until_assigned(address, tracking)
    page.locator("main form .button").first.click()
    assert page.locator(".standing").inner_text() == "لدى ضابط الارتباط"
    expect(page.locator("svg.bar")).to_have_count(1)
    expect(page.locator(".history li")).to_have_count(2)
    assert TEXT not in page.content()
    assert tracking not in page.url
    assert page.complaints == []


def test_sending_twice_files_once(open_page, address):
    page = open_page()
    page.goto(address + "/file")
    fill_in(page, group="telecom", category=None, who="anonymous")
    form = {field: page.locator(f"input[name={field}]").get_attribute("value") for field in ("draft", "step")}
    numbers = set()
    for _ in range(2):
        answer = page.request.post(address + "/file", form={**form, "go": "next"})
        assert answer.status == 201
        numbers.add(re.search(r"\d{4}(-\d{4}){3}", answer.text()).group())
    assert len(numbers) == 1


def test_english_in_the_middle_of_filing_keeps_what_was_typed(open_page, address):
    page = open_page(scripts=False)
    page.goto(address + "/file")
    page.locator(NEXT).click()
    page.check("input[value=health]")
    page.locator(".language").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("input[value=health]").is_checked()
    page.locator(".language").click()
    assert page.locator("html").get_attribute("dir") == "rtl"


def test_an_error_takes_the_focus_and_leads_to_its_field(open_page, address):
    page = open_page()
    page.goto(address + "/en/file")
    page.locator(NEXT).click()
    page.locator(NEXT).click()
    expect(page.locator(".summary")).to_be_focused()
    page.locator(".summary a").click()
    expect(page.locator("#group")).to_be_focused()


def test_filing_works_by_keyboard_alone(open_page, address):
    page = open_page()
    page.goto(address + "/en/file")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.focus("input[name=kind]:checked")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name=group]")
    page.focus("input[name=group]")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name=category]")


def test_leaving_quickly_replaces_the_page(open_page, address):
    page = open_page()
    landed = []
    page.route(
        re.compile("https?://www.google.com/.*"),
        lambda route: (landed.append(1), route.fulfill(body="weather")),
    )
    page.goto(address + "/")
    page.goto(address + "/file")
    page.locator("#exit").click()
    page.wait_for_url("https://www.google.com/")
    assert landed
    page.go_back()
    assert not page.url.endswith("/file")


def test_a_wrong_number_says_so_and_stays(open_page, address):
    page = open_page()
    page.goto(address + "/en/track")
    page.fill("#number", "BK-00000-00000-00000")
    page.locator("main .button").click()
    assert page.locator(".summary").inner_text().count("no complaint with this number") == 1
    assert page.input_value("#number") == "BK-00000-00000-00000"
    assert "BK-00000" not in page.url


def test_the_coordinator_sees_the_figures_and_narrows_them(open_page, address, system):
    journey.wait_until_assigned(
        address, journey.file(address, category="health.waiting", governorate="JO-KA")
    )
    token = system.command("token", "issue", "--role", "coordinator").strip()
    page = open_page(viewport=DESK)
    page.goto(address + "/en/staff/dashboard")
    assert page.url.endswith("/en/staff/sign-in")
    page.locator("details summary").click()
    page.fill("#token", token)
    page.locator("details .button").click()
    assert page.url.endswith("/en/staff/coordinator")
    page.goto(address + "/en/staff/dashboard")
    page.select_option("#governorate", "JO-KA")
    page.locator(".filters .button").first.click()
    assert "governorate=JO-KA" in page.url
    assert int(page.locator(".figure-value").first.inner_text().replace(",", "")) >= 1
    assert page.locator("table caption").count() >= 5
    for table in page.locator("table").all():
        assert table.locator("thead th[scope=col]").count() >= 2
    page.goto(address + "/en/staff/dashboard?from=2025-01-01&to=2025-01-10")
    expect(page.locator(".empty")).to_have_count(1)
    page.goto(address + "/en/staff/dashboard?from=2025-01-10&to=2025-01-01")
    expect(page.locator(".summary a[href='#to']")).to_have_count(1)
    page.locator(".leave .link").click()
    page.goto(address + "/staff/dashboard")
    assert page.url.endswith("/staff/sign-in")


def test_the_messages_of_the_demonstration_are_shown(open_page, address):
    complaint = journey.complaint(complainant={"phone": "0795550177", "email": "reader@example.org"})
    answer = journey.ask(f"{address}/v1/complaints", complaint)
    tracking = answer.body["tracking_number"]
    page = open_page()

    def seen() -> bool:
        page.goto(address + "/demo/messages")
        text = page.locator("main").inner_text()
        return tracking in text and "reader@example.org" in text and "962795550177" in text

    from tests.support.poll import until

    until(seen, every=0.3)


PATHS = ("/", "/file", "/track", "/docs", "/staff/sign-in", "/nothing", "/demo/messages")
# What a person must be able to see and hit, asked of the page as it was laid out.
LAID_OUT = """() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`wider than the window: ${document.documentElement.scrollWidth}`);
  for (const each of document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea")) {
    const box = (each.closest("label.choice") || each).getBoundingClientRect();
    const style = getComputedStyle(each);
    const inSentence = each.tagName === "A" && !each.className && each.closest("p, li:not(.foot-links li), td, th, h2, dd");
    if (style.clipPath !== "none" || inSentence) continue;
    if (box.height > 0 && box.height < 43.5) found.push(`low target (${box.height}): ${each.outerHTML.slice(0, 80)}`);
  }
  const heads = [...document.querySelectorAll("h1, h2, h3")].map(each => Number(each.tagName[1]));
  if (heads.filter(level => level === 1).length !== 1) found.push(`headings of the first level: ${heads}`);
  heads.forEach((level, index) => { if (index && level - heads[index - 1] > 1) found.push(`a level of headings is missing: ${heads}`); });
  for (const each of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!each.labels?.length) found.push(`no label: ${each.outerHTML.slice(0, 80)}`);
  const ids = [...document.querySelectorAll("[id]")].map(each => each.id);
  ids.filter((id, index) => ids.indexOf(id) !== index).forEach(id => found.push(`twice: #${id}`));
  return found;
}"""
# Contrast of each text against the nearest background behind it (WCAG 2.2, 1.4.3).
PALE = """() => {
  const parse = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !element.checkVisibility() || element.closest("option, script, title")) continue;
    let behind = element, back = [0, 0, 0, 0];
    while (behind && back[3] === 0) { back = parse(getComputedStyle(behind).backgroundColor); behind = behind.parentElement; }
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)}: ${texts.currentNode.textContent.trim().slice(0, 40)}`);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_fits_and_can_be_read_and_hit(open_page, address, prefix, viewport, scheme):
    page = open_page(viewport=viewport, scheme=scheme)
    found = {}
    for path in PATHS:
        page.goto(address + prefix + (path if path != "/" or prefix else "/"))
        wrong = page.evaluate(LAID_OUT) + page.evaluate(PALE)
        if wrong:
            found[path] = wrong
    assert found == {}
    assert page.complaints == []


@pytest.mark.parametrize(
    ("prefix", "against"),
    [("", "person"), ("/en", "body"), ("", "unit")],
    ids=["ar-person", "en-body", "ar-unit"],
)
def test_every_step_of_filing_fits_a_small_phone(open_page, address, prefix, against):
    page = open_page()
    page.goto(address + prefix + "/file")
    found = {}
    values = {
        **{"group": "water", "category": "water.outage", "where": "JO-IR", "who": "named"},
        **{"about": "both", "rights": "CP-LIFE", "danger": "detention", "accused": against},
    }
    # The page of a unit comes twice.
    for _ in (*STEPS, "unit"):
        step = page.locator("input[name=step]").get_attribute("value")
        wrong = page.evaluate(LAID_OUT) + page.evaluate(PALE)
        if wrong:
            found[step] = wrong
        if step in values:
            page.check(f"input[value='{values[step]}']")
        elif step == "what":
            page.fill(
                "#text",
                "كلمة " * 1500 + "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
            )
        elif step == "person":
            page.fill("#accused_person", "w" * 120)
        elif step == "body":
            page.select_option("#whole_body", "MWI")
        elif step == "unit" and not page.locator("#unit").count():
            page.select_option("#unit_of", "GAM")
        elif step == "unit":
            page.select_option("#unit", index=1)
        elif step == "contact":
            page.fill("#email", "somebody@example.org")
        elif step == "check":
            break
        page.locator(NEXT).click()
    assert step == "check"
    assert found == {}


def test_the_guard_of_the_layout_sees_what_is_wrong(open_page, address):
    page = open_page()
    page.goto(address + "/track")
    page.evaluate(
        """() => { const wrong = document.createElement("div");
        wrong.innerHTML = "<h3 id=main>x</h3><h1>y</h1><button>z</button><input>";
        wrong.style.cssText = "inline-size: 900px; color: #999; background: #fff";
        document.querySelector("main").prepend(wrong); }"""
    )
    said = " ".join(page.evaluate(LAID_OUT))
    for word in ("wider", "low target", "headings of the first level", "no label", "twice"):
        assert word in said
    assert page.evaluate(PALE)


def test_a_page_of_400_percent_has_one_column(open_page, address):
    """WCAG 2.2, 1.4.10: 1280 pixels at 400 % are 320."""
    page = open_page(viewport={"width": 320, "height": 256})
    for path in PATHS:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
