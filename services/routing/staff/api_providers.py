"""HTTP resources of signing in with a provider of identity. The gateway alone asks, in its own name; it speaks with the provider."""

from typing import Any

from sqlalchemy import Row

from services.chassis import database
from services.chassis.clock import new_id, now
from services.chassis.web import Blueprint, require
from services.routing.directory.schemas import NothingSchema
from services.routing.events import SOURCE
from services.routing.staff import providers, schemas_providers, store_identity
from services.routing.staff.api import answer_of, half_of, life_of_sessions, own_keys, where_of
from services.routing.staff.sign_in import Came

_GATEWAY = "gateway"

blueprint = Blueprint("providers", "providers", description="Signing in with a ministry's own provider.")


@blueprint.post("/accounts/providers")
@require(_GATEWAY)
@blueprint.arguments(NothingSchema)
@blueprint.response(200, schemas_providers.OfferedSchema)
def offered(body: dict[str, Any]) -> dict[str, Any]:
    """The providers that people may sign in with."""
    with database.transaction(SOURCE) as connection:
        rows = store_identity.providers(connection, active=True)
    return {"items": [{"code": row.code, "name": _name(row)} for row in rows]}


@blueprint.post("/accounts/providers/one")
@require(_GATEWAY)
@blueprint.arguments(schemas_providers.WhichSchema)
@blueprint.response(200, schemas_providers.FoundSchema)
def one(body: dict[str, Any]) -> dict[str, Any]:
    """What the gateway must know of one to speak with it."""
    with database.transaction(SOURCE) as connection:
        row = store_identity.provider_of(connection, body["provider"])
    return {"provider": _shown(row) if row is not None and row.state == "active" else None}


@blueprint.post("/accounts/providers/begin")
@require(_GATEWAY)
@blueprint.arguments(schemas_providers.BeginSchema)
@blueprint.response(200, schemas_providers.MaybeFlowSchema)
def begin(body: dict[str, Any]) -> dict[str, Any]:
    """What somebody takes along to a provider."""
    with database.transaction(SOURCE) as connection:
        flow = providers.begin(connection, body["provider"], body["language"], keys=own_keys(), now=now())
    return {"flow": _flow(flow)}


@blueprint.post("/accounts/providers/back")
@require(_GATEWAY)
@blueprint.arguments(schemas_providers.BackSchema)
@blueprint.response(200, schemas_providers.MaybeFlowSchema)
def back(body: dict[str, Any]) -> dict[str, Any]:
    """What somebody had along who comes back."""
    with database.transaction(SOURCE) as connection:
        flow = providers.come_back(
            connection, body["ticket"], body["provider"], body["state"], keys=own_keys(), now=now()
        )
    return {"flow": _flow(flow)}


@blueprint.post("/accounts/providers/enter")
@require(_GATEWAY)
@blueprint.arguments(schemas_providers.EnterSchema)
@blueprint.response(200, schemas_providers.EnterAnswerSchema)
def enter(body: dict[str, Any]) -> dict[str, Any]:
    """Lets in, or on to the code, whom a provider vouches for."""
    said = body["vouched"]
    vouched = providers.Vouched(**{**said, "amr": tuple(said["amr"])})
    came = Came(where_of(body), None, own_keys(), life_of_sessions(), now(), new_id)
    with database.transaction(SOURCE) as connection:
        found = providers.enter(connection, body["ticket"], vouched, came)
    if found.entered is not None:
        return answer_of(found.entered)
    if found.half is not None:
        return half_of(found.half)
    return {"outcome": found.outcome, "reason": found.reason}


@blueprint.post("/accounts/providers/log-out")
@require(_GATEWAY)
@blueprint.arguments(schemas_providers.LogOutSchema)
@blueprint.response(200, schemas_providers.LoggedOutSchema)
def log_out(body: dict[str, Any]) -> dict[str, Any]:
    """Ends what a provider opened, as it asks."""
    with database.transaction(SOURCE) as connection:
        ended = providers.log_out(
            connection,
            body["provider"],
            token=body["token"],
            subject=body["subject"],
            session=body["session"],
            keys=own_keys(),
            now=now(),
        )
    return {"ended": ended}


def _flow(flow: providers.Flow | None) -> dict[str, Any] | None:
    return None if flow is None else {**vars(flow), "provider": _shown(flow.provider)}


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {**row._mapping, "name": _name(row)}


def _name(row: Row[Any]) -> dict[str, str]:
    return {"ar": row.name_ar, "en": row.name_en}
