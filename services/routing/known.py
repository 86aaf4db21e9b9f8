"""The directory as this process knows it: one version of it, with the calendar and the terms, and what is asked of it.

It puts the rules of several rooms to the rows that they need, so that who handles a complaint asks one thing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.chassis.seal import seal
from services.routing.assigning import decision
from services.routing.assigning.assignment import Need, Officer, Rule, choose_rule
from services.routing.assigning.decision import Pool
from services.routing.clock import escalation
from services.routing.clock.escalation import Terms, Threshold
from services.routing.clock.people import People
from services.routing.deadlines.calendar import Calendars
from services.routing.deadlines.promise import (
    FIRST_ACTION,
    LONGEST_PAUSE,
    PAUSE,
    Pause,
    Promise,
    StepTerm,
    Term,
    due_at,
    due_by_the_clock,
    step_days,
    term_for,
)
from services.routing.directory import presence
from services.routing.directory.presence import Duty, Presence
from services.routing.directory.succession import Service, heir
from services.routing.exclusions.persons import Named


@dataclass(frozen=True)
class Contact:
    """How an officer is reached. Leaves routing only sealed."""

    name: str
    email: str
    phone: str
    language: str


@dataclass(frozen=True)
class Directory:
    """One version of the directory; never changes."""

    version: int
    names: dict[str, dict[str, str]]
    rules: dict[str, list[Rule]]
    officers: dict[str, list[Officer]]
    contacts: dict[str, Contact]
    calendars: Calendars
    terms: tuple[Term, ...]
    steps: tuple[StepTerm, ...]
    governorates: frozenset[str]
    loads: dict[str, int]
    presences: dict[str, Presence]
    rota: tuple[Duty, ...]
    bodies: dict[str, Service]
    tied: dict[str, frozenset[str]]
    of_bodies: dict[str, frozenset[str]]
    posts: dict[str, str]
    """officer → the body of the post, or of the last one."""
    thresholds: tuple[Threshold, ...]
    ranks: dict[str, dict[str, list[str]]]
    powerless: dict[str, frozenset[str]]
    """body → its officers whose account does not let them do what their rank does."""
    certificates: dict[str, tuple[tuple[str, date, date], ...]]
    named: tuple[Named, ...]
    units: dict[str, str]
    """unit → its body."""
    _days: dict[date, dict[str, list[Officer]]] = field(default_factory=dict, repr=False)
    _sealed: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _terms: dict[tuple[str, frozenset[str], date], Terms] = field(default_factory=dict, repr=False)
    _pools: dict[tuple[str, date], Pool] = field(default_factory=dict, repr=False)
    kept_pools: set[str] = field(default_factory=set, repr=False)

    def rule(self, need: Need, at: datetime) -> Rule | None:
        """The rule for a complaint at a moment, or None. One that names a body that has ended leads to its successor."""
        found = choose_rule(self.rules.get(need.category, ()), need, at)
        if found is None:
            return None
        body = self.heir(found.institution, at)
        if body in (found.institution, None):
            return found if body else None
        return replace(found, institution=body)

    def heir(self, institution: str, at: datetime) -> str | None:
        """Who answers for a body at a moment: itself, until it ends."""
        return heir(institution, self.bodies, presence.day_of(at))

    def officers_of(self, institution: str, at: datetime) -> Sequence[Officer]:
        """The liaison officers who serve at a body, absent ones included; `present` says who is there on the day of `at`. A body that has
        ended has none.

        Looked at once per day and version, since a batch asks for every complaint.
        """
        day = presence.day_of(at)
        if day not in self._days:
            if len(self._days) > 2:
                self._days.clear()
            self._days[day] = {
                code: [
                    replace(
                        each,
                        present=presence.is_present(self.presences[each.id], day),
                        certified=presence.is_certified(self.certificates.get(each.id, ()), day),
                    )
                    for each in officers
                    if presence.serves(self.presences[each.id], day)
                ]
                for code, officers in self.officers.items()
                if not self.bodies[code].over(day)
            }
        return self._days[day].get(institution, ())

    def pool(self, institution: str, at: datetime) -> Pool:
        """The same officers as what a decision keeps of them."""
        key = (institution, presence.day_of(at))
        if key not in self._pools:
            if len(self._pools) > 500:
                self._pools.clear()
            self._pools[key] = decision.pool_of(institution, self.officers_of(institution, at))
        return self._pools[key]

    def on_call(self, institution: str | None, at: datetime, barred: Collection[str] = ()) -> list[str]:
        """The officers on call for a body (None: the coordinator's desk), in the order in which they are asked: not those `barred`."""
        return list(presence.on_call(self.rota, institution, at, self.presences, barred))

    def away(self, at: datetime) -> list[str]:
        """The officers who are not at work on the day of a moment: on leave, marked absent, or not serving any more."""
        return [each for each in self.presences if self.is_away(each, at)]

    def is_away(self, officer: str, at: datetime) -> bool:
        """Whether an officer is known and not at work on that day."""
        known = self.presences.get(officer)
        return known is not None and not presence.is_present(known, presence.day_of(at))

    def promise(
        self,
        kind: str,
        received_at: datetime,
        need: Need,
        institution: str | None,
        flags: frozenset[str] = frozenset(),
    ) -> Promise | None:
        """What is promised of a complaint that a body has (None: nobody yet), or None where nothing is."""
        term = self.term(kind, received_at, need.category, flags)
        if term is None:
            return None
        due = self.due(received_at, term.working_days, term.wall_hours, (need.governorate, institution))
        return Promise(due, term.working_days, term.wall_hours)

    def term(self, kind: str, at: datetime, category: str, flags: frozenset[str]) -> Term | None:
        """How long such a complaint of a moment may take; None where nothing is promised."""
        found = term_for(self.terms, kind, at, category, flags)
        return None if found is None or (found.working_days, found.wall_hours) == (None, None) else found

    def due(
        self,
        received_at: datetime,
        working_days: int | None,
        wall_hours: int | None,
        place: tuple[str, str | None],
        pauses: Sequence[Pause] = (),
    ) -> datetime:
        """The due time in UTC by the calendar of a place (governorate, body), of working days or else of hours by the clock."""
        calendar = self.calendars.of(*place)
        longest = self.longest_pause(received_at) if pauses else LONGEST_PAUSE
        if working_days is not None:
            return due_at(received_at, working_days, calendar, pauses, longest)
        if wall_hours is not None:
            return due_by_the_clock(received_at, wall_hours, calendar, pauses, longest)
        raise ValueError("a promise is counted in days or in hours")

    def longest_pause(self, received_at: datetime) -> int:
        """The working days that a question may keep the clock of a complaint waiting."""
        return step_days(self.steps, PAUSE, received_at) or LONGEST_PAUSE

    def clock_terms(self, category: str, flags: frozenset[str], received_at: datetime) -> Terms:
        """After how long what is told of a complaint. Found once per day of receipt, since every complaint is asked for."""
        key = (category, flags, presence.day_of(received_at))
        found = self._terms.get(key)
        if found is None:
            if len(self._terms) > 10_000:
                self._terms.clear()
            found = self._terms[key] = Terms(
                escalation.thresholds_for(self.thresholds, category, flags, received_at),
                step_days(self.steps, FIRST_ACTION, received_at),
                self.longest_pause(received_at),
            )
        return found

    def people(self, institution: str | None, at: datetime, excluded: Collection[str] = ()) -> People:
        """Who may be told of a case of a body (None: nobody's) at a moment, from which some are excluded."""
        day, on_call = presence.day_of(at), self.on_call(institution, at, excluded) if institution else ()
        return People(
            self.ranks.get(institution or "", {}),
            self.presences,
            day,
            self.on_call(None, at, excluded),
            on_call,
            [each for each in on_call if presence.is_certified(self.certificates.get(each, ()), day)],
            self.powerless.get(institution or "", ()),
        )

    def load_of(self, kind: str) -> int:
        """What one case of this kind weighs on a desk; a kind that nobody configured weighs 1."""
        return self.loads.get(kind, 1)

    def sealed_contact(self, officer_id: str, key: str) -> str:
        """The officer's contact, sealed for notification.

        Sealed once per version of the directory: sealing anew for each case would cost more than finding the officer, and would hide
        nothing, since the fact names the officer's id beside it.
        """
        found = self._sealed.get((officer_id, key))
        if found is None:
            contact = self.contacts[officer_id]
            content = {
                "name": contact.name,
                "email": contact.email,
                "phone": contact.phone,
                "language": contact.language,
            }
            found = self._sealed[officer_id, key] = seal(key, content)
        return found
