"""Which facts there are: the PUBLISHED and READ of every service's events.py, joined."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from services.chassis.contract import FactType, Reads
from services.cli.registry import OWNERS


@dataclass(frozen=True)
class Published:
    """One version of a fact: who states it, and who reads which of its fields."""

    owner: str
    fact: FactType
    readers: Mapping[str, Reads]

    @property
    def name(self) -> str:
        """`<Type>.v<version>`, as in file names."""
        return f"{self.fact.type}.v{self.fact.version}"


def published(services: Iterable[str] = OWNERS) -> list[Published]:
    """Every fact, in the order of the services and of their lists."""
    reads = {(service, each.key): each for service in services for each in _of(service, "READ")}
    return [
        Published(
            service,
            fact,
            {
                reader: found
                for reader in services
                if (found := reads.get((reader, (service, fact.type, fact.version))))
            },
        )
        for service in services
        for fact in _of(service, "PUBLISHED")
    ]


def unanswered(services: Iterable[str] = OWNERS) -> list[str]:
    """One line for each reading of a fact that nobody publishes, or of a field that the fact does not have."""
    known = {(each.owner, each.fact.type, each.fact.version): each.fact for each in published(services)}
    wrong = []
    for service in services:
        for each in _of(service, "READ"):
            name = f"{each.source}'s {each.type}.v{each.version}"
            if each.key not in known:
                wrong.append(f"{service} reads {name}, which nobody publishes")
                continue
            wrong += [
                f"{service} reads {path} of {name}, which has no such field"
                for path in _missing(each.schema(), known[each.key].schema())
            ]
    return wrong


def _of(service: str, name: str) -> tuple[Any, ...]:
    return tuple(getattr(import_module(f"services.{service}.events"), name))


def _missing(reading: Any, schema: Any, prefix: str = "") -> list[str]:
    found = []
    theirs = {field.data_key or name: field for name, field in schema.fields.items()}
    for name, field in reading.fields.items():
        key = field.data_key or name
        if key not in theirs:
            found.append(f"{prefix}{key}")
        elif hasattr(field, "schema") and hasattr(theirs[key], "schema"):
            found += _missing(field.schema, theirs[key].schema, f"{prefix}{key}.")
    return found
