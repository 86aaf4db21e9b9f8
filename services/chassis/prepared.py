"""Statements on a hot path that the server parses and plans once per connection instead of each time.

psycopg2 has no prepared statements of its own; SQL has. A long statement costs the server more to plan than to run.
"""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy

_PARAMETER = re.compile(r"%\((\w+)\)s")


class Prepared:
    """A driver-level statement with %(name)s parameters, prepared on each connection at its first use there."""

    def __init__(self, name: str, statement: str, types: Mapping[str, str] | None = None) -> None:
        """`name` is unique among the statements of a service; `types` are PostgreSQL types of parameters that are not text."""
        order = list(dict.fromkeys(_PARAMETER.findall(statement)))
        numbered = _PARAMETER.sub(lambda match: f"${order.index(match[1]) + 1}", statement)
        kinds = {each: (types or {}).get(each, "text") for each in order}
        self._name = name
        self._prepare = f"PREPARE {name} ({', '.join(kinds.values())}) AS {numbered}"
        # Cast, because an argument of EXECUTE is converted only where an assignment would convert it: text[] to uuid[] it would not.
        given = ", ".join(f"CAST(%({each})s AS {kind})" for each, kind in kinds.items())
        self._execute = f"EXECUTE {name} ({given})"

    def execute(
        self, connection: sqlalchemy.Connection, parameters: Mapping[str, Any]
    ) -> sqlalchemy.CursorResult[Any]:
        """Runs it; parameters that it does not name are ignored. Errors are those of the statement itself."""
        # What hangs on the pooled connection ends with it, as the prepared statement does.
        known = connection.info.setdefault("prepared", set())
        if self._name not in known:
            connection.exec_driver_sql(self._prepare)
            known.add(self._name)
        return connection.exec_driver_sql(self._execute, dict(parameters))
