"""Files into the directory: read, planned against the directory as it is, and carried out whole or not at all."""

import base64
import binascii
from datetime import datetime

from sqlalchemy import Connection

from services.chassis.clock import new_id
from services.routing import store
from services.routing.directory import store_changes
from services.routing.directory.files import sheet, workbook
from services.routing.directory.files.importing import plan
from services.routing.directory.files.sheet import Sheet
from services.routing.directory.plan import Plan
from services.routing.directory.refusals import Refused
from services.routing.exclusions import store as store_exclusions


def read(raw: bytes, format: str) -> Sheet:
    """The rows of a file. Raises Refused."""
    if len(raw) > sheet.MOST_BYTES:
        raise Refused("file_too_large")
    return workbook.read(raw) if format == "xlsx" else sheet.read_csv(sheet.decode(raw))


def content(text: str, format: str) -> bytes:
    """The bytes of a file that came inside of JSON: CSV as it is, a workbook in base64. Raises Refused."""
    if format == "csv":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Refused("not_xlsx") from None


def try_file(connection: Connection, kind: str, rows: Sheet, *, now: datetime) -> tuple[Plan, int]:
    """What a file would change, and the version of the directory that this is true of. Writes nothing."""
    version = store.directory_version(connection)
    return _plan(connection, kind, rows, now), version


def carry_out(
    connection: Connection, kind: str, rows: Sheet, *, version: int | None, actor: str, now: datetime
) -> Plan:
    """Writes what the plan of a file says; with an error in it, nothing. Carried out twice, the second time changes nothing.

    With the `version` that a dry run told, raises Refused when the directory has changed since, and the file would change something.
    """
    current = store_changes.lock(connection)
    made = _plan(connection, kind, rows, now)
    if made.changes and version not in (None, current):
        raise Refused("directory_changed")
    if made.changes and not made.errors:
        store_changes.write(connection, made.changes, actor=actor, now=now)
        store_exclusions.refresh(connection)
    return made


def _plan(connection: Connection, kind: str, rows: Sheet, now: datetime) -> Plan:
    known = store_changes.known(connection, busy=kind == "institutions")
    return plan(kind, rows, known, now=now, make_id=new_id)
