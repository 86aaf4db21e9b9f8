"""Who asks: the gateway signs a short-lived token for each request to a service, and a service trusts nothing
else.

The token is a JWT (RFC 7519) signed with Ed25519 (RFC 8037, `alg` as RFC 9864 names it). It is read and
written here with libsodium alone, because
it is on the path of every request: signing and verifying cost 130 µs together against 250 µs with joserfc.
The format has no freedom
left that a library would have to handle: the header must be the constant below, byte for byte, so a token
cannot choose its algorithm.
"""

import base64
import binascii
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import flask
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from services.chassis import settings
from services.chassis.clock import new_id
from services.chassis.settings import key32, setting

LIFETIME_SECONDS = 30
SKEW_SECONDS = 5
ISSUER = "gateway"
_MAX_TOKEN = 8192
_MARK = "_required_roles"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class SigningSettings:
    """Settings of the gateway."""

    key: str = setting(
        "ACTOR_SIGNING_KEY", "Ed25519 private key that actor tokens are signed with.", kind=key32, secret=True
    )


@dataclass(frozen=True)
class VerifyingSettings:
    """Settings of every service behind the gateway."""

    key: str = setting(
        "ACTOR_VERIFY_KEY", "Ed25519 public key that actor tokens are verified with.", kind=key32, secret=True
    )


@dataclass(frozen=True)
class Actor:
    """Who asks. `attributes` are JSON-safe facts about them that the gateway vouches for, such as the code of
    their body.
    """

    id: str
    roles: frozenset[str]
    attributes: dict[str, Any] = field(default_factory=dict)


class TokenRefused(Exception):
    """The token is absent, malformed, forged, for another audience or out of date. `code` says which; it is
    safe to show.
    """

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class RoleMissing(Exception):
    """The actor is known and has none of the roles that the view asks for."""


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


_HEADER = _encode(b'{"alg":"Ed25519","typ":"JWT"}')


def sign(actor: Actor, audience: str, now: datetime) -> str:
    """A token with which the gateway sends `actor` to the service `audience`, good for 30 s from `now`."""
    issued = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": audience,
        "iat": issued,
        "exp": issued + LIFETIME_SECONDS,
        "sub": actor.id,
        "roles": sorted(actor.roles),
        "attributes": actor.attributes,
        "jti": new_id(),
    }
    signed = _HEADER + b"." + _encode(json.dumps(claims, separators=(",", ":")).encode())
    signature = _signing_key(settings.load(SigningSettings).key).sign(signed).signature
    return (signed + b"." + _encode(signature)).decode()


def verify(token: str, audience: str, now: datetime) -> Actor:
    """The actor that `token` vouches for. Raises TokenRefused."""
    if len(token) > _MAX_TOKEN:
        raise TokenRefused("token_malformed")
    try:
        header, payload, signature = token.encode("ascii").split(b".")
        raw_signature = _decode(signature)
    except (ValueError, binascii.Error):
        raise TokenRefused("token_malformed") from None
    if header != _HEADER or len(raw_signature) != 64:
        raise TokenRefused("token_malformed")
    if not _is_genuine(settings.load(VerifyingSettings).key, header + b"." + payload, raw_signature):
        raise TokenRefused("token_forged")
    return _actor(json.loads(_decode(payload)), audience, now.timestamp())


# The public's requests of a few seconds carry one token; only its times need looking at again.
@functools.lru_cache(maxsize=64)
def _is_genuine(key: str, signed: bytes, signature: bytes) -> bool:
    try:
        _verify_key(key).verify(signed, signature)
    except BadSignatureError:
        return False
    return True


def _actor(claims: dict[str, Any], audience: str, now: float) -> Actor:
    # The signature is good, so the gateway wrote these claims: a missing one is a bug of ours and may fail
    # loudly.
    if claims["iss"] != ISSUER or claims["aud"] != audience:
        raise TokenRefused("token_for_another_audience")
    if not claims["iat"] - SKEW_SECONDS <= now <= claims["exp"] + SKEW_SECONDS:
        raise TokenRefused("token_expired")
    return Actor(claims["sub"], frozenset(claims["roles"]), claims["attributes"])


def from_header(authorization: str | None, audience: str, now: datetime) -> Actor:
    """The actor of an `Authorization: Bearer` header. Raises TokenRefused."""
    if not authorization:
        raise TokenRefused("token_missing")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused("token_malformed")
    return verify(token.strip(), audience, now)


def current_actor() -> Actor:
    """The actor of the request being handled. Raises TokenRefused outside of one."""
    actor = flask.g.get("actor") if flask.has_request_context() else None
    if actor is None:
        raise TokenRefused("token_missing")
    return actor


def require(*roles: str) -> Callable[[F], F]:
    """Marks a view with the roles of which the actor must have one; every view must carry it (create_app
    refuses one that does not).

    create_app checks it before the body is read. The view checks again, so that it stays closed in an app
    that somebody builds otherwise.
    """
    if not roles:
        raise ValueError("require() needs at least one role")
    needed = frozenset(roles)

    def decorate(view: F) -> F:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            check(current_actor(), needed)
            return view(*args, **kwargs)

        setattr(guarded, _MARK, needed)
        return guarded  # type: ignore[return-value]

    return decorate


def required_roles(view: Any) -> frozenset[str] | None:
    """The roles that `require` put on a view; None when it has no mark."""
    return getattr(view, _MARK, None)


def check(actor: Actor, needed: frozenset[str]) -> None:
    """Raises RoleMissing unless the actor has one of the roles."""
    if needed.isdisjoint(actor.roles):
        raise RoleMissing


def new_keys() -> tuple[str, str]:
    """A new (signing, verifying) pair of keys, base64 of 32 bytes each."""
    key = SigningKey.generate()
    return base64.b64encode(bytes(key)).decode(), base64.b64encode(bytes(key.verify_key)).decode()


@functools.lru_cache(maxsize=8)
def _signing_key(text: str) -> SigningKey:
    return SigningKey(base64.b64decode(text))


@functools.lru_cache(maxsize=8)
def _verify_key(text: str) -> VerifyKey:
    return VerifyKey(base64.b64decode(text))
