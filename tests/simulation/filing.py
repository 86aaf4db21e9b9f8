"""What is filed, and when: weeks and seasons, a campaign, the places and matters of Jordan, drawn from a seed."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.chassis.clock import AMMAN
from services.intake.catalogue import RIGHTS_CODES, URGENT_GROUNDS
from services.intake.complaint import Accused, Contact, Flags, Submission
from tests.simulation.staff import Staff

#: Monday 1 … Sunday 7: people write when offices are open.
_WEEK = {7: 1.3, 1: 1.15, 2: 1.1, 3: 1.05, 4: 1.1, 5: 0.5, 6: 0.8}
_HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 12, 11, 10, 9, 8, 8, 8, 9, 9, 8, 6, 4, 2)
_PLACES = {
    "JO-AM": 42,
    "JO-IR": 19,
    "JO-AZ": 14,
    "JO-MA": 6,
    "JO-BA": 5,
    "JO-KA": 3,
    "JO-AQ": 2,
    "JO-JA": 2,
    "JO-MD": 2,
    "JO-AJ": 2,
    "JO-MN": 2,
    "JO-AT": 1,
}
_CATEGORIES = {
    "water.outage": 12,
    "water.bill": 5,
    "electricity.outage": 5,
    "electricity.bill": 4,
    "health.waiting": 8,
    "health.medicine": 4,
    "health.treatment": 3,
    "education.school": 5,
    "education.university": 3,
    "transport.public": 4,
    "roads.damage": 6,
    "municipal.waste": 6,
    "municipal.permit": 3,
    "social.aid": 5,
    "social.disability": 2,
    "labour.wages": 3,
    "labour.conditions": 2,
    "security.conduct": 2,
    "security.detention": 1,
    "justice.delay": 2,
    "civil.documents": 3,
    "tax.assessment": 2,
    "tax.customs": 2,
    "environment.pollution": 2,
    "consumer.prices": 3,
    "consumer.fraud": 1,
    "telecom.service": 3,
    "housing.land": 2,
    "pension.social_security": 3,
    "civil_service.appointment": 2,
    "integrity.corruption": 1,
    "rights.discrimination": 1,
    "rights.expression": 1,
    "rights.privacy": 1,
}
_KINDS = {"complaint": 80, "question": 9, "suggestion": 5, "praise": 3, "report": 3}
_CHANNELS = {"web": 60, "mobile": 25, "call_centre": 10, "service_centre": 5}
_TEXT = "هذا طلب من سنة لم تكن، كُتب ليُختبر به كل ما يحدث لطلب حقيقي."


@dataclass(frozen=True, slots=True)
class Filing:
    """One complaint and the moment, aware, in which it is handed in."""

    at: datetime
    number: int
    submission: Submission


class Demand:
    """How much is filed on a day: `per_day` on a usual one."""

    def __init__(self, seed: int, per_day: float, first_day: date, staff: Staff, accused: float):
        self._seed = seed
        self._per_day = per_day
        self._first = first_day
        self._staff = staff
        self._share_accused = accused
        self._number = 0

    def factor(self, day: date) -> float:
        """The day against a usual one: its weekday, the season, and the week of the campaign."""
        season = 1 + 0.15 * math.cos((day.timetuple().tm_yday - 200) / 365 * 2 * math.pi)
        campaign = 2.2 if 33 <= (day - self._first).days < 38 else 1.0
        return _WEEK[day.isoweekday()] * season * campaign

    def on(self, day: date) -> list[Filing]:
        """The filings of a day in Amman, in the order of time."""
        chance = random.Random(f"{self._seed}/filings/{day}")
        mean = self._per_day * self.factor(day)
        count = max(0, round(chance.gauss(mean, math.sqrt(mean))))
        midnight = datetime(day.year, day.month, day.day, tzinfo=AMMAN)
        moments = sorted(self._moment(chance, midnight) for _ in range(count))
        return [self._filing(chance, each) for each in moments]

    def _moment(self, chance: random.Random, midnight: datetime) -> datetime:
        (hour,) = chance.choices(range(24), _HOURS)
        return midnight + timedelta(hours=hour, seconds=chance.randrange(3600))

    def _filing(self, chance: random.Random, at: datetime) -> Filing:
        self._number += 1
        month = at.month
        weights = {
            **_CATEGORIES,
            # No water in the heat, no power in the cold, and schools begin in September.
            "water.outage": _CATEGORIES["water.outage"] * (2.2 if month in (6, 7, 8, 9) else 1),
            "electricity.outage": _CATEGORIES["electricity.outage"] * (2 if month in (1, 2, 12) else 1),
            "education.school": _CATEGORIES["education.school"] * (2 if month in (8, 9) else 1),
        }
        contact = None
        if chance.random() > 0.15:
            email = f"c{self._number}@example.org" if chance.random() < 0.4 else None
            contact = Contact("سلمى", f"+96279{self._number:07d}", email)
        category, governorate = _one(chance, weights), _one(chance, _PLACES)
        kind = _one(chance, _KINDS)
        flags = self._flags(chance, category, governorate, at)
        submission = Submission(
            kind=kind,
            category=category,
            governorate=governorate,
            text=_TEXT,
            channel=_one(chance, _CHANNELS),
            language="en" if chance.random() < 0.06 else "ar",
            contact=contact,
            flags=flags if kind in ("complaint", "report") else Flags(),
        )
        return Filing(at, self._number, submission)

    def _flags(self, chance: random.Random, category: str, governorate: str, at: datetime) -> Flags:
        """One of eight is about a right, one of a hundred cannot wait, some are against somebody."""
        rights = category.startswith(("rights.", "security.")) or chance.random() < 0.08
        urgent = (
            chance.choice(list(URGENT_GROUNDS)) if chance.random() < (0.06 if rights else 0.005) else None
        )
        body = self._staff.answers(category, governorate, at)
        accused = (self._accused(chance, body),) if body and chance.random() < self._share_accused else ()
        return Flags(
            service=not rights or chance.random() < 0.5,
            rights=rights,
            rights_codes=(chance.choice(list(RIGHTS_CODES)),) if rights else (),
            urgent=urgent,
            accused=accused,
        )

    def _accused(self, chance: random.Random, body: str) -> Accused:
        """The body that would answer, a unit of it, or somebody who works there, most of the time no one of rank."""
        lot = chance.random()
        units = self._staff.units.get(body, [])
        if lot < 0.15:
            return Accused(body)
        if lot < 0.5 and units:
            return Accused(body, chance.choice(units))
        rank = chance.choices(("sub", "main", "approver", "head"), (6, 2, 1, 1))[0]
        people = self._staff.of.get((body, rank)) or self._staff.of[body, "main"]
        return Accused(body, None, chance.choice(people).name)


def days(first: date, count: int) -> Iterator[date]:
    """So many days from one on."""
    return (first + timedelta(days=number) for number in range(count))


def _one(chance: random.Random, weights: dict[str, Any]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]
