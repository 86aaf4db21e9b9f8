"""What a complainant says after the complaint: an answer, a withdrawal, a rating, a dispute."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy

from services.chassis import outbox
from services.chassis.contract import Fact
from services.intake import complaint, conversation, events, store, store_conversation, tracking, vault
from services.intake.complaint import PublicStatus
from services.intake.conversation import Utterance
from services.intake.handlers import SOURCE, KeyReused, NoSuchComplaint


class NotNow(Exception):
    """Not as the complaint stands now; `open_to` are the kinds that may be said."""

    def __init__(self, open_to: list[str]):
        super().__init__(", ".join(open_to))
        self.open_to = open_to


class SaidBefore(Exception):
    """It can be said once, and was, in other words."""


def say(
    connection: sqlalchemy.Connection,
    number: str,
    utterance: Utterance,
    *,
    idempotency_key: str | None,
    pepper: bytes,
    new_id: str,
    now: datetime,
) -> tuple[Utterance, PublicStatus]:
    """Keeps what the complainant with this number says, and states it as a fact of codes alone. Returns it as it is kept.

    The same key with the same words is answered as the first time; so is a rating, withdrawal or dispute that is said again in the same
    words. What becomes of it routing decides, so the status is what it was. Raises NoSuchComplaint, NotNow, SaidBefore, KeyReused.
    """
    complaint_id = store_conversation.lock(connection, tracking.lookup_hash(pepper, number))
    found = store.by_id(connection, complaint_id) if complaint_id else None
    if complaint_id is None or found is None:
        raise NoSuchComplaint
    status = complaint.public_status(found[0].received_at, found[1])
    hashes = None
    if idempotency_key is not None:
        body = {"kind": utterance.kind, "words": dict(utterance.words), "facts": dict(utterance.facts)}
        hashes = vault.request_hashes(pepper, idempotency_key, body)
        kept = store_conversation.by_key(connection, complaint_id, hashes[0])
        if kept is not None:
            if bytes(kept.body_hash) != hashes[1]:
                raise KeyReused
            return Utterance(kept.kind, kept.at, kept.words, kept.facts), status
    said = store_conversation.said(connection, complaint_id)
    again = _again(utterance, said)
    if again is not None:
        return again, status
    kinds = frozenset(each.kind for each in said)
    possible = conversation.open_to(status.code, kinds)
    if utterance.kind not in possible:
        raise NotNow(possible)
    store_conversation.add(connection, [(new_id, complaint_id, utterance)], hashes)
    fact = _fact(complaint_id, utterance, new_id, said, status.institution)
    outbox.record(connection, [fact], source=SOURCE, now=now)
    return utterance, status


def _again(utterance: Utterance, said: list[Utterance]) -> Utterance | None:
    """What was said before in these words, of what can be said once. Raises SaidBefore for other words."""
    if utterance.kind not in conversation.ONCE:
        return None
    for each in said:
        if each.kind == utterance.kind:
            if (each.words, each.facts) == (utterance.words, utterance.facts):
                return each
            raise SaidBefore
    return None


def _fact(
    complaint_id: str, utterance: Utterance, identity: str, said: list[Utterance], institution: str | None
) -> Fact:
    scope = institution or "-"
    data: dict[str, Any] = {"complaint_id": complaint_id, "institution": institution, "at": utterance.at}
    if utterance.kind == conversation.MESSAGE:
        data |= {"message_id": identity, "question": _asked(said)}
        return events.COMPLAINANT_MESSAGE_ADDED.new(complaint_id, data, scope=scope)
    if utterance.kind == conversation.RATING:
        score = {"score": utterance.facts["score"]}
        return events.COMPLAINT_RATED.new(complaint_id, data | score, scope=scope)
    kinds: Mapping[str, Any] = {
        conversation.WITHDRAWAL: events.COMPLAINT_WITHDRAWN,
        conversation.DISPUTE: events.COMPLAINT_DISPUTED,
    }
    return kinds[utterance.kind].new(complaint_id, data, scope=scope)


def _asked(said: list[Utterance]) -> int | None:
    """The number of the newest question."""
    numbers = [each.facts["number"] for each in said if each.kind == conversation.QUESTION]
    return max(numbers, default=None)
