"""Intake: what was said and by whom, and how it stands for the one who said it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy

from services.chassis import seal
from services.chassis.clock import now
from services.chassis.event import Event
from services.chassis.relay import Relay
from services.chassis.schedule import every
from services.chassis.subscriber import subscribe
from services.chassis.web import Web
from services.intake import api, conversation, events, following, handlers, settings


class IntakeService:
    """Subscriptions, schedules and the web app of intake."""

    name = handlers.SOURCE
    web = Web(api.create_intake_app)
    relay = Relay()

    @subscribe(events.COMPLAINT_ASSIGNED, batch=True)
    def complaint_assigned(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows who must answer."""
        following.assigned(connection, batch)

    @subscribe(events.PROMISE_SET, batch=True)
    def promise_set(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows by when."""
        following.promised(connection, batch)

    @subscribe(events.PROMISE_MOVED, batch=True)
    def promise_moved(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows by when from now on."""
        following.promise_moved(connection, batch)

    @subscribe(events.ASSIGNMENT_FAILED, batch=True)
    def assignment_failed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows that it is received and with nobody yet."""
        following.unassigned(connection, batch)

    @subscribe(events.CASE_ACCEPTED, batch=True)
    def case_accepted(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It is being worked on."""
        following.moved(connection, batch)

    @subscribe(events.CASE_RESUMED, batch=True)
    def case_resumed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It is being worked on again."""
        following.moved(connection, batch)

    @subscribe(events.CASE_DISPUTED, batch=True)
    def case_disputed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Another authority looks at the answer."""
        following.moved(connection, batch)

    @subscribe(events.REPLY_PROPOSED, batch=True)
    def reply_proposed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """An answer is being checked."""
        following.moved(connection, batch)

    @subscribe(events.REPLY_RETURNED, batch=True)
    def reply_returned(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """The answer is being written anew."""
        following.moved(connection, batch)

    @subscribe(events.COMPLAINT_TRANSFERRED, batch=True)
    def complaint_transferred(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """It is being passed on."""
        following.moved(connection, batch)

    @subscribe(events.INFORMATION_REQUESTED, batch=True)
    def information_requested(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows the question."""
        _spoken(connection, batch, conversation.QUESTION, following.question)

    @subscribe(events.REPLY_APPROVED, batch=True)
    def reply_approved(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows the answer."""
        _spoken(connection, batch, conversation.REPLY, following.reply)

    @subscribe(events.INTERIM_REPLY_GIVEN, batch=True)
    def interim_reply_given(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows why it takes longer."""
        _spoken(connection, batch, conversation.INTERIM_REPLY, following.interim_reply)

    @subscribe(events.COMPLAINT_REFERRED, batch=True)
    def complaint_referred(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows where it has gone, and why."""
        _spoken(connection, batch, conversation.REFERRAL, following.referral)

    @subscribe(events.DISPUTE_RESOLVED, batch=True)
    def dispute_resolved(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows how the dispute was decided."""
        _spoken(connection, batch, conversation.DECISION, following.decision)

    @subscribe(events.COMPLAINT_RESTRICTED, batch=True)
    def complaint_restricted(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Some officers do not see it any more."""
        following.restricted(connection, batch, unseal=_unseal)

    @subscribe(events.COMPLAINT_CLOSED, batch=True)
    def complaint_closed(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows that it is over, and why it is not admissible."""
        _spoken(connection, batch, conversation.REFUSAL, following.refusal)

    @subscribe(events.COMPLAINT_ESCALATED, batch=True)
    def complaint_escalated(self, connection: sqlalchemy.Connection, batch: Sequence[Event]) -> None:
        """Shows that it was raised to somebody higher."""
        following.escalated(connection, batch)

    @every(300, name="forget_answers")
    def forget_answers(self) -> None:
        """Removes kept answers whose time is over."""
        handlers.forget_answers(now())


def _spoken(
    connection: sqlalchemy.Connection,
    batch: Sequence[Event],
    kind: str,
    facts: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> None:
    following.spoken(connection, batch, kind, facts, unseal=_unseal)


def _unseal(text: str) -> Mapping[str, Any]:
    return seal.unseal(settings.load().seal_private_key, text)
