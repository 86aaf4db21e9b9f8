"""A sealed field: readable by the holder of the private key alone (libsodium sealed box around JSON).

Services that carry personal data past others seal it for the one service that may open it; the bus, logs and
projections see only opaque text.
"""

import base64
import binascii
import json
from functools import lru_cache
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

# The length of a sealed text would tell the length of a person's name; padding to steps of this many bytes
# blurs it.
_STEP = 128


class SealError(Exception):
    """The text cannot be opened with this key. Never carries a part of it."""


def seal(public_key_b64: str, content: dict[str, Any]) -> str:
    """`content` (JSON-safe) as base64 text that only the holder of the private key can open."""
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    # JSON allows white space after the value, so padding needs no format of its own.
    padded = plain + b" " * (-len(plain) % _STEP)
    return base64.b64encode(_sealing(public_key_b64).encrypt(padded)).decode()


def unseal(private_key_b64: str, text: str) -> dict[str, Any]:
    """What was sealed. Raises SealError for a wrong key or altered text."""
    try:
        return json.loads(_opening(private_key_b64).decrypt(base64.b64decode(text, validate=True)))
    except (CryptoError, binascii.Error, ValueError, TypeError):
        raise SealError("a sealed text does not open with this key") from None


def new_keys() -> tuple[str, str]:
    """A new (private, public) pair, base64."""
    private = PrivateKey.generate()
    return base64.b64encode(bytes(private)).decode(), base64.b64encode(bytes(private.public_key)).decode()


@lru_cache(maxsize=8)
def _sealing(public_key_b64: str) -> SealedBox:
    return SealedBox(PublicKey(base64.b64decode(public_key_b64)))


@lru_cache(maxsize=8)
def _opening(private_key_b64: str) -> SealedBox:
    return SealedBox(PrivateKey(base64.b64decode(private_key_b64)))
