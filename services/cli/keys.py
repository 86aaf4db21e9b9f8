"""The keys that the services need: generated once, kept in files that only their owner can read."""

import base64
import os
import secrets
from pathlib import Path

from nacl.public import PrivateKey
from nacl.signing import SigningKey


def generate() -> dict[str, str]:
    """Fresh values, by the name of the setting. Binary keys are base64."""
    actor, seal, intake, routing = (
        SigningKey.generate(),
        PrivateKey.generate(),
        PrivateKey.generate(),
        PrivateKey.generate(),
    )
    return {
        "ACTOR_SIGNING_KEY": _text(bytes(actor)),
        "ACTOR_VERIFY_KEY": _text(bytes(actor.verify_key)),
        "STAFF_TOKEN_KEY": secrets.token_urlsafe(48),
        "SEAL_PUBLIC_KEY": _text(bytes(seal.public_key)),
        "SEAL_PRIVATE_KEY": _text(bytes(seal)),
        "INTAKE_SEAL_PUBLIC_KEY": _text(bytes(intake.public_key)),
        "INTAKE_SEAL_PRIVATE_KEY": _text(bytes(intake)),
        "ROUTING_SEAL_PUBLIC_KEY": _text(bytes(routing.public_key)),
        "ROUTING_SEAL_PRIVATE_KEY": _text(bytes(routing)),
        "CONTACT_KEY": _text(secrets.token_bytes(32)),
        "ACCOUNT_KEY": _text(secrets.token_bytes(32)),
        "TRACKING_PEPPER": _text(secrets.token_bytes(32)),
    }


def files(directory: Path) -> dict[str, Path]:
    """The key files of `directory` by setting name; those that are missing are generated.

    Of a pair the public half follows from the private one, which is never replaced: with it would go what was sealed for it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = generate()
    places = {name: directory / name.lower() for name in fresh}
    for private, public, public_of in _PAIRS:
        if not places[private].exists():
            _write(places[private], fresh[private])
            _write(places[public], fresh[public])
        elif not places[public].exists():
            _write(places[public], public_of(base64.b64decode(places[private].read_text())))
    for name in ("STAFF_TOKEN_KEY", "CONTACT_KEY", "ACCOUNT_KEY", "TRACKING_PEPPER"):
        if not places[name].exists():
            _write(places[name], fresh[name])
    return places


def _write(place: Path, value: str) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(value + "\n")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _public_of(raw: bytes) -> str:
    return _text(bytes(PrivateKey(raw).public_key))


#: (private half, public half, the public one of the raw private one)
_PAIRS = (
    ("ACTOR_SIGNING_KEY", "ACTOR_VERIFY_KEY", lambda raw: _text(bytes(SigningKey(raw).verify_key))),
    ("SEAL_PRIVATE_KEY", "SEAL_PUBLIC_KEY", _public_of),
    ("INTAKE_SEAL_PRIVATE_KEY", "INTAKE_SEAL_PUBLIC_KEY", _public_of),
    ("ROUTING_SEAL_PRIVATE_KEY", "ROUTING_SEAL_PUBLIC_KEY", _public_of),
)
