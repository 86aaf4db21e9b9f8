"""The Ministry of Water's provider of identity, to speak with and to sign in at."""

import secrets
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from gateway import identity, provider
from services.cli.main import main
from services.cli.postgres import free_port
from tests.support.hostile_tokens import CLIENT
from tests.support.ministry_sign_in import SECRET, Process

OUR_CODE, BY_OTP = ("--our-code",), ("--amr", "otp")
HOST = "http://127.0.0.1:8000"
WITH = "/staff/sign-in/with/mwi"
BACK = f"{HOST}{WITH}/back"


@pytest.fixture(scope="session")
def process():
    """A provider that runs. What a test has it do wrong, the next one takes back."""
    started = Process(free_port(), BACK)
    yield started
    started.close()


@pytest.fixture
def settings_of(environment, tmp_path):
    """Sets what the gateway knows of providers; `.secret` is the file of ours."""
    place = tmp_path / "mwi"
    place.write_text(SECRET + "\n")

    def change(**more: str) -> Path:
        environment({"IDENTITY_PROVIDER_SECRETS": str(tmp_path), "IDENTITY_PROVIDER_SECONDS": "5", **more})
        provider.forget()
        return place

    change()
    return change


@pytest.fixture
def ministry(process, settings_of):
    """The provider as it should be: `.who`, `.leave()` → (flow, address), `.come(sub)` → (code, flow, iss), `.prove(sub)`."""
    process.control(reset=True)
    who = row(process.issuer)

    def leave():
        flow = {name: secrets.token_urlsafe(32) for name in ("state", "nonce")}
        flow["verifier"] = secrets.token_urlsafe(48)
        return flow, identity.authorization_url(who, flow, BACK)

    def come(sub="p-rania"):
        flow, address = leave()
        given = parse_qs(urlsplit(process.sign_in(address, sub)).query)
        assert given["state"] == [flow["state"]]
        return given.get("code", [""])[0], flow, given.get("iss", [None])[0]

    def prove(sub="p-rania"):
        code, flow, issuer = come(sub)
        identity.check_issuer(who, issuer)
        return identity.prove(who, code, flow, BACK)

    return SimpleNamespace(who=who, leave=leave, come=come, prove=prove, control=process.control)


def row(issuer: str, **changes):
    return provider.of(
        {
            "code": "mwi",
            "name": {"ar": "وزارة المياه والري", "en": "Ministry of Water"},
            "issuer": issuer,
            "client_id": CLIENT,
            "client_auth": "client_secret_basic",
            "scopes": ["openid", "email"],
            "algorithms": ["RS256", "ES256"],
            "acr_values": [],
            "matching": "email",
            **changes,
        }
    )


@pytest.fixture
def mwi(staff, process, environment, tmp_path):
    """The Ministry of Water's provider: `.enter(*options)` makes its row; `.come(browser, sub)` signs in there and comes back."""
    process.control(reset=True)
    (tmp_path / "mwi").write_text(SECRET)
    environment({"IDENTITY_PROVIDER_SECRETS": str(tmp_path), "PUBLIC_URL": HOST})

    def enter(*options: str, institution: str = "MWI") -> None:
        run("add", "--code", "mwi", "--name-ar", "وزارة المياه والري", "--name-en", "Ministry of Water",
            "--issuer", process.issuer, "--client-id", CLIENT, "--institution", institution, *options)  # fmt: skip
        provider.forget()

    def come(browser, sub: str | None = "p-rania", prefix: str = ""):
        left = browser.get(prefix + WITH)
        assert left.status_code == 303, left.get_data(as_text=True)
        came = urlsplit(process.sign_in(left.location, sub))
        return browser.get(f"{came.path}?{came.query}", headers={"Sec-Fetch-Site": "cross-site"})

    yield SimpleNamespace(enter=enter, come=come, control=process.control, process=process)
    environment({"PUBLIC_URL": ""})


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["identity-provider", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def text(answer) -> str:
    return answer.get_data(as_text=True)


def fault_of(answer) -> str:
    assert answer.status_code == 303, text(answer)
    assert urlsplit(answer.location).path.endswith("/staff/sign-in")
    return answer.location.rpartition("fault=")[2]
