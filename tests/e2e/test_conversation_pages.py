"""The complainant's whole conversation in a real browser: question and answer, reply, dispute and its decision, rating."""

import pytest
from playwright.sync_api import expect

from tests.support import journey
from tests.support.poll import until

QUESTION = "ما رقم عداد المياه؟"
OWN_ANSWER = "رقم العداد 1234567."
REPLY = {
    "outcome": "satisfactory",
    "found": "عطل في خط الحي.",
    "remedy": "أُصلح الخط.",
    "legal_basis": "المادة 5 من القانون.",
    "summary": "عادت المياه.",
}


@pytest.fixture
def staff(system):
    """Acts on the newest complaint: `staff(role, action, **fields)`, with the version that the case has by then."""
    tokens = {
        role: system.command("token", "issue", "--role", role, "--subject", f"test-{role}", *own).strip()
        for role, own in {
            "officer": ("--institution", "WAJ"),
            "approver": ("--institution", "WAJ"),
            "coordinator": (),
        }.items()
    }

    def act(complaint_id: str, role: str, action: str, **fields) -> None:
        headers = {"Authorization": f"Bearer {tokens[role]}"}
        case = f"{system.gateway}/v1/staff/cases/{complaint_id}"
        version = journey.ask(case, headers=headers).body["version"]
        taken = journey.ask(f"{case}/actions/{action}", {"version": version, **fields}, headers)
        assert taken.status == 200, taken

    return act


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_a_complainant_answers_disputes_is_answered_anew_and_rates(open_page, system, staff, scripts):
    tracking = journey.file(system.gateway, governorate="JO-IR")
    assert journey.wait_until_assigned(system.gateway, tracking)["institution"] == "WAJ"
    newest = "SELECT id FROM complaint ORDER BY received_at DESC LIMIT 1"
    complaint_id = str(system.databases.rows("intake", newest)[0][0])
    page = open_page(scripts=scripts)

    def look(state: str) -> None:
        """Opens the page once the complaint stands so."""
        until(lambda: journey.track(system.gateway, tracking)["status"]["code"] == state)
        page.goto(system.gateway + "/track")
        page.fill("#number", tracking)
        page.locator("main .button").click()
        expect(page.locator(".standing")).to_have_count(1)
        assert tracking not in page.url + page.title()

    staff(complaint_id, "officer", "accept")
    staff(complaint_id, "officer", "ask", question=QUESTION)
    look("awaiting_complainant")
    assert QUESTION in page.locator(".turn").first.inner_text()
    assert page.locator("svg.bar").count() == 0
    page.locator("form[action$=answer] .button").click()
    expect(page.locator(".summary a[href='#text']")).to_have_count(1)
    page.fill("#text", OWN_ANSWER)
    page.locator("form[action$=answer] .button").click()
    assert page.url.endswith("/track/standing")
    assert OWN_ANSWER in page.locator(".turn.own").inner_text()
    page.reload()
    assert page.locator("#number").input_value() == ""
    assert OWN_ANSWER not in page.content()

    until(lambda: journey.track(system.gateway, tracking)["status"]["code"] == "accepted")
    for _ in ("the answer", "the answer of another officer"):
        staff(complaint_id, "officer", "propose_reply", **REPLY)
        staff(complaint_id, "approver", "approve_reply")
        look("answered")
        for text in (REPLY["found"], REPLY["remedy"], REPLY["legal_basis"], REPLY["summary"]):
            assert text in page.locator(".turn").first.inner_text()
        if page.locator("form[action$=dispute]").count():
            page.locator("details summary", has_text="قدّم اعتراضًا").click()
            page.fill("#dispute_reason", "قصير")
            page.locator("form[action$=dispute] .button").click()
            assert page.locator("#dispute_reason").input_value() == "قصير"
            page.fill("#dispute_reason", "لم تصل المياه إلى بيتنا بعد.")
            page.locator("form[action$=dispute] .button").click()
            look("disputed")
            staff(complaint_id, "coordinator", "resolve_dispute", decision="reopened", reason="يستحق النظر.")
            look("assigned")
            assert "يستحق النظر." in page.locator("main").inner_text()
            staff(complaint_id, "officer", "accept")
    assert page.locator("form[action$=dispute]").count() == 0, "it is possible once"
    page.locator("details summary", has_text="قيّم الرد").click()
    page.check("input[name=score][value='4']")
    page.fill("#rating_reason", "شكرًا")
    page.locator("form[action$=rate] .button").click()
    assert page.locator("[role=status]").first.inner_text()
    look("closed")
    assert "شكرًا" in page.locator("main").inner_text()
    assert page.locator("form[action*='/track/']").count() == 0
    assert page.complaints == []


def test_taking_it_back_is_asked_and_done(open_page, system):
    tracking = journey.file(system.gateway, governorate="JO-IR", complainant=None)
    journey.wait_until_assigned(system.gateway, tracking)
    page = open_page(scripts=False)
    page.goto(system.gateway + "/en/track")
    page.fill("#number", tracking)
    page.locator("main .button").click()
    page.locator("form[action$=withdraw] .button").click()
    page.locator("button", has_text="No, leave it").click()
    assert page.locator(".standing").inner_text() == "With an officer"
    page.locator("form[action$=withdraw] .button").click()
    page.fill("#withdrawal_reason", "The water is back.")
    page.locator("button[value=yes]").click()
    assert "You took it back" in page.locator("[role=status]").first.inner_text()
    until(lambda: journey.track(system.gateway, tracking)["status"]["code"] == "withdrawn")
