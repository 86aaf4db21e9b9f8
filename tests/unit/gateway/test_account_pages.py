"""What the owner of an account does with it on the pages: recovery codes, a lost phone, the picture of a key."""

import base64
import re

import segno

from gateway import auth, sessions
from services.chassis.clock import now
from tests.unit.gateway.signing_in import HTML, NEW, RANIA, come_in, command, give, hidden

CODE = re.compile(r"[0-9A-Z]{5}-[0-9A-Z]{5}")


def text(answer) -> str:
    return answer.get_data(as_text=True)


def test_a_phone_reads_the_key_from_a_picture_in_the_page(staff):
    page = give(staff.browser(), staff.password)
    shown = text(page)
    uri = re.search(r'href="(otpauth:[^"]*)"', shown).group(1).replace("&amp;", "&")
    (drawn,) = re.findall(r'<path transform="[^"]*" class="qrline" stroke="#000" d="([^"]*)"', shown) or [
        re.search(r'stroke="#000" d="([^"]*)"', shown).group(1)
    ]
    wanted = segno.make(uri, error="m", micro=False).svg_inline(border=4, dark="#000", light="#fff")
    assert drawn in wanted
    # Nothing of it is at an address, and the policy of the page needs no exception for it.
    assert "<img" not in shown.split("<main")[1]
    assert "style=" not in shown
    assert page.headers["Cache-Control"] == "no-store"
    assert len(page.get_data()) < 60_000


def test_recovery_codes_are_renewed(staff, rania):
    browser = rania.browser
    assert browser.get("/en/staff/recovery-codes").status_code == 200
    wrong = browser.post("/en/staff/recovery-codes", data={"proof": "wrong"})
    assert wrong.status_code == 422
    assert 'id="proof-error"' in text(wrong)
    assert browser.post("/en/staff/recovery-codes").status_code == 422
    shown = browser.post("/en/staff/recovery-codes", data={"proof": NEW})
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"
    fresh = CODE.findall(text(shown))
    assert len(set(fresh)) == 10
    assert not set(fresh) & set(rania.recovery)
    assert come_in(staff, staff.browser(), rania.recovery[0]).status_code == 422
    assert come_in(staff, staff.browser(), fresh[0]).status_code == 303
    other_site = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/staff/recovery-codes", data={"proof": NEW}, headers=other_site).status_code == 403


def test_few_recovery_codes_are_said(staff, rania):
    warning = "You have few recovery codes left"
    assert warning not in text(rania.browser.get("/en/staff/sessions"))
    came = [come_in(staff, rania.browser, code, "/en").location for code in rania.recovery[:7]]
    assert came == ["/en/staff/desk"] * 6 + ["/en/staff/sessions"]
    assert warning in text(rania.browser.get("/en/staff/sessions"))


def test_who_has_a_token_has_no_recovery_codes(staff):
    browser = staff.browser()
    browser.set_cookie(auth.COOKIE, auth.issue("guest", ["coordinator"], now()))
    assert browser.get("/staff/recovery-codes").location == "/staff/sessions"
    assert browser.post("/staff/recovery-codes").location == "/staff/sessions"


def test_a_lost_phone_is_replaced(staff, rania):
    client = staff.browser()
    bearer = {"Authorization": f"Bearer {auth.issue('salma', ['operations'], now())}"}
    (account,) = client.get("/v1/staff/accounts", headers=bearer).json["items"]
    forgotten = client.post(f"/v1/staff/accounts/{account['id']}/phone/forget", json={}, headers=bearer)
    assert forgotten.status_code == 200
    assert forgotten.headers["Cache-Control"] == "no-store"
    sessions.forget()
    assert rania.browser.get("/staff/sessions", headers=HTML).status_code == 303
    browser = staff.browser()
    asked = give(browser, NEW)
    assert "otpauth:" not in text(asked)
    refused = browser.post("/staff/sign-in/code", data={"ticket": hidden(asked, "ticket"), "code": "x"})
    assert (refused.status_code, hidden(refused, "anew")) == (422, "1")
    page = browser.post(
        "/staff/sign-in/code", data={"ticket": hidden(asked, "ticket"), "code": forgotten.json["code"]}
    )
    assert page.status_code == 200
    secret = base64.b32decode(re.search(r"secret=([A-Z2-7]+)", text(page)).group(1))
    done = browser.post(
        "/staff/sign-in/code", data={"ticket": hidden(page, "ticket"), "code": staff.code(secret)}
    )
    assert len(CODE.findall(text(done))) == 10
    history = client.get(f"/v1/staff/accounts/{account['id']}/history?limit=2", headers=bearer).json
    assert [each["what"] for each in history["items"]] == ["phone_known", "phone_forgotten"]
    assert history["items"][1]["actor"] == "salma"
    before = client.get(
        f"/v1/staff/accounts/{account['id']}/history?before={history['next']}", headers=bearer
    ).json
    assert [each["what"] for each in before["items"]] == ["password_changed", "phone_known", "made"]
    assert RANIA not in str(history)
    missing = client.post(
        "/v1/staff/accounts/0191d4c0-0000-7000-8000-000000000000/phone/forget", json={}, headers=bearer
    )
    assert missing.status_code == 404


def test_signing_in_again_ends_what_the_browser_had(staff, rania):
    before = rania.browser.get_cookie("staff_session").value
    come_in(staff, rania.browser, rania.recovery[0])
    thief = staff.browser()
    thief.set_cookie("staff_session", before)
    assert thief.get("/staff/sessions", headers=HTML).status_code == 303
    assert rania.browser.get("/staff/sessions").status_code == 200


def test_behind_https_nothing_goes_over_plain_http(gateway):
    for address in ("https://bekhedmetkom.example", "HTTPS://bekhedmetkom.example"):
        browser = gateway(PUBLIC_URL=address, ROUTING_URL="http://127.0.0.1:1")
        page = browser.get("/staff/sign-in")
        assert "max-age=" in page.headers["Strict-Transport-Security"]
        assert sessions.cookie() == "__Host-session"
        given = browser.post("/staff/sign-in", data={"token": auth.issue("salma", ["coordinator"], now())})
        assert all("Secure" in line for line in given.headers.getlist("Set-Cookie") if "staff=" in line)
        assert "Secure" in browser.get("/staff/sign-in?language=en").headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in gateway(PUBLIC_URL="").get("/staff/sign-in").headers


def test_a_first_password_is_good_for_some_days(staff):
    staff.rows("routing", "UPDATE account SET password_set_at = now() - interval '15 days'")
    late = give(staff.browser(), staff.password)
    wrong = give(staff.browser(), "wrong", "nobody@mwi.gov.jo")
    assert text(late).replace(RANIA, "…") == text(wrong).replace("nobody@mwi.gov.jo", "…")
    assert command("reset", "--subject", RANIA)
