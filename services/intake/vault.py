"""Encryption at rest (docs/adr/0015-contact-sealed.md).

Each complainant has a data key of their own, wrapped by CONTACT_KEY: destroying that one wrapped key erases
the person from every copy and backup of the table. The answer that a client's Idempotency-Key brings back is
encrypted with a key that only that client can make again, since it may hold the receipt of an anonymous
complaint.
"""

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY = 32
_FINGERPRINT = 4


class VaultError(Exception):
    """What is stored does not open: another key, another row, or altered. Never carries a part of it."""


@dataclass(frozen=True)
class Keys:
    """The keys of the service, as raw bytes."""

    contact: bytes = field(repr=False)
    pepper: bytes = field(repr=False)


@lru_cache(maxsize=4)
def keys(contact_b64: str, pepper_b64: str) -> Keys:
    """The keys from their settings, base64."""
    return Keys(base64.b64decode(contact_b64), base64.b64decode(pepper_b64))


def lock_contact(key: bytes, complaint_id: str, contact: dict[str, Any]) -> tuple[bytes, bytes]:
    """(wrapped data key, sealed contact). Both are bound to the complaint: elsewhere they do not open."""
    bound = complaint_id.encode()
    data_key = os.urandom(_KEY)
    plain = json.dumps(contact, ensure_ascii=False, separators=(",", ":")).encode()
    return _fingerprint(key) + _encrypt(key, data_key, b"data-key\0" + bound), _encrypt(
        data_key, plain, b"contact\0" + bound
    )


def unlock_contact(key: bytes, complaint_id: str, wrapped_key: bytes, sealed: bytes) -> dict[str, Any]:
    """What `lock_contact` locked. Raises VaultError."""
    if wrapped_key[:_FINGERPRINT] != _fingerprint(key):
        raise VaultError("locked with another CONTACT_KEY")
    bound = complaint_id.encode()
    data_key = _decrypt(key, wrapped_key[_FINGERPRINT:], b"data-key\0" + bound)
    return json.loads(_decrypt(data_key, sealed, b"contact\0" + bound))


def request_hashes(pepper: bytes, idempotency_key: str, body: dict[str, Any]) -> tuple[bytes, bytes]:
    """(hash of the key, hash of the body): keyed, so that neither can be guessed from the table."""
    canonical = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return (
        hmac.digest(pepper, b"idempotency-key\0" + idempotency_key.encode(), "sha256"),
        hmac.digest(pepper, b"idempotency-body\0" + canonical, "sha256"),
    )


def lock_answer(pepper: bytes, idempotency_key: str, body_hash: bytes, answer: dict[str, Any]) -> bytes:
    """The answer, to be opened only by who has the same key and says the same again."""
    plain = json.dumps(answer, separators=(",", ":")).encode()
    return _encrypt(_answer_key(pepper, idempotency_key, body_hash), plain, b"answer")


def unlock_answer(pepper: bytes, idempotency_key: str, body_hash: bytes, locked: bytes) -> dict[str, Any]:
    """What `lock_answer` locked. Raises VaultError."""
    return json.loads(_decrypt(_answer_key(pepper, idempotency_key, body_hash), locked, b"answer"))


def _answer_key(pepper: bytes, idempotency_key: str, body_hash: bytes) -> bytes:
    return hmac.digest(pepper, b"idempotency-answer\0" + body_hash + idempotency_key.encode(), "sha256")


@lru_cache(maxsize=4)
def _fingerprint(key: bytes) -> bytes:
    # Says which key locked a row without saying anything of the key, for the day on which the key is changed.
    return hashlib.sha256(b"contact-key\0" + key).digest()[:_FINGERPRINT]


def _encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypt(key: bytes, locked: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(locked[:_NONCE], locked[_NONCE:], bound)
    except (InvalidTag, ValueError):
        raise VaultError("does not open") from None
