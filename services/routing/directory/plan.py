"""The plan of an import: what it would change, line by line, and what is wrong with the file. Pure."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.routing.directory.entries import Row
from services.routing.directory.refusals import TEXTS, Refused

#: What one kind of file changes, as the history calls it.
ENTITIES = {
    "institutions": "institution",
    "units": "unit",
    "officers": "officer",
    "rules": "rule",
    "leave": "leave",
    "certificates": "certificate",
    "on_call": "duty",
}


@dataclass(frozen=True, slots=True)
class Known:
    """The directory as it is: rows by id or code, certificates by (officer, part, day of issue). What was withdrawn is left out.

    `busy` are the bodies that have open cases, or are to get some.
    """

    institutions: Mapping[str, Row]
    units: Mapping[str, Row]
    officers: Mapping[str, Row]
    rules: Mapping[str, Row]
    leaves: Mapping[str, Row]
    certificates: Mapping[tuple[str, str, date], Row]
    duties: Mapping[str, Row] = field(default_factory=dict)
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RowError:
    """`row` is the number of the line as a spreadsheet shows it; 1 is the line with the names of the columns.

    `rows` are the lines that are wrong together, where one alone would be right.
    """

    row: int
    column: str | None
    code: str
    rows: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """With the message in both languages."""
        message = self.message
        return {"row": self.row, "column": self.column, "code": self.code, "message": message}

    @property
    def message(self) -> dict[str, str]:
        """What people are told, with the lines that are wrong together."""
        told = TEXTS[self.code].as_dict()
        if self.rows:
            told["ar"] += f" (الصفوف {'، '.join(map(str, self.rows))})"
            told["en"] += f" (rows {', '.join(map(str, self.rows))})"
        return told


@dataclass(frozen=True, slots=True)
class Change:
    """One entry before and after; None before of what is new."""

    entity: str
    key: str
    before: Row | None
    after: Row


@dataclass(slots=True)
class Plan:
    """What would change. With any error in it, nothing is carried out."""

    kind: str
    rows: int = 0
    unchanged: int = 0
    changes: list[Change] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """`new`, `changed`, `unchanged`, `ended` (which got an end that they did not have) and `rows`."""
        new = sum(each.before is None for each in self.changes)
        ended = sum(map(_ends, self.changes))
        changed = len(self.changes) - new - ended
        return {
            "rows": self.rows,
            "new": new,
            "changed": changed,
            "unchanged": self.unchanged,
            "ended": ended,
        }

    @contextmanager
    def line(self, row: int, rows: Mapping[str, int] | None = None) -> Iterator[None]:
        """Lets a line be refused without ending the plan. `rows` are the lines by the code of what they are about."""
        try:
            yield
        except Refused as refused:
            together = sorted(rows[code] for code in refused.among if code in rows) if rows else ()
            self.refuse(row, refused, tuple(together))

    def refuse(self, row: int, refused: Refused, rows: tuple[int, ...] = ()) -> None:
        """Notes what is wrong with a line."""
        self.errors.append(RowError(row, refused.field, refused.code, rows))

    def add(self, key: str, before: Row | None, after: Row) -> None:
        """Notes what a line changes, if anything."""
        if before == after:
            self.unchanged += 1
        else:
            self.changes.append(Change(ENTITIES[self.kind], key, before, after))


def _ends(change: Change) -> bool:
    before, after = change.before, change.after
    return before is not None and before.get("valid_to") is None and after.get("valid_to") is not None
