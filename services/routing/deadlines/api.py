"""HTTP resources of the working calendar: schema in, one handler, schema out."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.chassis import database
from services.chassis.clock import new_id, now
from services.chassis.web import Blueprint, Problem, current_actor, require
from services.routing import snapshot
from services.routing.deadlines import promises, schemas
from services.routing.deadlines import store as store_calendar
from services.routing.deadlines.remaining import FEWEST_DAYS

blueprint = Blueprint(
    "calendar", "calendar", description="Working days and hours, and what circulars say of them."
)

_EXAMPLE = {
    "scope": "governorate",
    "code": "JO-AJ",
    "effect": "closed",
    "first_day": "2027-01-18",
    "last_day": "2027-01-18",
    "reference": "2027/14",
    "note": {"ar": "عطلة بسبب الثلوج", "en": "Closed for snow"},
}


@blueprint.get("/staff/calendar/overrides")
@require("coordinator")
@blueprint.response(200, schemas.OverrideSchema(many=True))
def overrides() -> list[dict[str, Any]]:
    """What circulars say of the calendar, withdrawn ones too, and how far the promises are counted again."""
    with database.transaction(promises.SOURCE) as connection:
        return [_shown(row) for row in store_calendar.overrides(connection)]


@blueprint.post("/staff/calendar/overrides")
@require("coordinator")
@blueprint.arguments(schemas.NewOverrideSchema, example=_EXAMPLE)
@blueprint.response(200, schemas.OverrideSchema)
def record(body: dict[str, Any]) -> dict[str, Any]:
    """Records what a circular says; the promises that it concerns are counted again. Recording the same again changes nothing."""
    note = body.pop("note")
    body.pop("confirmed")
    wanted = {**body, "note_ar": note["ar"], "note_en": note["en"]}
    with database.transaction(promises.SOURCE) as connection:
        try:
            identity, _ = promises.record_override(
                connection,
                wanted,
                by=current_actor().id,
                now=now(),
                override_id=new_id(),
                job_id=new_id(),
            )
        except promises.UnknownPlace:
            raise _unknown_place("code") from None
        except promises.TooFewDaysLeft:
            raise _too_few_days() from None
        return _one(connection, identity)


@blueprint.post("/staff/calendar/overrides/dry-run")
@require("coordinator")
@blueprint.arguments(schemas.NewOverrideSchema, example=_EXAMPLE)
@blueprint.response(200, schemas.RehearsedSchema)
def rehearse(body: dict[str, Any]) -> dict[str, Any]:
    """What recording this would do to open promises. Changes nothing."""
    with database.transaction(promises.SOURCE) as connection:
        try:
            concerned, tried, moved = promises.rehearse_override(connection, body)
        except promises.UnknownPlace:
            raise _unknown_place("code") from None
        except promises.TooFewDaysLeft:
            raise _too_few_days() from None
    return {"concerned": concerned, "tried": tried, "would_move": moved}


@blueprint.post("/staff/calendar/overrides/<uuid:override_id>/withdraw")
@require("coordinator")
@blueprint.arguments(schemas.WithdrawalSchema, example={})
@blueprint.response(200, schemas.OverrideSchema)
def withdraw(_body: dict[str, Any], override_id: UUID) -> dict[str, Any]:
    """Has an override hold no longer; the promises that it concerned are counted again."""
    with database.transaction(promises.SOURCE) as connection:
        held = promises.withdraw_override(
            connection, str(override_id), by=current_actor().id, now=now(), job_id=new_id()
        )
        if held is None:
            message = {
                "ar": "لا يوجد تعميم بهذا المعرّف.",
                "en": "There is no override with this id.",
            }
            raise Problem(404, "override_not_found", message)
        return _one(connection, str(override_id))


@blueprint.get("/staff/calendar/days")
@require("coordinator")
@blueprint.arguments(schemas.DaysQuerySchema, location="query")
@blueprint.response(200, schemas.DaySchema(many=True))
def days(query: dict[str, Any]) -> list[dict[str, Any]]:
    """The working hours of each day as they are known now, in a place."""
    with database.transaction(promises.SOURCE) as connection:
        known = snapshot.current(connection)
    governorate, institution = query["governorate"], query["institution"]
    if governorate is not None and governorate not in known.governorates:
        raise _unknown_place("governorate")
    if institution is not None and institution not in known.names:
        raise _unknown_place("institution")
    calendar = known.calendars.of(governorate, institution)
    count = (query["last"] - query["first"]).days + 1
    found = [query["first"] + timedelta(days=number) for number in range(count)]
    return [
        {"day": day, "opens": hours[0] if hours else None, "closes": hours[1] if hours else None}
        for day in found
        for hours in [calendar.hours_on(day)]
    ]


def _one(connection: Any, identity: str) -> dict[str, Any]:
    return next(_shown(row) for row in store_calendar.overrides(connection) if str(row.id) == identity)


def _shown(row: Row[Any]) -> dict[str, Any]:
    job = {name: row._mapping[name] for name in ("seen", "moved", "created_at", "finished_at")}
    return {
        **row._mapping,
        "note": {"ar": row.note_ar, "en": row.note_en},
        "recomputation": job if row.created_at else None,
    }


def _too_few_days() -> Problem:
    message = {
        "ar": f"لا يبقى مع التعاميم السارية {FEWEST_DAYS} يوم عمل خلال سنتين في كل مكان. قصّر المدة أو اسحب تعميمًا.",
        "en": f"With the circulars that hold there would not be {FEWEST_DAYS} working days within two years everywhere. "
        "Close fewer days, or withdraw a circular.",
    }
    errors = [{"field": "last_day", "code": "too_few_days_left", "message": message}]
    return Problem(422, "validation", errors=errors)


def _unknown_place(field: str) -> Problem:
    message = {
        "ar": "لا توجد محافظة أو جهة بهذا الرمز.",
        "en": "There is no governorate or body with this code.",
    }
    errors = [{"field": field, "code": "place_unknown", "message": message}]
    return Problem(422, "validation", errors=errors)
