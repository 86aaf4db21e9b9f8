"""What a complainant may do, and what becomes of what was typed when it cannot be taken."""

import html

import pytest

from tests.unit.gateway.said import ANSWERED, AWAITING, NUMBER, complaint


@pytest.mark.parametrize(
    ("path", "typed", "target", "body"),
    [
        ("answer", {"text": "رقم العداد 123\r\nوالبيت 5"}, "messages", {"text": "رقم العداد 123\nوالبيت 5"}),
        ("rate", {"score": "4", "rating_reason": ""}, "rating", {"score": 4}),
        ("rate", {"score": "1", "rating_reason": "تأخر"}, "rating", {"score": 1, "reason": "تأخر"}),
        ("dispute", {"dispute_reason": "لم يصل الماء بعد."}, "dispute", {"reason": "لم يصل الماء بعد."}),
        ("withdraw", {"sure": "yes", "withdrawal_reason": "عاد"}, "withdraw", {"reason": "عاد"}),
        ("withdraw", {"sure": "yes"}, "withdraw", {}),
    ],
)
def test_what_is_said_goes_to_intake_once_and_leads_to_a_page_of_its_own(
    client, intake, path, typed, target, body
):
    form = {"number": NUMBER, "key": "k1234567890", **typed}
    for _ in range(2):
        answer = client.post("/track/" + path, data=form)
        assert (answer.status_code, answer.location) == (303, "/track/standing")
        assert NUMBER not in str(answer.headers)
    (first, second) = intake.said
    assert first == second
    assert first[:2] == (f"/complaints/{NUMBER}/{target}", body)
    assert first[2].startswith("page-k1234567890-")
    client.post("/track/" + path, data={**form, "key": "k9999999999"})
    assert intake.said[2][2] != first[2]
    assert 'role="status"' in client.get("/track/standing").get_data(as_text=True)


def test_taking_it_back_is_asked_first(client, intake):
    page = client.post("/en/track/withdraw", data={"number": NUMBER, "key": "k1234567890"})
    assert page.status_code == 200
    assert intake.said == []
    text = page.get_data(as_text=True)
    assert 'name="sure" value="yes"' in text
    assert "cannot be undone" in text


@pytest.mark.parametrize(
    ("path", "typed", "field", "kept"),
    [
        ("answer", {"text": "  "}, "text", ""),
        ("rate", {"rating_reason": "تأخر كثيرًا"}, "score", "تأخر كثيرًا"),
        ("dispute", {"dispute_reason": ""}, "dispute_reason", ""),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(client, intake, path, typed, field, kept):
    intake.found = ANSWERED | {"actions": ["message", "rating", "dispute"]}
    if path == "answer":
        intake.found = AWAITING
    answer = client.post("/track/" + path, data={"number": NUMBER, **typed})
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert f'href="#{field}"' in page
    assert f'id="{field}-error"' in page
    assert kept in page
    assert intake.said == []


def test_what_intake_refuses_is_said_at_its_field_with_what_was_typed(client, intake):
    intake.found = ANSWERED
    intake.taken = (
        "422 Unprocessable Content",
        {"errors": [{"field": "reason", "code": "too_short", "message": "اكتب 10 أحرف على الأقل."}]},
    )
    answer = client.post("/track/dispute", data={"number": NUMBER, "dispute_reason": "قصير <b>"})
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert 'id="dispute_reason-error"' in page
    assert "قصير <b>" in page
    assert "<details open>" in page


def test_what_is_not_possible_any_more_is_said_and_what_was_typed_is_given_back(client, intake):
    intake.found = complaint("closed")
    intake.taken = ("409 Conflict", {"detail": "هذا غير ممكن الآن.", "code": "not_possible_now"})
    answer = client.post("/track/answer", data={"number": NUMBER, "text": "جوابي الطويل"})
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 409
    assert "هذا غير ممكن الآن." in page
    assert "جوابي الطويل" in page
    assert "/track/answer" not in page


@pytest.mark.parametrize("path", ["answer", "dispute", "rate", "withdraw"])
def test_nothing_typed_is_lost_while_intake_is_away(client, gateway, path):
    away = gateway(INTAKE_URL="http://127.0.0.1:1")
    typed = {"text": "نص", "dispute_reason": "نص", "rating_reason": "نص", "withdrawal_reason": "نص"}
    form = {"number": NUMBER, "key": "k1234567890", "score": "3", "sure": "yes", **typed}
    answer = away.post("/track/" + path, data=form)
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert page.count("نص") >= 2
    assert 'value="k1234567890"' in page
    assert f'action="/track/{path}"' in page


def test_too_many_tries_keep_what_was_typed(gateway, serve, intake):
    client = gateway(INTAKE_URL=serve(intake), LIMIT_LOOKUPS="1/minute")
    form = {"number": NUMBER, "text": "جوابي"}
    assert client.post("/track/answer", data=form).status_code == 303
    answer = client.post("/track/answer", data=form)
    assert answer.status_code == 429
    assert "جوابي" in html.unescape(answer.get_data(as_text=True))


def test_a_number_that_is_none_is_counted_by_its_forms_too(gateway, serve, intake):
    intake.found, intake.taken = None, ("404 Not Found", {})
    client = gateway(INTAKE_URL=serve(intake), LIMIT_MISSES="2/minute")
    for _ in range(2):
        assert client.post("/track/answer", data={"number": "BK-1", "text": "x"}).status_code == 404
    assert client.post("/track/answer", data={"number": "BK-1", "text": "x"}).status_code == 429
    assert client.post("/track", data={"number": "BK-1"}).status_code == 429


def test_a_form_without_a_number_asks_for_it(client, intake):
    for path in ("answer", "rate", "dispute"):
        assert client.post("/track/" + path, data={"text": "x"}).status_code == 422
    assert intake.said == []


def test_another_site_cannot_speak_for_a_complainant(client, intake):
    for path in ("answer", "withdraw", "rate", "dispute"):
        answer = client.post(
            "/track/" + path, data={"number": NUMBER, "text": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status_code == 403
    assert intake.said == []
