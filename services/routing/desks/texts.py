"""Texts for replies that are written once and used again: of a body, by its main officer, or for all bodies, by the coordinator.

Each change is a new version, so that what a reply was made from can be read as it was.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.routing.desks import store as store_desk
from services.routing.desks import views
from services.routing.desks.views import Reader

TEXTS = ("found", "remedy", "legal_basis", "summary")


class NoSuchText(Exception):
    """There is none, or none that is the caller's to change."""


class NotYourTexts(Exception):
    """The caller writes none: texts are the main officer's and the coordinator's."""


class TextChanged(Exception):
    """Somebody was quicker: the text is at version `current`."""

    def __init__(self, current: int):
        super().__init__(str(current))
        self.current = current


def write(
    connection: Connection, wanted: Mapping[str, Any], reader: Reader, *, now: datetime, template_id: str
) -> Row[Any]:
    """The first version of a text, of the body of who writes it or, from the coordinator, for all. Raises NotYourTexts."""
    row = {**wanted, "id": template_id, "version": 1, "institution": _owner(reader), "withdrawn": False}
    return store_desk.add_template(connection, row | {"written_by": reader.id, "written_at": now})


def rewrite(
    connection: Connection,
    template_id: str,
    wanted: Mapping[str, Any],
    reader: Reader,
    *,
    version: int | None,
    now: datetime,
) -> Row[Any]:
    """The next version of a text; `version` is the one that the caller saw. Raises NotYourTexts, NoSuchText, TextChanged."""
    before = _own(connection, template_id, reader)
    if version is not None and version != before.version:
        raise TextChanged(before.version)
    changed = {**before._mapping, **wanted, "version": before.version + 1}
    return store_desk.add_template(connection, changed | {"written_by": reader.id, "written_at": now})


def withdraw(connection: Connection, template_id: str, reader: Reader, *, now: datetime) -> Row[Any]:
    """Nobody is offered the text any more; one that was withdrawn stays so. Raises NotYourTexts, NoSuchText."""
    before = _own(connection, template_id, reader, withdrawn=True)
    if before.withdrawn:
        return before
    changed = {**before._mapping, "version": before.version + 1, "withdrawn": True}
    return store_desk.add_template(connection, changed | {"written_by": reader.id, "written_at": now})


def _own(connection: Connection, template_id: str, reader: Reader, *, withdrawn: bool = False) -> Row[Any]:
    owner = _owner(reader)
    found = store_desk.lock_template(connection, template_id)
    if found is None or found.institution != owner or (found.withdrawn and not withdrawn):
        raise NoSuchText
    return found


def _owner(reader: Reader) -> str | None:
    if reader.coordinates:
        return None
    if views.MAIN not in reader.parts or reader.institution is None:
        raise NotYourTexts
    return reader.institution
