"""HTTP resources of reporting: schema in, one question, schema out."""

from typing import Any

import flask

from services.chassis import database
from services.chassis.clock import now
from services.chassis.web import Blueprint, create_app, require
from services.reporting import events, handlers, kpi, schemas

blueprint = Blueprint("reporting", "reporting", description="The figures of the whole.")


@blueprint.get("/dashboard")
@require("coordinator")
@blueprint.arguments(schemas.DashboardQuerySchema, location="query")
@blueprint.response(200, schemas.DashboardSchema)
def dashboard(query: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The figures of a period, beside those of the period before it."""
    moment = now()
    period = kpi.period(query.pop("first"), query.pop("last"), kpi.today(moment))
    with database.transaction(events.SOURCE) as connection:
        answer = handlers.dashboard(connection, period, query, now=moment)
    return answer, 200, {"Cache-Control": "private, no-store"}


@blueprint.get("/dashboard/definitions")
@require("coordinator")
@blueprint.response(200, schemas.DefinitionSchema(many=True))
def definitions() -> list[kpi.Definition]:
    """What each figure counts, and of what it is a part."""
    return list(kpi.DEFINITIONS)


def create_reporting_app() -> flask.Flask:
    """The WSGI app of the service."""
    return create_app(
        events.SOURCE,
        blueprint,
        title="Bekhedmetkom reporting",
        description="Figures of complaints: by day, institution, category, place and status.",
    )
