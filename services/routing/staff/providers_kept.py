"""The use cases of those who look after providers of identity, by page or by command. What is done to a row is kept in its history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.routing.staff import accounts, provider_rows, store_identity
from services.routing.staff import store as store_accounts


class RowRefused(accounts.NotAdded):
    """A row cannot be as it was asked for."""

    def __init__(self, fault: provider_rows.Fault):
        super().__init__(fault.en)
        self.fault = fault


class Moved(Exception):
    """Somebody else changed the row meanwhile."""


def check(connection: Connection, row: Mapping[str, Any], institutions: Sequence[str]) -> None:
    """Raises RowRefused for a row that cannot be."""
    fault = provider_rows.fault(row, bodies=bool(institutions))
    unknown = (each for each in institutions if not store_accounts.is_institution(connection, each))
    missing = next(unknown, None)
    if missing is not None:
        fault = provider_rows.no_institution(missing)
    if fault is not None:
        raise RowRefused(fault)


def add(
    connection: Connection,
    row: Mapping[str, Any],
    institutions: Sequence[str],
    *,
    by: str,
    now: datetime,
    again: bool = True,
) -> None:
    """A new provider. Raises RowRefused.

    `again`: its code may have been another's before, whose secret may still be in the gateway's file of that name.
    """
    check(connection, row, institutions)
    if not again and store_identity.known_before(connection, row["code"]):
        taken = store_identity.provider_of(connection, row["code"]) is not None
        raise RowRefused(provider_rows.TAKEN if taken else provider_rows.USED_BEFORE)
    values = {**row, "state": "active", "created_at": now}
    if not store_identity.insert_provider(connection, values, institutions):
        raise RowRefused(provider_rows.TAKEN)
    store_identity.insert_change(connection, row["code"], "added", by, now)


def change(
    connection: Connection,
    code: str,
    values: Mapping[str, Any],
    institutions: Sequence[str],
    *,
    version: str,
    by: str,
    now: datetime,
) -> int | None:
    """Changes a row; how many sessions ended by it, None when there is no such provider. Raises RowRefused, Moved."""
    row = store_identity.provider_of(connection, code, lock=True)
    if row is None:
        return None
    before = dict(row._mapping)
    if provider_rows.version(before) != version:
        raise Moved
    after = {**before, **values, "institutions": list(institutions)}
    check(connection, after, institutions)
    if provider_rows.version(after) == version:
        return 0
    store_identity.change_provider(connection, code, **values)
    store_identity.set_institutions(connection, code, institutions)
    store_identity.insert_change(connection, code, "changed", by, now)
    if not provider_rows.decides_anew(before, after):
        return 0
    return store_identity.revoke_provider_sessions(connection, now, code)


def set_state(connection: Connection, code: str, state: str, *, by: str, now: datetime) -> int | None:
    """Believes a provider no more, or again; how many sessions ended by it, None when there is no such provider."""
    row = store_identity.provider_of(connection, code, lock=True)
    if row is None:
        return None
    if row.state == state:
        return 0
    store_identity.change_provider(connection, code, state=state)
    store_identity.insert_change(connection, code, state, by, now)
    return store_identity.revoke_provider_sessions(connection, now, code) if state != "active" else 0


def remove(connection: Connection, code: str, *, by: str, now: datetime) -> int | None:
    """Removes a provider and ends the sessions that it opened; how many, None when there is no such provider."""
    if not store_identity.delete_provider(connection, code):
        return None
    store_identity.insert_change(connection, code, "removed", by, now)
    return store_identity.revoke_provider_sessions(connection, now, code)


def listed(connection: Connection) -> list[dict[str, Any]]:
    """All providers as those see them who look after them."""
    changes = store_identity.last_changes(connection)
    return [shown(row, changes.get(row.code)) for row in store_identity.providers(connection)]


def shown(row: Row[Any], last: Row[Any] | None) -> dict[str, Any]:
    """A row with its version and what was done to it last."""
    found = dict(row._mapping)
    done = {"what": last.what, "at": last.at, "by": last.by} if last is not None else None
    return {
        **found,
        "name": {"ar": row.name_ar, "en": row.name_en},
        "institutions": sorted(row.institutions),
        "version": provider_rows.version(found),
        "last_change": done,
    }
