"""HTTP resources of routing: schema in, one handler, schema out."""

import base64
import binascii
from datetime import datetime
from typing import Any
from uuid import UUID

import flask
from sqlalchemy import Row

from services.chassis import database
from services.chassis.clock import now
from services.chassis.web import Blueprint, Problem, create_app, current_actor, require
from services.routing import schemas, store
from services.routing.cases import api as api_cases
from services.routing.deadlines import api as calendar_api
from services.routing.desks import api as api_desk
from services.routing.desks import api_texts
from services.routing.directory import api as api_directory
from services.routing.directory import api_rules, published
from services.routing.directory import handlers as handlers_directory
from services.routing.directory.api import refusing
from services.routing.directory.files import api as api_files
from services.routing.directory.presence import day_of
from services.routing.events import SOURCE
from services.routing.exclusions import store as store_exclusions
from services.routing.staff import api as api_accounts
from services.routing.staff import api_providers, api_providers_kept
from services.routing.staff import api_staff as api_staff_accounts

_INSTITUTIONS_SECONDS = 300

blueprint = Blueprint("routing", "routing", description="Bodies, cases, and the officers who answer.")


@blueprint.get("/institutions")
@require("public", "officer", "coordinator")
@blueprint.response(200, schemas.InstitutionSchema(many=True))
def institutions() -> tuple[list[dict[str, Any]], int, dict[str, str]]:
    """The bodies that answer complaints, without those that have ended."""
    with database.transaction(SOURCE) as connection:
        rows = published.bodies(connection, day_of(now()))
    found = [
        {
            "code": row.code,
            "kind": row.kind,
            "governorate": row.governorate,
            "name": {"ar": row.name_ar, "en": row.name_en},
        }
        for row in rows
    ]
    return found, 200, {"Cache-Control": f"public, max-age={_INSTITUTIONS_SECONDS}"}


@blueprint.get("/institutions/<string:code>/units")
@require("public", "officer", "coordinator")
@blueprint.arguments(schemas.PublicUnitsQuerySchema, location="query")
@blueprint.response(200, schemas.PublicUnitsPageSchema)
def institution_units(query: dict[str, Any], code: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The units of a body, without those that have ended, by code; `after` is the `next` of the page before."""
    day = day_of(now())
    with database.transaction(SOURCE) as connection:
        if not published.stands(connection, code, day):
            raise Problem(404, "not_found")
        rows = published.units(connection, code, day, query["after"], query["limit"] + 1)
    page = rows[: query["limit"]]
    found = {
        "items": [{"code": row.code, "name": {"ar": row.name_ar, "en": row.name_en}} for row in page],
        "next": page[-1].code if len(rows) > len(page) else None,
    }
    return found, 200, {"Cache-Control": f"public, max-age={_INSTITUTIONS_SECONDS}"}


@blueprint.get("/staff/unowned")
@require("coordinator")
@blueprint.arguments(schemas.UnownedQuerySchema, location="query")
@blueprint.response(200, schemas.UnownedPageSchema)
def unowned(query: dict[str, Any]) -> dict[str, Any]:
    """Cases that nobody has, the longest unowned first."""
    after = _read_mark(query["after"]) if query["after"] else None
    with database.transaction(SOURCE) as connection:
        visible = store_exclusions.visible_to(api_cases.who())
        rows = store.unowned_page(connection, after, query["limit"] + 1, visible)
    page = rows[: query["limit"]]
    return {
        "items": [row._mapping for row in page],
        "next": _mark(page[-1]) if len(rows) > len(page) else None,
    }


@blueprint.get("/staff/officers")
@require("coordinator")
@blueprint.arguments(schemas.OfficersQuerySchema, location="query")
@blueprint.response(200, schemas.OfficerWithLoadSchema(many=True))
def officers(query: dict[str, Any]) -> list[dict[str, Any]]:
    """The officers of a body and their loads."""
    with database.transaction(SOURCE) as connection:
        rows = store.officers_with_loads(connection, query["institution"])
    return [{**row._mapping, "open": row.open or 0, "ever": row.ever or 0} for row in rows]


@blueprint.post("/staff/officers/<uuid:officer_id>/presence")
@require("coordinator")
@blueprint.arguments(schemas.PresenceSchema, example={"present": False})
@blueprint.response(200, schemas.OfficerSchema)
def presence(body: dict[str, Any], officer_id: UUID) -> dict[str, Any]:
    """Marks an officer present or absent; nothing new is assigned to who is absent."""
    with refusing(), database.transaction(SOURCE) as connection:
        return handlers_directory.set_presence(
            connection, str(officer_id), body["present"], actor=current_actor().id, now=now()
        )


def create_routing_app() -> flask.Flask:
    """The WSGI app of the service."""
    return create_app(
        SOURCE,
        blueprint,
        calendar_api.blueprint,
        api_directory.blueprint,
        api_rules.blueprint,
        api_files.blueprint,
        api_cases.blueprint,
        api_desk.blueprint,
        api_texts.blueprint,
        api_accounts.blueprint,
        api_staff_accounts.blueprint,
        api_providers.blueprint,
        api_providers_kept.blueprint,
        title="Bekhedmetkom routing",
        description="Who must answer, by when, and what happened.",
    )


def _mark(row: Row[Any]) -> str:
    """Where the next page goes on, as an opaque text."""
    plain = f"{row.unowned_since.isoformat()} {row.complaint_id}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_mark(mark: str) -> tuple[datetime, str]:
    try:
        plain = base64.urlsafe_b64decode(mark.encode("ascii") + b"=" * (-len(mark) % 4)).decode("ascii")
        since, _, complaint_id = plain.partition(" ")
        moment = datetime.fromisoformat(since)
        if moment.tzinfo is None:
            raise ValueError
        return moment, str(UUID(complaint_id))
    except (ValueError, binascii.Error):
        message = {"ar": "علامة الصفحة غير سليمة.", "en": "The page mark is not valid."}
        errors = [{"field": "after", "code": "page_mark_invalid", "message": message}]
        raise Problem(422, "validation", errors=errors) from None
