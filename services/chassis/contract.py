"""What a fact looks like: the producer's strict schema and the consumer's tolerant one.

The two are never shared as code. Both are tested against the same golden JSON under contracts/.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jsonschema_rs
import marshmallow

from services.chassis import json_schema

_SCOPE = re.compile(r"\A[A-Za-z0-9_]{1,40}\Z|\A-\Z")


class InvalidFact(ValueError):
    """The producer tried to state a fact that its own schema refuses: a bug, found before anything is stored."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that is about to be recorded; the outbox gives it id, sequence and time."""

    type: str
    version: int
    subject: str
    scope: str
    data: dict[str, Any]


class FactType:
    """The producer's side of one fact: strict in what it emits. Instances live in the service's events.py."""

    def __init__(
        self,
        type: str,
        schema: type[marshmallow.Schema],
        *,
        description: str,
        version: int = 1,
        personal: bool = False,
    ) -> None:
        """`personal` says that a field is sealed and only one service can open it; the catalogue shows it."""
        self.type = type
        self.version = version
        self.schema = schema
        self.description = description
        self.personal = personal
        self._dumper = schema()
        self._checker = schema(unknown=marshmallow.RAISE)

    def new(self, subject: str, data: dict[str, Any], *, scope: str = "-") -> Fact:
        """The fact about `subject` (a UUID as text). Raises InvalidFact that names the wrong fields, without their values.

        marshmallow does not validate on dump, so what was dumped is checked by the schema's own JSON Schema, the one that consumers are
        given: that takes a tenth of the time of loading it again, which is done only to name what is wrong.
        """
        if not _SCOPE.match(scope):
            raise InvalidFact(f"{self.type}: scope")
        unknown = sorted(set(data) - set(self._dumper.fields))
        if unknown:
            raise InvalidFact(f"{self.type}: unknown {', '.join(unknown)}")
        try:
            wire = self._dumper.dump(data)
        except (ValueError, TypeError, AttributeError):
            raise InvalidFact(f"{self.type}: a field has the wrong type") from None
        if not self.accepts(wire):
            wrong = self._checker.validate(wire) or ("not its JSON Schema",)
            raise InvalidFact(f"{self.type}: {', '.join(sorted(map(str, wrong)))}")
        return Fact(self.type, self.version, subject, scope, wire)

    def accepts(self, wire: dict[str, Any]) -> bool:
        """Whether data are as the schema wants them on the wire."""
        return self._compiled.is_valid(wire)

    @cached_property
    def _compiled(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(json_schema.of(self.schema), validate_formats=True)


class Reading(marshmallow.Schema):
    """The consumer's side: declares only the fields it reads and lets the rest pass."""

    class Meta:
        unknown = marshmallow.EXCLUDE


class Reads(NamedTuple):
    """One line of a service's READ table: which fact of whom, and what is read of it."""

    source: str
    type: str
    version: int
    schema: type[Reading]

    @property
    def key(self) -> tuple[str, str, int]:
        """(source, type, version), as `Event.key`."""
        return (self.source, self.type, self.version)
