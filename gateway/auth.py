"""Who asks: staff by a signed token, everybody else as the public. And how the gateway vouches for them to a service.

The staff token is a JWT signed with HS256 for development and demonstration. Pages carry the same token in a cookie that scripts cannot
read and that other sites cannot make a browser send; the JSON API reads the Authorization header alone, so a cookie never acts there.
"""

import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from gateway import policy
from gateway.policy import STAFF_ROLES
from gateway.settings import Settings
from services.chassis import actor, settings
from services.chassis.actor import Actor

ALGORITHM = "HS256"
ISSUER = "bekhedmetkom"
AUDIENCE = "gateway"
COOKIE = "staff"
LEAST_KEY_BYTES = 32
LONGEST = timedelta(days=30)
_MAX_TOKEN = 4096

PUBLIC = Actor("public", frozenset({"public"}))
#: Well below the life of a token, so that one that was used last is still good when it arrives.
_PUBLIC_LIFETIME = timedelta(seconds=5)
_public_tokens: dict[str, tuple[datetime, str]] = {}


class TokenRefused(Exception):
    """The staff token is malformed, forged or out of date. Says nothing more, to whoever tries tokens."""


def issue(
    subject: str,
    roles: Iterable[str],
    now: datetime,
    *,
    lifetime: timedelta = timedelta(hours=12),
    institution: str | None = None,
) -> str:
    """A staff token for development. Raises ValueError on an unknown role or a lifetime out of bounds."""
    roles = sorted(set(roles))
    if not roles or not set(roles) <= set(STAFF_ROLES):
        raise ValueError("roles must be of: " + ", ".join(STAFF_ROLES))
    if not timedelta(0) < lifetime <= LONGEST:
        raise ValueError(f"lifetime must be at most {LONGEST.days} days")
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "roles": roles,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    if institution:
        claims["institution"] = institution
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT"}, claims, _key(), algorithms=[ALGORITHM])


def verify(token: str, now: datetime) -> Actor:
    """The member of staff that the token names. Raises TokenRefused."""
    if len(token) > _MAX_TOKEN:
        raise TokenRefused
    try:
        claims = jwt.decode(token, _key(), algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, TypeError):
        raise TokenRefused from None
    roles = claims.get("roles")
    moment = now.timestamp()
    good = (
        claims.get("iss") == ISSUER
        and claims.get("aud") == AUDIENCE
        and isinstance(claims.get("sub"), str)
        and isinstance(roles, list)
        and bool(roles)
        and all(role in STAFF_ROLES for role in roles)
        and isinstance(claims.get("exp"), int)
        and moment < claims["exp"]
    )
    if not good:
        raise TokenRefused
    attributes = {"institution": claims["institution"]} if isinstance(claims.get("institution"), str) else {}
    return Actor(claims["sub"], policy.expanded(roles), attributes)


def from_header(authorization: str | None, now: datetime) -> Actor | None:
    """The member of staff of a Bearer header, None without one. Raises TokenRefused."""
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused
    return verify(token.strip(), now)


def vouch(who: Actor, service: str, now: datetime) -> str:
    """The Authorization header with which a request of `who` goes to `service`.

    Members of staff get a token for each request. That of the public says nothing of anybody: one serves for a few seconds (docs/adr/0011).
    """
    if who != PUBLIC:
        return f"Bearer {actor.sign(who, service, now)}"
    kept = _public_tokens.get(service)
    if kept is None or not timedelta(0) <= now - kept[0] < _PUBLIC_LIFETIME:
        kept = _public_tokens[service] = (now, f"Bearer {actor.sign(who, service, now)}")
    return kept[1]


def forget() -> None:
    """Drops the kept tokens: the next one is signed with the key of the settings as they are then."""
    _public_tokens.clear()


def check_key(text: str) -> None:
    """Raises settings.SettingError when the key of staff tokens is too short to resist guessing."""
    if len(text.encode()) < LEAST_KEY_BYTES:
        raise settings.SettingError([f"STAFF_TOKEN_KEY must be at least {LEAST_KEY_BYTES} bytes long"])


def _key() -> OctKey:
    text = settings.load(Settings).staff_token_key
    check_key(text)
    return OctKey.import_key(text)


@dataclass(frozen=True, slots=True)
class Entry:
    """Who comes in by a code: an officer of the directory by their id there, or somebody by name."""

    subject: str
    roles: frozenset[str]
    institution: str | None = None


class EntryCodes:
    """Codes that sign a member of staff in once, for the embedded mode, which prints a link with one. Held in memory, each good once."""

    def __init__(self, lifetime_seconds: float = 24 * 3600) -> None:
        self._lifetime = lifetime_seconds
        self._codes: dict[str, tuple[float, Entry]] = {}
        self._lock = threading.Lock()

    def new(self, subject: str, roles: Iterable[str], institution: str | None = None) -> str:
        """A new code; /staff/enter?code=… signs in with it."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            entry = Entry(subject, frozenset(roles), institution)
            self._codes[code] = (time.monotonic() + self._lifetime, entry)
        return code

    def redeem(self, code: str) -> Entry | None:
        """Who comes in with a code that was not used yet; None for any other."""
        with self._lock:
            found = self._codes.pop(code, None)
        if found is None or found[0] < time.monotonic():
            return None
        return found[1]


entry_codes = EntryCodes()
