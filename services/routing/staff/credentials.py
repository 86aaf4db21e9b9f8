"""What proves who somebody is, and how it is kept: passwords, one-time codes, recovery codes, tickets between two pages, marks of devices.

One key (ACCOUNT_KEY) is stretched into one for what is encrypted and one for what is only compared, so that the table alone gives
nobody a code, a mark or a list of accounts.
"""

import base64
import binascii
import functools
import hashlib
import hmac
import json
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import nacl.exceptions
import nacl.pwhash
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

_MIB = 1024 * 1024
_COST_OF_HASH = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$")
LEAST_PASSWORD, MOST_PASSWORD = 12, 128

CODE_DIGITS = 6
_STEP_SECONDS = 30
_SECRET_BYTES = 20
ISSUER = "Bekhedmetkom"

RECOVERY_CODES = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CONFUSED = str.maketrans("OIL", "011")
_RECOVERY_LENGTH = 10

TICKET_LIFE = timedelta(minutes=10)
DEVICE_LIFE = timedelta(days=180)
_NONCE = 12


class Refused(Exception):
    """What was shown is not what we gave out, or no longer good."""


@dataclass(frozen=True)
class Keys:
    """What ACCOUNT_KEY is stretched into."""

    locking: bytes = field(repr=False)
    marking: bytes = field(repr=False)


@dataclass(frozen=True)
class Cost:
    """What one guess at a password costs. The least is OWASP's: 19 MiB, two passes, one lane; some 25 ms, most of it waiting for memory."""

    passes: int = 2
    memory_mib: int = 19


LEAST_COST = Cost()


@functools.lru_cache(maxsize=4)
def keys(text: str) -> Keys:
    """The keys from the setting, base64."""
    raw = base64.b64decode(text)
    return Keys(hmac.digest(raw, b"locking", "sha256"), hmac.digest(raw, b"marking", "sha256"))


def normal_subject(text: str) -> str:
    """The name of an account as it is kept and compared."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def subject_key(own: Keys, subject: str) -> bytes:
    """By what tries are counted. Keyed: it must not tell whose they were to who reads the table."""
    return _mark(own, "subject", subject)


def hash_password(password: str, cost: Cost = LEAST_COST) -> str:
    """The password as it is kept. Takes long on purpose: run it off the hub."""
    hashed = nacl.pwhash.argon2id.str(_bytes(password), opslimit=cost.passes, memlimit=cost.memory_mib * _MIB)
    return hashed.decode()


def is_password(stored: str | None, password: str, cost: Cost = LEAST_COST) -> bool:
    """Whether it is the stored one. Takes as long when there is none, so that the time does not tell whether an account exists."""
    try:
        nacl.pwhash.verify((stored or nobodys_hash(cost)).encode(), _bytes(password))
    except nacl.exceptions.InvalidkeyError:
        return False
    return stored is not None


def costs(stored: str, cost: Cost) -> bool:
    """Whether a guess at this stored password costs what it should now."""
    found = _COST_OF_HASH.match(stored)
    return found is not None and (int(found[1]), int(found[2])) == (cost.memory_mib * 1024, cost.passes)


@functools.cache
def nobodys_hash(cost: Cost = LEAST_COST) -> str:
    """A stored password that nobody has."""
    return hash_password(secrets.token_urlsafe(32), cost)


def new_password() -> str:
    """A first password, to be typed once: 60 bits, without letters that look like others."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(12)).lower()
    return "-".join(text[at : at + 4] for at in (0, 4, 8))


def password_fault(password: str, old: str, subject: str) -> str | None:
    """Why it may not be the new one: `short`, `long`, `same` as the old, `like_name`; None when it may."""
    length = len(unicodedata.normalize("NFKC", password))
    if length < LEAST_PASSWORD:
        return "short"
    if length > MOST_PASSWORD:
        return "long"
    if password == old:
        return "same"
    plain, name = password.lower(), subject.partition("@")[0]
    if subject in plain or (len(name) >= 4 and name in plain and length - len(name) < LEAST_PASSWORD):
        return "like_name"
    return None


def new_secret() -> bytes:
    """A secret for one-time codes."""
    return secrets.token_bytes(_SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """The secret as people type it into an app."""
    return base64.b32encode(secret).decode()


def secret_uri(secret: bytes, subject: str) -> str:
    """The secret as an app reads it: otpauth://…"""
    return _totp(secret).get_provisioning_uri(subject, ISSUER)


def matching_step(secret: bytes, code: str, now: datetime) -> int | None:
    """The step of the clock whose code this is: the present one or a neighbour's, for clocks that differ. None for any other code."""
    present = int(now.timestamp()) // _STEP_SECONDS
    found = None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(_totp(secret).generate(step * _STEP_SECONDS), code.encode()):
            found = step
    return found


def plain_code(text: str) -> str:
    """A code as it was typed, in digits of any script, without spaces and dashes."""
    kept = (each for each in text if not each.isspace() and each not in "-–")
    return "".join(str(unicodedata.digit(each, each)) for each in kept).upper()[:64]


def new_recovery_codes() -> tuple[str, ...]:
    """Codes that replace a lost phone, each once."""
    return tuple(new_code() for _ in range(RECOVERY_CODES))


def new_code() -> str:
    """A code to be typed once: 50 bits, without letters that look like others."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH))


def phone_code_hash(own: Keys, account_id: str, code: str) -> bytes:
    """A code that lets a phone be made known anew, as it is kept."""
    return _mark(own, "phone", account_id, code.translate(_CONFUSED))


def assertion_hash(own: Keys, code: str, text: str) -> bytes:
    """What a provider said once, as it is remembered."""
    return _mark(own, "assertion", code, text)


def recovery_hash(own: Keys, account_id: str, code: str) -> bytes:
    """A recovery code as it is kept."""
    return _mark(own, "recovery", account_id, code.translate(_CONFUSED))


def lock_secret(own: Keys, account_id: str, secret: bytes) -> bytes:
    """The secret as it is kept; bound to its account."""
    return _lock(own, secret, b"secret\0" + account_id.encode())


def unlock_secret(own: Keys, account_id: str, locked: bytes) -> bytes:
    """What `lock_secret` locked. Raises Refused."""
    return _unlock(own, locked, b"secret\0" + account_id.encode())


def ticket(own: Keys, content: dict[str, Any], now: datetime, purpose: str = "ticket") -> str:
    """What a page carries to the next while somebody is half signed in; nobody else can read or make it, or use it for something else."""
    plain = json.dumps({**content, "until": (now + TICKET_LIFE).timestamp()}).encode()
    return base64.urlsafe_b64encode(_lock(own, plain, purpose.encode())).decode()


def open_ticket(own: Keys, text: str, now: datetime, purpose: str = "ticket") -> dict[str, Any]:
    """What `ticket` was given. Raises Refused."""
    try:
        content = json.loads(_unlock(own, base64.urlsafe_b64decode(text.encode()), purpose.encode()))
    except (binascii.Error, ValueError):
        raise Refused from None
    if now.timestamp() >= content["until"]:
        raise Refused
    return content


def device_mark(own: Keys, account_id: str, epoch: int, device: str, now: datetime) -> str:
    """What a browser keeps to be known again; says nothing of the account."""
    until = int((now + DEVICE_LIFE).timestamp())
    return f"{device}.{until}.{_mark(own, 'device', account_id, str(epoch), device, str(until)).hex()}"


def known_device(own: Keys, account_id: str, epoch: int, text: str | None, now: datetime) -> str | None:
    """The device that a mark of this account names; None for any other text."""
    device, until, mark = [*(text or "").split("."), "", "", ""][:3]
    wanted = _mark(own, "device", account_id, str(epoch), device, until).hex()
    good = hmac.compare_digest(wanted.encode(), mark.encode())
    return device if good and until.isdecimal() and now.timestamp() < int(until) else None


def same(one: bytes, other: bytes | None) -> bool:
    """Whether two hashes are one; takes as long whatever they are. None is like no other."""
    return hmac.compare_digest(one, other or b"") and other is not None


def new_session_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_urlsafe(32)


def session_hash(session_id: str) -> bytes:
    """The id as it is kept. Not keyed: there is nothing to guess in 256 random bits."""
    return hashlib.sha256(session_id.encode()).digest()


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, CODE_DIGITS, SHA1(), _STEP_SECONDS)  # noqa: S303 - what the apps read (RFC 6238).


def _bytes(password: str) -> bytes:
    # One keyboard sends a letter with its mark as one sign, another as two.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")


def _mark(own: Keys, purpose: str, *parts: str) -> bytes:
    return hmac.digest(own.marking, "\0".join((purpose, *parts)).encode("utf-8", "replace"), "sha256")


def _lock(own: Keys, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(own.locking).encrypt(nonce, plain, bound)


def _unlock(own: Keys, locked: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(own.locking).decrypt(locked[:_NONCE], locked[_NONCE:], bound)
    except (InvalidTag, ValueError):
        raise Refused from None
