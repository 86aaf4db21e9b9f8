"""The parts of the process put together from its settings: the web app, the senders, and what opens contacts."""

import ssl
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import flask

from services.chassis import database, seal
from services.chassis.clock import now
from services.chassis.measuring import Measuring
from services.notification import api, events, metrics, sending, settings, store, templates
from services.notification.dispatch import Dispatch, Lane, ReceiptDesk, jitter
from services.notification.outbound import Claim
from services.notification.outcome import Patience
from services.notification.senders.base import Letter
from services.notification.senders.smpp import SmppSender, account
from services.notification.senders.smtp import SmtpSender, server
from services.notification.template import EMAIL, SMS


def create_app() -> flask.Flask:
    """The WSGI app. Raises SettingError, and TemplateRefused when a template is missing or wrong."""
    settings.load()
    templates.loaded()
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


def create_figures() -> Measuring[Mapping[str, tuple[int, float]]]:
    """Measures the messages that wait for the metrics that show them."""
    pending: Measuring[Mapping[str, tuple[int, float]]] = Measuring(_pending)
    metrics.watch_pending(pending)
    return pending


def unseal(sealed: str) -> Mapping[str, Any]:
    """What a sealed contact holds. Raises SealError."""
    return seal.unseal(settings.load().seal_private_key, sealed)


def _compose(claim: Claim) -> Letter:
    wanted = settings.load()
    return sending.compose(
        claim, unseal=unseal, coordinator_email=wanted.coordinator_email, public_url=wanted.public_url
    )


def _pending() -> dict[str, tuple[int, float]]:
    with database.transaction(events.SOURCE) as connection:
        return store.pending(connection, now())
