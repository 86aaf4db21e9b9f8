"""HTTP resources of the directory: the coordinator's, and what a main officer may do for their own body. Rules and files have theirs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from services.chassis import database
from services.chassis.clock import now
from services.chassis.web import Blueprint, Problem, current_actor, require
from services.routing import snapshot
from services.routing.directory import handlers as handlers_directory
from services.routing.directory import presence, schemas, schemas_changes, store_changes
from services.routing.directory import store as store_directory
from services.routing.directory.files import cells
from services.routing.directory.refusals import INVALID, Refused
from services.routing.events import SOURCE

blueprint = Blueprint(
    "directory", "directory", description="Units, officers, leave, certificates, rota, and their history."
)


@contextmanager
def refusing() -> Iterator[None]:
    """Answers a refusal of the block with problem+json."""
    try:
        yield
    except Refused as refused:
        text = refused.text
        if refused.field is None:
            raise Problem(text.status, refused.code, text.as_dict()) from None
        errors = [{"field": refused.field, "code": refused.code, "message": text.as_dict()}]
        if text.status == INVALID:
            raise Problem(INVALID, "validation", errors=errors) from None
        raise Problem(text.status, refused.code, text.as_dict(), errors=errors) from None


def is_coordinator() -> bool:
    """Whether the actor sees all bodies, with addresses and numbers."""
    return "coordinator" in current_actor().roles


def body_of_actor(wanted: str | None) -> str | None:
    """The body that the actor may look at: for the coordinator the wanted one, for officers their own."""
    if is_coordinator():
        return wanted
    own = current_actor().attributes.get("institution")
    if not own or wanted not in (None, own):
        raise Problem(403, "role_missing")
    return own


@blueprint.get("/staff/directory/units")
@require("officer", "coordinator")
@blueprint.arguments(schemas.UnitsQuerySchema, location="query")
@blueprint.response(200, schemas.UnitSchema(many=True))
def units(query: dict[str, Any]) -> list[dict[str, Any]]:
    """The sub-entities of bodies, those that have ended included. Officers see those of their own body."""
    with database.transaction(SOURCE) as connection:
        rows = store_directory.units(connection, body_of_actor(query["institution"]))
    return [_named(store_directory.entry(row)) for row in rows]


@blueprint.put("/staff/directory/units/<string:code>")
@require("coordinator")
@blueprint.arguments(schemas.PutUnitSchema)
@blueprint.response(200, schemas.UnitSchema)
def put_unit(body: dict[str, Any], code: str) -> dict[str, Any]:
    """Enters a unit, or changes the one with this code."""
    name = body.pop("name")
    unit = body | {"name_ar": name["ar"], "name_en": name["en"]}
    with refusing(), database.transaction(SOURCE) as connection:
        unit["code"] = cells.unit_code(code)
        return _named(handlers_directory.put_unit(connection, unit, actor=current_actor().id, now=now()))


@blueprint.get("/staff/directory/officers")
@require("officer", "coordinator")
@blueprint.arguments(schemas.DirectoryOfficersQuerySchema, location="query")
@blueprint.response(200, schemas.DirectoryOfficerSchema(many=True))
def officers(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Everybody of a body with leave and certificates. Officers see their own body, without addresses and numbers."""
    body = body_of_actor(query["institution"])
    day = query["day"] or presence.day_of(now())
    with database.transaction(SOURCE) as connection:
        found = [store_directory.entry(row) for row in store_directory.officers_of(connection, str(body))]
        ids = [each["id"] for each in found]
        leave = store_directory.of_officers(connection, "leave", ids)
        certificates = store_directory.of_officers(connection, "certificate", ids)
        presences = snapshot.current(connection).presences
    for each in found:
        own = certificates.get(each["id"], [])
        passed = [(one["part"], one["issued_on"], one["expires_on"]) for one in own]
        each |= {
            "there": presence.is_present(presences[each["id"]], day),
            "cover_id": presence.cover_for(each["id"], presences, day),
            "certified": {part: presence.certified_until(passed, part, day) for part in presence.PARTS},
            "leave": leave.get(each["id"], []),
            "certificates": own,
        }
        if not is_coordinator():
            each |= {"email": None, "phone": None}
    return [_named(each) for each in found]


@blueprint.post("/staff/directory/officers/<uuid:officer_id>/leave")
@require("officer", "coordinator")
@blueprint.arguments(schemas.NewLeaveSchema)
@blueprint.response(201, schemas.LeaveSchema)
def record_leave(body: dict[str, Any], officer_id: UUID) -> dict[str, Any]:
    """Enters leave, of officers of one's own body or, for the coordinator, of any."""
    leave = {
        "first_day": body["first_day"],
        "last_day": body["last_day"],
        "cover_id": str(body["cover"]) if body["cover"] else None,
    }
    own = body_of_actor(None)
    with refusing(), database.transaction(SOURCE) as connection:
        return handlers_directory.record_leave(
            connection, str(officer_id), leave, actor=current_actor().id, now=now(), institution=own
        )


@blueprint.post("/staff/directory/leave/<uuid:leave_id>/withdraw")
@require("officer", "coordinator")
@blueprint.arguments(schemas.NothingSchema)
@blueprint.response(204)
def withdraw_leave(_body_: dict[str, Any], leave_id: UUID) -> None:
    """Takes leave back. Said again it changes nothing."""
    own = body_of_actor(None)
    with refusing(), database.transaction(SOURCE) as connection:
        handlers_directory.withdraw_leave(
            connection, str(leave_id), actor=current_actor().id, now=now(), institution=own
        )


@blueprint.post("/staff/directory/officers/<uuid:officer_id>/certificates")
@require("coordinator")
@blueprint.arguments(schemas.NewCertificateSchema)
@blueprint.response(201, schemas.CertificateSchema)
def record_certificate(body: dict[str, Any], officer_id: UUID) -> dict[str, Any]:
    """Enters a certificate."""
    certificate = body | {"officer_id": str(officer_id)}
    with refusing(), database.transaction(SOURCE) as connection:
        return handlers_directory.record_certificate(
            connection, certificate, actor=current_actor().id, now=now()
        )


@blueprint.get("/staff/directory/on-call")
@require("officer", "coordinator")
@blueprint.arguments(schemas.OnCallQuerySchema, location="query")
@blueprint.response(200, schemas.OnCallSchema)
def on_call(query: dict[str, Any]) -> dict[str, Any]:
    """Who is on call for a body, or at the coordinator's desk."""
    at, body = query["at"] or now(), body_of_actor(query["institution"])
    with database.transaction(SOURCE) as connection:
        asked = snapshot.current(connection).on_call(body, at)
        rota = store_directory.rows_of(connection, "duty")
        ahead = [each for each in rota if each["institution"] == body and each["ends_at"] > at]
        people = {str(each["officer_id"]) for each in ahead} | {str(each) for each in asked}
        named = store_directory.names_of(connection, sorted(people))
    return {
        "at": at,
        "officers": asked,
        "people": named,
        "rota": sorted(ahead, key=lambda each: (each["starts_at"], each["position"])),
    }


@blueprint.post("/staff/directory/on-call")
@require("coordinator")
@blueprint.arguments(schemas.NewDutySchema)
@blueprint.response(201, schemas.DutySchema)
def record_duty(body: dict[str, Any]) -> dict[str, Any]:
    """Enters a turn on a rota."""
    duty = body | {"officer_id": str(body["officer_id"])}
    with refusing(), database.transaction(SOURCE) as connection:
        return handlers_directory.record_duty(connection, duty, actor=current_actor().id, now=now())


@blueprint.post("/staff/directory/on-call/<uuid:duty_id>/withdraw")
@require("coordinator")
@blueprint.arguments(schemas.NothingSchema)
@blueprint.response(204)
def withdraw_duty(_body_: dict[str, Any], duty_id: UUID) -> None:
    """Takes a turn off the rota. Said again it changes nothing."""
    with refusing(), database.transaction(SOURCE) as connection:
        handlers_directory.withdraw_duty(connection, str(duty_id), actor=current_actor().id, now=now())


@blueprint.get("/staff/directory/changes")
@require("coordinator")
@blueprint.arguments(schemas_changes.ChangesQuerySchema, location="query")
@blueprint.response(200, schemas_changes.ChangesPageSchema)
def changes(query: dict[str, Any]) -> dict[str, Any]:
    """What was changed in the directory, by whom and when, newest first."""
    wanted = {name: query[name] for name in ("entity", "key") if query[name]}
    with database.transaction(SOURCE) as connection:
        rows = store_changes.changes(connection, wanted, query["before"], query["limit"] + 1)
    page = rows[: query["limit"]]
    return {
        "items": [row._mapping for row in page],
        "next": page[-1].number if len(rows) > len(page) else None,
    }


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"name": {"ar": row["name_ar"], "en": row["name_en"]}}
