"""Requests to servers outside: providers of identity. Everything about them is bounded, since they are not ours.

Encrypted and verified (in clear text only within this machine), a time limit for the whole, a bound on the answer, no redirects, no proxies
or passwords from the environment. An address that a provider names, other than its own, must be a public one: its document must not be able
to have us ask a machine of the inner network. Its own address an operator has entered, and it may well be inside.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import HTTPAdapter

from gateway.settings import IdentitySettings
from services.chassis import hub, settings

MAX_ANSWER = 256 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NotReached(Exception):
    """A server outside gave no answer that can be used. Says why in a few words of ours, never in its."""


class Session(OAuth2Session):
    """Asks one provider. `own` is the host that an operator entered for it."""

    def __init__(self, own: str, **client: Any):
        super().__init__(**client)
        self.trust_env = False
        self.max_redirects = 0
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Bounded(own))


class _Bounded(HTTPAdapter):
    """Sends one request within its bounds."""

    def __init__(self, own: str):
        super().__init__()
        self._own = own

    def send(self, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        """The answer with its whole body. Raises NotReached."""
        check(request.url or "", self._own)
        chosen = settings.load(IdentitySettings)
        away = NotReached("it took too long")
        try:
            with hub.give_up_after(chosen.seconds, away):
                answer = super().send(
                    request,
                    stream=True,
                    timeout=chosen.seconds,
                    verify=chosen.authorities or True,
                    proxies={},
                )
                answer._content = _read(answer)
                answer._content_consumed = True  # type: ignore[attr-defined]
        except (requests.RequestException, OSError, ValueError) as error:
            raise NotReached(type(error).__name__) from None
        if answer.is_redirect:
            raise NotReached("it redirects")
        return answer


def _read(answer: requests.Response) -> bytes:
    parts, have = [], 0
    with answer:
        for part in answer.iter_content(16_384):
            have += len(part)
            if have > MAX_ANSWER:
                raise NotReached("its answer is too large")
            parts.append(part)
    return b"".join(parts)


def check(url: str, own: str) -> None:
    """Raises NotReached for an address that must not be asked."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        raise NotReached("it names an address that is none") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and own == host and host in _LOOPBACK):
        raise NotReached("it names an address without encryption")
    if parts.username or not host:
        raise NotReached("it names an address that is none")
    if host != own and not _public(host, port):
        raise NotReached("it names an address of the inner network")


def _public(host: str, port: int) -> bool:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NotReached("a name is unknown") from None
    # Whoever answers the name differently the next moment still needs a certificate for it.
    return bool(found) and all(ipaddress.ip_address(each[4][0]).is_global for each in found)
