"""What we know of a provider of identity: its row, what it says of itself, its keys. Kept for a while, and asked for no more than helps."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway import metrics, outgoing
from gateway.outgoing import NotReached
from services.chassis import logs

#: How long what a provider says of itself is believed without asking again; and, if it does not answer, for how long at most.
KEPT_SECONDS, STALE_SECONDS = 3600.0, 24 * 3600.0
#: After it could not be reached, nobody else is made to wait for it for so long.
REST_SECONDS = 5.0
#: What could not be had anew is used as it was for so long before it is asked for again.
AGAIN_SECONDS = 60.0
#: Keys that are not known yet are looked for, so often in a minute at most: anybody can write a token that names one.
_SEARCHES = 5
#: So many people wait for one provider at once; the others are told at once.
_AT_ONCE = 8
_NAMED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})

log = logs.get()


class NotProved(Exception):
    """What came from a provider proves nothing. `code` says why, for our log alone."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Provider:
    """A provider as its row says."""

    code: str
    name: Mapping[str, str]
    issuer: str
    client_id: str
    client_auth: str
    scopes: tuple[str, ...]
    algorithms: tuple[str, ...]
    acr_values: tuple[str, ...]
    matching: str

    @property
    def host(self) -> str:
        """The host that an operator entered."""
        return urlsplit(self.issuer).hostname or ""


def of(row: Mapping[str, Any]) -> Provider:
    """The provider from routing's answer."""
    lists = ("scopes", "algorithms", "acr_values")
    return Provider(
        **{name: tuple(row[name]) if name in lists else row[name] for name in Provider.__annotations__}
    )


@dataclass
class Known:
    """What we remember of a provider."""

    document: dict[str, Any] | None = None
    document_at: float = 0.0
    document_again: float = 0.0
    keys: KeySet | None = None
    keys_at: float = 0.0
    keys_again: float = 0.0
    searches: dict[str, list[float]] = field(default_factory=dict)
    rests_until: float = 0.0
    places: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_AT_ONCE))
    asking: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Raises NotReached while the provider is left alone."""
        if time.monotonic() < self.rests_until:
            raise NotReached("it was away a moment ago")

    def rest(self) -> None:
        """Leaves the provider alone for a moment."""
        moment = time.monotonic()
        if moment >= self.rests_until:
            self.rests_until = moment + REST_SECONDS


_known: dict[tuple[str, str], Known] = {}


def forget() -> None:
    """Asks every provider anew."""
    _known.clear()


def _remembered(who: Provider) -> Known:
    return _known.setdefault((who.code, who.issuer), Known())


@contextmanager
def reaching(who: Provider) -> Iterator[Known]:
    """Lets a few at a time wait for a provider, and nobody for one that was just found to be away. Raises NotReached."""
    known = _remembered(who)
    known.check()
    if not known.places.acquire(blocking=False):
        raise NotReached("many are waiting for it")
    try:
        yield known
    except NotReached as failure:
        known.rest()
        metrics.provider_failures_total.labels("away").inc()
        log.warning("identity_provider_away", provider=who.code, reason=str(failure))
        raise
    except NotProved as failure:
        metrics.provider_failures_total.labels("not_proved").inc()
        log.warning("identity_provider_not_believed", provider=who.code, reason=failure.code)
        raise
    finally:
        known.places.release()


def document_of(who: Provider, known: Known) -> dict[str, Any]:
    """What the provider says of itself."""
    with known.asking:
        # Whoever waited for somebody else's question does not ask it again when that one had no answer.
        known.check()
        moment = time.monotonic()
        age = moment - known.document_at
        if known.document is not None and (age < KEPT_SECONDS or moment < known.document_again):
            return known.document
        try:
            known.document, known.document_at = _discovered(who), time.monotonic()
        except NotReached:
            if known.document is None or age > STALE_SECONDS:
                known.rest()
                raise
            known.document_again = time.monotonic() + AGAIN_SECONDS
    return known.document


def _discovered(who: Provider) -> dict[str, Any]:
    document = get(who, get_well_known_url(who.issuer, external=True))
    # Exactly: a provider that calls itself otherwise is another one.
    if document.get("issuer") != who.issuer:
        raise NotReached("it calls itself otherwise than its row")
    for name in _NAMED:
        if not isinstance(document.get(name), str):
            raise NotReached(f"it does not say its {name}")
        outgoing.check(document[name], who.host)
    challenges = document.get("code_challenge_methods_supported")
    if isinstance(challenges, list) and "S256" not in challenges:
        raise NotReached("it does not know PKCE with S256")
    return document


def tried(who: Provider) -> None:
    """Asks a provider for its document and its keys as signing in would, and keeps nothing of it. Raises NotReached."""
    document = _discovered(who)
    if not _key_set(get(who, document["jwks_uri"])).keys:
        raise NotReached("it has no keys")


def keys_of(who: Provider, known: Known, *, search: str | None = None) -> KeySet:
    """Its keys. `search`: for what a key is wanted that is not among those that are kept; each purpose has its own bound."""
    document = document_of(who, known)
    with known.asking:
        known.check()
        moment = time.monotonic()
        age = moment - known.keys_at
        if known.keys is not None and not search and (age < KEPT_SECONDS or moment < known.keys_again):
            return known.keys
        if search:
            lately = [each for each in known.searches.get(search, ()) if moment - each < 60]
            if len(lately) >= _SEARCHES and known.keys is not None:
                return known.keys
            known.searches[search] = [*lately, moment]
        try:
            known.keys, known.keys_at = _key_set(get(who, document["jwks_uri"])), time.monotonic()
        except NotReached:
            if known.keys is None or search or age > STALE_SECONDS:
                known.rest()
                raise
            known.keys_again = time.monotonic() + AGAIN_SECONDS
        return known.keys


def _key_set(document: Mapping[str, Any]) -> KeySet:
    """The public keys for signatures. A shared secret among them would be no secret."""
    given = document.get("keys")
    good = [
        each
        for each in (given if isinstance(given, list) else [])
        if isinstance(each, dict) and each.get("kty") in _KEY_TYPES and each.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": good})
    except (JoseError, ValueError, TypeError, KeyError):
        raise NotReached("its keys cannot be read") from None


def get(who: Provider, url: str, token: str | None = None) -> dict[str, Any]:
    client = outgoing.Session(who.host)
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    answer = client.get(url, headers=headers, withhold_token=True)
    if answer.status_code != 200:
        raise NotReached(f"it answers {answer.status_code}")
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotReached("its answer is no document")
    return found
