"""One action on one case while it is being taken: what it may look at, and what it comes to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Row

from services.chassis.clock import AMMAN
from services.chassis.contract import Fact, FactType
from services.chassis.seal import seal
from services.routing import snapshot
from services.routing.cases import records
from services.routing.cases import store as store_cases
from services.routing.cases import transitions as t
from services.routing.deadlines.calendar import Calendar
from services.routing.exclusions import exclusion
from services.routing.known import Directory
from services.routing.who import Who


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys of notification and of intake, which shows what it opens to the complainant; and the one that opens accused names."""

    notification: str
    intake: str
    names: str = field(default="", repr=False)


class Refused(Exception):
    """A field names something that cannot be: `field` and one of a few codes."""

    def __init__(self, name: str, code: str):
        super().__init__(f"{name}: {code}")
        self.field = name
        self.code = code


class NoOfficer(Exception):
    """Nobody of the body can take the case now; `reason` is one of assignment.FAILURES."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Next:
    """An action of the system that follows from another, in the same transaction."""

    complaint_id: str
    action: str
    fields: dict[str, Any]


def shut_out(connection: Connection, case: Row[Any], who: Who) -> bool:
    """Whether somebody must have nothing to do with a case. The coordinator is kept from what is directed against the coordinator alone."""
    if not case.implicated:
        return False
    if t.COORDINATOR in who.roles:
        return exclusion.person(who.id) in case.implicated
    known = snapshot.current(connection)
    by_office = t.HEAD in who.roles or known.posts.get(who.id) != who.institution
    office = known.of_bodies.get(who.institution or "", frozenset()) if by_office else frozenset()
    return exclusion.is_excluded(who.id, who.institution, case.implicated, known.tied, office)


@dataclass(slots=True)
class Step:
    """One action on one case while it is being taken; `changes`, `details`, `facts` and `note` are what it comes to."""

    connection: Connection
    case: Row[Any]
    row: t.Row
    fields: dict[str, Any]
    who: Who
    now: datetime
    keys: Keys
    changes: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    note: dict[str, str] = field(default_factory=dict)
    turns_clock: Callable[..., bool] | None = None
    following: list[Next] = field(default_factory=list)
    _known: Directory | None = None

    @property
    def id(self) -> str:
        """The id of the complaint."""
        return str(self.case.complaint_id)

    @property
    def known(self) -> Directory:
        """The directory, read when it is first needed."""
        if self._known is None:
            self._known = snapshot.current(self.connection)
        return self._known

    @property
    def after(self) -> Any:
        """The case as it is after what this action has changed so far."""
        return SimpleNamespace(**{**self.case._mapping, **self.changes})

    @property
    def excluded(self) -> frozenset[str]:
        """The officers who must have nothing to do with the case, after this action."""
        return exclusion.excluded(self.changes.get("implicated", self.case.implicated), self.known.tied)

    @property
    def calendar(self) -> Calendar:
        """The working calendar of the place that the case is of."""
        return self.known.calendars.of(self.case.governorate, self.case.institution)

    def end(self, **values: Any) -> None:
        """Sets columns of the case."""
        self.changes.update(values)

    def state(self, kind: FactType, **data: Any) -> None:
        """States a fact about the case as it is after this action."""
        institution = self.changes.get("institution", self.case.institution)
        base = {
            "complaint_id": self.id,
            "institution": institution,
            "status": self.row.target,
            "at": self.now,
        }
        # An action that changes it does so before it states anything.
        implicated = self.changes.get("implicated", self.case.implicated)
        scope = records.scope(self.known, institution, implicated)
        self.facts.append(kind.new(self.id, base | data, scope=scope))

    def to_complainant(self, **words: Any) -> str:
        """Words sealed for intake."""
        return seal(self.keys.intake, words)

    def days(self, code: str) -> int:
        """The days of a term of the lifecycle."""
        return store_cases.term(self.connection, code, self.now.astimezone(AMMAN).date())
