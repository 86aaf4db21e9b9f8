"""A complaint about a right that cannot wait, against somebody by name, filed in a browser: it arrives with all that was said of it."""

from tests.support import journey
from tests.support.poll import until

NEXT = "form#filing .button[value=next]"
TEXT = "أخي محتجز في مبنى المديرية منذ الصباح ولم يُسمح له بالاتصال بأحد، وأطلب أن يُعرف مكانه."


def test_an_urgent_complaint_about_a_right_against_somebody_arrives_with_its_flags(
    open_page, system, coordinator
):
    address = system.gateway
    team = journey.ask(f"{address}/v1/staff/team?institution=PSD", headers=coordinator).body
    accused = next(each for each in team if each["rank"] == "sub")
    page = open_page(scripts=False)
    page.goto(address + "/file")

    def answer(*chosen: str) -> None:
        for value in chosen:
            page.check(f"input[value='{value}']")
        page.locator(NEXT).click()

    answer()
    answer("security")
    answer("security.detention")
    answer("JO-AM")
    answer("right")
    assert page.locator("#exit").is_visible()
    answer("CP-LIBERTY", "CP-TRIAL")
    assert "911" in page.locator(".notice").inner_text()
    answer("detention")
    page.fill("#text", TEXT)
    answer()
    answer("person")
    page.fill("#accused_person", f"مدير القسم {accused['name']['ar']}")
    page.select_option("#accused_body", "PSD")
    answer()
    page.get_by_role("button", name="أضف مشكوًّا منه آخر").click()
    answer("unit")
    page.select_option("#unit_of", "GAM")
    answer()
    unit = page.locator("#unit option").nth(1)
    unit_code, unit_name = unit.get_attribute("value"), unit.inner_text()
    page.select_option("#unit", unit_code)
    answer()
    assert page.locator(".results li").count() == 2
    answer()
    answer("named")
    page.fill("#phone", "0791234567")
    answer()
    answers = page.locator(".answers").inner_text()
    assert accused["name"]["ar"] in answers
    assert unit_name in answers
    assert "شخص محتجز الآن" in answers
    answer()
    assert "911" in page.locator(".notice").inner_text()
    tracking = page.locator(".tracking").inner_text().strip()

    found = journey.ask(f"{address}/v1/staff/complaints?q={tracking}", headers=coordinator).body["items"]
    identity = found[0]["complaint_id"]
    said = journey.ask(f"{address}/v1/staff/complaints/{identity}", headers=coordinator).body
    flags = {name: said[name] for name in ("service", "rights", "rights_codes", "groups", "urgent")}
    assert flags == {
        "service": False,
        "rights": True,
        "rights_codes": ["CP-LIBERTY", "CP-TRIAL"],
        "groups": [],
        "urgent": "detention",
    }
    assert said["accused"] == [
        {"institution": "PSD", "unit": None, "person": f"مدير القسم {accused['name']['ar']}"},
        {"institution": "GAM", "unit": unit_code, "person": None},
    ]

    def arrived():
        urgent = journey.ask(f"{address}/v1/staff/worklist?view=urgent", headers=coordinator).body["items"]
        return next((each for each in urgent if each["complaint_id"] == identity), None)

    case = until(arrived, 20)
    assert (case["rights"], case["service"], case["urgent"]) == (True, False, True)
    assert case["officer_id"] != accused["id"]
    own = ("--institution", "PSD", "--subject", accused["id"])
    token = system.command("token", "issue", "--role", "officer", *own).strip()
    refused = journey.ask(
        f"{address}/v1/staff/cases/{identity}", headers={"Authorization": f"Bearer {token}"}
    )
    assert refused.status == 404
