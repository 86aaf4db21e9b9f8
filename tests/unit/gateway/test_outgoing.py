"""Reaching servers that are not ours: what is asked of whom, for how long, and what is believed of it."""

import datetime
import ipaddress
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import eventlet
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import identity, outgoing, provider
from gateway.outgoing import NotReached
from services.cli.postgres import free_port
from tests.support.ministry_sign_in import Process
from tests.support.poll import until
from tests.unit.gateway.at_ministry import BACK, row


@pytest.mark.parametrize(
    "fault",
    ["other_issuer", "inner_address", "in_clear", "no_pkce", "redirects", "large", "nested", "broken"],
)
def test_a_document_that_cannot_be_is_not_followed(ministry, fault):
    ministry.control(fault=fault)
    provider.forget()
    with pytest.raises(NotReached):
        ministry.leave()
    ministry.control(fault=None)
    # Nobody else waits for it meanwhile.
    with pytest.raises(NotReached, match="a moment ago"):
        ministry.leave()
    provider.forget()
    ministry.leave()


def test_a_slow_provider_is_given_up_and_holds_nobody(ministry, settings_of):
    settings_of(IDENTITY_PROVIDER_SECONDS="1.5")
    ministry.control(slow=6)
    began = time.monotonic()
    pool, ticks = eventlet.GreenPool(), []
    asked = [pool.spawn(refused, ministry.leave) for _ in range(12)]

    def done() -> bool:
        ticks.append(time.monotonic())
        return all(each.dead for each in asked)

    until(done)
    assert all(each.wait() for each in asked)
    assert time.monotonic() - began < 5
    # The hub went on: nothing waited for the slow one but those who asked for it.
    assert max(after - before for before, after in itertools.pairwise(ticks)) < 1.2
    ministry.control(slow=0)


def refused(call) -> bool:
    try:
        call()
    except NotReached:
        return True
    return False


def test_a_provider_that_nobody_runs_is_away(settings_of):
    with pytest.raises(NotReached):
        identity.authorization_url(row(f"http://127.0.0.1:{free_port()}"), {}, BACK)


@pytest.mark.parametrize(
    "address",
    [
        "http://login.example.org/token",
        "https://user@login.example.org/token",
        "https://127.0.0.1/token",
        "https://169.254.169.254/token",
        "https://[::1]/token",
        "https://[fd00::1]/token",
        "ftp://mwi.example/token",
        "https:///token",
        "https://[/token",
    ],
)
def test_an_address_that_must_not_be_asked_is_not(address):
    with pytest.raises(NotReached):
        outgoing.check(address, "mwi.example")


def test_the_host_that_an_operator_entered_may_be_inside():
    outgoing.check("https://10.1.2.3/token", "10.1.2.3")
    outgoing.check("http://127.0.0.1:9000/token", "127.0.0.1")
    with pytest.raises(NotReached, match="without encryption"):
        outgoing.check("http://10.1.2.3/token", "10.1.2.3")


def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path, environment):
    certificate = self_signed(tmp_path / "certificate.pem")
    process = Process(free_port(), BACK, certificate=str(certificate))
    try:
        assert "not reached: SSLError" in reached(process.issuer)
        assert f"{process.issuer}/authorize?" in reached(process.issuer, str(certificate))
    finally:
        process.close()


def reached(issuer: str, authorities: str = "") -> str:
    command = [sys.executable, "-m", "tests.support.reach_provider", issuer]
    given = {**os.environ, "IDENTITY_PROVIDER_CA": authorities}
    return subprocess.run(command, env=given, capture_output=True, text=True, check=True).stdout


def self_signed(place: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ministry")])
    moment = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - datetime.timedelta(days=1))
        .not_valid_after(moment + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    place.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return place
