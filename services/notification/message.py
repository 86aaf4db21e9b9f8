"""The rules of a message: who is told, by which channel, and when. What becomes of it after a try is in outcome.py.

A message row holds no personal data: the template's name and codes. The contact stays in the sealed box until the moment of sending.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.notification.template import COMPLAINANT, COORDINATOR, SMS, TEMPLATES

AMMAN = ZoneInfo("Asia/Amman")

# --- states ---------------------------------------------------------------------------------------
AWAITING_RECIPIENT = "awaiting_recipient"  # the fact came before the one that says whom to tell
PENDING = "pending"  # to be sent when its time has come
SENDING = "sending"  # claimed; the call may be under way
RETRY = "retry"  # refused for now; to be sent again when its time has come
SENT = "sent"  # the provider took it; its receipt is still to come, or (email) never comes
DELIVERED = "delivered"  # the provider's receipt says so
FAILED = "failed"  # it will not reach the recipient by this channel
UNKNOWN = "unknown"  # nobody knows whether the provider took it; it is never repeated blindly
SUPPRESSED = "suppressed"  # the recipient asked not to be written to
WITHHELD = "withheld"  # the recipient must not, or need not, be told of it any more
STATES = (AWAITING_RECIPIENT, PENDING, SENDING, RETRY, SENT, DELIVERED, FAILED, UNKNOWN, SUPPRESSED, WITHHELD)
DUE = (PENDING, RETRY)

PORTAL_ONLY = "portal_only"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to tell, without saying who it is. `key` is "complainant" or "officer:<id>"; `urgent`: at any hour."""

    complaint_id: str
    key: str
    language: str
    sms: bool
    email: bool
    portal_only: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """One fact that concerns one recipient: it becomes a message per channel. `parameters` are codes, names of bodies and times."""

    event_id: str
    complaint_id: str
    recipient: str
    template: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def audience(self) -> str:
        """Who reads it: the part of the recipient's key before the colon."""
        return self.recipient.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Planned:
    """A message to be written; (event_id, recipient, channel) is unique."""

    notice: Notice
    channel: str
    state: str
    language: str
    reason: str | None
    not_before: datetime
    urgent: bool = False


@dataclass(frozen=True)
class Quiet:
    """Quiet hours in Amman, over midnight or not; `active` False means that there are none."""

    start: time = time(21)
    end: time = time(8)
    active: bool = True

    def earliest(self, moment: datetime) -> datetime:
        """`moment` (aware), or the end of the quiet hours that it falls into. In UTC."""
        if not self.active or self.start == self.end:
            return moment.astimezone(UTC)
        local = moment.astimezone(AMMAN)
        clock = local.time()
        over_midnight = self.start > self.end
        quiet = clock >= self.start or clock < self.end if over_midnight else self.start <= clock < self.end
        if not quiet:
            return moment.astimezone(UTC)
        day = local.date() + timedelta(days=1 if over_midnight and clock >= self.start else 0)
        return datetime.combine(day, self.end, AMMAN).astimezone(UTC)


def recipient_of(
    complaint_id: str, contact: Mapping[str, Any] | None, language: str, *, urgent: bool = False
) -> Recipient:
    """What may be kept in clear of a complainant's contact; None (anonymous) means that there is no way to tell them."""
    contact = contact or {}
    return Recipient(
        complaint_id,
        COMPLAINANT,
        contact.get("language") or language,
        sms=can_text(contact.get("phone")),
        email=bool(contact.get("email")),
        portal_only=contact.get("contact_preference") == PORTAL_ONLY,
        urgent=urgent,
    )


def officer_of(
    complaint_id: str, officer_id: str, contact: Mapping[str, Any], *, urgent: bool = False
) -> Recipient:
    """The same of an officer. Officers are written to by email; one who has none, or whom it is urgent to reach, gets an SMS."""
    email = bool(contact.get("email"))
    return Recipient(
        complaint_id,
        f"officer:{officer_id}",
        contact.get("language") or "ar",
        sms=(urgent or not email) and can_text(contact.get("phone")),
        email=email,
    )


def coordinator_of(complaint_id: str, language: str) -> Recipient:
    """The coordinator's desk, whose address is a setting."""
    return Recipient(complaint_id, COORDINATOR, language, sms=False, email=True)


def can_text(phone: str | None) -> bool:
    """Whether an E.164 number can take an SMS: in Jordan only mobile numbers can; of other countries we do not judge."""
    return bool(phone) and (not phone.startswith("+962") or phone.startswith("+9627"))


def plan(
    notices: Iterable[Notice],
    recipients: Mapping[tuple[str, str], Recipient],
    *,
    now: datetime,
    quiet: Quiet,
) -> list[Planned]:
    """The messages of the notices, given what is known of the recipients by (complaint id, key).

    An unknown recipient: a message for each channel of the template, that awaits its recipient. Portal only: one, suppressed, which
    shows that the wish was obeyed. No contact: none.
    """
    planned: list[Planned] = []
    for notice in notices:
        channels = TEMPLATES[notice.template].channels
        recipient = recipients.get((notice.complaint_id, notice.recipient))
        if recipient is None:
            planned += [Planned(notice, channel, AWAITING_RECIPIENT, "ar", None, now) for channel in channels]
        elif recipient.portal_only:
            planned.append(Planned(notice, channels[0], SUPPRESSED, recipient.language, PORTAL_ONLY, now))
        else:
            planned += [
                Planned(
                    notice,
                    channel,
                    PENDING,
                    recipient.language,
                    None,
                    now if recipient.urgent else not_before(channel, notice.audience, now, quiet),
                    recipient.urgent,
                )
                for channel in channels
                if reaches(recipient, channel)
            ]
    return planned


def reaches(recipient: Recipient, channel: str) -> bool:
    """Whether the recipient has given the channel."""
    return recipient.sms if channel == SMS else recipient.email


def not_before(channel: str, audience: str, moment: datetime, quiet: Quiet) -> datetime:
    """When a message may be sent: a complainant's phone does not ring at night; an email waits for nobody."""
    if channel == SMS and audience == COMPLAINANT:
        return quiet.earliest(moment)
    return moment
