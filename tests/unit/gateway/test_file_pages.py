"""Filing in front of intake's own app: every step, every refusal, both languages, as a browser without scripts does it."""

import html
import re

import pytest

from gateway.settings import Settings
from gateway.web import filing

TEXT = "انقطعت المياه عن الحي منذ أسبوع."


class Person:
    """Fills in the forms of the pages as a browser without scripts does."""

    def __init__(self, client, prefix: str = ""):
        self.client, self.prefix = client, prefix
        self.open("/file")

    def open(self, path: str):
        return self._read(self.client.get(self.prefix + path))

    def send(self, go: str = "next", path: str = "/file", **typed: str):
        return self._read(self.client.post(self.prefix + path, data={**self.hidden, "go": go, **typed}))

    def through(self, until: str, **changes: str) -> str:
        answers = {
            "kind": "complaint",
            "group": "water",
            "category": "water.outage",
            "governorate": "JO-IR",
            "text": TEXT,
            "who": "anonymous",
            **changes,
        }
        for _ in filing.STEPS:
            if self.step == until:
                break
            self.send(**{name: answers[name] for name in filing.FIELDS[self.step] if name in answers})
        assert self.step == until
        return self.page

    def _read(self, answer):
        self.answer = answer
        self.page = answer.get_data(as_text=True)
        self.hidden = {
            name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.page)
        }
        self.step = self.hidden.get("step", "")
        return answer


@pytest.fixture(params=["", "/en"], ids=["ar", "en"])
def person(pages, request):
    return Person(pages, request.param)


def test_one_question_a_page_from_the_first_to_the_last(person):
    person.through("check")
    assert TEXT in html.unescape(person.page)
    assert 'id="exit"' in person.page


@pytest.mark.parametrize(
    ("step", "typed", "field"),
    [
        ("kind", {"kind": "nonsense"}, "kind"),
        ("group", {}, "group"),
        ("category", {"category": "health.waiting"}, "category"),
        ("where", {"governorate": "XX"}, "governorate"),
        ("about", {"about": "nonsense"}, "about"),
        ("danger", {"urgent": "nonsense"}, "urgent"),
        ("accused", {"against": "nonsense"}, "against"),
        ("what", {"text": "   "}, "text"),
        ("what", {"text": "قصير"}, "text"),
        ("what", {"text": "ا" * 10_001}, "text"),
        ("who", {}, "who"),
    ],
)
def test_an_error_is_said_at_the_top_and_beside_the_field_and_nothing_typed_is_lost(
    person, step, typed, field
):
    person.through(step)
    answer = person.send(**typed)
    assert answer.status_code == 422
    assert person.step == step
    assert f'<a href="#{field}">' in person.page
    assert f'id="{field}-error"' in person.page
    assert 'aria-invalid="true"' in person.page
    assert f'id="{field}"' in person.page
    if typed.get("text", "").strip():
        assert typed["text"] in person.page


def test_contact_needs_a_way_to_reach_somebody(person):
    person.through("who")
    person.send(who="named")
    assert person.step == "contact"
    assert person.send(name="Only a name").status_code == 422
    assert "Only a name" in person.page
    person.send(phone="0791234567")
    assert person.step == "check"


def test_going_back_and_changing_keeps_everything(person):
    person.through("check")
    person.send("back")
    assert person.step == "who"
    person.send("next")
    person.send("change-where")
    assert 'value="JO-IR" id="governorate" checked' in person.page
    person.send(governorate="JO-AM")
    assert person.step == "check"
    person.send("change-group")
    person.send(group="electricity")
    assert person.step == "category"
    person.send(category="electricity.bill")
    assert person.step == "check"
    assert TEXT in html.unescape(person.page)


def test_a_group_with_one_category_asks_no_second_question(person):
    person.through("group")
    person.send(group="telecom")
    assert person.step == "where"
    person.send("back")
    assert person.step == "group"


def test_the_language_can_be_changed_in_the_middle(pages):
    person = Person(pages)
    person.through("what")
    english = Person.__new__(Person)
    english.client, english.prefix, english.hidden = pages, "/en", person.hidden
    english.send("stay", text="half a sentence")
    assert english.step == "what"
    assert 'lang="en"' in english.page
    assert "half a sentence" in english.page


def test_intake_s_refusal_leads_back_to_the_field(person):
    person.through("who")
    person.send(who="named")
    person.send(phone="12345", email="x")
    answer = person.send()
    assert answer.status_code == 422
    assert person.step == "contact"
    assert 'id="phone-error"' in person.page
    assert 'id="email-error"' in person.page
    assert 'value="12345"' in person.page
    person.send(phone="", email="somebody@example.org")
    assert person.step == "check"


def test_what_cannot_be_sent_now_is_kept_and_can_be_sent_again(person):
    """Intake has no database here: it answers 503."""
    person.through("check")
    answer = person.send()
    assert answer.status_code == 503
    assert person.step == "check"
    assert TEXT in html.unescape(person.page)
    assert 'href="#check"' in person.page


def test_a_category_list_that_cannot_be_read_loses_nothing(person):
    from gateway import clients
    from gateway.web import names

    person.through("what")
    asked = clients.of("intake")
    clients._clients["intake"] = clients.Client("intake", "http://127.0.0.1:1")
    names.forget()
    answer = person.send(text=TEXT)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    clients._clients["intake"] = asked
    names.forget()
    person.send()
    assert person.step == "accused"
    person.through("check")
    assert TEXT in html.unescape(person.page)


def test_a_limit_loses_nothing_either(gateway, pages, environment):
    from services.chassis import settings

    intake = settings.load(Settings).intake_url[0]
    person = Person(gateway(INTAKE_URL=intake, LIMIT_COMPLAINTS="1/hour"))
    person.through("check")
    person.send()
    answer = person.send()
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 1
    assert person.step == "check"
    assert TEXT in html.unescape(person.page)


def test_a_draft_of_somebody_else_starts_anew(person):
    person.through("what")
    person.hidden["draft"] = "tampered." + person.hidden["draft"]
    answer = person.send(text=TEXT)
    assert answer.status_code == 422
    assert person.step == "kind"


def test_markup_in_what_is_typed_stays_text(person):
    markup = '<script>alert(1)</script> & "quotes" \''
    person.through("check", text=markup, against="person", accused_person=markup)
    assert "<script>alert" not in person.page
    assert person.page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
