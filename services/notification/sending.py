"""The use cases of sending: claim, open and render, record, take receipts. Each that touches the database is one transaction.

No call to a provider is made in any of them; dispatch.py makes it between a claim that is committed and a result.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from services.chassis import database, logs, outbox
from services.chassis.contract import Fact, FactType
from services.chassis.event import Event
from services.notification import events, metrics, outbound, templates, withholding
from services.notification.events import SOURCE
from services.notification.handlers import Unseal
from services.notification.message import DELIVERED, FAILED, SENT, UNKNOWN, Quiet
from services.notification.outbound import Claim, Result
from services.notification.outcome import Outcome, Patience, after_receipts, judge
from services.notification.senders.base import Letter
from services.notification.senders.smpp_codes import Receipt
from services.notification.template import COORDINATOR, EMAIL, PIECES, SMS, reference

log = logs.get()
_AT_ONCE = 1000
_KEEP_RECEIPTS = timedelta(days=7)
_SOON = timedelta(seconds=30)
_MOMENTS = ("due_date", "since", "answer_by", "confirm_until", "expected_at")


def claim(channel: str, *, limit: int, now: datetime, quiet: Quiet) -> list[Claim]:
    """Messages that are due, marked as being sent; committed before any of them is."""
    opens = quiet.earliest(now)
    spare = channel == SMS and opens > now
    with database.transaction(SOURCE) as connection:
        claims, withheld = outbound.claim(
            connection, channel, limit=limit, now=now, quiet_until=opens if spare else None
        )
        withholding.count(connection, withheld)
    return claims


def compose(claim: Claim, *, unseal: Unseal, coordinator_email: str, public_url: str) -> Letter:
    """Opens the contact and renders the text, at the last moment. Raises TemplateRefused, SealError, Unreachable."""
    if claim.recipient == COORDINATOR:
        contact: Mapping[str, Any] = {"email": coordinator_email}
    elif claim.sealed is None:
        raise Unreachable("contact_erased")
    else:
        contact = unseal(claim.sealed)
    to = contact.get("phone" if claim.channel == SMS else "email")
    if not to:
        raise Unreachable("contact_missing")
    values = {
        **{name: _value(name, value) for name, value in claim.parameters.items()},
        "name": contact.get("name"),
        "tracking_number": contact.get("tracking_number"),
        "case": claim.complaint_id,
        "link": public_url,
    }
    pieces = {
        piece: templates.render(claim.template, claim.language, piece, values)
        for piece in PIECES[claim.channel]
    }
    return Letter(
        claim.id,
        to,
        pieces["sms"] if claim.channel == SMS else pieces["text"],
        subject=pieces.get("subject"),
        language=claim.language,
        accepted=claim.accepted,
        reference=reference(UUID(claim.complaint_id).int, claim.template),
    )


class Unreachable(Exception):
    """There is nothing to write to. `code` is safe to store."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def result(claim: Claim, outcome: Outcome, *, now: datetime, patience: Patience, jitter: float) -> Result:
    """What an outcome means for its message."""
    verdict = judge(
        outcome,
        attempt=claim.attempts,
        created_at=claim.created_at,
        now=now,
        patience=patience,
        jitter=jitter,
    )
    new = {number: each for number, each in outcome.provider_ids.items() if number not in claim.accepted}
    return Result(claim, verdict, new, outcome.total)


def record(results: Sequence[Result], *, now: datetime) -> None:
    """Writes what became of messages, with the facts that follow, in one transaction."""
    with database.transaction(SOURCE) as connection:
        held = outbound.record(connection, results, now)
        final = [each for each in results if each.claim.id in held]
        stated = [
            *(
                _fact(each.claim, events.NOTIFICATION_FAILED, now, each.verdict.reason)
                for each in final
                if each.verdict.state == FAILED
            ),
            *(
                _fact(each.claim, events.NOTIFICATION_DELIVERED, now, events.HANDED_OVER)
                for each in final
                if each.verdict.state == SENT and each.claim.channel == EMAIL
            ),
        ]
        outbox.record_each(connection, stated, source=SOURCE, now=now)
        texts = [each.claim.id for each in final if each.verdict.state == SENT and each.claim.channel == SMS]
        if texts:
            # A receipt can be quicker than this transaction.
            _settle(connection, texts, now)
        tally = Counter((each.claim.channel, each.claim.template, each.verdict.state) for each in final)
        database.after_commit(connection, lambda: metrics.count_messages(tally))
        parts: Counter[str] = Counter()
        for each in results:
            parts[each.claim.template] += len(each.provider_ids)
        database.after_commit(connection, lambda: _count_parts(parts))


def take_receipts(receipts: Sequence[Receipt], *, now: datetime) -> bool:
    """Keeps receipts and settles the messages that they finish; also those of earlier calls.

    Returns whether fresh receipts are left whose part is not known yet: it may be known soon.
    """
    with database.transaction(SOURCE) as connection:
        outbound.add_receipts(
            connection, [(each.provider_id, each.state, each.reason) for each in receipts], now
        )
        messages = outbound.with_receipts(connection, _AT_ONCE)
        if messages:
            _settle(connection, messages, now)
        tally = Counter(each.state for each in receipts)
        database.after_commit(connection, lambda: _count_receipts(tally))
        return outbound.receipts_since(connection, now - _SOON)


def expire(*, now: datetime, lease: timedelta) -> int:
    """Messages whose process died between claim and result become unknown: nobody knows whether they were sent. Returns how many."""
    with database.transaction(SOURCE) as connection:
        rows = outbound.expire(connection, before=now - lease, now=now, limit=_AT_ONCE)
        tally = Counter((row.channel, row.template, UNKNOWN) for row in rows)
        database.after_commit(connection, lambda: metrics.count_messages(tally))
    if rows:
        log.warning("claims_expired", messages=len(rows))
    return len(rows)


def forget_receipts(*, now: datetime) -> int:
    """Removes receipts that belong to nothing we know."""
    with database.transaction(SOURCE) as connection:
        return outbound.forget_receipts(connection, now - _KEEP_RECEIPTS)


def _settle(connection: Connection, message_ids: Sequence[str], now: datetime) -> None:
    fates: list[tuple[str, str, str | None]] = []
    stated: list[tuple[Fact, Event]] = []
    tally: Counter[tuple[str, str, str]] = Counter()
    for row in outbound.match(connection, message_ids):
        missing = max(0, (row.parts or 1) - len(row.states))
        state = after_receipts([*row.states, *[None] * missing])
        if state is None:
            continue
        fates.append((row.id, state, row.reason if state == FAILED else None))
        kind = events.NOTIFICATION_DELIVERED if state == DELIVERED else events.NOTIFICATION_FAILED
        stated.append(_fact(row, kind, now, events.RECEIPT if state == DELIVERED else row.reason))
        tally[row.channel, row.template, state] += 1
    outbound.finish(connection, fates, now)
    outbox.record_each(connection, stated, source=SOURCE, now=now)
    database.after_commit(connection, lambda: metrics.count_messages(tally))


def _fact(row: Any, kind: FactType, now: datetime, reason: str | None) -> tuple[Fact, Event]:
    """The fact about a claim or a row of one, and the event that the message came from."""
    fact = kind.new(
        row.complaint_id,
        {
            "complaint_id": row.complaint_id,
            "message_id": row.id,
            "template": row.template,
            "channel": row.channel,
            "audience": row.recipient.partition(":")[0],
            "at": now,
            "reason": reason,
        },
    )
    # Only its id and its correlation id are known here, and only they go into the new fact.
    cause = Event(row.event_id, "", 1, "", row.complaint_id, 1, now, "-", {}, row.correlation_id)
    return fact, cause


def _value(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in _MOMENTS and value is not None else value


def _count_parts(tally: Mapping[str, int]) -> None:
    for template, number in tally.items():
        metrics.sms_parts_total.labels(template).inc(number)


def _count_receipts(tally: Mapping[str, int]) -> None:
    for state, number in tally.items():
        metrics.sms_receipts_total.labels(state).inc(number)
