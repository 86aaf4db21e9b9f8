"""HTTP resources of those who look after providers of identity."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from services.chassis import database
from services.chassis.actor import current_actor
from services.chassis.clock import now
from services.chassis.web import Blueprint, Problem, require
from services.routing.events import SOURCE
from services.routing.staff import provider_rows, providers_kept, schemas_providers

_KEEPERS = ("operations",)

blueprint = Blueprint(
    "staff_providers", "staff_providers", description="Looking after ministries' providers."
)


@blueprint.get("/staff/identity-providers")
@require(*_KEEPERS)
@blueprint.response(200, schemas_providers.ProviderRowsSchema)
def listed() -> dict[str, Any]:
    """The providers of identity. Their secrets are nowhere here."""
    with database.transaction(SOURCE) as connection:
        return {"items": providers_kept.listed(connection)}


@blueprint.post("/staff/identity-providers")
@require(*_KEEPERS)
@blueprint.arguments(schemas_providers.NewProviderSchema)
@blueprint.response(201, schemas_providers.ProviderRowSchema)
def add(body: dict[str, Any]) -> dict[str, Any]:
    """Believes a provider for the accounts of some bodies."""
    row = {**_row(body), "code": body["code"], "issuer": body["issuer"], "national_roles": []}
    with _refusing(), database.transaction(SOURCE) as connection:
        providers_kept.add(connection, row, _bodies(body), by=current_actor().id, now=now(), again=False)
        return _found(connection, body["code"])


@blueprint.put("/staff/identity-providers/<string:code>")
@require(*_KEEPERS)
@blueprint.arguments(schemas_providers.ChangedProviderSchema)
@blueprint.response(200, schemas_providers.ProviderChangedSchema)
def change(body: dict[str, Any], code: str) -> dict[str, Any]:
    """Changes a provider. Whoever came in under other rules comes in anew."""
    with _refusing(), database.transaction(SOURCE) as connection:
        ended = providers_kept.change(
            connection,
            code,
            _row(body),
            _bodies(body),
            version=body["version"],
            by=current_actor().id,
            now=now(),
        )
        return _changed(connection, code, ended)


@blueprint.post("/staff/identity-providers/<string:code>/state")
@require(*_KEEPERS)
@blueprint.arguments(schemas_providers.ProviderStateSchema)
@blueprint.response(200, schemas_providers.ProviderChangedSchema)
def set_state(body: dict[str, Any], code: str) -> dict[str, Any]:
    """Lets nobody come in by a provider, and ends the sessions that it opened; or lets people come in again."""
    with database.transaction(SOURCE) as connection:
        ended = providers_kept.set_state(connection, code, body["state"], by=current_actor().id, now=now())
        return _changed(connection, code, ended)


def _row(body: dict[str, Any]) -> dict[str, Any]:
    named = {"name_ar": body["name"]["ar"], "name_en": body["name"]["en"]}
    return {name: body[name] for name in provider_rows.CHANGEABLE if name not in named} | named


def _bodies(body: dict[str, Any]) -> list[str]:
    return sorted(set(body["institutions"]))


def _found(connection: Connection, code: str) -> dict[str, Any]:
    return next(each for each in providers_kept.listed(connection) if each["code"] == code)


def _changed(connection: Connection, code: str, ended: int | None) -> dict[str, Any]:
    if ended is None:
        message = {"ar": "لا يوجد مزود هوية بهذا الرمز.", "en": "There is no provider of this code."}
        raise Problem(404, "provider_not_found", message)
    return {"provider": _found(connection, code), "ended": ended}


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except providers_kept.RowRefused as refused:
        fault = refused.fault
        error = {
            "field": fault.field,
            "code": fault.code,
            "message": {"ar": fault.ar, "en": _sentence(fault.en)},
        }
        raise Problem(422, "validation", errors=[error]) from None
    except providers_kept.Moved:
        message = {
            "ar": "غيّر شخص آخر هذا المزود قبلك.",
            "en": "Somebody else has changed this provider meanwhile.",
        }
        raise Problem(412, "version_changed", message) from None


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
