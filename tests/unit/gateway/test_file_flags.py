"""What filing asks beside the story: that it can be passed over, that it arrives as intake takes it, and that nothing of it is lost."""

import html
import re

import pytest

from gateway import clients
from gateway.web import filing, names
from gateway.web.filing import Draft
from services.intake.schemas_flags import FlagsSchema, flags
from tests.unit.gateway.test_file_pages import TEXT, Person

FLAGS = ("service", "rights", "rights_codes", "groups", "urgent", "accused")


@pytest.fixture(params=["", "/en"], ids=["ar", "en"])
def person(behind, request):
    return Person(behind, request.param)


def sent(person: Person) -> dict:
    """What goes to intake of what the person's form carries."""
    body = filing.opened(person.hidden["draft"])[0].body()
    return {name: body[name] for name in FLAGS if name in body}


def shown(person: Person) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", person.page))


def draft(**values: str) -> Draft:
    found = Draft.new()
    found.values |= values
    return found


def test_in_a_hurry_each_question_is_passed_with_one_tap_and_nothing_is_sent(person):
    person.through("check")
    assert sent(person) == {}
    for step in ("about", "danger", "accused"):
        assert f'value="change-{step}"' in person.page


def test_all_of_it_arrives_as_intake_takes_it(person):
    person.through(
        "check",
        about="both",
        rights_codes=["", "CP-LIBERTY", "CP-TRIAL"],
        groups=["", "children"],
        urgent="detention",
        against="person",
        accused_person=" مدير قسم العدادات محمد الخطيب ",
        accused_body="MWI",
    )
    said = sent(person)
    assert said == {
        "service": True,
        "rights": True,
        "rights_codes": ["CP-LIBERTY", "CP-TRIAL"],
        "groups": ["children"],
        "urgent": "detention",
        "accused": [{"institution": "MWI", "person": "مدير قسم العدادات محمد الخطيب"}],
    }
    taken = flags(FlagsSchema().load(said))
    assert (taken.service, taken.rights, taken.urgent) == (True, True, "detention")
    # A person at a body: the body itself is not accused.
    assert taken.accused[0].place is None
    page = shown(person)
    assert "مدير قسم العدادات محمد الخطيب" in page
    assert ("Ministry of Water" in page) != ("وزارة المياه" in page)
    assert ("Somebody is detained now" in page) != ("شخص محتجز الآن" in page)
    for step in ("about", "rights", "danger", "more"):
        assert f'value="change-{step}"' in person.page


@pytest.mark.parametrize("answer", ["", "service", "right", "both", "unsure"])
def test_service_and_right_are_two_flags(answer):
    said = {name: value for name, value in draft(about=answer).body().items() if name in FLAGS}
    taken = flags(FlagsSchema().load(said))
    assert (taken.service, taken.rights) == {
        "": (True, False),
        "unsure": (True, False),
        "service": (True, False),
        "right": (False, True),
        "both": (True, True),
    }[answer]


def test_the_whole_body_is_never_the_answer_by_itself_and_says_what_it_does(person):
    person.through("accused")
    assert "checked" not in person.page
    person.send(against="body")
    assert person.step == "body"
    assert "selected" not in person.page
    assert person.send(whole_body="").status_code == 422
    assert '<a href="#whole_body">' in person.page
    assert person.send(whole_body="NONE").status_code == 422
    person.send(whole_body="MWI")
    person.through("check")
    assert sent(person)["accused"] == [{"institution": "MWI"}]
    page = shown(person)
    assert "Nobody of the whole body sees" in page or "لا يرى الشكوى أحد في الجهة" in page


def test_a_name_is_asked_for_and_what_was_chosen_is_kept(person):
    person.through("accused")
    person.send(against="person")
    assert person.send(accused_person=" ", accused_body="PSD").status_code == 422
    assert 'id="accused_person-error"' in person.page
    assert '<option value="PSD" selected>' in person.page
    assert person.send(accused_person="محمد", accused_body="NONE").status_code == 422
    assert 'id="accused_body-error"' in person.page
    assert 'value="محمد"' in person.page
    person.send(accused_person="محمد", accused_body="")
    assert person.step == "more"
    person.through("check")
    assert sent(person)["accused"] == [{"person": "محمد"}]


def test_intake_s_refusal_of_a_name_leads_back_to_it(person):
    person.through("check", against="person", accused_person="س" * (filing.longest_name() + 1))
    assert person.send().status_code == 422
    assert person.step == "person"
    assert 'id="accused_person-error"' in person.page
    person.send(accused_person="سالم المدني")
    assert person.step == "check"


def test_boxes_are_kept_over_an_error_another_language_and_going_back(person, behind):
    person.through("rights", about="right")
    assert person.send(rights_codes=["", "CP-LIFE", "NONE"], groups=["", "women"]).status_code == 422
    assert 'id="rights_codes-error"' in person.page
    assert re.search(r'value="CP-LIFE"[^>]* checked', person.page)
    person.send("stay", rights_codes=["", "CP-LIFE"], groups=["", "women"])
    person.send("back", rights_codes=["", "CP-LIFE"], groups=["", "women"])
    assert person.step == "about"
    person.send(about="right")
    assert re.search(r'value="CP-LIFE"[^>]* checked', person.page)
    assert re.search(r'value="women"[^>]* checked', person.page)
    person.send(rights_codes="", groups="")
    person.through("check")
    assert sent(person) == {"service": False, "rights": True}


def test_a_service_that_is_away_takes_no_boxes_with_it(person):
    person.through("rights", about="right")
    asked = clients.of("intake")
    clients._clients["intake"] = clients.Client("intake", "http://127.0.0.1:1")
    names.forget()
    assert person.send(rights_codes=["", "CP-LIFE"], groups="").status_code == 503
    clients._clients["intake"] = asked
    names.forget()
    person.send()
    assert person.step == "danger"
    person.through("check", about="right")
    assert sent(person)["rights_codes"] == ["CP-LIFE"]


def test_a_change_that_opens_a_question_asks_it_and_no_other_again(person):
    person.through("check")
    person.send("change-where")
    person.send(governorate="JO-AM")
    assert person.step == "check"
    person.send("change-about")
    person.send(about="right")
    assert person.step == "rights"
    person.send(rights_codes=["", "CP-LIFE"], groups="")
    assert person.step == "check"
    person.send("change-accused")
    person.send(against="person")
    assert person.step == "person"
    person.send(accused_person="سالم المدني")
    assert person.step == "check"
    assert 'value="change-more"' in person.page
    person.send("change-about")
    person.send(about="service")
    assert person.step == "check"
    assert sent(person) == {"service": True, "rights": False, "accused": [{"person": "سالم المدني"}]}
    assert 'value="change-rights"' not in person.page


@pytest.mark.parametrize("kind", ["question", "suggestion", "praise"])
def test_of_what_is_no_complaint_nobody_is_asked_of_danger(person, kind):
    person.through("what", kind=kind)
    person.send(text=TEXT)
    assert person.step == "who"
    assert sent(person) == {}


def test_what_was_said_of_a_complaint_is_not_sent_with_praise():
    before = draft(about="both", rights_codes="CP-LIFE", urgent="detention", against="body", whole_body="MWI")
    assert set(FLAGS) - {"groups"} <= set(before.body())
    before.take("kind", {"kind": "praise"})
    assert not set(FLAGS) & set(before.body())


def test_a_person_can_be_named_while_the_list_of_bodies_is_away(pages):
    person = Person(pages)
    person.through("person", against="person")
    assert "<select" not in person.page
    person.send(accused_person="سالم المدني")
    person.through("check")
    assert sent(person)["accused"] == [{"person": "سالم المدني"}]
    person.send("change-more")
    person.send("add")
    assert person.send(against="body").status_code == 503


def test_the_pages_about_danger_and_rights_say_where_to_turn_and_how_to_leave(person):
    person.through("danger")
    assert "911" in person.page
    assert 'id="exit"' in person.page
    person.send("back")
    person.send(about="right")
    assert person.step == "rights"
    assert 'id="exit"' in person.page
