"""Whom a complaint is directed against: persons, units and bodies, one after the other, as a browser without scripts names them."""

import html

import pytest

from gateway.web import filing
from services.intake.schemas_flags import FlagsSchema, flags
from tests.unit.gateway.test_file_flags import sent
from tests.unit.gateway.test_file_pages import Person


@pytest.fixture(params=["", "/en"], ids=["ar", "en"])
def person(behind, request):
    return Person(behind, request.param)


def test_a_unit_is_chosen_of_those_of_its_body(person):
    person.through("unit", against="unit")
    assert "<select" in person.page
    assert 'name="unit"' not in person.page
    assert person.send(unit_of="").status_code == 422
    assert '<a href="#unit_of">' in person.page
    # The units of a body are shown first, which is no error.
    assert person.send(unit_of="MWI").status_code == 200
    assert '<option value="MWI-METERS">' in person.page
    assert person.send(unit_of="MWI", unit="").status_code == 422
    assert 'id="unit-error"' in person.page
    assert person.send(unit_of="PSD", unit="MWI-METERS").status_code == 422
    assert 'id="unit_of-error"' in person.page
    person.send(unit_of="MWI")
    person.send(unit_of="MWI", unit="MWI-METERS")
    assert person.step == "more"
    person.through("check")
    assert sent(person)["accused"] == [{"unit": "MWI-METERS", "institution": "MWI"}]
    taken = flags(FlagsSchema().load(sent(person)))
    assert taken.accused[0].place == {"institution": "MWI", "unit": "MWI-METERS"}
    page = html.unescape(person.page)
    assert ("Meters Department" in page) != ("قسم العدادات" in page)


def test_a_person_is_said_to_work_in_a_unit_of_the_body_that_was_chosen(person):
    person.through("person", against="person")
    assert 'name="accused_unit"' not in person.page
    person.send("units", accused_person="سالم المدني", accused_body="MWI")
    assert person.step == "person"
    assert 'value="سالم المدني"' in person.page
    assert '<option value="MWI-METERS">' in person.page
    # The units stay there while the body is looked at again, and one of another body is said to be wrong.
    assert (
        person.send(accused_person="سالم المدني", accused_body="MWI", accused_unit="PSD-X").status_code == 422
    )
    assert '<a href="#accused_unit">' in person.page
    person.send(accused_person="سالم المدني", accused_body="MWI", accused_unit="MWI-METERS")
    assert person.step == "more"
    page = html.unescape(person.page)
    assert ("Meters Department" in page) != ("قسم العدادات" in page)
    person.through("check")
    assert sent(person)["accused"] == [{"person": "سالم المدني", "institution": "MWI", "unit": "MWI-METERS"}]
    # As the page says, whoever works there is kept out, too.
    said = html.unescape(person.page)
    assert ("ولا يراها من يعمل في القسم" in said) != ("Those who work in the department" in said)
    taken = flags(FlagsSchema().load(sent(person)))
    assert taken.accused[0].place == {"institution": "MWI", "unit": "MWI-METERS"}


@pytest.mark.parametrize("body", ["PSD", ""])
def test_a_unit_is_forgotten_with_the_body_that_it_was_of(person, body):
    person.through("person", against="person")
    person.send("units", accused_person="سالم المدني", accused_body="MWI")
    person.send("units", accused_person="سالم المدني", accused_body=body, accused_unit="MWI-METERS")
    assert 'name="accused_unit"' not in person.page
    assert ('role="status"' in person.page) == (body == "PSD")
    person.send(accused_person="سالم المدني", accused_body=body, accused_unit="")
    person.through("check")
    assert sent(person)["accused"] == [{"person": "سالم المدني", **({"institution": body} if body else {})}]


def test_several_are_named_one_after_the_other_changed_and_taken_out(person):
    person.through("more", against="person", accused_person="سالم المدني", accused_body="PSD")
    person.send("add")
    assert person.step == "accused"
    assert "checked" not in person.page
    person.send(against="body")
    person.send(whole_body="MWI")
    assert person.step == "more"
    assert "سالم المدني" in person.page
    person.send("add")
    # Asked for one more and then nobody: those before stay.
    person.send(against="nobody")
    assert person.step == "more"
    person.through("check")
    both = [{"person": "سالم المدني", "institution": "PSD"}, {"institution": "MWI"}]
    assert sent(person)["accused"] == both
    assert flags(FlagsSchema().load(sent(person))).accused[0].place is None
    person.send("change-more")
    person.send("edit-0")
    assert person.step == "person"
    assert 'value="سالم المدني"' in person.page
    person.send(accused_person="سالم العلي", accused_body="")
    assert person.step == "check"
    assert {"person": "سالم العلي"} in sent(person)["accused"]
    person.send("change-more")
    person.send("remove-0")
    assert person.step == "more"
    person.send("remove-0")
    assert person.step == "accused"
    person.send(against="")
    assert person.step == "check"
    assert "accused" not in sent(person)


@pytest.mark.parametrize("go", ["edit-9", "edit-x", "remove-", "edit--1", "remove-²"])
def test_a_button_that_is_not_there_goes_on(person, go):
    person.through("more", against="person", accused_person="سالم المدني")
    person.send(go)
    assert person.step in ("who", "more")
    person.through("check")
    assert sent(person)["accused"] == [{"person": "سالم المدني"}]


def test_no_more_are_named_than_intake_takes(person):
    person.through("more", against="person", accused_person="اسم 0")
    for number in range(1, filing.most_accused()):
        person.send("add")
        person.send(against="person")
        person.send(accused_person=f"اسم {number}")
    assert 'value="add"' not in person.page
    person.send("add")
    assert person.step == "who"
    person.through("check")
    assert len(sent(person)["accused"]) == filing.most_accused()
    flags(FlagsSchema().load(sent(person)))


def test_a_refusal_of_one_of_several_leads_to_that_one(person):
    person.through("more", against="person", accused_person="س" * (filing.longest_name() + 1))
    person.send("add")
    person.send(against="body")
    person.send(whole_body="MWI")
    person.through("check")
    assert person.send().status_code == 422
    assert person.step == "person"
    assert 'id="accused_person-error"' in person.page
    person.send(accused_person="سالم المدني")
    assert person.step == "check"
    assert {each.get("person") for each in sent(person)["accused"]} == {None, "سالم المدني"}
