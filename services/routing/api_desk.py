"""HTTP resources of desks: the lists of work, and what lies on a desk. Schema in, one handler, schema out."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from services.chassis import database
from services.chassis.clock import now
from services.chassis.web import Blueprint, current_actor, require
from services.routing import desk, handlers, schemas_desk, store_worklist, views
from services.routing.api_cases import READERS, who, wrong
from services.routing.store_worklist import Mark, Wanted
from services.routing.views import Reader

_MAIN = "main_officer"
_NARROWING = ("category", "governorate")

blueprint = Blueprint("desk", "desk", description="What lies on a desk, and in which order to take it.")

_REFUSALS = {
    "not_yours": ("هذه ليست جهتك أو ليس مكتبك.", "This is not your body, or not your desk."),
    "not_for_you": ("هذه القائمة ليست لدورك.", "This list is not for your role."),
    "required": ("حدّد الجهة.", "Say which body."),
}


@blueprint.get("/staff/worklist")
@require(*READERS)
@blueprint.arguments(schemas_desk.WorklistQuerySchema, location="query")
@blueprint.response(200, schemas_desk.WorklistSchema)
def worklist(query: dict[str, Any]) -> dict[str, Any]:
    """A page of a list of work, first due first."""
    after = _read_mark(query["after"]) if query["after"] else None
    with database.transaction(handlers.SOURCE) as connection:
        asking = reader(connection)
        items, following = desk.page(
            connection, _wanted(query, asking), asking, now=now(), after=after, limit=query["limit"]
        )
    return {"items": items, "next": _mark(following) if following else None}


@blueprint.get("/staff/desk")
@require(*READERS)
@blueprint.response(200, schemas_desk.DeskSchema)
def overview() -> dict[str, Any]:
    """How much of what lies on the desk of the one who asks, and what to take next."""
    with database.transaction(handlers.SOURCE) as connection:
        return desk.overview(connection, reader(connection), now())


def reader(connection: Connection) -> Reader:
    """The member of staff who asks, as the owner of a desk."""
    return desk.reader(connection, who(), leads=_MAIN in current_actor().roles)


def _wanted(query: Mapping[str, Any], asking: Reader) -> Wanted:
    view = query["view"] or (views.INCOMING if query["incoming"] else None)
    officer = str(query["officer_id"]) if query["officer_id"] else None
    try:
        scope = views.scope(asking, view, query["institution"], officer)
    except views.NotYours as refused:
        raise wrong(refused.field, refused.code, *_REFUSALS[refused.code]) from None
    narrowed = {name: query[name] for name in _NARROWING if query[name] is not None}
    return Wanted(view, scope, narrowed, query["state"])


def _mark(mark: Mark) -> str:
    return base64.urlsafe_b64encode(" ".join(mark).encode()).decode().rstrip("=")


def _read_mark(text: str) -> Mark:
    try:
        plain = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
        place, _, complaint_id = plain.partition(" ")
        if place != store_worklist.NEVER and datetime.fromisoformat(place).tzinfo is None:
            raise ValueError
        return place, str(UUID(complaint_id))
    except (ValueError, binascii.Error):
        raise wrong(
            "after", "page_mark_invalid", "علامة الصفحة غير سليمة.", "The page mark is not valid."
        ) from None
