"""Settings of the gateway."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import limits

from services.chassis.settings import setting

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def service_urls(text: str) -> tuple[str, ...]:
    """one address like http://host:port, or several of replicas, separated by commas."""
    return tuple(_service_url(each.strip()) for each in text.split(","))


def _service_url(text: str) -> str:
    parts = urlsplit(text)
    # Plain HTTP only: services stand behind the gateway in one network, where encryption is the network's (a mesh or a tunnel).
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError
    return f"http://{parts.hostname}:{parts.port or 80}"


def networks(text: str) -> tuple[Network, ...]:
    """addresses or networks, separated by commas."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def rates(text: str) -> tuple[limits.RateLimitItem, ...]:
    """rates like 20/minute;200/hour."""
    return tuple(limits.parse_many(text))


@dataclass(frozen=True)
class Settings:
    """Where the services are, who may ask how often, and what the pages show."""

    intake_url: tuple[str, ...] = setting(
        "INTAKE_URL",
        "Address of intake, or those of its replicas.",
        default=("http://127.0.0.1:8001",),
        kind=service_urls,
    )
    routing_url: tuple[str, ...] = setting(
        "ROUTING_URL",
        "Address of routing, or those of its replicas.",
        default=("http://127.0.0.1:8002",),
        kind=service_urls,
    )
    notification_url: tuple[str, ...] = setting(
        "NOTIFICATION_URL",
        "Address of notification, or those of its replicas.",
        default=("http://127.0.0.1:8003",),
        kind=service_urls,
    )
    reporting_url: tuple[str, ...] = setting(
        "REPORTING_URL",
        "Address of reporting, or those of its replicas.",
        default=("http://127.0.0.1:8004",),
        kind=service_urls,
    )
    service_timeout_seconds: float = setting(
        "SERVICE_TIMEOUT_SECONDS",
        "How long the gateway waits for a service, from sending to the last byte of the answer.",
        default=10.0,
        kind=float,
        least=0.1,
    )
    service_connections: int = setting(
        "SERVICE_CONNECTIONS",
        "Connections to one service; further requests wait for one.",
        default=24,
        kind=int,
        least=1,
    )
    service_wait_seconds: float = setting(
        "SERVICE_WAIT_SECONDS",
        "How long a request waits for a connection to a busy service before it is answered 503.",
        default=2.0,
        kind=float,
        least=0,
    )
    admitted: int = setting(
        "GATEWAY_ADMITTED",
        "Requests that the gateway handles at once, in place of HTTP_ADMITTED; several times SERVICE_CONNECTIONS.",
        default=128,
        kind=int,
        least=1,
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "TRUSTED_PROXIES",
        "Networks of the proxies whose X-Forwarded-For is believed.",
        default=(),
        kind=networks,
    )
    staff_token_key: str = setting(
        "STAFF_TOKEN_KEY", "Key that staff tokens are signed with (HS256, 32 bytes or more).", secret=True
    )
    public_url: str = setting(
        "PUBLIC_URL",
        "Address that people see. With https:// cookies are sent over encrypted connections only.",
        default="",
    )
    quick_exit_url: str = setting(
        "QUICK_EXIT_URL", "Where a person lands who leaves a page quickly.", default="https://www.google.com/"
    )
    demo_smtp_sink_url: str = setting(
        "DEMO_SMTP_SINK_URL", "Listing of the mail sink, shown on /demo/messages.", default=""
    )
    demo_smpp_sink_url: str = setting(
        "DEMO_SMPP_SINK_URL", "Listing of the text message sink, shown on /demo/messages.", default=""
    )


@dataclass(frozen=True)
class IdentitySettings:
    """How ministries' providers of identity are reached."""

    secrets: str = setting(
        "IDENTITY_PROVIDER_SECRETS",
        "Directory with the secrets that providers of identity gave us, a file for each, named by its code.",
        default="",
    )
    authorities: str = setting(
        "IDENTITY_PROVIDER_CA",
        "File with the certificate authorities that providers are verified with, in place of those of browsers.",
        default="",
    )
    seconds: float = setting(
        "IDENTITY_PROVIDER_SECONDS",
        "The longest that one request to a provider may take, from its name to the last byte.",
        default=5.0,
        kind=float,
        least=0.1,
        most=20,
    )


@dataclass(frozen=True)
class LimitSettings:
    """How often one may ask.

    The defaults fit an office or a mobile operator that shows hundreds of people behind one address, and still stop a script.
    """

    enabled: bool = setting(
        "LIMITS", "Whether requests are limited; off for load tests.", default=True, kind=bool
    )
    storage: str = setting(
        "LIMITS_STORAGE",
        "Where counts are kept, as an address of the library `limits`. In memory each replica counts for itself.",
        default="memory://",
    )
    complaints: tuple = setting(
        "LIMIT_COMPLAINTS",
        "Complaints filed from one address.",
        default=rates("60/minute;1000/hour"),
        kind=rates,
    )
    lookups: tuple = setting(
        "LIMIT_LOOKUPS",
        "Tracking numbers looked up from one address.",
        default=rates("120/minute;2000/hour"),
        kind=rates,
    )
    misses: tuple = setting(
        "LIMIT_MISSES",
        "Tracking numbers looked up from one address that do not exist.",
        default=rates("20/minute;100/hour"),
        kind=rates,
    )
    reading: tuple = setting(
        "LIMIT_READING",
        "Pages and lists read from one address.",
        default=rates("600/minute"),
        kind=rates,
    )
    staff: tuple = setting(
        "LIMIT_STAFF", "Requests of one member of staff.", default=rates("300/minute"), kind=rates
    )
    sign_in: tuple = setting(
        "LIMIT_SIGN_IN",
        "Sign-ins and staff tokens that were refused, from one address; known devices and good tokens come in all the same.",
        default=rates("10/minute;60/hour"),
        kind=rates,
    )
