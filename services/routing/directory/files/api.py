"""HTTP resources of files into the directory and out of it: schema in, one handler, schema out."""

from typing import Any

import flask

from services.chassis import database
from services.chassis.clock import now
from services.chassis.web import Blueprint, Problem, current_actor, require
from services.routing.directory import schemas_changes
from services.routing.directory.api import body_of_actor, is_coordinator, refusing
from services.routing.directory.files import exporting
from services.routing.directory.files import handlers as handlers_import
from services.routing.directory.plan import Plan
from services.routing.directory.refusals import INVALID, TEXTS
from services.routing.events import SOURCE

_MOST_ERRORS = 200
_MOST_PROBLEM_ERRORS = 50

blueprint = Blueprint("files", "files", description="The directory as files, in and out.")


@blueprint.post("/staff/directory/import")
@require("coordinator")
@blueprint.arguments(schemas_changes.ImportSchema)
@blueprint.response(200, schemas_changes.PlanSchema)
def import_file(body: dict[str, Any]) -> dict[str, Any]:
    """Tries a file, or carries it out whole. With an error in it nothing changes: a dry run lists the errors, `apply` is refused."""
    version = None
    with refusing():
        rows = handlers_import.read(handlers_import.content(body["content"], body["format"]), body["format"])
        with database.transaction(SOURCE) as connection:
            if body["apply"]:
                plan = handlers_import.carry_out(
                    connection,
                    body["kind"],
                    rows,
                    version=body["version"],
                    actor=current_actor().id,
                    now=now(),
                )
            else:
                plan, version = handlers_import.try_file(connection, body["kind"], rows, now=now())
    if body["apply"] and plan.errors:
        raise _import_refused(plan)
    return {
        "kind": plan.kind,
        "applied": body["apply"],
        "version": version,
        **plan.counts(),
        "errors_total": len(plan.errors),
        "errors": [error.as_dict() for error in plan.errors[:_MOST_ERRORS]],
    }


@blueprint.get("/staff/directory/export")
@require("officer", "coordinator")
@blueprint.arguments(schemas_changes.ExportQuerySchema, location="query")
@blueprint.response(
    200, {"type": "string", "format": "binary"}, content_type=exporting.MEDIA_TYPES["csv"].split(";")[0]
)
def export(query: dict[str, Any]) -> flask.Response:
    """Entries of the directory as a file that can be read in again. Addresses and numbers are for the coordinator alone."""
    kind, suffix = query["kind"], query["format"]
    body = body_of_actor(query["institution"])
    with database.transaction(SOURCE) as connection:
        content = exporting.export(connection, kind, suffix, institution=body, contacts=is_coordinator())
    answer = flask.Response(content, content_type=exporting.MEDIA_TYPES[suffix])
    answer.headers["Content-Disposition"] = f'attachment; filename="{kind}.{suffix}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _import_refused(plan: Plan) -> Problem:
    errors = [
        {
            "field": f"{each.row}.{each.column}" if each.column else str(each.row),
            "code": each.code,
            "message": each.message,
        }
        for each in plan.errors[:_MOST_PROBLEM_ERRORS]
    ]
    return Problem(INVALID, "import_refused", TEXTS["import_refused"].as_dict(), errors=errors)
