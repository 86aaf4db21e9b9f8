"""HTTP resources of accounts and sessions. Below /accounts the gateway alone asks, in its own name: it is what people sign in at.

Ids of sessions, passwords and codes travel in bodies, never in addresses.
"""

import math
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.chassis import database, hub, settings
from services.chassis.clock import new_id, now
from services.chassis.web import Blueprint, Problem, require
from services.routing import accounts, credentials, schemas_accounts, sessions, sign_in, store_accounts
from services.routing.credentials import Keys
from services.routing.handlers import SOURCE
from services.routing.schemas_directory import NothingSchema
from services.routing.session import Life
from services.routing.sessions import Where
from services.routing.settings import AccountSettings

_GATEWAY = "gateway"
_REFUSED: dict[str, Any] = {"outcome": "refused"}

blueprint = Blueprint("accounts", "accounts", description="Accounts of staff, and their sessions.")


def prepare() -> None:
    """Reads the settings, and makes what signing in compares with where there is no account. Raises SettingError."""
    settings.load(AccountSettings)
    credentials.nobodys_hash()


@blueprint.post("/accounts/sign-in")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.SignInSchema)
@blueprint.response(200, schemas_accounts.SignInAnswerSchema)
def begin(body: dict[str, Any]) -> dict[str, Any]:
    """Judges name and password. Answers and takes its time alike whether there is such an account or not."""
    own, where, at = _keys(), _where(body), now()
    with database.transaction(SOURCE) as connection:
        started = sign_in.start(connection, body["subject"], where, keys=own, now=at, attempt=new_id())
    if started.wait:
        return _wait(started.wait)
    if not hub.off_the_hub(credentials.is_password, started.password_hash, body["password"]):
        return _REFUSED
    with database.transaction(SOURCE) as connection:
        half = sign_in.password_was_right(connection, started, keys=own, now=at)
    return {"outcome": "code", "ticket": half.ticket, "enrolment": half.enrolment}


@blueprint.post("/accounts/sign-in/code")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.CodeSchema)
@blueprint.response(200, schemas_accounts.EnteredSchema)
def enter(body: dict[str, Any]) -> dict[str, Any]:
    """Judges a code; opens a session."""
    with database.transaction(SOURCE) as connection:
        entered = sign_in.enter(
            connection,
            body["ticket"],
            body["code"],
            _where(body),
            keys=_keys(),
            life=_life(),
            now=now(),
            new_id=new_id,
        )
    if entered.outcome == "wait":
        return _wait(entered.wait)
    if entered.outcome != "in":
        return {"outcome": entered.outcome, "enrolment": entered.enrolment}
    return {
        "outcome": "in",
        "session": entered.session,
        "mark": entered.mark,
        "account": entered.account,
        "recovery_codes": entered.recovery_codes,
    }


@blueprint.post("/accounts/session")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.SessionSchema)
@blueprint.response(200, schemas_accounts.ResumedSchema)
def resume(body: dict[str, Any]) -> dict[str, Any]:
    """Whose session it is, if it is good; with a new id for it now and then."""
    with database.transaction(SOURCE) as connection:
        found = sessions.resume(connection, body["session"], life=_life(), now=now())
    return {"account": found.account if found else None, "fresh": found.fresh if found else None}


@blueprint.post("/accounts/session/end")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.SessionSchema)
@blueprint.response(200, schemas_accounts.EndedSchema)
def end(body: dict[str, Any]) -> dict[str, Any]:
    """Signs out."""
    with database.transaction(SOURCE) as connection:
        return {"ended": int(sessions.end(connection, body["session"], life=_life(), now=now()))}


@blueprint.post("/accounts/sessions")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.SessionSchema)
@blueprint.response(200, schemas_accounts.OwnSchema)
def own_sessions(body: dict[str, Any]) -> dict[str, Any]:
    """The open sessions of the account of a session."""
    with database.transaction(SOURCE) as connection:
        found = sessions.own(connection, body["session"], life=_life(), now=now())
    return found or {"account": None, "recovery_codes_left": 0, "sessions": []}


@blueprint.post("/accounts/sessions/end")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.EndSchema)
@blueprint.response(200, schemas_accounts.EndedSchema)
def end_others(body: dict[str, Any]) -> dict[str, Any]:
    """Ends one other session of the account, or all others."""
    family = str(body["family"]) if body["family"] else None
    with database.transaction(SOURCE) as connection:
        ended = sessions.end_others(connection, body["session"], family, life=_life(), now=now())
    return {"ended": ended or 0}


@blueprint.post("/accounts/password")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.PasswordSchema)
@blueprint.response(200, schemas_accounts.ChangedSchema)
def change_password(body: dict[str, Any]) -> dict[str, Any]:
    """Changes the password of the owner of a session."""
    own, life, at = _keys(), _life(), now()
    with database.transaction(SOURCE) as connection:
        changing = accounts.start_change(
            connection,
            body["session"],
            body["old"],
            body["new"],
            _where(body),
            keys=own,
            life=life,
            now=at,
            attempt=new_id(),
        )
    if changing.fault == "wait" and changing.started is not None:
        return _wait(changing.started.wait)
    if changing.fault is not None or changing.started is None:
        return {"outcome": changing.fault}
    if not hub.off_the_hub(credentials.is_password, changing.started.password_hash, body["old"]):
        return _REFUSED
    hashed = hub.off_the_hub(credentials.hash_password, body["new"])
    with database.transaction(SOURCE) as connection:
        changed = accounts.change_password(
            connection, changing, body["session"], hashed, keys=own, life=life, now=at, device=new_id()
        )
    if changed is None:
        return {"outcome": "over"}
    return {"outcome": "changed", "session": changed.session, "mark": changed.mark}


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
        "items": [accounts.listed(row) for row in page],
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
        ended = accounts.end_sessions(connection, row, now=now()) if row is not None else 0
    if row is None:
        message = {"ar": "لا يوجد حساب بهذا المعرّف.", "en": "There is no account with this id."}
        raise Problem(404, "account_not_found", message)
    return {"ended": ended}


def _keys() -> Keys:
    return credentials.keys(settings.load(AccountSettings).key)


def _life() -> Life:
    return settings.load(AccountSettings).life


def _where(body: dict[str, Any]) -> Where:
    return Where(body["place"], body["agent"], body["mark"], body.get("spent", False))


def _wait(length: timedelta) -> dict[str, Any]:
    return {"outcome": "wait", "seconds": math.ceil(length.total_seconds())}
