"""The lists that a desk is made of: which there are, who may ask for which, whose cases each shows, and what is to be taken next. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from services.routing.deadlines.calendar import AMMAN
from services.routing.who import is_id

MINE = "mine"
DUE_TODAY = "due_today"
OVERDUE = "overdue"
WAITING_FOR_ME = "waiting_for_me"
AWAITING_COMPLAINANT = "awaiting_complainant"
TO_APPROVE = "to_approve"
INCOMING = "incoming"
URGENT = "urgent"
ESCALATED = "escalated"
TEAM = "team"
UNOWNED = "unowned"
ARBITER = "arbiter"
DISPUTED = "disputed"

# What somebody is when a desk is opened. A main officer is an officer, too.
OFFICER, MAIN, APPROVER, HEAD, COORDINATOR = "officer", "main", "approver", "head", "coordinator"
_ALL = frozenset({OFFICER, APPROVER, HEAD, COORDINATOR})

#: Who may ask for a list.
VIEWS: Mapping[str, frozenset[str]] = {
    MINE: frozenset({OFFICER}),
    DUE_TODAY: _ALL,
    OVERDUE: _ALL,
    WAITING_FOR_ME: frozenset({OFFICER}),
    AWAITING_COMPLAINANT: _ALL,
    TO_APPROVE: frozenset({MAIN, APPROVER, HEAD, COORDINATOR}),
    INCOMING: _ALL,
    URGENT: _ALL,
    ESCALATED: _ALL,
    TEAM: frozenset({MAIN, APPROVER, HEAD, COORDINATOR}),
    UNOWNED: frozenset({COORDINATOR}),
    ARBITER: frozenset({COORDINATOR}),
    DISPUTED: frozenset({COORDINATOR}),
}
#: What the coordinator may ask of the country, without naming a body.
NATIONAL = frozenset({DUE_TODAY, OVERDUE, URGENT, ESCALATED, TO_APPROVE, UNOWNED, ARBITER, DISPUTED})
#: Lists of a body even for who has cases of their own.
_OF_THE_BODY = frozenset({TO_APPROVE, INCOMING, TEAM})

COUNTED = (
    MINE,
    DUE_TODAY,
    OVERDUE,
    WAITING_FOR_ME,
    AWAITING_COMPLAINANT,
    TO_APPROVE,
    INCOMING,
    URGENT,
    ESCALATED,
)
"""What the desk of a body's staff counts."""

COUNTED_NATIONALLY = (UNOWNED, URGENT, OVERDUE, ARBITER, DISPUTED, TO_APPROVE, ESCALATED)
"""What the coordinator's desk counts."""

_NEXT = (URGENT, ESCALATED, OVERDUE, DUE_TODAY, TO_APPROVE, INCOMING, WAITING_FOR_ME, MINE)
_NEXT_NATIONALLY = (URGENT, UNOWNED, TO_APPROVE, ESCALATED, ARBITER, DISPUTED, OVERDUE)


class NotYours(Exception):
    """The list is not for who asks, or what was asked is missing: `field` of the query and a `code`."""

    def __init__(self, field: str, code: str):
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: the id by which cases are theirs, what they are, and their body."""

    id: str
    parts: frozenset[str]
    institution: str | None = None

    @property
    def desk(self) -> str:
        """The officer whose cases are theirs; nobody for an account that is none of the directory's."""
        return str(UUID(self.id)) if is_id(self.id) else str(UUID(int=0))

    @property
    def coordinates(self) -> bool:
        """Whether the whole country is theirs."""
        return COORDINATOR in self.parts

    @property
    def approves(self) -> bool:
        """Whether they approve all that their body writes. Others approve what is raised to them."""
        return not self.parts.isdisjoint({MAIN, APPROVER})

    @property
    def leads(self) -> bool:
        """Whether they see to the cases of others of their body."""
        return not self.parts.isdisjoint({MAIN, APPROVER, HEAD})


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose cases: of a body (None: of all) and of an officer (None: of all)."""

    institution: str | None
    officer: str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """The moment, and when the day ends that it belongs to in Amman."""

    now: datetime
    end_of_day: datetime


def times(now: datetime) -> Times:
    """The moment and its day. What is due today is due by the calendar of Amman, wherever the server stands."""
    tomorrow = now.astimezone(AMMAN).date() + timedelta(days=1)
    return Times(now, datetime.combine(tomorrow, time(), AMMAN).astimezone(UTC))


def views_of(reader: Reader) -> list[str]:
    """The lists that somebody may ask for, in the order of VIEWS."""
    return [view for view, parts in VIEWS.items() if not parts.isdisjoint(reader.parts)]


def scope(reader: Reader, view: str | None, institution: str | None, officer: str | None) -> Scope:
    """Whose cases a list shows. Raises NotYours.

    Who has cases sees their own in every list but those of the body; a main officer sees the whole body's by naming it, and another
    officer's by naming that one. Who has none (approver, head) sees the body's. Without a view it is all that the body holds.
    """
    if view is not None and VIEWS[view].isdisjoint(reader.parts):
        raise NotYours("view", "not_for_you")
    if reader.coordinates:
        if institution is None and view not in NATIONAL:
            raise NotYours("institution", "required")
        return Scope(institution, officer)
    if institution not in (None, reader.institution):
        raise NotYours("institution", "not_yours")
    if reader.institution is None:
        raise NotYours("institution", "required")
    if view is None or view in _OF_THE_BODY:
        return Scope(reader.institution, officer)
    if view in (MINE, WAITING_FOR_ME):
        institution = None
    if OFFICER not in reader.parts:
        return Scope(reader.institution, officer)
    if officer not in (None, reader.desk) and not reader.leads:
        raise NotYours("officer_id", "not_yours")
    widened = institution is not None and reader.leads
    return Scope(reader.institution, officer or (None if widened else reader.desk))


def next_lists(reader: Reader, counts: Mapping[str, int]) -> Iterator[str]:
    """The lists in which to look for what is to be taken next, the most pressing first; those with nothing in them are left out."""
    order = _NEXT_NATIONALLY if reader.coordinates else _NEXT
    return (view for view in order if counts.get(view))
