"""How people's acts reach the services: the use cases of the services themselves, each in its transaction.

With a chance somebody does what they must not, or is a moment too late; then the services must refuse, and nothing may change.
"""

import random
from collections import Counter

from services.chassis import database
from services.chassis.clock import new_id
from services.intake import api, speaking, tracking
from services.intake import handlers as intake
from services.intake.conversation import Utterance
from services.routing import service, store
from services.routing.cases import actions
from services.routing.cases.step import NoOfficer, Refused, Who
from tests.simulation.clock import Clock
from tests.simulation.filing import Filing
from tests.simulation.ledger import Case
from tests.simulation.people import Act, Saying


class Unrefused(AssertionError):
    """A service did what it had to refuse."""


class Doing:
    """Carries out what people do. `counts` says how often each came to what."""

    def __init__(self, clock: Clock, seed: int):
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self._chance = random.Random(f"{seed}/mischief")
        # As the entry points of the services put them together from the settings.
        self._secrets = api._secrets()
        self._keys = service._keys()
        self._randbelow = random.Random(f"{seed}/tracking").randrange

    def file(self, filing: Filing) -> str:
        """A complaint is handed in; its tracking number."""
        receipt = intake.submit(
            filing.submission,
            idempotency_key=None,
            said={},
            secrets=self._secrets,
            now=self.clock.go_on(),
            new_id=new_id,
            randbelow=self._randbelow,
        )
        return receipt.tracking_number

    def say(self, case: Case, saying: Saying) -> bool:
        """The complainant says something; whether it could be said."""
        number = tracking.parse(case.tracking)
        assert number is not None
        now = self.clock.go_on()
        utterance = Utterance(saying.kind, now, saying.words, saying.facts)
        try:
            with database.transaction("intake") as connection:
                speaking.say(
                    connection,
                    number,
                    utterance,
                    idempotency_key=None,
                    pepper=self._secrets.keys.pepper,
                    new_id=new_id(),
                    now=now,
                )
        except (speaking.NotNow, speaking.SaidBefore):
            self.counts[f"{saying.kind} refused"] += 1
            return False
        self.counts[saying.kind] += 1
        return True

    def act(self, case: Case, act: Act) -> bool:
        """Somebody of staff looks at the case and acts on what they saw; whether it was done."""
        try:
            with database.transaction("routing") as connection:
                row = store.case_row(connection, case.id)
                assert row is not None
                seen = actions.standing(connection, row, act.who, self.clock.at)
                if act.action not in {each.action for each in seen.allowed}:
                    self.counts[f"{act.action} not shown"] += 1
                    return False
                self._do(connection, case, act, row.version)
        except (Refused, NoOfficer, actions.NoSuchCase) as refused:
            self.counts[f"{act.action} refused: {type(refused).__name__} {refused}".rstrip()] += 1
            return False
        self.counts[act.action] += 1
        if self._chance.random() < 0.01:
            self._too_late(case, act, row.version)
        return True

    def misbehave(self, case: Case, strangers: list[Who]) -> None:
        """Somebody tries every action that is not theirs to take on a case that they have nothing to do with."""
        who = self._chance.choice(strangers)
        action = self._chance.choice(sorted(actions.EFFECTS))
        try:
            with database.transaction("routing") as connection:
                self._do(connection, case, Act(who, action, {}), None)
        except actions.NoSuchCase:
            self.counts["strangers refused"] += 1
            return
        except (actions.NotAllowed, actions.WrongFields, Refused, NoOfficer) as told:
            raise Unrefused(f"{who.id} of {who.institution} learned of {case.id}: {told}") from None
        raise Unrefused(f"{who.id} of {who.institution} could {action} {case.id}")

    def _too_late(self, case: Case, act: Act, version: int) -> None:
        """A second person acts on what both saw."""
        try:
            with database.transaction("routing") as connection:
                self._do(connection, case, act, version)
        except (actions.VersionConflict, actions.NoSuchCase):
            self.counts["told that another was quicker"] += 1
        else:
            raise Unrefused(f"{act.action} on {case.id} was done twice on version {version}")

    def _do(self, connection, case: Case, act: Act, version: int | None) -> None:  # type: ignore[no-untyped-def]
        actions.act(
            connection,
            case.id,
            act.action,
            act.fields,
            act.who,
            version=version,
            now=self.clock.go_on(),
            keys=self._keys,
        )
