"""What people do: when somebody turns to a case, and what they choose of what they may. Drawn from the seed of the case and their pace."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from services.routing.cases.step import Who
from tests.simulation.ledger import Case
from tests.simulation.staff import COORDINATORS, Person, Staff

REPLY = {
    "outcome": "satisfactory",
    "found": "تبيّن أن ما وصفته صحيح.",
    "remedy": "عولج السبب.",
    "legal_basis": "المادة 12.",
    "summary": "عالجنا ما اشتكيت منه.",
}
NO_WAY = {"reason_code": "no_facts", "legal_basis": "المادة 3", "next_steps": "اكتب ما حدث ومتى."}
_REASON = "السبب مذكور في المحضر."
#: How many working minutes somebody of usual pace takes to turn to a case in a state.
_USUAL = {
    "received": 240,
    "assigned": 100,
    "accepted": 900,
    "reply_proposed": 200,
    "in_transfer": 250,
    "disputed": 700,
}
_OUTCOMES = (
    "satisfactory",
    "satisfactory",
    "satisfactory",
    "unsatisfactory",
    "no_violation",
    "outside_mandate",
)


@dataclass(order=True, slots=True)
class Turn:
    """Somebody turns to a case at a moment. What happened to the case since it was planned makes it void: `number` tells."""

    at: datetime
    order: int
    case: Case = field(compare=False)
    number: int = field(compare=False)
    who: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody of staff does."""

    who: Who
    action: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Saying:
    """What the complainant says."""

    kind: str
    words: dict[str, str]
    facts: dict[str, Any] = field(default_factory=dict)


class People:
    """Everybody, by whose turn it is next."""

    def __init__(self, staff: Staff, merge_into: Callable[[Case], Case | None]):
        self.staff = staff
        self._merge_into = merge_into
        self._turns: list[Turn] = []
        self._order = count()

    def due(self, until: datetime) -> Turn | None:
        """The next turn up to a moment, or None."""
        while self._turns and self._turns[0].at <= until:
            turn = heapq.heappop(self._turns)
            if turn.number in (turn.case.turn, -1):
                return turn
        return None

    def filed(self, case: Case) -> None:
        """A few will take back what they wrote."""
        if case.chance.random() < 0.03:
            self._add(
                case, case.received_at + timedelta(hours=case.chance.uniform(2, 240)), "withdrawer", number=-1
            )

    def plan(self, case: Case, now: datetime) -> None:
        """Somebody will turn to the case as it is now."""
        chance = case.chance
        if "urgent" in case.flags and case.status in _USUAL:
            # By night, too; who does not hear it is passed over. What follows takes some hours.
            usual = 25 if case.status in ("received", "assigned") else _USUAL[case.status] / 4
            self._add(case, now + timedelta(minutes=2 + chance.expovariate(1 / usual)), "staff")
        elif case.status in _USUAL:
            institution, pace = self._waits_for(case)
            minutes = chance.expovariate(1 / _USUAL[case.status]) * pace
            self._add(case, self.staff.working(institution, now, 2 + minutes), "staff")
        elif case.status == "awaiting_complainant":
            hurry = chance.random()
            # Most answer in a few days, some when it is too late, some never.
            if hurry < 0.8:
                days = chance.expovariate(1 / 3) if hurry < 0.65 else chance.uniform(12, 30)
                self._add(
                    case,
                    now + timedelta(days=days, minutes=5),
                    "complainant",
                    number=-1 if days > 9 else None,
                )
        elif case.status in ("answered", "inadmissible"):
            self._add(case, now + timedelta(days=chance.expovariate(1 / 4), minutes=5), "complainant")

    def raised(self, case: Case, now: datetime) -> None:
        """Who was told that a case was raised turns to it soon."""
        minutes = 30 + case.chance.expovariate(1 / 200)
        self._add(case, self.staff.working(None, now, minutes), "holder")

    def later(self, case: Case, at: datetime) -> None:
        """Nothing came of a turn; another one."""
        self._add(case, at, "staff")

    def _add(self, case: Case, at: datetime, who: str, number: int | None = None) -> None:
        heapq.heappush(
            self._turns, Turn(at, next(self._order), case, case.turn if number is None else number, who)
        )

    def _waits_for(self, case: Case) -> tuple[str | None, float]:
        """The body whose hours count, and the pace of the one whom the case waits for."""
        if case.status in ("received", "disputed") or (case.status == "in_transfer" and case.arbiter):
            return None, 1.0
        if case.status == "in_transfer":
            return case.receiver, 1.0
        if case.status == "reply_proposed":
            return case.institution, 1.0
        person = self.staff.people.get(case.officer or "")
        pace = person.pace if person else 1.0
        # Who lies on cases is seldom woken by one; the main officer sees it after some days.
        return case.institution, min(pace, 12.0)

    # --- what they choose --------------------------------------------------------------------------

    def staff_act(self, case: Case, now: datetime) -> Act | None:
        """What is done at a turn of staff, or None when nobody is there to do it."""
        choose = {
            "received": self._unowned,
            "assigned": self._assigned,
            "accepted": self._accepted,
            "reply_proposed": self._proposed,
            "in_transfer": self._in_transfer,
            "disputed": self._disputed,
        }[case.status or ""]
        return choose(case, now)

    def holder_acts(self, case: Case, now: datetime) -> Act | None:
        """What the holder of an escalation does: most of the time another officer has it, else it goes back."""
        if case.status not in ("assigned", "accepted", "reply_proposed", "in_transfer"):
            return None
        person = self.staff.people.get(case.raised_to or "")
        who = person.who if person else self._coordinator(case)
        officer = self.staff.people.get(case.officer or "")
        slow = officer is None or officer.pace > 3 or not self.staff.there(officer.who.id, now)
        if slow and case.status in ("assigned", "accepted") and case.chance.random() < 0.8:
            again = self._reassigned(case, now)
            if again:
                return Act(who, "reassign", again.fields)
        action = "send_back" if case.chance.random() < 0.8 else "reject_escalation"
        return Act(who, action, {"reason": _REASON})

    def _unowned(self, case: Case, now: datetime) -> Act | None:
        who = self._coordinator(case)
        if case.chance.random() < 0.1:
            return Act(who, "refer", {"outside_body": "national_centre", "reason": _REASON})
        # The body that it is of may be the one that it is directed against: then another, by trial.
        body = case.institution if case.institution and case.chance.random() < 0.5 else self._other_body(case)
        people = self.staff.present(body, "main", now) or self.staff.present(body, "sub", now)
        if people:
            return Act(who, "assign", {"officer_id": people[0].who.id, "reason": _REASON})
        return None

    def _assigned(self, case: Case, now: datetime) -> Act | None:
        holder = self._holder(case, now)
        if holder is None or holder.pace > 20:
            return self._reassigned(case, now)
        if case.transfers < 4 and case.chance.random() < (
            0.06 if case.transfers == 0 else 0.35 if case.transfers < 3 else 0.1
        ):
            return Act(holder.who, "transfer", {"institution": self._other_body(case), "reason": _REASON})
        return Act(holder.who, "accept", {})

    def _accepted(self, case: Case, now: datetime) -> Act | None:
        holder = self._holder(case, now)
        if holder is None:
            return self._reassigned(case, now)
        lot = case.chance.random()
        if lot < 0.1 and not case.asked:
            return Act(holder.who, "ask", {"question": "متى حدث ذلك؟"})
        main = self._main(case, now)
        if lot < 0.13 and main:
            return Act(main.who, "declare_inadmissible", dict(NO_WAY))
        if lot < 0.14 and main:
            return Act(main.who, "refer", {"outside_body": "court", "reason": _REASON})
        if lot < 0.15 and main and (into := self._merge_into(case)):
            return Act(main.who, "merge", {"into": into.id})
        if lot < 0.2 and case.due_at and now > case.due_at - timedelta(days=2):
            return Act(
                holder.who,
                "interim_reply",
                {"summary": "نحتاج وقتًا أطول.", "expected_at": now + timedelta(days=6)},
            )
        return Act(holder.who, "propose_reply", {**REPLY, "outcome": case.chance.choice(_OUTCOMES)})

    def _proposed(self, case: Case, now: datetime) -> Act | None:
        """The approver, or the main officer where there is none, or where the approver has nothing to do with the case."""
        people = [
            *self.staff.present(case.institution, "approver", now)[:1],
            *self.staff.present(case.institution, "main", now)[:1],
        ]
        if not people:
            return None
        who = people[0].who if case.chance.random() < 0.7 else people[-1].who
        if case.returned < 3 and case.chance.random() < 0.14:
            return Act(who, "return_reply", {"reason": _REASON})
        return Act(who, "approve_reply", {})

    def _in_transfer(self, case: Case, now: datetime) -> Act | None:
        if case.arbiter:
            body = case.receiver if case.chance.random() < 0.6 else case.institution
            return Act(self._coordinator(case), "decide_transfer", {"institution": body, "reason": _REASON})
        people = self.staff.present(case.receiver, "main", now) or self.staff.present(
            case.receiver, "sub", now
        )
        if not people:
            return None
        if case.chance.random() < 0.35:
            return Act(people[0].who, "object_to_transfer", {"reason": _REASON})
        return Act(people[0].who, "accept_transfer", {})

    def _disputed(self, case: Case, _now: datetime) -> Act | None:
        decision = "reopened" if case.chance.random() < 0.6 else "rejected"
        return Act(self._coordinator(case), "resolve_dispute", {"decision": decision, "reason": _REASON})

    def _reassigned(self, case: Case, now: datetime) -> Act | None:
        """The main officer gives what lies to somebody who is there."""
        main = self._main(case, now)
        who = main.who if main else self._coordinator(case)
        people = [
            *self.staff.present(case.institution, "sub", now),
            *self.staff.present(case.institution, "main", now),
        ]
        others = [each for each in people if each.who.id != case.officer and each.pace < 20]
        if not others:
            return None
        return Act(who, "reassign", {"officer_id": case.chance.choice(others).who.id, "reason": _REASON})

    def found_out(self, case: Case) -> Act:
        """The coordinator learns that a case is against the officer who has it."""
        return Act(self._coordinator(case), "implicate", {"officer_id": case.officer, "reason": _REASON})

    def saying(self, case: Case, who: str) -> Saying | None:
        """What the complainant says, or None for silence."""
        lot = case.chance.random()
        if who == "withdrawer":
            return Saying("withdrawal", {})
        if case.status == "awaiting_complainant":
            return Saying("message", {"text": "حدث ذلك يوم الأحد."})
        if case.status == "inadmissible":
            return Saying("dispute", {"reason": "لديّ وقائع أخرى."}) if lot < 0.15 else None
        if case.status not in ("answered", "closed"):
            return None
        late = case.kept is False
        if lot < (0.5 if not late else 0.35):
            return Saying(
                "rating", {}, {"score": case.chance.choice((5, 4, 4, 3) if not late else (3, 2, 1))}
            )
        if lot < (0.58 if not late else 0.55):
            return Saying("dispute", {"reason": "لم يُعالج شيء مما ذكرت."})
        return None

    def _holder(self, case: Case, now: datetime) -> Person | None:
        person = self.staff.people.get(case.officer or "")
        return person if person and self.staff.there(person.who.id, now) else None

    def _main(self, case: Case, now: datetime) -> Person | None:
        return next(iter(self.staff.present(case.institution, "main", now)), None)

    def _other_body(self, case: Case) -> str:
        bodies = sorted({body for body, _ in self.staff.of} - {case.institution})
        return case.chance.choice(bodies)

    def _coordinator(self, case: Case) -> Who:
        return COORDINATORS[case.number % len(COORDINATORS)]
