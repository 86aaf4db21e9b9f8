"""Staff tokens: ours are good, nothing else is; and the codes that sign in once."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from gateway import auth
from gateway.settings import Settings
from services.chassis import settings
from tests.unit.gateway.conftest import problem

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def keyed(environment):
    return environment


def claims(**changes):
    found = {
        "iss": "bekhedmetkom",
        "aud": "gateway",
        "sub": "somebody",
        "roles": ["coordinator"],
        "exp": int((NOW + timedelta(hours=1)).timestamp()),
    }
    return {name: value for name, value in {**found, **changes}.items() if value is not None}


def signed(content: dict, key: str | None = None, algorithm: str = "HS256") -> str:
    text = key or settings.load(Settings).staff_token_key
    return jwt.encode({"alg": algorithm}, content, OctKey.import_key(text), algorithms=[algorithm])


def test_what_was_issued_is_good_until_it_expires():
    token = auth.issue("salma", ["officer"], NOW, lifetime=timedelta(hours=2), institution="MOH")
    who = auth.verify(token, NOW + timedelta(hours=1, minutes=59))
    assert (who.id, who.roles, who.attributes) == ("salma", {"officer"}, {"institution": "MOH"})
    with pytest.raises(auth.TokenRefused):
        auth.verify(token, NOW + timedelta(hours=2))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "intake"},
        {"sub": None},
        {"sub": 7},
        {"roles": []},
        {"roles": "coordinator"},
        {"roles": ["public"]},
        {"roles": ["coordinator", "king"]},
        {"exp": None},
        {"exp": "later"},
        {"exp": int(NOW.timestamp())},
    ],
)
def test_one_wrong_claim_is_enough(changes):
    auth.verify(signed(claims()), NOW)
    with pytest.raises(auth.TokenRefused):
        auth.verify(signed(claims(**changes)), NOW)


def test_another_key_another_algorithm_or_none_is_refused():
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none"}, claims())
    )
    for token in (
        signed(claims(), key="k" * 48),
        signed(claims(), algorithm="HS512"),
        unsigned + ".",
        "",
        "a.b.c",
        "x" * 9000,
    ):
        with pytest.raises(auth.TokenRefused):
            auth.verify(token, NOW)


@pytest.mark.parametrize(
    ("roles", "hours"), [([], 1), (["public"], 1), (["coordinator"], 0), (["officer"], 24 * 31)]
)
def test_nothing_unreasonable_is_issued(roles, hours):
    with pytest.raises(ValueError, match="must be"):
        auth.issue("x", roles, NOW, lifetime=timedelta(hours=hours))


def test_a_short_key_stops_the_start(gateway):
    with pytest.raises(settings.SettingError, match="STAFF_TOKEN_KEY must be at least 32 bytes"):
        gateway(STAFF_TOKEN_KEY="short")


def test_a_code_signs_in_once_and_not_for_ever():
    codes = auth.EntryCodes()
    code = codes.new("guest", ["coordinator"])
    assert codes.redeem("other") is None
    assert codes.redeem(code) == auth.Entry("guest", frozenset({"coordinator"}))
    assert codes.redeem(code) is None
    late = auth.EntryCodes(lifetime_seconds=-1)
    assert late.redeem(late.new("guest", ["coordinator"])) is None


def test_staff_routes_need_a_token_with_the_role(recording, service):
    from services.chassis.clock import now

    officer = {"Authorization": f"Bearer {auth.issue('o', ['officer'], now(), institution='MOH')}"}
    assert problem(recording.get("/v1/dashboard"))["code"] == "token_missing"
    refused = recording.get("/v1/dashboard", headers={"Authorization": "Bearer x"})
    assert (refused.status_code, problem(refused)["code"]) == (401, "token_refused")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert problem(recording.get("/v1/dashboard", headers=officer))["code"] == "role_missing"
    assert service.asked == []
    assert recording.get("/v1/staff/cases/7", headers=officer).status_code == 200


def test_the_cookie_of_pages_opens_nothing_of_the_api(recording):
    from services.chassis.clock import now

    recording.set_cookie(auth.COOKIE, auth.issue("c", ["coordinator"], now()))
    assert recording.get("/v1/dashboard").status_code == 401


def test_the_command_issues_a_token_that_the_gateway_takes(environment):
    from click.testing import CliRunner

    from services.chassis.clock import now
    from services.cli.token import token

    arguments = ["issue", "--role", "officer", "--institution", "MOH", "--subject", "omar"]
    done = CliRunner().invoke(token, arguments)
    assert done.exit_code == 0
    who = auth.verify(done.output.strip(), now())
    assert (who.id, who.roles, who.attributes) == ("omar", {"officer"}, {"institution": "MOH"})
    assert CliRunner().invoke(token, ["issue", "--role", "public"]).exit_code == 2
    environment({"STAFF_TOKEN_KEY": None})
    assert CliRunner().invoke(token, arguments).exit_code == 78
