"""Notification: who was told, by which channel, and whether it reached them."""

import ssl
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

import flask
from sqlalchemy import Connection

from services.chassis import database, logs, seal
from services.chassis.clock import new_id, now
from services.chassis.event import Event
from services.chassis.relay import Relay
from services.chassis.schedule import Background, every
from services.chassis.subscriber import subscribe
from services.chassis.web import Web
from services.notification import api, events, handlers, metrics, sending, settings, store, templates
from services.notification.dispatch import Dispatch, Lane, ReceiptDesk, jitter
from services.notification.outbound import Claim
from services.notification.outcome import Patience
from services.notification.senders.base import Letter
from services.notification.senders.smpp import SmppSender, account
from services.notification.senders.smtp import SmtpSender, server
from services.notification.template import EMAIL, SMS

log = logs.get()


def create_app() -> flask.Flask:
    """The WSGI app. Raises SettingError, and TemplateRefused when a template is missing or wrong."""
    settings.load()
    templates.loaded()
    metrics.watch_pending(_pending)
    return api.create_notification_app()


def create_dispatch() -> Dispatch:
    """The senders as the settings want them; they connect when there is something to send."""
    wanted = settings.load()
    desk = ReceiptDesk(now)
    smpp = SmppSender(
        account(wanted.smpp_url, answer_seconds=wanted.smpp_seconds),
        wanted.sms_from,
        on_receipt=desk.hand_in,
        jitter=jitter,
        per_second=wanted.sms_per_second,
        window=wanted.smpp_window,
    )
    smtp = SmtpSender(
        server(wanted.smtp_url),
        wanted.mail_from,
        clock=now,
        jitter=jitter,
        timeout=wanted.smtp_seconds,
        per_second=wanted.mail_per_second,
        tls=ssl.create_default_context(cafile=wanted.smtp_ca_file) if wanted.smtp_ca_file else None,
    )
    lanes = [
        Lane(
            channel,
            sender,
            _compose,
            clock=now,
            quiet=wanted.quiet,
            patience=Patience(
                wanted.attempts, timedelta(hours=wanted.lifetime_hours), first_seconds=wanted.retry_seconds
            ),
            lease=timedelta(seconds=wanted.lease_seconds),
            workers=workers,
            poll_seconds=wanted.poll_seconds,
        )
        for channel, sender, workers in (
            (SMS, smpp, wanted.smpp_window),
            (EMAIL, smtp, wanted.mail_connections),
        )
    ]
    return Dispatch(lanes, desk)


def _unseal(sealed: str) -> Mapping[str, Any]:
    return seal.unseal(settings.load().seal_private_key, sealed)


def _compose(claim: Claim) -> Letter:
    wanted = settings.load()
    return sending.compose(
        claim, unseal=_unseal, coordinator_email=wanted.coordinator_email, public_url=wanted.public_url
    )


@lru_cache(maxsize=1)
def _pending_in(_five_seconds: int) -> dict[str, tuple[int, float]]:
    with database.transaction(handlers.SOURCE) as connection:
        return store.pending(connection, now())


def _pending() -> dict[str, tuple[int, float]]:
    # One scrape asks for four figures; one look is enough for them.
    return _pending_in(int(now().timestamp()) // 5)


class NotificationService:
    """Subscriptions, schedules, the web app and the senders of notification."""

    name = handlers.SOURCE
    web = Web(create_app)
    relay = Relay()
    dispatch = Background(create_dispatch)

    @subscribe(events.COMPLAINT_RECEIVED, batch=True)
    def complaint_received(self, connection: Connection, received: Sequence[Event]) -> None:
        """Keeps the contact, sealed, and tells the complainant."""
        handlers.complaints_received(
            connection, received, now=now(), new_id=new_id, unseal=_unseal, quiet=settings.load().quiet
        )

    @subscribe(events.COMPLAINT_ASSIGNED, batch=True)
    def complaint_assigned(self, connection: Connection, assigned: Sequence[Event]) -> None:
        """Tells the complainant and the officer."""
        handlers.complaints_assigned(
            connection, assigned, now=now(), new_id=new_id, unseal=_unseal, quiet=settings.load().quiet
        )

    @subscribe(events.PROMISE_SET, batch=True)
    def promise_set(self, connection: Connection, promised: Sequence[Event]) -> None:
        """Tells the complainant by when."""
        handlers.promises_set(connection, promised, now=now(), new_id=new_id, quiet=settings.load().quiet)

    @subscribe(events.ASSIGNMENT_FAILED, batch=True)
    def assignment_failed(self, connection: Connection, failed: Sequence[Event]) -> None:
        """Tells the coordinator's desk."""
        wanted = settings.load()
        handlers.assignments_failed(
            connection,
            failed,
            now=now(),
            new_id=new_id,
            quiet=wanted.quiet,
            language=wanted.coordinator_language,
        )

    @every(5, name="release")
    def release(self) -> None:
        """Frees what awaited a recipient that another transaction wrote at the same moment."""
        with database.transaction(self.name) as connection:
            handlers.release(connection, None, now=now(), quiet=settings.load().quiet)

    @every(10, name="expire_claims")
    def expire_claims(self) -> None:
        """Says of messages whose sender died that nobody knows."""
        sending.expire(now=now(), lease=timedelta(seconds=settings.load().lease_seconds))

    @every(3600, name="forget_receipts")
    def forget_receipts(self) -> None:
        """Removes receipts that belong to nothing."""
        sending.forget_receipts(now=now())
