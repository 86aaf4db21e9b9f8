"""Looking after providers of identity over HTTP: who may, what is refused where, and what is kept of it."""

from types import SimpleNamespace

import pytest

from services.chassis import database
from services.chassis.clock import now
from services.routing.staff import accounts, provider_rows, providers_kept
from tests.unit.routing.conftest import officer_of

PATH = "/staff/identity-providers"
NEW = {
    "code": "mwi",
    "name": {"ar": "وزارة المياه والري", "en": "Ministry of Water"},
    "issuer": "https://login.mwi.gov.jo/realms/staff",
    "client_id": "bekhedmetkom",
    "second_factor": "provider",
    "amr_values": ["otp"],
    "institutions": ["MWI", "WAJ"],
}


@pytest.fixture
def ask(call):
    """ask(method, path, body) → (status, body), as operations unless told otherwise."""

    def send(method, path, body=None, role="operations", language="en"):
        answer = call(officer_of("MWI", "ops", role), method, path, body, language)
        return SimpleNamespace(status=answer.status_code, body=answer.get_json())

    return send


def wrong(answer) -> list[tuple[str, str]]:
    assert answer.status == 422, answer
    return [(each["field"], each["code"]) for each in answer.body["errors"]]


def changed(found, **changes):
    """A provider as it is to be, from its row."""
    given = {
        name: found[name] for name in (*NEW, "client_auth", "scopes", "algorithms", "matching", "version")
    }
    return {name: value for name, value in {**given, **changes}.items() if name not in ("code", "issuer")}


def test_from_entering_it_to_taking_it_off(ask, routing):
    made = ask("POST", PATH, NEW)
    assert made.status == 201, made
    assert made.body["state"] == "active"
    assert made.body["national_roles"] == []
    assert not any("secret" in name for name in made.body)
    (row,) = ask("GET", PATH).body["items"]
    assert row == made.body
    assert (row["last_change"]["what"], row["last_change"]["by"]) == ("added", "ops")
    done = ask("PUT", f"{PATH}/mwi", changed(row, institutions=["MWI"], matching="subject"))
    assert done.status == 200, done
    assert (done.body["provider"]["institutions"], done.body["provider"]["matching"]) == (["MWI"], "subject")
    assert done.body["provider"]["version"] != row["version"]
    for state in ("disabled", "disabled", "active"):
        assert ask("POST", f"{PATH}/mwi/state", {"state": state}).body["provider"]["state"] == state
    kept = routing.rows("SELECT what FROM identity_provider_change WHERE provider = 'mwi' ORDER BY number")
    assert [what for (what,) in kept] == ["added", "changed", "disabled", "active"]


@pytest.mark.parametrize("role", ["coordinator", "main_officer", "head", "gateway", "public"])
def test_it_is_for_operations_alone(ask, role):
    for method, path in (("GET", PATH), ("POST", PATH), ("PUT", f"{PATH}/x"), ("POST", f"{PATH}/x/state")):
        assert ask(method, path, None if method == "GET" else NEW, role=role).status == 403


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"issuer": "http://login.mwi.gov.jo"}, "issuer", "issuer_not_encrypted"),
        ({"issuer": "https://login.mwi.gov.jo?x=1"}, "issuer", "issuer_malformed"),
        ({"issuer": "https://[::"}, "issuer", "issuer_malformed"),
        ({"code": "MWI"}, "code", "code_malformed"),
        ({"code": "../mwi"}, "code", "code_malformed"),
        ({"institutions": []}, "institutions", "institutions_missing"),
        ({"institutions": ["NOWHERE"]}, "institutions", "institution_unknown"),
        ({"amr_values": []}, "second_factor", "second_factor_unrecognised"),
        ({"algorithms": []}, "algorithms", "algorithm_without_key_pair"),
    ],
)
@pytest.mark.parametrize("language", ["ar", "en"])
def test_what_is_wrong_is_said_at_its_field(ask, changes, field, code, language):
    answer = ask("POST", PATH, {**NEW, **changes}, language=language)
    assert wrong(answer) == [(field, code)]
    (message,) = (each["message"] for each in answer.body["errors"])
    assert message.isascii() == (language == "en")


def test_nobody_gets_a_national_role_or_another_issuer_by_it(ask):
    assert wrong(ask("POST", PATH, {**NEW, "national_roles": ["coordinator"]})) == [
        ("national_roles", "unknown_field")
    ]
    row = ask("POST", PATH, NEW).body
    for name, value in (("issuer", "https://evil.example"), ("national_roles", ["operations"])):
        answer = ask("PUT", f"{PATH}/mwi", {**changed(row), name: value})
        assert wrong(answer) == [(name, "unknown_field")]


def test_a_code_is_not_used_again_so_that_no_secret_goes_to_another(ask, routing):
    ask("POST", PATH, NEW)
    assert wrong(ask("POST", PATH, NEW)) == [("code", "code_taken")]
    with database.transaction("routing") as connection:
        providers_kept.remove(connection, "mwi", by=accounts.COMMAND, now=now())
    assert wrong(ask("POST", PATH, NEW)) == [("code", "code_used_before")]


def test_who_is_second_is_told_and_changes_nothing(ask):
    row = ask("POST", PATH, NEW).body
    assert ask("PUT", f"{PATH}/mwi", changed(row, client_id="first")).status == 200
    answer = ask("PUT", f"{PATH}/mwi", changed(row, client_id="second"))
    assert (answer.status, answer.body["code"]) == (412, "version_changed")
    assert ask("GET", PATH).body["items"][0]["client_id"] == "first"


def test_what_is_not_there_is_not_found(ask):
    row = ask("POST", PATH, NEW).body
    assert ask("PUT", f"{PATH}/none", changed(row)).status == 404
    assert ask("POST", f"{PATH}/none/state", {"state": "disabled"}).status == 404


def test_the_history_is_only_added_to(ask, routing):
    ask("POST", PATH, NEW)
    for change in ("UPDATE identity_provider_change SET actor = 'x'", "DELETE FROM identity_provider_change"):
        with pytest.raises(Exception, match="only added to"):
            routing.rows(change)


@pytest.mark.parametrize(
    ("changes", "anew"),
    [
        ({"name_ar": "أخرى"}, False),
        ({"scopes": ["openid"]}, False),
        ({"institutions": ["WAJ", "MWI"]}, False),
        ({"institutions": ["MWI"]}, True),
        ({"second_factor": "ours"}, True),
        ({"amr_values": ["mfa"]}, True),
        ({"algorithms": ["ES256"]}, True),
    ],
)
def test_only_what_decides_who_comes_in_has_people_come_in_anew(changes, anew):
    before = {
        **{name: [] for name in ("scopes", "algorithms", "acr_values", "amr_values")},
        **{name: "" for name in ("name_ar", "name_en", "client_id", "client_auth", "matching")},
        "second_factor": "provider",
        "state": "active",
        "institutions": ["MWI", "WAJ"],
    }
    after = {**before, **changes}
    assert provider_rows.decides_anew(before, after) is anew
    same = changes == {"institutions": ["WAJ", "MWI"]}
    assert (provider_rows.version(before) == provider_rows.version(after)) is same
