"""The draft that travels in the form."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.web import filing
from gateway.web.filing import Draft

GROUPS = {"water": ["water.outage", "water.bill"], "telecom": ["telecom.service"]}


@pytest.fixture(autouse=True)
def keyed(environment):
    return environment


def later(monkeypatch, seconds: float) -> None:
    monkeypatch.setattr(filing, "now", lambda: datetime.now(UTC) + timedelta(seconds=seconds))


@given(text=st.text(max_size=300), name=st.text(max_size=50))
@hypothesis_settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_typed_comes_back_as_it_was(text, name):
    text, name = (each.encode("utf-8", "ignore").decode() for each in (text, name))
    draft = Draft.new()
    draft.take("what", {"text": text})
    draft.take("contact", {"name": name})
    found, fresh = filing.opened(draft.seal())
    assert fresh
    assert (found.key, found.get("text"), found.get("name")) == (draft.key, text, name)


def test_the_longest_arabic_text_stays_small_enough_for_a_page():
    words = "انقطعت المياه عن الحي منذ أسبوع ولم يحضر أحد رغم الاتصال المتكرر بالطوارئ وأطلب إصلاح الخط "
    draft = Draft.new()
    draft.take("what", {"text": (words * 200)[:10_000]})
    assert len(draft.seal()) < 20_000


def test_a_page_takes_its_own_fields_alone():
    draft = Draft.new()
    draft.take("what", {"text": "a", "who": "named", "phone": "1", "__class__": "x"})
    assert (draft.get("text"), draft.get("who"), draft.get("phone")) == ("a", "", "")


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s[:-10] + ("A" if s[-10] != "A" else "B") + s[-9:],
        lambda s: "x" + s,
        lambda s: "",
        lambda s: "a.b.c",
        lambda s: "x" * 300_000,
    ],
)
def test_a_draft_that_is_not_ours_is_a_new_one(change):
    draft = Draft.new()
    draft.take("what", {"text": "secret"})
    found, fresh = filing.opened(change(draft.seal()))
    assert not fresh
    assert found.get("text") == ""
    assert found.key != draft.key


def test_another_key_of_the_gateway_opens_no_draft(environment):
    from services.chassis import actor

    sealed = Draft.new().seal()
    environment({"ACTOR_SIGNING_KEY": actor.new_keys()[0]})
    assert not filing.opened(sealed)[1]


def test_an_old_draft_keeps_what_was_typed_and_not_its_key(monkeypatch):
    draft = Draft.new()
    draft.take("what", {"text": "kept"})
    sealed = draft.seal()
    later(monkeypatch, filing.GOOD_SECONDS + 5)
    found, fresh = filing.opened(sealed)
    assert not fresh
    assert found.get("text") == "kept"
    assert found.key != draft.key


def test_the_same_content_has_the_same_key_and_a_changed_one_another():
    draft = Draft.new()
    first = draft.idempotency_key(b"a")
    assert first == filing.opened(draft.seal())[0].idempotency_key(b"a")
    assert first != draft.idempotency_key(b"b")
    assert first != Draft.new().idempotency_key(b"a")
    assert set(first) <= set(string.ascii_letters + string.digits + "-_")


def test_steps_follow_from_the_answers():
    draft = Draft.new()
    draft.take("group", {"group": "water"})
    assert "category" in draft.steps(GROUPS)
    draft.take("group", {"group": "telecom"})
    draft.settle(GROUPS)
    assert "category" not in draft.steps(GROUPS)
    assert draft.get("category") == "telecom.service"
    draft.take("who", {"who": "anonymous"})
    assert "contact" not in draft.steps(GROUPS)


def test_another_group_forgets_the_category_of_the_one_before():
    draft = Draft.new()
    draft.take("group", {"group": "water"})
    draft.take("category", {"category": "water.bill"})
    draft.take("group", {"group": "water"})
    assert draft.get("category") == "water.bill"
    draft.take("group", {"group": "telecom"})
    assert draft.get("category") == ""


def test_an_anonymous_complaint_carries_no_contact_even_if_one_was_typed_before():
    draft = Draft.new()
    draft.take("contact", {"name": "N", "phone": "079", "email": ""})
    draft.take("who", {"who": "anonymous"})
    assert "complainant" not in draft.body()
    draft.take("who", {"who": "named"})
    assert draft.body()["complainant"] == {"name": "N", "phone": "079", "contact_preference": "any"}


def test_every_step_has_a_template_and_every_field_of_intake_a_place():
    from gateway.api import contracts
    from gateway.web import render

    for step in filing.STEPS:
        render._environment("ar").get_template(f"file/{step}.html")
    asked = {name for fields in filing.FIELDS.values() for name in fields}
    assert {place[1] for place in filing.PLACES.values()} <= asked
    known = set(contracts.schema("intake", "Submission")["properties"])
    complainant = set(contracts.schema("intake", "Complainant")["properties"])
    assert {name for name in filing.PLACES if "." not in name} <= known
    assert {name.split(".")[1] for name in filing.PLACES if name.startswith("complainant.")} == complainant
    assert {"service", "rights", "rights_codes", "groups", "urgent", "accused"} <= set(filing.PLACES)


def test_the_choices_of_the_pages_are_those_of_intake():
    from gateway.api import contracts

    fields = contracts.schema("intake", "Submission")["properties"]
    assert set(filing.KINDS) == set(fields["kind"]["enum"])
    preference = contracts.schema("intake", "Complainant")["properties"]["contact_preference"]
    assert set(filing.PREFERENCES) == set(preference["enum"])
