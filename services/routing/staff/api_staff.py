"""HTTP resources of those who look after accounts of staff."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.chassis import database, settings
from services.chassis.actor import current_actor
from services.chassis.clock import now
from services.chassis.web import Blueprint, Problem, require
from services.routing.directory.schemas import NothingSchema
from services.routing.events import SOURCE
from services.routing.settings import AccountSettings
from services.routing.staff import accounts, credentials, phones, store_identity
from services.routing.staff import schemas as schemas_accounts
from services.routing.staff import store as store_accounts

blueprint = Blueprint("staff_accounts", "staff_accounts", description="Looking after accounts of staff.")


@blueprint.get("/staff/accounts")
@require("coordinator", "operations")
@blueprint.arguments(schemas_accounts.AccountsQuerySchema, location="query")
@blueprint.response(200, schemas_accounts.AccountsPageSchema)
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """The accounts of staff."""
    with database.transaction(SOURCE) as connection:
        rows = store_accounts.accounts_page(
            connection, query["institution"], query["after"], query["limit"] + 1
        )
    page = rows[: query["limit"]]
    more = len(rows) > len(page)
    return {
        "items": [accounts.listed(row, now()) for row in page],
        "next": page[-1].id if more else None,
    }


@blueprint.post("/staff/accounts/<uuid:account_id>/sessions/end")
@require("coordinator", "operations")
@blueprint.arguments(NothingSchema)
@blueprint.response(200, schemas_accounts.EndedSchema)
def end_all(body: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """Ends all sessions of an account, and forgets its devices."""
    with database.transaction(SOURCE) as connection:
        row = store_accounts.lock_account(connection, str(account_id))
        by = current_actor().id
        ended = accounts.end_sessions(connection, row, by=by, now=now()) if row is not None else 0
    if row is None:
        raise _no_account()
    return {"ended": ended}


@blueprint.post("/staff/accounts/<uuid:account_id>/phone/forget")
@require("coordinator", "operations")
@blueprint.arguments(NothingSchema)
@blueprint.response(200, schemas_accounts.PhoneCodeSchema)
def forget_phone(body: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """The phone is lost: ends all sessions, and gives a code to hand over, with which another phone is made known."""
    chosen, at = settings.load(AccountSettings), now()
    keys, life = credentials.keys(chosen.key), timedelta(hours=chosen.phone_code_hours)
    try:
        with database.transaction(SOURCE) as connection:
            code = phones.forget(
                connection, str(account_id), by=current_actor().id, life=life, keys=keys, now=at
            )
    except phones.OwnAccount:
        message = {
            "ar": "لا يمكنك فعل ذلك لحسابك؛ اطلبه من مسؤول آخر.",
            "en": "Not for your own account; ask another administrator.",
        }
        raise Problem(409, "own_account", message) from None
    if code is None:
        raise _no_account()
    return {"code": f"{code[:5]}-{code[5:]}", "good_until": at + life}


@blueprint.get("/staff/accounts/<uuid:account_id>/history")
@require("coordinator", "operations")
@blueprint.arguments(schemas_accounts.HistoryQuerySchema, location="query")
@blueprint.response(200, schemas_accounts.HistoryPageSchema)
def history(query: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """What happened to an account, and who did it, the newest first."""
    limit = query["limit"]
    with database.transaction(SOURCE) as connection:
        rows = store_identity.events_page(connection, str(account_id), query["before"], limit + 1)
    return {"items": rows[:limit], "next": rows[limit - 1].number if len(rows) > limit else None}


def _no_account() -> Problem:
    message = {"ar": "لا يوجد حساب بهذا المعرّف.", "en": "There is no account with this id."}
    return Problem(404, "account_not_found", message)
