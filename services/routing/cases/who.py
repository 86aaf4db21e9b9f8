"""Who acts on a case."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who acts: members of staff with their roles and body, or the complainant, or the passing of time."""

    id: str
    roles: frozenset[str] = frozenset()
    institution: str | None = None
