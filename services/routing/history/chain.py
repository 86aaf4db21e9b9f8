"""The history of a case as a chain of hashes: each line is bound to the one before it, the first to the id of its complaint.

Who keeps the hash of a line (a complainant has the newest one at every look at the status) can have the chain checked later: a line that
was altered, taken out or put in since then no longer leads to that hash.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

#: The one way in which what is hashed is written.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a history as it is stored. `details` are JSON with no fractions: those have no one way to be written."""

    number: int
    action: str
    actor: str
    at: datetime
    details: Mapping[str, Any]
    previous_hash: bytes | None
    hash: bytes | None


def beginning(complaint_id: str) -> bytes:
    """What the first line of a history is bound to."""
    return hashlib.sha256(f"case {complaint_id}".encode()).digest()


def hash_of(
    previous: bytes, number: int, action: str, actor: str, at: datetime, details: Mapping[str, Any]
) -> bytes:
    """The hash of a line after the one with the hash `previous`."""
    content = [number, action, actor, at.astimezone(UTC).isoformat(), details, previous.hex()]
    return hashlib.sha256(_CANONICAL.encode(content).encode()).digest()


def digest(content: Mapping[str, Any]) -> str:
    """Binds texts to a line without writing them into it: a history is never altered, and texts of people must be erasable."""
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()


def chained(
    lines: Iterable[Mapping[str, Any]], heads: Mapping[str, bytes]
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """The lines (complaint_id, number, action, actor, at as ISO text, details), each case's in order, with their hashes; and the new heads.

    `heads` has the newest hash of each case that has a history. Hashes are text as PostgreSQL reads bytea.
    """
    newest = dict(heads)
    found = []
    for line in lines:
        case = line["complaint_id"]
        previous = newest.get(case) or beginning(case)
        newest[case] = hash_of(
            previous,
            line["number"],
            line["action"],
            line["actor"],
            datetime.fromisoformat(line["at"]),
            line["details"],
        )
        found.append({**line, "previous_hash": f"\\x{previous.hex()}", "hash": f"\\x{newest[case].hex()}"})
    return found, newest


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found wrong with a history; `receipt_line` is the number of the line whose hash was shown, None if no line has it."""

    wrong: tuple[str, ...]
    receipt_line: int | None = None


def verify(complaint_id: str, lines: Sequence[Line], version: int, receipt: bytes | None = None) -> Verdict:
    """Whether the lines, in the order of their numbers, are those that were written, up to the case's `version`."""
    wrong = []
    previous = beginning(complaint_id)
    for place, line in enumerate(lines, start=1):
        if line.number != place:
            wrong.append(f"line {place} is missing")
            break
        if line.hash is None or line.previous_hash is None:
            wrong.append(f"line {place} has no hash")
            break
        if line.previous_hash != previous:
            wrong.append(f"line {place} does not follow line {place - 1}")
        if line.hash != hash_of(
            line.previous_hash, line.number, line.action, line.actor, line.at, line.details
        ):
            wrong.append(f"line {place} was altered")
        previous = line.hash
    if not wrong and len(lines) != version:
        wrong.append(f"{len(lines)} lines, and the case is at version {version}")
    shown = [line.number for line in lines if receipt is not None and line.hash == receipt]
    if receipt is not None and not shown:
        wrong.append("no line has the hash of the receipt")
    return Verdict(tuple(wrong), shown[0] if shown else None)
