"""HTTP resources of accounts and sessions. Below /accounts the gateway alone asks, in its own name: it is what people sign in at.

Ids of sessions, passwords and codes travel in bodies, never in addresses.
"""

import math
from datetime import timedelta
from typing import Any

from services.chassis import database, hub, settings
from services.chassis.clock import new_id, now
from services.chassis.web import Blueprint, require
from services.routing.events import SOURCE
from services.routing.settings import AccountSettings
from services.routing.staff import accounts, credentials, phones, second_factor, sessions, sign_in
from services.routing.staff import schemas as schemas_accounts
from services.routing.staff.credentials import Keys
from services.routing.staff.session import Life
from services.routing.staff.sessions import Where

_GATEWAY = "gateway"
_REFUSED: dict[str, Any] = {"outcome": "refused"}

blueprint = Blueprint("accounts", "accounts", description="Accounts of staff, and their sessions.")


def prepare() -> None:
    """Reads the settings, and makes what signing in compares with where there is no account. Raises SettingError."""
    credentials.nobodys_hash(settings.load(AccountSettings).cost)


@blueprint.post("/accounts/sign-in")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.SignInSchema)
@blueprint.response(200, schemas_accounts.SignInAnswerSchema)
def begin(body: dict[str, Any]) -> dict[str, Any]:
    """Judges name and password. Answers and takes its time alike whether there is such an account or not."""
    own, where, at, chosen = own_keys(), where_of(body), now(), settings.load(AccountSettings)
    with database.transaction(SOURCE) as connection:
        started = sign_in.start(
            connection,
            body["subject"],
            where,
            keys=own,
            now=at,
            attempt=new_id(),
            first_password=timedelta(days=chosen.first_password_days),
        )
    if started.wait:
        return _wait(started.wait)
    password, kept = body["password"], started.password_hash
    if not hub.off_the_hub(credentials.is_password, kept, password, chosen.cost) or kept is None:
        return _REFUSED
    anew = None
    if not credentials.costs(kept, chosen.cost):
        anew = hub.off_the_hub(credentials.hash_password, password, chosen.cost)
    with database.transaction(SOURCE) as connection:
        half = sign_in.password_was_right(connection, started, keys=own, now=at, hashed_anew=anew)
    return half_of(half)


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
            where_of(body),
            keys=own_keys(),
            life=life_of_sessions(),
            now=now(),
            new_id=new_id,
        )
    return answer_of(entered)


@blueprint.post("/accounts/session")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.SessionSchema)
@blueprint.response(200, schemas_accounts.ResumedSchema)
def resume(body: dict[str, Any]) -> dict[str, Any]:
    """Whose session it is, if it is good; with a new id for it now and then."""
    with database.transaction(SOURCE) as connection:
        found = sessions.resume(connection, body["session"], life=life_of_sessions(), now=now())
    return {"account": found.account if found else None, "fresh": found.fresh if found else None}


@blueprint.post("/accounts/session/end")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.SessionSchema)
@blueprint.response(200, schemas_accounts.SignedOutSchema)
def end(body: dict[str, Any]) -> dict[str, Any]:
    """Signs out."""
    with database.transaction(SOURCE) as connection:
        provider = sessions.provider_of(connection, body["session"])
        ended = sessions.end(connection, body["session"], life=life_of_sessions(), now=now())
    return {"ended": int(ended), "provider": provider}


@blueprint.post("/accounts/sessions")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.SessionSchema)
@blueprint.response(200, schemas_accounts.OwnSchema)
def own_sessions(body: dict[str, Any]) -> dict[str, Any]:
    """The open sessions of the account of a session."""
    with database.transaction(SOURCE) as connection:
        found = sessions.own(connection, body["session"], life=life_of_sessions(), now=now())
    return found or {"account": None, "recovery_codes_left": 0, "phone_known": False, "sessions": []}


@blueprint.post("/accounts/sessions/end")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.EndSchema)
@blueprint.response(200, schemas_accounts.EndedSchema)
def end_others(body: dict[str, Any]) -> dict[str, Any]:
    """Ends one other session of the account, or all others."""
    family = str(body["family"]) if body["family"] else None
    with database.transaction(SOURCE) as connection:
        ended = sessions.end_others(connection, body["session"], family, life=life_of_sessions(), now=now())
    return {"ended": ended or 0}


@blueprint.post("/accounts/password")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.PasswordSchema)
@blueprint.response(200, schemas_accounts.ChangedSchema)
def change_password(body: dict[str, Any]) -> dict[str, Any]:
    """Changes the password of the owner of a session."""
    own, life, at = own_keys(), life_of_sessions(), now()
    with database.transaction(SOURCE) as connection:
        changing = accounts.start_change(
            connection,
            body["session"],
            body["old"],
            body["new"],
            where_of(body),
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
    hashed = hub.off_the_hub(credentials.hash_password, body["new"], settings.load(AccountSettings).cost)
    with database.transaction(SOURCE) as connection:
        changed = accounts.change_password(
            connection, changing, body["session"], hashed, keys=own, life=life, now=at, device=new_id()
        )
    if isinstance(changed, str):
        return {"outcome": changed}
    return {"outcome": "changed", "session": changed.session, "mark": changed.mark}


@blueprint.post("/accounts/recovery-codes")
@require(_GATEWAY)
@blueprint.arguments(schemas_accounts.RenewalSchema)
@blueprint.response(200, schemas_accounts.RenewedSchema)
def renew_recovery_codes(body: dict[str, Any]) -> dict[str, Any]:
    """New recovery codes for the owner of a session, who shows a code of the phone or the password."""
    own, life, at, chosen = own_keys(), life_of_sessions(), now(), settings.load(AccountSettings)
    with database.transaction(SOURCE) as connection:
        renewing = phones.start_renewal(
            connection,
            body["session"],
            body["proof"],
            where_of(body),
            keys=own,
            life=life,
            now=at,
            attempt=new_id(),
        )
    if renewing.fault == "wait" and renewing.started is not None and renewing.started.wait:
        return _wait(renewing.started.wait)
    if renewing.fault is not None or renewing.started is None:
        return {"outcome": renewing.fault}
    codes: tuple[str, ...] | None = renewing.codes
    if not codes:
        kept = renewing.started.password_hash
        if not hub.off_the_hub(credentials.is_password, kept, body["proof"], chosen.cost):
            return _REFUSED
        with database.transaction(SOURCE) as connection:
            codes = phones.renew(connection, renewing, body["session"], keys=own, life=life, now=at)
    return {"outcome": "renewed", "recovery_codes": codes} if codes else {"outcome": "over"}


def half_of(half: second_factor.Half) -> dict[str, Any]:
    """That a code is asked for, as the gateway is told."""
    return {"outcome": "code", "ticket": half.ticket, "enrolment": half.enrolment, "anew": half.anew}


def answer_of(entered: sign_in.Entered) -> dict[str, Any]:
    """How a sign-in ended, as the gateway is told."""
    if entered.outcome == "wait":
        return _wait(entered.wait)
    if entered.outcome != "in":
        return {
            "outcome": entered.outcome,
            "ticket": entered.ticket,
            "enrolment": entered.enrolment,
            "anew": entered.anew,
        }
    return {
        "outcome": "in",
        "session": entered.session,
        "mark": entered.mark,
        "account": entered.account,
        "recovery_codes": entered.recovery_codes,
        "recovery_codes_left": entered.recovery_codes_left,
    }


def own_keys() -> Keys:
    return credentials.keys(settings.load(AccountSettings).key)


def life_of_sessions() -> Life:
    return settings.load(AccountSettings).life


def where_of(body: dict[str, Any]) -> Where:
    return Where(body["place"], body["agent"], body["mark"], body.get("spent", False))


def _wait(length: timedelta) -> dict[str, Any]:
    return {"outcome": "wait", "seconds": math.ceil(length.total_seconds())}
