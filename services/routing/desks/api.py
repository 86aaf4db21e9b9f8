"""HTTP resources of desks: the lists of work, what lies on a desk, who is looking, the team. Schema in, one handler, schema out."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis import database
from services.chassis.clock import now
from services.chassis.web import Blueprint, Problem, require
from services.routing import store
from services.routing.cases import actions
from services.routing.cases.api import READERS, no_case, reader, who, wrong
from services.routing.desks import desk, store_worklist, views
from services.routing.desks import schemas as schemas_desk
from services.routing.desks import store as store_desk
from services.routing.desks.store_worklist import Mark, Wanted
from services.routing.desks.views import Reader
from services.routing.events import SOURCE

_NARROWING = ("category", "governorate", "rights", "urgent")

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
    with _refusing(), database.transaction(SOURCE) as connection:
        asking = reader(connection)
        wanted, limit = _wanted(query, asking), query["limit"]
        items, following = desk.page(connection, wanted, asking, now=now(), after=after, limit=limit)
    return {"items": items, "next": _mark(following) if following else None}


@blueprint.get("/staff/desk")
@require(*READERS)
@blueprint.response(200, schemas_desk.DeskSchema)
def overview() -> dict[str, Any]:
    """How much of what lies on the desk of the one who asks, and what to take next."""
    with database.transaction(SOURCE) as connection:
        return desk.overview(connection, reader(connection), now())


@blueprint.post("/staff/cases/<uuid:complaint_id>/viewing")
@require(*READERS)
@blueprint.arguments(schemas_desk.ViewingSchema, example={})
@blueprint.response(200, schemas_desk.ViewersSchema)
def viewing(_body: dict[str, Any], complaint_id: UUID) -> dict[str, Any]:
    """Says that the caller has a case open, which is believed for a minute; who else has."""
    identity, moment = str(complaint_id), now()
    with database.transaction(SOURCE) as connection:
        row = store.case_row(connection, identity)
        if row is None or not actions.roles_of(connection, row, who()):
            raise no_case()
        asking = reader(connection)
        store_desk.look(connection, identity, asking, moment)
        return {"viewers": desk.viewers(connection, identity, asking, moment)}


@blueprint.get("/staff/team")
@require(*READERS)
@blueprint.arguments(schemas_desk.TeamQuerySchema, location="query")
@blueprint.response(200, schemas_desk.MemberSchema(many=True))
def team(query: dict[str, Any]) -> list[dict[str, Any]]:
    """The officers of a body: who is there, what lies on each desk, who may take complaints about rights."""
    with _refusing(), database.transaction(SOURCE) as connection:
        asking = reader(connection)
        if not asking.leads and not asking.coordinates:
            raise Problem(403, "role_missing")
        scope = views.scope(asking, views.TEAM, query["institution"], None)
        return desk.team(connection, str(scope.institution), asking, now())


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except views.NotYours as refused:
        raise wrong(refused.field, refused.code, *_REFUSALS[refused.code]) from None


def _wanted(query: Mapping[str, Any], asking: Reader) -> Wanted:
    view = query["view"] or (views.INCOMING if query["incoming"] else None)
    officer = str(query["officer_id"]) if query["officer_id"] else None
    scope = views.scope(asking, view, query["institution"], officer)
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
