"""Changes of the directory, one by one.

Each checks against the directory as it is, which nobody else changes meanwhile, and leaves its line in the history. Said twice, a change is
made once.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from services.chassis.clock import new_id
from services.routing.directory import entries, store_changes
from services.routing.directory import store as store_directory
from services.routing.directory.entries import Row
from services.routing.directory.plan import Change
from services.routing.directory.presence import day_of
from services.routing.directory.refusals import Refused
from services.routing.exclusions import store as store_exclusions


def set_presence(connection: Connection, officer_id: str, present: bool, *, actor: str, now: datetime) -> Row:
    """Marks an officer present or absent: from then on nothing new is assigned to who is absent. Raises Refused."""
    store_changes.lock(connection)
    if store_directory.officer_row(connection, officer_id) is None:
        raise Refused("officer_not_found")
    if store_changes.set_presence(connection, officer_id, present, now):
        change = Change("officer", officer_id, {"present": not present}, {"present": present})
        store_changes.record(connection, [change], actor=actor, now=now)
    row = store_directory.officer_row(connection, officer_id)
    assert row is not None
    return store_directory.entry(row)


def put_unit(connection: Connection, unit: Row, *, actor: str, now: datetime) -> Row:
    """Enters a unit, or changes the one with this code. `valid_from` None keeps the beginning, or means today. Raises Refused."""
    store_changes.lock(connection)
    known = store_changes.known(connection)
    before = known.units.get(unit["code"])
    if unit["valid_from"] is None:
        unit = unit | {"valid_from": before["valid_from"] if before else day_of(now)}
    entries.check_unit(unit, before, {**known.units, unit["code"]: unit}, known.institutions)
    _write(connection, Change("unit", unit["code"], before, unit), actor, now)
    return unit


def record_leave(
    connection: Connection,
    officer_id: str,
    leave: Row,
    *,
    actor: str,
    now: datetime,
    institution: str | None = None,
) -> Row:
    """Enters the leave of an officer: first_day, last_day, cover_id or None. Raises Refused.

    With an `institution`, officers of others are as if they were not there.
    """
    store_changes.lock(connection)
    known = store_changes.known(connection)
    officer = known.officers.get(officer_id)
    if officer is None or institution not in (None, officer["institution"]):
        raise Refused("officer_not_found")
    own = [each for each in known.leaves.values() if each["officer_id"] == officer_id]
    wanted = leave | {"officer_id": officer_id}
    there = next((each for each in own if {**each, **wanted} == each), None)
    if there is not None:
        return there
    entries.check_leave(wanted, own, known.officers)
    made = wanted | {"id": new_id()}
    _write(connection, Change("leave", made["id"], None, made), actor, now)
    return made


def withdraw_leave(
    connection: Connection, leave_id: str, *, actor: str, now: datetime, institution: str | None = None
) -> None:
    """Takes a leave back: the officer is there again on its days. Raises Refused."""
    store_changes.lock(connection)
    found = store_changes.known(connection).leaves.get(leave_id)
    # Asked of leave that was withdrawn already, too: to another body it is as if there were none.
    if institution is not None and store_directory.body_of_leave(connection, leave_id) != institution:
        raise Refused("leave_not_found")
    _withdraw(connection, "leave", leave_id, found, actor, now)


def record_certificate(connection: Connection, certificate: Row, *, actor: str, now: datetime) -> Row:
    """Enters a certificate: officer_id, part, issued_on, expires_on. One with this day of issue gets the new last day. Raises Refused."""
    store_changes.lock(connection)
    known = store_changes.known(connection)
    if certificate["officer_id"] not in known.officers:
        raise Refused("officer_not_found")
    entries.check_certificate(certificate, known.officers, day_of(now))
    key = (certificate["officer_id"], certificate["part"], certificate["issued_on"])
    change = Change("certificate", "/".join(map(str, key)), known.certificates.get(key), certificate)
    _write(connection, change, actor, now)
    return certificate


def record_duty(connection: Connection, duty: Row, *, actor: str, now: datetime) -> Row:
    """Enters a turn on a rota: institution (None: the coordinator's desk), officer_id, starts_at, ends_at, position. Raises Refused."""
    store_changes.lock(connection)
    known = store_changes.known(connection)
    rota = store_directory.rows_of(connection, "duty")
    there = next((each for each in rota if {**each, **duty} == each), None)
    if there is not None:
        return there
    entries.check_duty(duty, rota, known.officers, known.institutions)
    made = duty | {"id": new_id()}
    _write(connection, Change("duty", made["id"], None, made), actor, now)
    return made


def withdraw_duty(connection: Connection, duty_id: str, *, actor: str, now: datetime) -> None:
    """Takes a turn off the rota. Raises Refused."""
    store_changes.lock(connection)
    rota = {each["id"]: each for each in store_directory.rows_of(connection, "duty")}
    _withdraw(connection, "duty", duty_id, rota.get(duty_id), actor, now)


def _write(connection: Connection, change: Change, actor: str, now: datetime) -> None:
    if change.before != change.after:
        store_changes.write(connection, [change], actor=actor, now=now)
        store_exclusions.refresh(connection)


def _withdraw(
    connection: Connection, entity: str, identity: str, standing: Row | None, actor: str, now: datetime
) -> None:
    if store_changes.withdraw(connection, entity, identity, now) is None:
        raise Refused(f"{entity}_not_found")
    if standing is not None:
        change: dict[str, Any] = {"withdrawn_at": now}
        store_changes.record(
            connection, [Change(entity, identity, standing, standing | change)], actor=actor, now=now
        )
