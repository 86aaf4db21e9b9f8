"""Submissions, secrets and the HTTP client that the tests of intake share."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import actor
from services.chassis.clock import new_id, now
from services.intake import handlers, settings
from services.intake.complaint import Contact, Submission
from tests.support.apps import app_of

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CONTACT = Contact("سارة الخطيب", "+962791234567", "sara@example.com", "any")


def submission(**change) -> Submission:
    """A named complaint about water, changed in what is given."""
    usual = {
        "kind": "complaint",
        "category": "water.outage",
        "governorate": "JO-IR",
        "text": "المياه مقطوعة عن الحي منذ أسبوع",
        "channel": "web",
        "language": "ar",
        "contact": CONTACT,
    }
    return Submission(**{**usual, **change})


@pytest.fixture
def locks(databases) -> handlers.Secrets:
    """The secrets of the service, by the keys of this test."""
    loaded = settings.load()
    return handlers.Secrets(
        settings.keys(),
        loaded.seal_public_key,
        loaded.routing_seal_key,
        timedelta(hours=loaded.idempotency_hours),
    )


@pytest.fixture
def submit(locks):
    """A function that submits with usual arguments."""

    def run(said: Submission | None = None, key: str | None = None, **change):
        said = said or submission()
        usual = {
            "idempotency_key": key,
            "said": said.normal_form(language_given=True),
            "secrets": locks,
            "now": NOON,
            "new_id": new_id,
            "randbelow": secrets.randbelow,
        }
        return handlers.submit(said, **{**usual, **change})

    return run


@pytest.fixture
def client(databases):
    """Flask's client of the app on a fresh database; `headers(role)` are of an
    actor."""
    from services.intake import api

    return app_of(api.create_intake_app).test_client()


@pytest.fixture
def bare_client(environment):
    """The same on no database at all: what is refused or constant must not ask it."""
    from services.intake import api

    environment({"DATABASE_URL_INTAKE": None})
    return app_of(api.create_intake_app).test_client()


def headers(*roles: str, language: str = "en", institution: str | None = None) -> dict[str, str]:
    """Headers of a request that the gateway sends for an actor with these roles."""
    attributes = {"institution": institution} if institution else {}
    who = actor.Actor("somebody", frozenset(roles or ("public",)), attributes)
    return {"Authorization": f"Bearer {actor.sign(who, 'intake', now())}", "Accept-Language": language}
