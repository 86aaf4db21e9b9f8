"""Who must not see a complaint: what routing says of it, and the condition that keeps it from them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Reader:
    """A member of staff who reads: the officer, or the account; of a body, or of all for the coordinator; `heads`: as head of the body."""

    id: str
    institution: str | None
    heads: bool = False

    @property
    def asked(self) -> dict[str, Any]:
        """The parameters of VISIBLE."""
        return {"reader": self.id, "body": self.institution, "heads": self.heads}


#: Of the complaint with the id {0}: nothing keeps it from `:reader` of `:body` (null: whose body does not count, the coordinator).
#: Where the accused are of the body, only whom routing knows to be none of them may see it: an account that is no officer's may be theirs.
VISIBLE = """
    NOT EXISTS (
        SELECT FROM restriction r WHERE r.complaint_id = {0} AND (
            :reader = ANY(r.persons)
            OR CAST(:body AS text) IS NOT NULL AND (
                :reader = ANY(r.officers) OR :body = ANY(r.bodies)
                OR :body = ANY(r.offices) AND (:heads OR :reader <> ALL(r.colleagues))
            )
        )
    )
"""
_LISTS = ("officers", "bodies", "persons", "offices", "colleagues")
_VISIBLE = text("SELECT " + VISIBLE.format("CAST(:complaint_id AS uuid)"))
_WRITE = text(
    """
    INSERT INTO restriction AS r (complaint_id, sequence, officers, bodies, persons, offices, colleagues)
    SELECT f.complaint_id, f.sequence, f.officers, f.bodies, f.persons, f.offices, f.colleagues
    FROM json_to_recordset(CAST(:rows AS json)) AS f (
        complaint_id uuid, sequence integer, officers text[], bodies text[], persons text[], offices text[], colleagues text[])
    ON CONFLICT (complaint_id) DO UPDATE
    SET sequence = excluded.sequence, officers = excluded.officers, bodies = excluded.bodies, persons = excluded.persons,
        offices = excluded.offices, colleagues = excluded.colleagues
    WHERE r.sequence < excluded.sequence
    """
)


def write(connection: Connection, said: Sequence[tuple[str, int, Mapping[str, Any]]]) -> None:
    """Keeps (complaint id, sequence, what was said); the newest of a complaint counts."""
    newest: dict[str, dict[str, Any]] = {}
    for complaint_id, sequence, content in sorted(said, key=lambda each: each[1]):
        lists = {name: list(content[name]) for name in _LISTS}
        newest[complaint_id] = {"complaint_id": complaint_id, "sequence": sequence, **lists}
    if newest:
        rows = [newest[each] for each in sorted(newest)]
        connection.execute(_WRITE, {"rows": json.dumps(rows)})


def shut_out(connection: Connection, complaint_id: str, reader: Reader) -> bool:
    """Whether somebody must not see a complaint; of a complaint that is none: no."""
    return connection.execute(_VISIBLE, {"complaint_id": complaint_id, **reader.asked}).scalar() is False
