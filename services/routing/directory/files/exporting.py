"""The directory as files that can be read in again."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection

from services.routing.directory import store as store_directory
from services.routing.directory.entries import Row
from services.routing.directory.files import cells, sheet, workbook
from services.routing.directory.plan import ENTITIES

#: Only with `contacts`: how officers are reached.
CONTACT = frozenset({"email", "phone", "cover"})
#: Only for a file that is read in: what a line does to another entry.
_ACTIONS = frozenset({"replaces"})
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export(
    connection: Connection, kind: str, format: str, *, institution: str | None = None, contacts: bool
) -> bytes:
    """All entries of one of cells.KINDS, or those of a body, as a file. Without `contacts` it says of officers only ids and names."""
    columns = [
        column.name
        for column in cells.COLUMNS[kind]
        if column.name not in _ACTIONS and (contacts or column.name not in CONTACT)
    ]
    rows = [[_text(row.get(name)) for name in columns] for row in _rows(connection, kind, institution)]
    if format == "xlsx":
        return workbook.write(columns, rows)
    return sheet.write_csv(columns, rows).encode()


def _rows(connection: Connection, kind: str, institution: str | None) -> Iterable[Row]:
    officers = {row["id"]: row for row in store_directory.rows_of(connection, "officer")}
    for row in store_directory.rows_of(connection, ENTITIES[kind]):
        # What an officer has is of the officer's body.
        officer = officers[row["officer_id"]] if "officer_id" in row else None
        if institution is not None and (officer or row).get("institution", row.get("code")) != institution:
            continue
        if officer is not None:
            cover = officers.get(row.get("cover_id", ""))
            row = row | {"email": officer["email"], "cover": cover["email"] if cover else None}
        yield row


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
