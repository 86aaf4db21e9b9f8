"""What a sink received: the last ones in memory, all of them as JSON lines in a file, and how many came more than once."""

import hashlib
import json
import threading
from collections import Counter, deque
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO


class Received:
    """`key` tells messages apart: two entries with one key are one message that was sent twice."""

    def __init__(self, file: Path | None = None, keep: int = 100_000) -> None:
        """With `file`, what an earlier process received is listed too, and what comes is added to it."""
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=keep)
        self._keys: Counter[str] = Counter()
        self._count = 0
        self._file = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            # A process that was killed may have left half a line, and half a character at its end.
            self._file = file.open("a+", encoding="utf-8", errors="replace")
            self._read_again(self._file)

    def add(self, key: str, entry: dict[str, Any]) -> None:
        """Notes a message. It is on disk when this returns, so that a provider's "accepted" is kept."""
        with self._lock:
            entry = {"number": self._count + 1, "key": key, "at": datetime.now(UTC).isoformat(), **entry}
            self._note(entry)
            if self._file is not None:
                self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                self._file.flush()

    def list(self, *, after: int = 0, limit: int = 1000, to: str | None = None) -> list[dict[str, Any]]:
        """Messages with a number above `after`, oldest first, at most `limit`, of one recipient if `to` is given."""
        with self._lock:
            entries = list(self._entries)
        found = (entry for entry in entries if entry["number"] > after and to in (None, entry["to"]))
        return [entry for entry, _ in zip(found, range(limit), strict=False)]

    def summary(self) -> dict[str, Any]:
        """How many came, how many different ones, and the keys of those that came more than once."""
        with self._lock:
            return {
                "count": self._count,
                "distinct": len(self._keys),
                "repeated": sorted(key for key, times in self._keys.items() if times > 1),
            }

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _read_again(self, file: TextIO) -> None:
        file.seek(0)
        line = "\n"
        for line in file:
            with suppress(ValueError):
                self._note(json.loads(line))
        if not line.endswith("\n"):
            file.write("\n")

    def _note(self, entry: dict[str, Any]) -> None:
        self._count += 1
        self._keys[entry["key"]] += 1
        self._entries.append(entry)


def digest(*parts: str) -> str:
    """A short key of what a message consists of."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]
