"""Who acts on a case."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who acts: members of staff with their roles and body, or the complainant, or the passing of time."""

    id: str
    roles: frozenset[str] = frozenset()
    institution: str | None = None


def is_id(actor: str) -> bool:
    """Whether somebody is named as officers of the directory are. Accounts that are none of it, and the system, have other names."""
    try:
        UUID(actor)
    except ValueError:
        return False
    return True
