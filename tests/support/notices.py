"""Facts as notification's handlers get them, its senders over sinks, and a look at its rows."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.chassis import database, seal
from services.chassis.clock import new_id, now
from services.chassis.event import Event
from services.notification import dispatch, events, handlers, sending, settings, telling
from services.notification.message import Quiet
from services.notification.sinks.smpp_sink import SmppSink
from services.notification.sinks.smtp_sink import SmtpSink

PHONE, EMAIL, NAME = "+962791234567", "ahmad@example.jo", "أحمد الخطيب"
TRACKING = "BK-7F3KM-9QXAT-M2D4C"
CONTACT = {
    "name": NAME,
    "phone": PHONE,
    "email": EMAIL,
    "language": "ar",
    "tracking_number": TRACKING,
    "contact_preference": "any",
}
OFFICER = {"name": "سلمى", "phone": "+962781112222", "email": "salma@moh.example", "language": "en"}
INSTITUTION = {"ar": "وزارة الصحة", "en": "Ministry of Health"}
NIGHT_IS_OFF = Quiet(active=False)
_SCHEMAS = {reads.type: (reads.source, reads.schema()) for reads in events.READ}


class Facts:
    """Facts about one complaint, sealed with the key of this test's environment."""

    def __init__(self, keys: dict[str, str], contact: dict[str, Any] | None = CONTACT):
        self.complaint = new_id()
        self.officer = new_id()
        self._key = keys["SEAL_PUBLIC_KEY"]
        self._contact = contact
        self.contact = OFFICER

    def received(self, **data: Any) -> Event:
        sealed = seal.seal(self._key, self._contact) if self._contact else None
        return self._fact("ComplaintReceived", language="ar", sealed=sealed, **data)

    def assigned(self) -> Event:
        return self._fact(
            "ComplaintAssigned",
            institution="MOH",
            institution_name=INSTITUTION,
            officer_id=self.officer,
            sealed=seal.seal(self._key, self.contact),
        )

    def promised(self) -> Event:
        return self._fact("PromiseSet", due_at="2026-12-06T22:00:00+00:00")

    def moved(self, cause: str = "calendar") -> Event:
        return self._fact(
            "PromiseMoved",
            due_at="2026-12-07T22:00:00+00:00",
            previous_due_at="2026-12-06T22:00:00+00:00",
            cause=cause,
        )

    def due_soon(self, officer: str | None = None) -> Event:
        return self._fact(
            "CaseDueSoon",
            officer_id=officer or self.officer,
            step="answer",
            due_at="2026-12-06T22:00:00+00:00",
        )

    def escalated(self, holder: str) -> Event:
        return self._fact(
            "ComplaintEscalated",
            level=1,
            cause="promise",
            officer_id=self.officer,
            holder_id=holder,
            urgent=False,
            sealed=seal.seal(self._key, OFFICER),
        )

    def restricted(self, *officers: str, persons: Sequence[str] = (), sequence: int = 1) -> Event:
        said = {"officers": list(officers), "persons": list(persons)}
        fact = self._fact("ComplaintRestricted", officers_sealed=seal.seal(self._key, said))
        return replace(fact, sequence=sequence)

    def unowned(self) -> Event:
        return self._fact(
            "AssignmentFailed", institution=None, reason="no_rule", unowned_since="2026-11-23T09:00:00+00:00"
        )

    def _fact(self, kind: str, **data: Any) -> Event:
        source, schema = _SCHEMAS[kind]
        loaded = schema.load({"complaint_id": self.complaint, **data})
        return Event(new_id(), kind, 1, source, self.complaint, 1, now(), "-", loaded, "test-correlation")


def handle(*facts: Event, at=None, quiet: Quiet = NIGHT_IS_OFF) -> None:
    """Gives each fact to its handler in a transaction of its own."""
    for fact in facts:
        handle_batch([fact], at=at, quiet=quiet)


def handle_batch(facts: Sequence[Event], at=None, quiet: Quiet = NIGHT_IS_OFF) -> None:
    """Gives facts of one type to their handler in one transaction."""
    usual: dict[str, Any] = {"now": at or now(), "new_id": new_id, "quiet": quiet}
    with database.transaction("notification") as connection:
        match facts[0].type:
            case "ComplaintReceived":
                handlers.complaints_received(connection, facts, unseal=unseal, **usual)
            case "ComplaintAssigned":
                handlers.complaints_assigned(connection, facts, unseal=unseal, language="ar", **usual)
            case "PromiseSet":
                handlers.promises_set(connection, facts, **usual)
            case "PromiseMoved":
                handlers.promises_moved(connection, facts, **usual)
            case "AssignmentFailed":
                handlers.assignments_failed(connection, facts, language="ar", **usual)
            case "CaseDueSoon":
                telling.reminded(connection, facts, telling.Desk(**usual, language="ar"), "officer_due_soon")
            case "ComplaintEscalated":
                telling.escalated(connection, facts, telling.Desk(**usual, language="ar"), unseal)
            case "ComplaintRestricted":
                telling.restricted(connection, facts, telling.Desk(**usual, language="ar"), unseal)


def unseal(sealed: str) -> dict[str, Any]:
    return seal.unseal(settings.load().seal_private_key, sealed)


class Outside:
    """Both sinks, and the settings that lead to them."""

    def __init__(self) -> None:
        self.smpp = SmppSink().start()
        self.smtp = SmtpSink().start()
        self._stack = ExitStack()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SMPP_URL": f"smpp://test:secret@127.0.0.1:{self.smpp.port}",
            "SMTP_URL": f"smtp://127.0.0.1:{self.smtp.port}",
            "MAIL_FROM": "Bekhedmetkom <noreply@bekhedmetkom.example>",
            "SMS_FROM": "Bekhedmet",
            "COORDINATOR_EMAIL": "coordinator@example.jo",
            "QUIET_HOURS": "off",
            "NOTICE_RETRY_SECONDS": "0.1",
            "NOTICE_POLL_SECONDS": "0.05",
        }

    def texts(self) -> list[str]:
        return [each["text"] for each in self.smpp.received.list()]

    def subjects(self) -> list[str]:
        return [each["subject"] for each in self.smtp.received.list()]

    def close(self) -> None:
        self.smpp.stop()
        self.smtp.stop()


class Sending:
    """The senders of one replica, running."""

    def __init__(self) -> None:
        from services.notification.assembly import create_dispatch

        self.dispatch = create_dispatch()
        self._thread = dispatch._thread(self.dispatch.run, "dispatch")

    def stop(self) -> None:
        self.dispatch.stop()
        self._thread.join()


def expire(lease: timedelta = timedelta(0)) -> int:
    """What the sweep does when leases are over."""
    return sending.expire(now=now() + timedelta(seconds=1), lease=lease)
