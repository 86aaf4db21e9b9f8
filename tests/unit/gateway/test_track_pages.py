"""How a complaint stands and what its complainant may do, in front of an intake that says what the test wants it to say."""

import html
import json
import re
from datetime import timedelta

import pytest

from gateway import clients
from gateway.web import conversation, once, render
from services.chassis import clock
from services.routing import outcomes

NUMBER = "BK-ABCDE-FGHJK-LMNPQ"
AT = "2026-11-02T08:00:00+00:00"
REPLY = {
    "summary": "أُصلح الخط.",
    "found": "عطل في خط الحي.",
    "remedy": "استُبدل الأنبوب.",
    "legal_basis": "المادة 5 من قانون سلطة المياه.",
}


def said(kind: str, words: dict[str, str], at: str = AT, **facts):
    author = "complainant" if kind in ("message", "withdrawal", "rating", "dispute") else "body"
    return {"kind": kind, "author": author, "at": at, "words": words, "facts": facts}


def complaint(status: str, *conversation, actions=(), **changes):
    usual = {
        "tracking_number": NUMBER,
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-IR",
        "status": {"code": status, "name": status},
        "institution": "MWI",
        "institution_name": "وزارة المياه والري",
        "due_at": "2099-11-16T12:00:00+00:00",
        "received_at": "2026-11-01T08:00:00+00:00",
        "history": [{"status": "received", "at": "2026-11-01T08:00:00+00:00"}],
        "reason": None,
        "history_hash": "ab" * 32,
        "conversation": list(conversation),
        "actions": list(actions),
    }
    return {**usual, **changes}


QUESTION = said("question", {"question": "ما رقم عداد المياه؟"}, answer_by="2026-11-12T12:00:00+00:00")
ANSWERED = complaint(
    "answered",
    said("reply", REPLY, outcome="satisfactory", confirm_until="2026-11-20T12:00:00+00:00"),
    actions=("rating", "dispute"),
)
AWAITING = complaint("awaiting_complainant", QUESTION, actions=("message", "withdrawal"))


class Intake:
    """Answers GET with `found`, and POST with `taken`: status and body."""

    def __init__(self):
        self.found, self.taken, self.said = complaint("accepted"), ("202 Accepted", {}), []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read()
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "POST":
            self.said.append((path, json.loads(body), environ.get("HTTP_IDEMPOTENCY_KEY")))
            status, answer = self.taken
        elif path.startswith("/complaints/"):
            status, answer = ("200 OK", self.found) if self.found else ("404 Not Found", {})
        else:
            status, answer = "200 OK", []
        raw = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(raw)))])
        return [raw]


@pytest.fixture
def intake():
    return Intake()


@pytest.fixture
def client(gateway, serve, intake):
    return gateway(INTAKE_URL=serve(intake), ROUTING_URL="http://127.0.0.1:1")


@pytest.fixture
def look(client, intake):
    """The page of a complaint as a reader gets it: the number by POST, then the page that follows."""

    def open_page(found, prefix="", **more):
        intake.found = found
        sent = client.post(prefix + "/track", data={"number": NUMBER, **more})
        assert (sent.status_code, sent.location) == (303, prefix + "/track/standing")
        answer = client.get(sent.location)
        assert answer.status_code == 200
        return html.unescape(answer.get_data(as_text=True))

    return open_page


def test_the_number_is_in_no_address_and_good_for_one_look(client, intake):
    sent = client.post("/en/track", data={"number": NUMBER.lower()})
    cookie = sent.headers["Set-Cookie"]
    assert NUMBER not in sent.location + cookie
    assert "Max-Age" not in cookie
    for word in ("HttpOnly", "SameSite=Strict", "Path=/en/track/standing"):
        assert word in cookie
    first = client.get("/en/track/standing")
    assert NUMBER in first.get_data(as_text=True)
    assert NUMBER not in re.search("<title>(.*?)</title>", first.get_data(as_text=True)).group(1)
    again = client.get("/en/track/standing")
    assert again.status_code == 200
    assert NUMBER not in again.get_data(as_text=True)
    assert "shown once" in again.get_data(as_text=True)


def test_a_number_that_was_sent_on_is_good_for_a_minute(client, monkeypatch):
    client.post("/track", data={"number": NUMBER})
    later = clock.now() + timedelta(seconds=once.GOOD_SECONDS + 2)
    monkeypatch.setattr(once, "now", lambda: later)
    assert NUMBER not in client.get("/track/standing").get_data(as_text=True)


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAA", "ا" * 50, "x" * 3_000])
def test_a_cookie_that_is_not_ours_shows_nothing(client, sealed):
    client.set_cookie(once.COOKIE, sealed.encode().decode("latin-1"), path="/track/standing")
    answer = client.get("/track/standing")
    assert answer.status_code == 200
    assert 'name="number"' in answer.get_data(as_text=True)


@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
def test_a_question_with_the_time_for_it_and_a_form_for_the_answer(look, prefix):
    page = look(AWAITING, prefix)
    assert "ما رقم عداد المياه؟" in page
    assert page.count("ما رقم عداد المياه؟") == 1
    assert f'action="{prefix}/track/answer"' in page
    assert f'action="{prefix}/track/withdraw"' in page
    assert "/track/rate" not in page
    assert "/track/dispute" not in page
    assert 'class="bar' not in page
    assert 'id="exit"' in page


@pytest.mark.parametrize(
    ("actions", "forms"),
    [
        ((), set()),
        (("message",), {"answer"}),
        (("withdrawal",), {"withdraw"}),
        (("rating",), {"rate"}),
        (("dispute",), {"dispute"}),
        (("rating", "dispute"), {"rate", "dispute"}),
    ],
)
def test_the_forms_are_those_of_the_actions_that_are_open(look, actions, forms):
    page = look(complaint("awaiting_complainant", QUESTION, actions=actions))
    assert set(re.findall(r'action="/track/(\w+)"', page)) == forms


def test_an_answer_has_its_parts_in_the_order_of_reading(look):
    page = look(ANSWERED, "/en")
    places = [page.index(REPLY[name]) for name in ("summary", "found", "remedy", "legal_basis")]
    assert places == sorted(places)
    assert "Ended satisfactorily" in page
    assert "Friday 20 November 2026" in page


def test_what_cannot_be_taken_up_says_why_by_which_law_what_next_and_how_to_dispute_it(look):
    refusal = said("refusal", {"legal_basis": "المادة 3", "next_steps": "راجع المحكمة."}, code="before_court")
    page = look(complaint("inadmissible", refusal, actions=("dispute",)), "/en")
    for text in ("Before a court", "المادة 3", "راجع المحكمة.", "/en/track/dispute"):
        assert text in page


@pytest.mark.parametrize(
    ("status", "each", "texts"),
    [
        (
            "accepted",
            said("interim_reply", {"summary": "ننتظر قطعة."}, expected_at=AT),
            ["ننتظر قطعة.", "2 November"],
        ),
        (
            "referred",
            said(
                "referral",
                {"reason": "من اختصاصه."},
                outside_body="court",
                outside_body_name={"ar": "القضاء", "en": "The courts"},
            ),
            ["The courts", "من اختصاصه."],
        ),
        ("disputed", said("dispute", {"reason": "لم يصل الماء."}), ["لم يصل الماء.", "Your dispute"]),
        (
            "closed",
            said("decision", {"reason": "الرد كافٍ."}, decision="rejected"),
            ["الرد كافٍ.", "the answer stands"],
        ),
        ("closed", said("rating", {}, score=2), ["2 of 5: Poor"]),
        ("withdrawn", said("withdrawal", {"reason": "عادت المياه."}), ["عادت المياه."]),
        ("accepted", said("later_kind", {"text": "نص"}), ["نص"]),
    ],
)
def test_each_kind_of_word_is_shown(look, status, each, texts):
    page = look(complaint(status, each), "/en")
    for text in texts:
        assert text in page


def test_an_answer_that_routing_has_not_seen_yet_is_not_asked_for_again(look):
    answered = complaint(
        "awaiting_complainant",
        QUESTION,
        said("message", {"text": "1234567"}, "2026-11-03T08:00:00+00:00"),
        actions=("message", "withdrawal"),
    )
    page = look(answered, "/en")
    assert "Your answer is with us" in page
    assert "Waiting for you" not in page.split("What happened so far")[0]


def test_what_was_said_long_ago_is_shown_when_asked_for_and_the_page_stays_light(look):
    turns = [
        said("message", {"text": f"{number} " + "كلمة " * 790}, f"2026-11-{number:02}T08:00:00+00:00")
        for number in range(1, 13)
    ]
    found = complaint("accepted", *turns)
    page = look(found)
    assert len(page.encode()) < 60_000
    assert "12 كلمة" in page
    assert "1 كلمة كلمة" not in page.replace("11 كلمة", "")
    assert 'name="whole"' in page
    everything = look(found, whole="1")
    for number in range(1, 13):
        assert f"{number} كلمة" in everything


def test_a_history_has_its_receipt(look):
    assert "ab" * 32 in look(ANSWERED)
    assert "Receipt" not in look(complaint("received", history_hash=None), "/en")


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
    clients.forget()


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


@pytest.mark.parametrize(
    ("shown", "known"),
    [(conversation.OUTCOMES, outcomes.OUTCOMES), (conversation.REFUSALS, outcomes.INADMISSIBLE)],
)
def test_codes_bear_the_names_that_routing_gives_them(shown, known):
    arabic = render.words("ar")
    assert {code: {"ar": arabic(name), "en": name} for code, name in shown.items()} == known


def test_every_decision_has_its_words():
    assert set(conversation.DECISIONS) == set(outcomes.DECISIONS)
