"""The mail server and the SMS centre of the simulated year: what is claimed is handed to them, and a part of it they want later.

So at any moment some news waits, and some of it waits while its recipient turns out to be the accused.
"""

import random
from dataclasses import dataclass

from services.notification import sending
from services.notification.message import Quiet
from services.notification.outcome import Accepted, Later, Outcome, Patience
from services.notification.template import CHANNELS
from tests.simulation.clock import Clock

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Handed:
    """A message that a provider was given: about which complaint, and to whom."""

    complaint_id: str
    recipient: str
    template: str


class Post:
    """Both providers. `taken` is the share of messages that they take at a try."""

    def __init__(self, clock: Clock, seed: int, taken: float):
        self.clock = clock
        self._taken = taken
        self._chance = random.Random(f"{seed}/post")

    def run(self) -> list[Handed]:
        """Hands over what is due, each message once; what was handed over."""
        handed: list[Handed] = []
        for channel in CHANNELS:
            now = self.clock.at
            while claims := sending.claim(channel, limit=_AT_ONCE, now=now, quiet=Quiet()):
                handed += [Handed(each.complaint_id, each.recipient, each.template) for each in claims]
                results = [
                    sending.result(
                        each, self._answer(), now=now, patience=Patience(), jitter=self._chance.random()
                    )
                    for each in claims
                ]
                sending.record(results, now=now)
        return handed

    def _answer(self) -> Outcome:
        return Accepted() if self._chance.random() < self._taken else Later("busy")
