"""HTTP resources of what people keep at their desks: lists under a name, and texts for replies. Schema in, one handler, schema out."""

from typing import Any
from uuid import UUID

from services.chassis import database
from services.chassis.clock import new_id, now
from services.chassis.web import Blueprint, Problem, current_actor, require
from services.routing.cases.api import READERS, reader
from services.routing.deadlines.schemas import WithdrawalSchema
from services.routing.desks import schemas as schemas_desk
from services.routing.desks import store as store_desk
from services.routing.desks import texts
from services.routing.events import SOURCE

_REFUSED = (texts.NotYourTexts, texts.NoSuchText, texts.TextChanged)

blueprint = Blueprint("texts", "texts", description="Kept lists, and texts for replies.")


@blueprint.get("/staff/views")
@require(*READERS)
@blueprint.response(200, schemas_desk.SavedViewSchema(many=True))
def saved_views() -> list[dict[str, Any]]:
    """The lists that the caller keeps, by name."""
    with database.transaction(SOURCE) as connection:
        return [dict(row._mapping) for row in store_desk.saved_views(connection, current_actor().id)]


@blueprint.post("/staff/views")
@require(*READERS)
@blueprint.arguments(
    schemas_desk.NewViewSchema, example={"name": "متأخرة في عمّان", "query": {"view": "overdue"}}
)
@blueprint.response(201, schemas_desk.SavedViewSchema)
def save_view(body: dict[str, Any]) -> dict[str, Any]:
    """Keeps a list under a name, in place of one of that name."""
    row = {**body, "id": new_id(), "account": current_actor().id, "saved_at": now()}
    with database.transaction(SOURCE) as connection:
        kept = store_desk.save_view(connection, row)
    if kept is None:
        most = store_desk.MOST_VIEWS
        message = {
            "ar": f"لديك {most} قائمة محفوظة، وهو الحد الأعلى؛ احذف واحدة أولًا.",
            "en": f"You keep {most} lists, which is the most; delete one first.",
        }
        raise Problem(409, "too_many_views", message)
    return dict(kept._mapping)


@blueprint.delete("/staff/views/<uuid:view_id>")
@require(*READERS)
@blueprint.response(204)
def forget_view(view_id: UUID) -> None:
    """Keeps a list no more."""
    with database.transaction(SOURCE) as connection:
        if not store_desk.forget_view(connection, current_actor().id, str(view_id)):
            message = {"ar": "لا توجد قائمة محفوظة بهذا المعرّف.", "en": "You keep no list with this id."}
            raise Problem(404, "view_not_found", message)


@blueprint.get("/staff/reply-templates")
@require(*READERS)
@blueprint.arguments(schemas_desk.TemplatesQuerySchema, location="query")
@blueprint.response(200, schemas_desk.TemplateSchema(many=True))
def templates(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Texts for replies of the caller's body and for all bodies."""
    with database.transaction(SOURCE) as connection:
        rows = store_desk.templates(connection, reader(connection).institution, query["category"])
    return [dict(row._mapping) for row in rows]


@blueprint.post("/staff/reply-templates")
@require("officer", "coordinator")
@blueprint.arguments(
    schemas_desk.NewTemplateSchema,
    example={"name": "أُصلح العطل", "language": "ar", "remedy": "أُصلح العطل وعادت الخدمة."},
)
@blueprint.response(201, schemas_desk.TemplateSchema)
def write(body: dict[str, Any]) -> dict[str, Any]:
    """Writes a text: a main officer for their body, the coordinator for all."""
    try:
        with database.transaction(SOURCE) as connection:
            row = texts.write(connection, body, reader(connection), now=now(), template_id=new_id())
    except _REFUSED as error:
        raise _problem(error) from None
    return dict(row._mapping)


@blueprint.put("/staff/reply-templates/<uuid:template_id>")
@require("officer", "coordinator")
@blueprint.arguments(schemas_desk.ChangedTemplateSchema)
@blueprint.response(200, schemas_desk.TemplateSchema)
def rewrite(body: dict[str, Any], template_id: UUID) -> dict[str, Any]:
    """Writes the next version of a text. 412 says that somebody was quicker."""
    version = body.pop("version")
    try:
        with database.transaction(SOURCE) as connection:
            asking = reader(connection)
            row = texts.rewrite(connection, str(template_id), body, asking, version=version, now=now())
    except _REFUSED as error:
        raise _problem(error) from None
    return dict(row._mapping)


@blueprint.post("/staff/reply-templates/<uuid:template_id>/withdraw")
@require("officer", "coordinator")
@blueprint.arguments(WithdrawalSchema, example={})
@blueprint.response(200, schemas_desk.TemplateSchema)
def withdraw(_body: dict[str, Any], template_id: UUID) -> dict[str, Any]:
    """Has a text offered to nobody any more."""
    try:
        with database.transaction(SOURCE) as connection:
            row = texts.withdraw(connection, str(template_id), reader(connection), now=now())
    except _REFUSED as error:
        raise _problem(error) from None
    return dict(row._mapping)


def _problem(error: Exception) -> Problem:
    if isinstance(error, texts.NotYourTexts):
        return Problem(403, "role_missing")
    if isinstance(error, texts.TextChanged):
        message = {
            "ar": f"سبقك غيرك إلى هذا النص؛ أصبح إصداره {error.current}.",
            "en": f"Somebody was quicker; the text is at version {error.current} now.",
        }
        return Problem(412, "version_conflict", message)
    message = {"ar": "لا يوجد نص لك بهذا المعرّف.", "en": "You have no text with this id."}
    return Problem(404, "template_not_found", message)
