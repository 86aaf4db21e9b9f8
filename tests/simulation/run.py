"""One run: days go by in steps, in each of which people act, facts travel, the tasks of the services run, and everything is checked."""

import random
import time as wall_time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text

from services.chassis import database
from services.chassis.clock import AMMAN
from services.chassis.event import Event
from services.cli.main import seed_all
from services.cli.registry import OWNERS, service_class
from services.routing.roster import SIZE
from tests.simulation import clock as clocks
from tests.simulation.clock import Clock
from tests.simulation.doing import Doing
from tests.simulation.filing import Demand, Filing, days
from tests.simulation.invariants import Checks
from tests.simulation.ledger import Case, Ledger
from tests.simulation.measures import Measures
from tests.simulation.people import People
from tests.simulation.post import Post
from tests.simulation.staff import Staff
from tests.simulation.world import World
from tests.simulation.year import Year

#: The hours of the wall clock at which a step ends: often while offices are open, seldom at night.
_STEPS = (0, 7, 9, 11, 13, 15, 18)
_URGENT, _LONGEST_WATCH = timedelta(minutes=15), timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to simulate. On the day with the number `outage` routing is down; `mischief`: how often somebody does what is not theirs.

    `accused` is the share of complaints that are directed against somebody, `taken` that of messages which a provider takes at a try.
    """

    seed: int = 1
    first_day: date = date(2027, 1, 1)
    days: int = 365
    per_day: float = 24.0
    officers: int = SIZE
    outage: int | None = 129
    mischief: float = 0.005
    accused: float = 0.07
    taken: float = 0.5


@contextmanager
def begun(wish: Wish, say: Callable[[str], None] = lambda _: None) -> Iterator["Simulation"]:
    """A simulation on empty databases, to which the settings of the environment lead."""
    clock = Clock(datetime.combine(wish.first_day, time(), AMMAN).astimezone(UTC))
    for name in OWNERS:
        service_class(name)
    with clocks.ruling(clock):
        seed_all(OWNERS)
        _leave_out(wish)
        simulation = Simulation(wish, clock, say)
        simulation.year.settle_in()
        yield simulation


class Simulation:
    """The year. `run` raises Broken at the first step after which something does not hold."""

    def __init__(self, wish: Wish, clock: Clock, say: Callable[[str], None]):
        self.wish = wish
        self.clock = clock
        self._say = say
        self.ledger = Ledger(wish.seed)
        self.world = World(clock, wish.seed)
        self.post = Post(clock, wish.seed, wish.taken)
        self.staff = Staff(wish.seed)
        self.people = People(self.staff, self._other_open)
        self.doing = Doing(clock, wish.seed)
        self.year = Year(clock, wish.seed, wish.first_day, wish.days)
        self.checks = Checks(wish.seed, self.ledger)
        self.measures = Measures(self.ledger)
        self._demand = Demand(wish.seed, wish.per_day, wish.first_day, self.staff, wish.accused)
        self._happenings = self.year.happenings()
        self._filed: deque[tuple[str, Filing]] = deque()
        self._chance = random.Random(f"{wish.seed}/run")
        self._look()

    def run(self) -> None:
        """All days, and at the end a full check."""
        began = wall_time.monotonic()
        for number, day in enumerate(days(self.wish.first_day, self.wish.days)):
            self._day(number, day)
            if number % 7 == 6:
                self.checks.week(self.clock.at)
                self._analyze()
                seconds = wall_time.monotonic() - began
                filed, waiting = len(self.ledger.cases), len(self.ledger.open)
                self._say(
                    f"{day}  {filed:6} filed  {waiting:5} open  {self.checks.done:7} checked  {seconds:5.0f} s"
                )
        self.checks.week(self.clock.at, whole=True)

    def _day(self, number: int, day: date) -> None:
        filings = deque(self._demand.on(day))
        if number == self.wish.outage:
            self.world.away.add("routing")
            self._say(f"{day}  routing is down for a day")
        elif "routing" in self.world.away:
            self._say(
                f"{day}  routing is up: {self.world.come_back('routing')} facts come twice and in no order"
            )
        for hour in (*_STEPS[1:], 24):
            if hour == 9 and "routing" not in self.world.away:
                if self.staff.known.calendars.of(None, None).is_working(day):
                    self.year.morning()
                self._look()
            ends = datetime.combine(day, time(), AMMAN) + timedelta(hours=hour)
            while self.clock.at < ends:
                self._step(ends, filings)
        self.measures.day(day, self.clock.at)

    def _step(self, ends: datetime, filings: deque[Filing]) -> None:
        """Up to a moment; while something urgent waits to be seen, no further than a few minutes."""
        since = self.clock.at
        if any(
            case.status in (None, "received", "assigned") and since < case.received_at + _LONGEST_WATCH
            for case in self.ledger.urgent.values()
        ):
            ends = min(ends, (since + _URGENT).astimezone(AMMAN))
        while filings and filings[0].at <= ends:
            filing = filings.popleft()
            self._until(filing.at)
            self._filed.append((self.doing.file(filing), filing))
            if filing.submission.flags.urgent:
                ends = filing.at
                break
        self._until(ends)
        self._settle(since)

    def _until(self, moment: datetime) -> None:
        """What happens up to a moment."""
        while self._happenings and self._happenings[0].at <= moment and "routing" not in self.world.away:
            happening = self._happenings.pop(0)
            self.clock.go_to(happening.at.astimezone(UTC))
            self._say(f"{happening.at:%Y-%m-%d %H:%M}  {happening.what}")
            happening.do()
            self._look()
        while turn := self.people.due(moment):
            self.clock.go_to(turn.at.astimezone(UTC))
            if turn.who in ("complainant", "withdrawer"):
                saying = self.people.saying(turn.case, turn.who)
                if saying and self.doing.say(turn.case, saying):
                    turn.case.score = saying.facts.get("score", turn.case.score)
            elif turn.who == "holder":
                act = self.people.holder_acts(turn.case, self.clock.at)
                if act is not None and "routing" not in self.world.away:
                    self.doing.act(turn.case, act)
            elif "routing" in self.world.away:
                self.people.later(turn.case, turn.at + timedelta(hours=self._chance.uniform(20, 30)))
            else:
                self._turn(turn.case)
        self.clock.go_to(moment.astimezone(UTC))

    def _turn(self, case: Case) -> None:
        """Somebody turns to a case. What they did is known to others when its facts have arrived."""
        if (
            case.officer
            and case.status in ("assigned", "accepted")
            and self._chance.random() < self.wish.accused / 10
        ):
            # Somebody tells the desk that it is against the very one who has it.
            officer = case.officer
            if self.doing.act(case, self.people.found_out(case)):
                self.checks.accusations.find(case.id, officer, self.clock.at)
                return
        act = self.people.staff_act(case, self.clock.at)
        if act is not None and self.doing.act(case, act):
            if act.action == "interim_reply":
                self.people.later(case, self.staff.working(case.institution, self.clock.at, 1200))
        else:
            self.people.later(case, self.staff.working(None, self.clock.at, 200))
        if self._chance.random() < self.wish.mischief:
            strangers = [
                each.who
                for key, each in self.staff.people.items()
                if each.who.institution not in (case.institution, case.receiver)
            ]
            self.doing.misbehave(case, strangers)

    def _settle(self, since: datetime) -> None:
        """Facts travel and tasks run until nothing new comes of it; then everything that was touched is checked."""
        facts: list[Event] = []
        facts += self._hear(self.world.deliver())
        self.world.run_due()
        facts += self._hear(self.world.deliver())
        self.checks.handed(self.post.run(), self.clock.at)
        if "routing" in self.world.away:
            return
        self._look()
        self.checks.fail(self.world.undone(), self.clock.at)
        circulars, self.year.circulars.recorded = self.year.circulars.recorded, []
        self.checks.step(facts, circulars, since, self.clock.at)

    def _hear(self, facts: list[Event]) -> list[Event]:
        """People hear of facts."""
        for event in facts:
            if event.type == "ComplaintReceived":
                # Intake accepts one after the other, so the first number that waits is this one's.
                tracking, filing = self._filed.popleft()
                self.people.filed(self.ledger.file(event, tracking, filing.number))
                if filing.submission.flags.accused:
                    self.checks.accusations.named[event.subject] = filing.submission.flags.accused
        for case in self.ledger.hear(event for event in facts if event.source == "routing"):
            self.people.plan(case, self.clock.at)
        for event in facts:
            if event.type == "ComplaintEscalated":
                self.people.raised(self.ledger.cases[event.subject], self.clock.at)
        return [event for event in facts if event.source in ("intake", "routing")]

    def _other_open(self, case: Case) -> Case | None:
        """Another case of the same body that is being worked on."""
        same = (
            each
            for each in self.ledger.open.values()
            if each.institution == case.institution
            and each.id != case.id
            and each.status in ("assigned", "accepted")
        )
        return next(same, None)

    def _look(self) -> None:
        with database.transaction("routing") as connection:
            self.staff.look(connection)

    def _analyze(self) -> None:
        """As the server's own housekeeping would, had it a year to do it in."""
        for name in OWNERS:
            with database.transaction(name) as connection:
                for table in (
                    connection.execute(
                        text(
                            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()"
                        )
                    )
                    .scalars()
                    .all()
                ):
                    connection.execute(text(f"ANALYZE {table}"))


def _leave_out(wish: Wish) -> None:
    """Of the roster's liaison officers so many as are wished are there; of each body at least the main one."""
    statement = text(
        "UPDATE officer SET valid_to = :day WHERE id IN"
        " (SELECT id FROM officer WHERE rank = 'sub' ORDER BY md5(id::text) LIMIT greatest(0, :surplus))"
    )
    with database.transaction("routing") as connection:
        connection.execute(statement, {"day": wish.first_day, "surplus": SIZE - wish.officers})
