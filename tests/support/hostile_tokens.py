"""Tokens as a hostile or broken provider of identity would write them, or somebody who stands in between."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import RSAKey

#: What a provider calls us.
CLIENT = "bekhedmetkom"


def tampered(fault: str, key: RSAKey, good: str) -> str:
    """The token as a hostile or broken provider would write it, or somebody who stands in between."""
    claims = jwt.decode(good, key).claims
    moment = int(time.time())
    changes: dict[str, dict[str, Any]] = {
        "nonce": {"nonce": "another"},
        "no_nonce": {"nonce": None},
        "audience": {"aud": "another"},
        "audiences": {"aud": [CLIENT, "another"]},
        "issuer": {"iss": "http://another.example"},
        "expired": {"iat": moment - 900, "exp": moment - 600},
        "not_yet": {"nbf": moment + 600},
        "no_expiry": {"exp": None},
        "at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        "no_subject": {"sub": None},
        "verified_as_text": {"email_verified": "true"},
        "looks_alike": {"email": "ｒania@mwi.gov.jo"},
    }
    changed = {**claims, **changes.get(fault, {})}
    changed = {name: value for name, value in changed.items() if value is not None}
    header: dict[str, Any] = {"alg": "RS256", "kid": key.kid}
    if fault == "none":
        return unsigned({"alg": "none"}, changed) + "."
    if fault == "hs256":
        text = unsigned({"alg": "HS256", "kid": key.kid}, changed)
        public = key.as_pem(private=False)
        return f"{text}.{encoded(hmac.digest(public, text.encode(), hashlib.sha256))}"
    if fault == "other_key":
        other = RSAKey.generate_key(2048, {"kid": key.kid}, private=True)
        return jwt.encode(header, changed, other)
    if fault == "unknown_key":
        other = RSAKey.generate_key(2048, {"kid": "unknown"}, private=True)
        return jwt.encode({**header, "kid": "unknown"}, changed, other)
    if fault == "garbage":
        return "x.y.z"
    if fault == "deep":
        return jws.serialize_compact(header, b"[" * 9000, key)
    return jwt.encode(header, changed, key)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(encoded(json.dumps(each).encode()) for each in (header, claims))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
