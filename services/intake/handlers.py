"""What intake does: one function, one transaction. The clock, ids and chance come in as arguments."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy

from services.chassis import database, outbox, seal
from services.intake import (
    complaint,
    events,
    metrics,
    store,
    store_restrictions,
    store_search,
    tracking,
    vault,
)
from services.intake.complaint import Complaint, Progress, PublicStatus, Submission
from services.intake.events import SOURCE
from services.intake.store_restrictions import Reader

FORGET_CHUNK = 2_000
#: A complaint without a title is listed by so many characters of what it says.
_FIRST_WORDS = 120


class KeyReused(Exception):
    """The Idempotency-Key came with another body before."""


class NoSuchComplaint(Exception):
    """There is none, or none that the caller may know of."""


@dataclass(frozen=True)
class Secrets:
    """What a submission is locked with, and for how long its answer is kept."""

    keys: vault.Keys
    seal_public_key: str = field(repr=False)
    routing_seal_key: str = field(repr=False)
    keep_answers: timedelta


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the complainant is answered. The number is theirs alone: it is in no log and in no table as plain
    text.
    """

    tracking_number: str = field(repr=False)
    received_at: datetime
    status: str = complaint.RECEIVED

    def as_dict(self) -> dict[str, str]:
        """JSON-safe, to be kept."""
        return {
            "tracking_number": self.tracking_number,
            "received_at": self.received_at.isoformat(),
            "status": self.status,
        }

    @classmethod
    def from_dict(cls, kept: dict[str, str]) -> "Receipt":
        """What `as_dict` gave."""
        return cls(kept["tracking_number"], datetime.fromisoformat(kept["received_at"]), kept["status"])


def submit(
    submission: Submission,
    *,
    idempotency_key: str | None,
    said: dict[str, Any],
    secrets: Secrets,
    now: datetime,
    new_id: Callable[[], str],
    randbelow: Callable[[int], int],
) -> Receipt:
    """Accepts a complaint: its row, its sealed contact, the kept answer and the fact are one statement, one transaction.

    `said` is the submission's normal form, by which a repetition is known. Raises KeyReused;
    DatabaseUnavailable, after which the caller may try again with the same key and gets one complaint.
    """
    while True:
        try:
            with database.single(SOURCE) as connection:
                receipt, stored = _submit(
                    connection, submission, idempotency_key, said, secrets, now, new_id(), randbelow
                )
        except store.NumberTaken:
            continue
        if stored:
            anonymous = "yes" if submission.contact is None else "no"
            metrics.complaints_received_total.labels(submission.kind, submission.channel, anonymous).inc()
        return receipt


def _submit(
    connection: sqlalchemy.Connection,
    submission: Submission,
    idempotency_key: str | None,
    said: dict[str, Any],
    secrets: Secrets,
    now: datetime,
    complaint_id: str,
    randbelow: Callable[[int], int],
) -> tuple[Receipt, bool]:
    filed = Complaint(complaint_id, now, submission)
    draw = tracking.new_receipt if filed.anonymous else tracking.new_number
    receipt = Receipt(draw(randbelow), now)
    contact = complaint.contact_to_carry(submission, receipt.tracking_number)
    pepper = secrets.keys.pepper
    kept = hashes = None
    if idempotency_key is not None:
        hashes = vault.request_hashes(pepper, idempotency_key, said)
        answer = vault.lock_answer(pepper, idempotency_key, hashes[1], receipt.as_dict())
        kept = (*hashes, answer, now + secrets.keep_answers)
    sealed = seal.seal(secrets.seal_public_key, contact) if contact else None
    persons = submission.flags.persons()
    accused = seal.seal(secrets.routing_seal_key, persons) if persons else None
    fact = events.COMPLAINT_RECEIVED.new(complaint_id, filed.received(sealed, accused))
    stored = store.file_complaint(
        connection,
        filed,
        tracking_hash=tracking.lookup_hash(pepper, receipt.tracking_number),
        locked_contact=vault.lock_contact(secrets.keys.contact, complaint_id, contact) if contact else None,
        kept_answer=kept,
        fact=outbox.first_fact(connection, fact, source=SOURCE, now=now),
    )
    if not stored:
        assert idempotency_key is not None
        assert hashes is not None
        return _answer_again(connection, idempotency_key, hashes, pepper), False
    return receipt, True


def _answer_again(
    connection: sqlalchemy.Connection, idempotency_key: str, hashes: tuple[bytes, bytes], pepper: bytes
) -> Receipt:
    kept = store.kept_answer(connection, hashes[0])
    # Only the clean-up of another replica whose clock is ahead can have taken the row away since it was met.
    if kept is None:
        raise database.DatabaseUnavailable("the kept answer has just been removed")
    body_hash, answer = kept
    if body_hash != hashes[1]:
        metrics.idempotency_total.labels("reused").inc()
        raise KeyReused
    metrics.idempotency_total.labels("replayed").inc()
    return Receipt.from_dict(vault.unlock_answer(pepper, idempotency_key, body_hash, answer))


@dataclass(frozen=True, slots=True)
class Standing:
    """A complaint as it is read: the stored row, and how it stands."""

    row: Any
    status: PublicStatus


def track(connection: sqlalchemy.Connection, number: str, *, pepper: bytes) -> Standing:
    """How the complaint with this number (as `tracking.parse` gives it) stands. Raises NoSuchComplaint."""
    return _standing(store.by_tracking(connection, tracking.lookup_hash(pepper, number)))


def read(connection: sqlalchemy.Connection, complaint_id: str, *, reader: Reader) -> Standing:
    """What was said, for staff: of what their body holds now or is to get.

    Raises NoSuchComplaint, also for what another body holds, and to whom it is directed against: who asks does not learn that it exists.
    """
    if store_restrictions.shut_out(connection, complaint_id, reader):
        raise NoSuchComplaint
    standing = _standing(store.by_id(connection, complaint_id))
    status = standing.status
    # The body that it is being passed to must read it before it can accept.
    if reader.institution is not None and reader.institution not in (status.institution, status.receiver):
        raise NoSuchComplaint
    return standing


def find(
    connection: sqlalchemy.Connection,
    typed: str,
    *,
    reader: Reader,
    after: str | None,
    limit: int,
    pepper: bytes,
) -> tuple[list[dict[str, Any]], str | None]:
    """Complaints by number, by id or by words, and behind which id the next page goes on; limited to a body like `read`.

    A number and an id find what is over, too; words find what is open.
    """
    number, identity = tracking.parse(typed), _identity(typed)
    if number is None and identity is None:
        rows, following = store_search.find(
            connection,
            typed,
            reader=reader,
            after=after,
            limit=limit,
            most=_FIRST_WORDS,
        )
        return [_found(row, row.status, row.institution) for row in rows], following
    try:
        if identity is None:
            assert number is not None
            identity = track(connection, number, pepper=pepper).row.id
        standing = read(connection, identity, reader=reader)
    except NoSuchComplaint:
        return [], None
    return [_found(standing.row, standing.status.code, standing.status.institution)], None


def _found(row: Any, status: str, institution: str | None) -> dict[str, Any]:
    names = ("kind", "category", "governorate", "received_at")
    known = {name: getattr(row, name) for name in names}
    identity = getattr(row, "complaint_id", None) or row.id
    title = row.title or complaint.first_words(row.text, _FIRST_WORDS)
    return known | {"complaint_id": identity, "title": title, "status": status, "institution": institution}


def _identity(typed: str) -> str | None:
    try:
        return str(UUID(typed))
    except ValueError:
        return None


def _standing(found: tuple[Any, list[Progress]] | None) -> Standing:
    if found is None:
        raise NoSuchComplaint
    row, steps = found
    return Standing(row, complaint.public_status(row.received_at, steps))


def forget_answers(now: datetime) -> int:
    """Removes the kept answers whose time is over, chunk by chunk, each in a transaction of its own; returns
    how many.
    """
    removed = 0
    while True:
        with database.transaction(SOURCE) as connection:
            chunk = store.forget_answers(connection, now, FORGET_CHUNK)
        removed += chunk
        if chunk < FORGET_CHUNK:
            return removed
