"""The page of those who look after providers of identity, with routing's own app and a provider that runs."""

import html

import pytest

from gateway import auth, provider
from services.chassis import clock
from tests.support.hostile_tokens import CLIENT
from tests.unit.gateway.at_ministry import HOST
from tests.unit.gateway.signing_in import HTML, hidden

PATH, EDIT = "/staff/identity-providers", "/staff/identity-providers/edit"
REACHED = {"": "يجيب المزود كما ينبغي", "/en": "The provider answers as it should"}


def text(answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


@pytest.fixture
def ops(staff):
    """Operations' browser."""
    browser = staff.browser()
    browser.set_cookie(auth.COOKIE, auth.issue("ops", ["operations"], clock.now()))
    return browser


@pytest.fixture
def typed(mwi):
    """What operations type of the Ministry of Water's provider."""
    return {
        **{"version": "", "name_ar": "وزارة المياه والري", "name_en": "Ministry of Water", "code": "mwi"},
        **{"issuer": mwi.process.issuer, "client_id": CLIENT, "institutions": ["MWI", "WAJ"]},
        **{"matching": "email", "second_factor": "provider", "amr_values": "otp", "acr_values": ""},
        **{"client_auth": "client_secret_basic", "algorithms": ["RS256", "ES256"], "scopes": "openid email"},
    }


@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
def test_a_provider_is_tried_entered_and_signs_people_in(ops, mwi, rania, staff, typed, prefix):
    assert ops.get(prefix + PATH).status_code == 200
    assert ops.get(prefix + EDIT).status_code == 200
    typed = {**typed, "second_factor": "ours", "amr_values": ""}
    tried = ops.post(prefix + EDIT, data={**typed, "go": "try"})
    assert (tried.status_code, REACHED[prefix] in text(tried)) == (200, True)
    assert 'value="mwi"' in text(tried)
    assert staff.rows("routing", "SELECT count(*) FROM identity_provider") == [(0,)]
    sent = ops.post(prefix + EDIT, data=typed)
    assert (sent.status_code, sent.location) == (303, f"{prefix}{PATH}?done=added")
    page = text(ops.get(sent.location))
    for shown in (f"{HOST}/staff/sign-in/with/mwi/back", mwi.process.issuer):
        assert shown in page
    assert mwi.come(staff.browser()).status_code == 200


def test_the_secret_is_nowhere_and_only_missed(ops, mwi, typed, tmp_path):
    from tests.support.ministry_sign_in import SECRET

    ops.post(EDIT, data=typed)
    for path in (f"/en{PATH}", f"/en{EDIT}?code=mwi"):
        assert SECRET not in text(ops.get(path))
    assert "The secret is missing" not in text(ops.get(f"/en{PATH}"))
    (tmp_path / "mwi").unlink()
    assert "The secret is missing" in text(ops.get(f"/en{PATH}"))


@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issuer": "http://login.mwi.gov.jo"}, "issuer"),
        ({"code": "A B"}, "code"),
        ({"name_ar": ""}, "name_ar"),
        ({"name_en": "=1"}, "name_en"),
        ({"client_id": ""}, "client_id"),
        ({"institutions": []}, "institutions"),
        ({"second_factor": ""}, "second_factor"),
        ({"issuer": "", "go": "try"}, "issuer"),
        ({"amr_values": ""}, "second_factor"),
        ({"amr_values": "x" * 300}, "amr_values"),
        ({"algorithms": []}, "algorithms"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(ops, typed, prefix, changes, field):
    page = ops.post(prefix + EDIT, data={**typed, **changes})
    assert page.status_code == 422
    assert f'<a href="#{field}">' in text(page)
    assert f'id="{field}-error"' in text(page)
    assert f'id="{field}"' in text(page)
    assert 'value="WAJ" checked' in text(page) or field == "institutions"


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("http://127.0.0.1:1", "cannot be reached"),
        ("http://login.mwi.gov.jo", "not encrypted"),
        ("nonsense", "no answer that can be used"),
        ("https://[::", "no answer that can be used"),
        ("{issuer}/", "calls itself otherwise"),
    ],
)
def test_what_stands_in_the_way_of_reaching_it_is_said(ops, mwi, typed, issuer, words):
    provider.forget()
    asked = {**typed, "issuer": issuer.format(issuer=mwi.process.issuer), "go": "try"}
    page = ops.post("/en" + EDIT, data=asked)
    assert (page.status_code, words in text(page)) == (422, True), text(page)


def test_it_is_changed_by_one_at_a_time(ops, typed):
    ops.post(EDIT, data=typed)
    form = ops.get(f"/en{EDIT}?code=mwi")
    version = hidden(form, "version")
    assert 'name="issuer" type="url"' not in text(form)
    change = {**typed, "version": version}
    done = ops.post("/en" + EDIT, data={**change, "institutions": ["MWI"]})
    assert done.location == f"/en{PATH}?done=changed"
    second = ops.post("/en" + EDIT, data={**change, "name_en": "The other name"})
    assert second.status_code == 412
    assert 'value="The other name"' in text(second)
    assert hidden(second, "version") != version


def test_it_is_taken_off_and_let_in_again(ops, staff, typed):
    ops.post(EDIT, data=typed)
    browser = staff.browser()
    assert "with/mwi" in text(browser.get("/staff/sign-in"))
    taken = ops.post(EDIT, data={"code": "mwi", "go": "disabled"})
    assert taken.location == f"{PATH}?done=disabled"
    assert "with/mwi" not in text(browser.get("/staff/sign-in"))
    ops.post(EDIT, data={"code": "mwi", "go": "active"})
    assert "with/mwi" in text(browser.get("/staff/sign-in"))


def test_what_is_not_there_is_no_page(ops):
    assert ops.get(f"{EDIT}?code=none").status_code == 404
    assert ops.post(EDIT, data={"code": "../x", "go": "disabled"}, headers=HTML).status_code == 404


def test_it_is_for_operations_alone(staff):
    for role in ("coordinator", "main_officer"):
        browser = staff.browser()
        browser.set_cookie(auth.COOKIE, auth.issue("x", [role], clock.now(), institution="MWI"))
        assert browser.get(PATH).status_code == 403
