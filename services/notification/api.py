"""HTTP resources of notification: what was sent about a complaint, and how the sending goes."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import flask

from services.chassis import database
from services.chassis.clock import now
from services.chassis.web import Blueprint, create_app, current_actor, require
from services.notification import events, schemas, store, withholding

blueprint = Blueprint(
    "notification", "notification", description="Who was told, by which channel, and whether it arrived."
)


@blueprint.get("/staff/complaints/<uuid:complaint_id>/notices")
@require("coordinator", "operations")
@blueprint.response(200, schemas.NoticesSchema)
def notices(complaint_id: uuid.UUID) -> dict[str, Any]:
    """The messages about a complaint. Of an unknown complaint there are none, and for whom it is directed against: it tells nothing."""
    actor = current_actor()
    reader = str(actor.attributes.get("officer_id") or actor.id)
    with database.transaction(events.SOURCE) as connection:
        hidden = withholding.shut_out(connection, str(complaint_id), reader)
        rows = [] if hidden else store.notices(connection, str(complaint_id))
    return {"items": [row._mapping for row in rows]}


@blueprint.get("/staff/messages/counts")
@require("coordinator", "operations")
@blueprint.arguments(schemas.CountsQuerySchema, location="query")
@blueprint.response(200, schemas.CountsSchema)
def counts(query: dict[str, Any]) -> dict[str, Any]:
    """How many messages of the last hours are in which state."""
    moment = now()
    with database.transaction(events.SOURCE) as connection:
        rows = store.counts(connection, _first_id(moment - timedelta(hours=query["hours"])))
        pending = store.pending(connection, moment)
    return {
        "items": [row._mapping for row in rows],
        "overdue_seconds": {channel: seconds for channel, (_, seconds) in pending.items()},
    }


def create_notification_app() -> flask.Flask:
    """The WSGI app of the service."""
    return create_app(
        events.SOURCE,
        blueprint,
        title="Bekhedmetkom notification",
        description="Who was told, by which channel, and whether it reached them.",
    )


def _first_id(moment: datetime) -> str:
    """The smallest UUIDv7 of a millisecond."""
    return str(uuid.UUID(int=int(moment.timestamp() * 1000) << 80))
