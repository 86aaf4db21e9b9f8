"""What pages give a browser to bring back: sealed, so that nobody else can read or change it, with a key of its own for each use."""

import base64
import hmac

from cryptography.fernet import Fernet

from services.chassis import settings
from services.chassis.actor import SigningSettings


def key(use: str) -> bytes:
    """The 32 bytes for one use, from the one secret that all replicas share: what is sealed for one use can pass for nothing else."""
    return hmac.digest(settings.load(SigningSettings).key.encode(), f"pages: {use}".encode(), "sha256")


def box(use: str) -> Fernet:
    """Seals and opens texts of one use."""
    return Fernet(base64.urlsafe_b64encode(key(use)))
