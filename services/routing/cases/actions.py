"""Actions on a case: by staff, by its complainant, by the passing of time. Each is one transaction of the caller.

What may be done is transitions.TABLE; what it does beside changing the state is effects.py and endings.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis.event import Event
from services.chassis.subscriber import Permanent
from services.routing.cases import records
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.cases.endings import EFFECTS
from services.routing.cases.step import Keys, Step, Who, shut_out
from services.routing.cases.writing import CLOCK, COMPLAINANT, write
from services.routing.clock import escalation
from services.routing.history import store as store_history
from services.routing.who import is_id

#: Of one level all may answer, not only the one who was told.
_LEVELS = {escalation.MAIN_OFFICER: t.MAIN, escalation.HEAD: t.HEAD, escalation.COORDINATOR: t.COORDINATOR}


class NoSuchCase(Exception):
    """There is none, or none that the caller may know of."""


class NotAllowed(Exception):
    """Not by this person on this case as it is now; `allowed` are the actions that are."""

    def __init__(self, allowed: list[str]):
        super().__init__(", ".join(allowed))
        self.allowed = allowed


class VersionConflict(Exception):
    """Somebody was quicker: the case is at version `current`, by what `line` of its history says."""

    def __init__(self, current: int, line: Row[Any] | None):
        super().__init__(str(current))
        self.current = current
        self.line = line


class WrongFields(Exception):
    """`missing` are required by the action, `unknown` are not of it, `choice` has a value that leads nowhere."""

    def __init__(self, missing: list[str], unknown: list[str], choice: list[str]):
        super().__init__(", ".join([*missing, *unknown, *choice]))
        self.missing = missing
        self.unknown = unknown
        self.choice = choice


@dataclass(frozen=True, slots=True)
class Standing:
    """A case, and what the one who asks may do with it now."""

    case: Row[Any]
    allowed: list[t.Row]


def act(
    connection: Connection,
    complaint_id: str,
    action: str,
    fields: Mapping[str, Any],
    who: Who,
    *,
    version: int | None,
    now: datetime,
    keys: Keys,
    cause: Event | None = None,
) -> Standing:
    """Takes an action. `version` is the case as the caller saw it; of two who saw the same, one is told that the other was quicker.

    Raises NoSuchCase, VersionConflict, NotAllowed, WrongFields, step.Refused, step.NoOfficer; then nothing is changed.
    """
    case = store_cases.lock(connection, complaint_id)
    if case is None:
        raise NoSuchCase
    roles = roles_of(connection, case, who)
    if not roles:
        raise NoSuchCase
    if version is not None and version != case.version:
        raise VersionConflict(case.version, store_history.last_line(connection, complaint_id))
    standing = t.allowed(case.status, roles, conditions(connection, case, who, now))
    row = _row(standing, action, fields)
    step = Step(connection, case, row, dict(fields), who, now, keys)
    EFFECTS[action](step)
    changed = write(step, action, cause)
    for each in step.following:
        after = act(
            connection, each.complaint_id, each.action, each.fields, CLOCK, version=None, now=now, keys=keys
        )
        changed = after.case if each.complaint_id == complaint_id else changed
    return Standing(changed, allowed_now(connection, changed, who, now))


def standing(connection: Connection, case: Row[Any], who: Who, now: datetime) -> Standing:
    """A case as somebody sees it. Raises NoSuchCase for who has nothing to do with it."""
    if not roles_of(connection, case, who):
        raise NoSuchCase
    return Standing(case, allowed_now(connection, case, who, now))


def allowed_now(connection: Connection, case: Row[Any], who: Who, now: datetime) -> list[t.Row]:
    """The rows of the table that somebody may take on a case."""
    roles = roles_of(connection, case, who)
    return t.allowed(case.status, roles, conditions(connection, case, who, now))


def roles_of(connection: Connection, case: Row[Any], who: Who) -> frozenset[str]:
    """What somebody is to this case; nothing at all for staff of a body that has nothing to do with it, and for who is implicated."""
    if shut_out(connection, case, who):
        return frozenset()
    roles = set(who.roles & {t.COORDINATOR, t.COMPLAINANT, t.SYSTEM})
    holds = who.institution is not None and who.institution == case.institution
    receives = who.institution is not None and who.institution == case.receiver
    if holds:
        roles |= who.roles & {t.OFFICER, t.APPROVER, t.HEAD}
    if t.OFFICER in who.roles and receives:
        roles.add(t.RECEIVER)
    if holds and t.OFFICER in who.roles and is_main(connection, who):
        roles.add(t.MAIN)
    if case.escalated_at is not None and (
        who.id == str(case.escalated_to) or _LEVELS[case.escalation_level] in roles
    ):
        roles.add(t.HOLDER)
    return frozenset(roles)


def conditions(connection: Connection, case: Row[Any], who: Who, now: datetime) -> frozenset[str]:
    """Which of transitions.CONDITIONS hold for this person on this case."""
    held = set()
    if case.disputed_at is None:
        held.add(t.DISPUTE_LEFT)
    if case.transfers < t.ARBITER_FROM:
        held.add(t.NO_ARBITER)
    if case.closed_at is not None and now < case.closed_at:
        held.add(t.SAID_IN_TIME)
    if case.status == t.IN_TRANSFER and not store_cases.objected(
        connection, str(case.complaint_id), case.receiver
    ):
        held.add(t.OBJECTION_LEFT)
    if case.status in (t.REPLY_PROPOSED, t.DISPUTED):
        reply = store_cases.last(connection, store_cases.reply, str(case.complaint_id))
        if reply is None or reply.author != who.id:
            held.add(t.NOT_AUTHOR)
        if who.id not in _closers(connection, case, reply):
            held.add(t.NOT_CLOSER)
    return frozenset(held)


def _closers(connection: Connection, case: Row[Any], reply: Row[Any] | None) -> set[str]:
    """Who ended what is now disputed: author and approver of the reply, or who declared the case inadmissible."""
    refused = store_history.last_actor(connection, str(case.complaint_id), "declare_inadmissible")
    return {name for name in (refused, *((reply.author, reply.approver) if reply else ())) if name}


def is_main(connection: Connection, who: Who) -> bool:
    """Whether the directory has somebody as main officer of the body that they act for."""
    if not is_id(who.id):
        return False
    found = store_cases.officer(connection, who.id)
    return found is not None and found.rank == "main" and found.institution == who.institution


def _row(standing: list[t.Row], action: str, fields: Mapping[str, Any]) -> t.Row:
    rows = t.named(standing, action)
    if not rows:
        raise NotAllowed(list(dict.fromkeys(row.action for row in standing)))
    row = t.chosen(rows, fields)
    known = {name for each in rows for name in (*each.required, *each.optional)}
    required = row.required if row else rows[0].required
    missing = [name for name in required if fields.get(name) in (None, "")]
    unknown = sorted(name for name in fields if name not in known)
    choice = [rows[0].choice[0]] if row is None and rows[0].choice and not missing else []
    if missing or unknown or choice:
        raise WrongFields(missing, unknown, choice)
    assert row is not None
    return row


# --- the complainant ------------------------------------------------------------------------------


def complainant_acts(
    connection: Connection,
    action: str,
    event: Event,
    fields: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda _: {},
    *,
    now: datetime,
    keys: Keys,
) -> None:
    """What intake says that the complainant did. It cannot be refused any more: what no longer fits the case is written into its history.

    It counts as done when it was said, so that a dispute is heard that was said in time and arrived late.
    """
    complaint_id, said_at = str(event.data["complaint_id"]), event.data["at"]
    case = store_cases.lock(connection, complaint_id)
    if case is None:
        # Facts of intake about one complaint arrive in order, so its first was given up by somebody.
        raise Permanent("no_case")
    held = conditions(connection, case, COMPLAINANT, said_at)
    given = fields(event.data)
    said = {"said_at": said_at.astimezone(UTC).isoformat()}
    rows = t.named(t.allowed(case.status, COMPLAINANT.roles, held), action)
    if not rows:
        details = {"from": case.status, "to": case.status, "said": action, **given, **said}
        changed = store_cases.change(connection, complaint_id, {"version": case.version + 1})
        line = records.line(complaint_id, changed.version, "said_too_late", COMPLAINANT.id, details, now)
        store_history.append_history(connection, [line])
        return
    step = Step(connection, case, rows[0], given, COMPLAINANT, now, keys, details=said)
    EFFECTS[action](step)
    write(step, action, event)


# --- time -----------------------------------------------------------------------------------------


def end_silence(connection: Connection, *, now: datetime, keys: Keys, limit: int) -> int:
    """Of answered cases of which nobody has said anything, closes those whose time is over, and reminds the complainants of those whose
    time is nearly over: up to `limit` of each. Returns how many of the more frequent.
    """
    closed = store_cases.take_silent(connection, store_cases.CLOSES, now, limit)
    for complaint_id in closed:
        by_time(connection, complaint_id, "close_unconfirmed", now=now, keys=keys)
    reminded = store_cases.take_silent(connection, store_cases.REMINDS, now, limit)
    for complaint_id in reminded:
        by_time(connection, complaint_id, "remind_to_rate", now=now, keys=keys)
    return max(len(closed), len(reminded))


def by_time(connection: Connection, complaint_id: str, action: str, *, now: datetime, keys: Keys) -> None:
    """What the passing of time does to a case."""
    act(connection, complaint_id, action, {}, CLOCK, version=None, now=now, keys=keys)
