"""Bodies that end, and those that go on with what was theirs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Service:
    """From when until when a body is there: `valid_to` is the first day on which it is not. `successor` is who goes on then."""

    valid_from: date
    valid_to: date | None = None
    successor: str | None = None

    def over(self, day: date) -> bool:
        """Whether the body has ended by that day."""
        return self.valid_to is not None and self.valid_to <= day


def heir(code: str, bodies: Mapping[str, Service], day: date) -> str | None:
    """Who answers for a body on a day: itself, or its successor, or the successor's own; None where that ends with nobody."""
    seen = set()
    current: str | None = code
    while current is not None and current not in seen:
        body = bodies.get(current)
        if body is None or not body.over(day):
            return current
        seen.add(current)
        current = body.successor
    return None
