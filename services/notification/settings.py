"""What notification is told by its environment."""

from dataclasses import dataclass
from datetime import time

from services.chassis import settings
from services.chassis.settings import key32, setting
from services.notification.message import Quiet
from services.notification.senders.smpp import account
from services.notification.senders.smtp import server


def hours(text: str) -> str:
    """hours of the day as HH:MM-HH:MM, or off"""
    _quiet(text)
    return text


def _quiet(text: str) -> Quiet:
    if text.lower() in ("off", "false", "no", "0"):
        return Quiet(active=False)
    start, _, end = text.partition("-")
    return Quiet(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))


def address(text: str) -> str:
    """email address"""
    local, at, domain = text.rpartition("@")
    if not local or not at or "." not in domain or any(character.isspace() for character in text):
        raise ValueError("address")
    return text


def mail_from(text: str) -> str:
    """email address, alone or as Name <address>"""
    _, bracket, inner = text.rpartition("<")
    address(inner.rstrip("> ") if bracket else text.strip())
    return text


def sms_from(text: str) -> str:
    """up to 11 letters and digits, or a number"""
    number = text.lstrip("+")
    if not (number.isdigit() and len(number) <= 15) and not (text.isascii() and 1 <= len(text) <= 11):
        raise ValueError("sender")
    return text


def _smtp_url(text: str) -> str:
    """address such as smtp://host:25, smtp+starttls://user:password@host:587 or smtps://host"""
    server(text)
    return text


def _smpp_url(text: str) -> str:
    """address such as smpp://system_id:password@host:2775"""
    account(text)
    return text


@dataclass(frozen=True)
class Settings:
    """Settings of notification alone. Times in seconds."""

    seal_private_key: str = setting(
        "SEAL_PRIVATE_KEY", "Private key that opens sealed contacts.", kind=key32, secret=True
    )
    smtp_url: str = setting("SMTP_URL", "Mail server.", kind=_smtp_url, secret=True)
    smtp_ca_file: str = setting(
        "SMTP_CA_FILE",
        "Certificates that the mail server is checked against; the system's if empty.",
        default="",
    )
    smtp_seconds: float = setting(
        "SMTP_SECONDS",
        "The longest that one step of the dialogue with the mail server may take.",
        default=20.0,
        kind=float,
        least=0.1,
    )
    mail_from: str = setting("MAIL_FROM", "Sender of mails.", kind=mail_from)
    mail_per_second: float = setting(
        "MAIL_PER_SECOND",
        "Mails that a process sends per second at most.",
        default=50.0,
        kind=float,
        least=0.1,
    )
    mail_connections: int = setting(
        "MAIL_CONNECTIONS", "Connections to the mail server.", default=4, kind=int, least=1, most=50
    )
    smpp_url: str = setting("SMPP_URL", "SMS centre.", kind=_smpp_url, secret=True)
    smpp_seconds: float = setting(
        "SMPP_SECONDS", "How long the SMS centre may take to answer.", default=15.0, kind=float, least=0.1
    )
    smpp_window: int = setting(
        "SMPP_WINDOW",
        "Requests to the SMS centre that may be unanswered at once.",
        default=10,
        kind=int,
        least=1,
        most=100,
    )
    sms_from: str = setting("SMS_FROM", "Sender of text messages.", kind=sms_from)
    sms_per_second: float = setting(
        "SMS_PER_SECOND",
        "Text message parts that a process submits per second at most.",
        default=100.0,
        kind=float,
        least=0.1,
    )
    coordinator_email: str = setting(
        "COORDINATOR_EMAIL", "Where the coordinator's desk is written to.", kind=address
    )
    coordinator_language: str = setting(
        "COORDINATOR_LANGUAGE",
        "Language of mails to the coordinator's desk.",
        default="ar",
        choices=("ar", "en"),
    )
    public_url: str = setting(
        "PUBLIC_URL", "Address that people see; it stands in messages.", default="http://127.0.0.1:8000"
    )
    quiet_hours: str = setting(
        "QUIET_HOURS",
        "When text messages to complainants wait for the morning, in Amman; of urgent complaints none does.",
        default="21:00-08:00",
        kind=hours,
    )
    attempts: int = setting(
        "NOTICE_ATTEMPTS", "Attempts before a message fails.", default=8, kind=int, least=1, most=100
    )
    retry_seconds: float = setting(
        "NOTICE_RETRY_SECONDS",
        "Time before the second attempt; it doubles from there, up to an hour.",
        default=30.0,
        kind=float,
        least=0.01,
    )
    lifetime_hours: int = setting(
        "NOTICE_LIFETIME_HOURS",
        "Hours after which a message that could not be sent is given up.",
        default=72,
        kind=int,
        least=1,
    )
    lease_seconds: float = setting(
        "NOTICE_LEASE_SECONDS",
        "How long a message may be claimed before its outcome counts as unknown; above the longest call.",
        default=300.0,
        kind=float,
        least=1,
    )
    poll_seconds: float = setting(
        "NOTICE_POLL_SECONDS",
        "How often an idle sender looks for messages.",
        default=0.5,
        kind=float,
        least=0.02,
    )

    @property
    def quiet(self) -> Quiet:
        """The quiet hours as the rules want them."""
        return _quiet(self.quiet_hours)


def load() -> Settings:
    """The settings of this process. Raises SettingError."""
    return settings.load(Settings)
