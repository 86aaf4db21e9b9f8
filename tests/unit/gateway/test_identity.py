"""Speaking with a provider of identity over HTTP: what is believed, and what a hostile, broken or slow one can do."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway import identity, provider
from gateway.outgoing import NotReached
from gateway.provider import NotProved
from tests.support.hostile_tokens import CLIENT
from tests.support.ministry_sign_in import PEOPLE, SECRET
from tests.unit.gateway.at_ministry import BACK, row


def test_what_a_provider_says_is_believed(ministry):
    ministry.control(acr="urn:two", amr=["pwd", "otp"])
    said = ministry.prove()
    assert said == {
        "issuer": ministry.who.issuer,
        "subject": "p-rania",
        "nonce": said["nonce"],
        "email": PEOPLE["p-rania"]["email"],
        "acr": "urn:two",
        "amr": ["pwd", "otp"],
        "session": "session of p-rania",
    }


def test_the_address_that_people_are_sent_to_asks_for_all_that_binds(ministry):
    flow, address = ministry.leave()
    asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] not in ("", flow["verifier"])
    assert (asked["state"], asked["nonce"]) == (flow["state"], flow["nonce"])
    assert (asked["response_type"], asked["redirect_uri"]) == ("code", BACK)
    assert flow["verifier"] not in address
    assert SECRET not in address


def test_an_address_that_is_not_verified_is_none(ministry):
    assert ministry.prove("p-unverified")["email"] is None
    for fault in ("verified_as_text", "looks_alike"):
        ministry.control(fault=fault)
        assert ministry.prove()["email"] is None


def test_the_address_is_looked_up_where_the_token_does_not_tell_it(ministry):
    ministry.control(fault="email_at_userinfo")
    assert ministry.prove()["email"] == PEOPLE["p-rania"]["email"]
    ministry.control(fault="other_userinfo")
    with pytest.raises(NotProved, match="another_person"):
        ministry.prove()


@pytest.mark.parametrize(
    "fault",
    [
        "nonce",
        "no_nonce",
        "audience",
        "audiences",
        "issuer",
        "expired",
        "not_yet",
        "no_expiry",
        "no_subject",
        "at_hash",
        "none",
        "hs256",
        "other_key",
        "unknown_key",
        "garbage",
        "deep",
        "mix_up",
        "no_iss",
    ],
)
def test_a_token_that_is_none_proves_nothing(ministry, fault):
    ministry.control(fault=fault)
    with pytest.raises(NotProved):
        ministry.prove()
    ministry.control(fault=None)
    assert ministry.prove()["subject"] == "p-rania"


def test_an_algorithm_that_the_row_does_not_name_is_not_believed(ministry):
    code, flow, _ = ministry.come()
    only_curves = row(ministry.who.issuer, algorithms=["ES256"])
    with pytest.raises(NotProved):
        identity.prove(only_curves, code, flow, BACK)


def test_a_code_is_good_once_and_for_the_browser_that_asked(ministry):
    code, flow, _ = ministry.come()
    other, _ = ministry.leave()
    with pytest.raises(NotProved, match="code_refused"):
        identity.prove(ministry.who, code, other, BACK)
    code, flow, _ = ministry.come()
    assert identity.prove(ministry.who, code, flow, BACK)["subject"] == "p-rania"
    with pytest.raises(NotProved, match="code_refused"):
        identity.prove(ministry.who, code, flow, BACK)


def test_keys_are_kept_and_new_ones_are_found(ministry):
    ministry.prove()
    ministry.prove()
    before = ministry.control()["asked"]
    assert (before["/jwks"], before["/.well-known/openid-configuration"]) == (1, 1)
    ministry.control(rotate=True)
    assert ministry.prove()["subject"] == "p-rania"
    assert ministry.control()["asked"]["/jwks"] == 2


def test_tokens_that_name_keys_nobody_has_do_not_have_us_ask_for_ever(ministry):
    ministry.control(fault="unknown_key")
    for _ in range(8):
        with pytest.raises(NotProved):
            ministry.prove()
    assert ministry.control()["asked"]["/jwks"] <= 6


def test_tokens_that_anybody_can_write_keep_no_new_key_from_being_found(ministry):
    ministry.prove()
    ministry.control(rotate=True)
    unknown = ministry.control(logout={"sub": "p-rania"})["logout_token"]
    ministry.control(rotate=True)
    for _ in range(8):
        with pytest.raises(NotProved):
            identity.log_out(ministry.who, unknown)
    assert ministry.prove()["subject"] == "p-rania"
    ministry.control(rotate=True)
    assert ministry.prove()["subject"] == "p-rania"


def test_a_provider_that_goes_away_is_remembered_for_those_who_come_back(ministry, settings_of):
    ministry.prove()
    code, flow, _ = ministry.come()
    ministry.control(fault="broken")
    with pytest.raises(NotReached):
        identity.prove(ministry.who, code, flow, BACK)


def test_what_is_old_and_cannot_be_had_anew_is_used_and_not_asked_for_by_everybody(ministry):
    ministry.prove()
    known = provider._remembered(ministry.who)
    before = ministry.control()["asked"]
    known.document_at -= provider.KEPT_SECONDS
    known.keys_at -= provider.KEPT_SECONDS
    ministry.control(fault="broken")
    for _ in range(3):
        assert provider.keys_of(ministry.who, known) is known.keys
    ministry.control(fault=None)
    asked = ministry.control()["asked"]
    for path in ("/.well-known/openid-configuration", "/jwks"):
        assert asked[path] == before[path] + 1
    known.document_at -= provider.STALE_SECONDS
    known.document_again = 0.0
    ministry.control(fault="broken")
    with pytest.raises(NotReached):
        provider.keys_of(ministry.who, known)


def test_without_our_secret_nothing_is_asked(ministry, settings_of):
    place = settings_of()
    code, flow, _ = ministry.come()
    place.unlink()
    with pytest.raises(NotReached, match="secret is missing"):
        identity.prove(ministry.who, code, flow, BACK)
    place.write_text("a wrong one")
    provider.forget()
    with pytest.raises(NotProved, match="code_refused"):
        identity.prove(ministry.who, code, flow, BACK)


def test_a_logout_token_names_whom_it_means(ministry):
    token = ministry.control(logout={"sub": "p-rania", "sid": "x"})["logout_token"]
    assert identity.log_out(ministry.who, token) == {
        "token": identity.log_out(ministry.who, token)["token"],
        "subject": "p-rania",
        "session": "x",
    }


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"iss": "http://another.example"},
        {"events": {}},
        {"events": None},
        {"nonce": "x"},
        {"jti": None},
        {"exp": 1},
        {"iat": None},
        {"iat": 1, "exp": None},
        {"iat": int(time.time()) - identity.LOGOUT_SECONDS - 5, "exp": None},
    ],
)
def test_a_logout_token_that_is_none_ends_nothing(ministry, claims):
    token = ministry.control(logout={"sub": "p-rania", **claims})["logout_token"]
    with pytest.raises(NotProved):
        identity.log_out(ministry.who, token)


def test_the_page_to_sign_out_on_leads_back(ministry):
    address = identity.end_session_url(ministry.who, "http://127.0.0.1:8000/")
    assert address == (
        f"{ministry.who.issuer}/end-session?client_id={CLIENT}"
        "&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2F"
    )
