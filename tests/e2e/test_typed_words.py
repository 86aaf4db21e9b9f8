"""In a real browser without scripts: the session is over when a reply is sent, and the form is filled again after signing in."""

from tests.e2e.test_desks import REPLY


def test_a_reply_survives_the_end_of_the_session(come_in, system, salt):
    address = system.gateway
    case = salt.file(text="لم تُجمع النفايات من شارعنا منذ أسبوع، والحاوية ممتلئة.").case
    salt.act(case, "accept")
    page = come_in("officer", "sub", scripts=False)
    page.goto(f"{address}/staff/cases/{case}/propose_reply")
    page.select_option("#outcome", "satisfactory")
    for name, text in REPLY.items():
        page.fill(f"#{name}", text)
    page.context.clear_cookies()
    page.locator("form.act .actions .button").first.click()
    assert "لم يضع ما كتبته" in page.locator("[role=status]").inner_text()
    assert not any(text in page.content() for text in REPLY.values())
    page.locator("summary").click()
    page.fill("#token", salt.token("officer", "sub"))
    page.locator("form:has(#token) .button").click()
    assert page.url == f"{address}/staff/cases/{case}/propose_reply"
    assert "لم يُرسل بعد" in page.locator("main > [role=status]").first.inner_text()
    assert {name: page.input_value(f"#{name}") for name in REPLY} == REPLY
    assert page.input_value("#outcome") == "satisfactory"
    page.locator("form.act .actions .button").first.click()
    assert page.url.endswith(f"{case}?done=propose_reply")
