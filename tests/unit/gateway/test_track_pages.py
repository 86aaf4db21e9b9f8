"""How a complaint stands for who holds its number, in front of an intake that says what the test wants it to say."""

import re
from datetime import timedelta

import pytest

from gateway.web import conversation, once, render
from services.chassis import clock
from services.routing.cases import outcomes
from tests.unit.gateway.said import ANSWERED, AT, AWAITING, NUMBER, QUESTION, REPLY, complaint, said


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
    ("shown", "known"),
    [(conversation.OUTCOMES, outcomes.OUTCOMES), (conversation.REFUSALS, outcomes.INADMISSIBLE)],
)
def test_codes_bear_the_names_that_routing_gives_them(shown, known):
    arabic = render.words("ar")
    assert {code: {"ar": arabic(name), "en": name} for code, name in shown.items()} == known


def test_every_decision_has_its_words():
    assert set(conversation.DECISIONS) == set(outcomes.DECISIONS)
