import base64
import json
from datetime import timedelta

import flask
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from services.chassis import actor
from services.chassis.actor import Actor, RoleMissing, TokenRefused, sign, verify
from tests.unit.chassis.conftest import NOON

SOMEBODY = Actor("somebody", frozenset({"public", "keeper"}), {"body": "X"})


@pytest.fixture(autouse=True)
def _keys(environment):
    pass


def refused(token: str, audience: str = "things", now=NOON) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify(token, audience, now)
    return caught.value.code


def test_carries_the_actor():
    assert verify(sign(SOMEBODY, "things", NOON), "things", NOON) == SOMEBODY


def test_is_for_one_audience():
    assert refused(sign(SOMEBODY, "others", NOON)) == "token_for_another_audience"


@pytest.mark.parametrize(("seconds", "good"), [(-6, False), (-5, True), (0, True), (35, True), (36, False)])
def test_is_good_for_thirty_seconds_and_five_of_skew(seconds, good):
    token = sign(SOMEBODY, "things", NOON)
    if good:
        assert verify(token, "things", NOON + timedelta(seconds=seconds)) == SOMEBODY
    else:
        assert refused(token, now=NOON + timedelta(seconds=seconds)) == "token_expired"


def test_every_changed_byte_is_refused():
    token = sign(SOMEBODY, "things", NOON)
    for index in range(0, len(token), 7):
        other = "A" if token[index] != "A" else "B"
        assert refused(token[:index] + other + token[index + 1 :]) in ("token_forged", "token_malformed")


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "a.b.c.d", "..", "\u0661.\u0661.\u0661", "x" * 100_000, "é" * 10]
)
def test_refuses_what_is_no_token(token):
    assert refused(token) == "token_malformed"


def test_a_token_cannot_choose_its_algorithm():
    _, payload, signature = sign(SOMEBODY, "things", NOON).split(".")
    for header in ({"alg": "none"}, {"alg": "HS256", "typ": "JWT"}, {"alg": "EdDSA", "typ": "JWT"}):
        head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        for end in (signature, ""):
            assert refused(f"{head}.{payload}.{end}") == "token_malformed"


def test_another_key_is_refused(environment):
    token = sign(SOMEBODY, "things", NOON)
    signing, verifying = actor.new_keys()
    environment({"ACTOR_SIGNING_KEY": signing, "ACTOR_VERIFY_KEY": verifying})
    assert refused(token) == "token_forged"


def test_is_a_jwt_that_others_can_read():
    signing, verifying = actor.new_keys()
    raw = base64.urlsafe_b64encode(base64.b64decode(verifying)).rstrip(b"=").decode()
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": raw})
    actor.settings.forget()
    token = _sign_with(signing)
    decoded = jwt.decode(token, key, algorithms=["Ed25519"])
    assert decoded.header == {"alg": "Ed25519", "typ": "JWT"}
    assert decoded.claims["sub"] == "somebody"
    assert decoded.claims["exp"] - decoded.claims["iat"] == 30
    assert decoded.claims["roles"] == ["keeper", "public"]


def _sign_with(signing: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTOR_SIGNING_KEY", signing)
        token = sign(SOMEBODY, "things", NOON)
    actor.settings.forget()
    return token


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token_missing"),
        ("", "token_missing"),
        ("Bearer", "token_malformed"),
        ("Basic abc", "token_malformed"),
        ("Bearer abc", "token_malformed"),
    ],
)
def test_a_header_without_a_token_is_refused(header, code):
    with pytest.raises(TokenRefused) as caught:
        actor.from_header(header, "things", NOON)
    assert caught.value.code == code


def test_a_guarded_view_stays_closed_wherever_it_is_called():
    view = actor.require("keeper")(lambda: "inside")
    with pytest.raises(TokenRefused):
        view()
    with flask.Flask("x").test_request_context():
        with pytest.raises(TokenRefused):
            view()
        flask.g.actor = Actor("a", frozenset({"public"}))
        with pytest.raises(RoleMissing):
            view()
        flask.g.actor = SOMEBODY
        assert view() == "inside"


def test_a_guard_without_roles_is_a_mistake():
    with pytest.raises(ValueError, match="role"):
        actor.require()
