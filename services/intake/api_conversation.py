"""HTTP resources of what a complainant says after the complaint. Taken is not done: routing decides, and the status shows it."""

from typing import Any

from services.chassis import database
from services.chassis.clock import new_id, now
from services.chassis.web import Blueprint, Problem, language, require
from services.intake import conversation, handlers, http, schemas, settings, speaking, tracking
from services.intake.conversation import Utterance

Answer = tuple[dict[str, Any], int, dict[str, str]]

blueprint = Blueprint("conversation", "conversation", description="What is said after the complaint.")


@blueprint.post("/complaints/<string:typed>/messages")
@require("public", "officer", "coordinator")
@blueprint.arguments(schemas.MessageSchema, example={"text": "رقم العداد 1234567."})
@blueprint.response(202, schemas.SaidSchema)
@blueprint.doc(parameters=[http.KEY_PARAMETER])
def message(body: dict[str, Any], typed: str) -> Answer:
    """Answers the question that the officer asked."""
    return _say(typed, conversation.MESSAGE, {"text": body["text"]})


@blueprint.post("/complaints/<string:typed>/withdraw")
@require("public", "officer", "coordinator")
@blueprint.arguments(schemas.WithdrawalSchema, example={"reason": "عادت المياه."})
@blueprint.response(202, schemas.SaidSchema)
@blueprint.doc(parameters=[http.KEY_PARAMETER])
def withdraw(body: dict[str, Any], typed: str) -> Answer:
    """Takes the complaint back, as long as nothing has ended it."""
    return _say(typed, conversation.WITHDRAWAL, _reason(body))


@blueprint.post("/complaints/<string:typed>/rating")
@require("public", "officer", "coordinator")
@blueprint.arguments(schemas.RatingSchema, example={"score": 4})
@blueprint.response(202, schemas.SaidSchema)
@blueprint.doc(parameters=[http.KEY_PARAMETER])
def rate(body: dict[str, Any], typed: str) -> Answer:
    """Confirms the answer and says how satisfied one is; once."""
    return _say(typed, conversation.RATING, _reason(body), {"score": body["score"]})


@blueprint.post("/complaints/<string:typed>/dispute")
@require("public", "officer", "coordinator")
@blueprint.arguments(schemas.DisputeSchema, example={"reason": "لم تُجب الجهة عن سبب الانقطاع."})
@blueprint.response(202, schemas.SaidSchema)
@blueprint.doc(parameters=[http.KEY_PARAMETER])
def dispute(body: dict[str, Any], typed: str) -> Answer:
    """Does not accept the answer; another authority decides. Once."""
    return _say(typed, conversation.DISPUTE, _reason(body))


def _reason(body: dict[str, Any]) -> dict[str, str]:
    return {"reason": body["reason"]} if body["reason"] else {}


def _say(typed: str, kind: str, words: dict[str, str], facts: dict[str, Any] | None = None) -> Answer:
    number = tracking.parse(typed)
    if number is None:
        raise http.not_found()
    moment = now()
    try:
        with database.transaction(handlers.SOURCE) as connection:
            kept, status = speaking.say(
                connection,
                number,
                Utterance(kind, moment, words, facts or {}),
                idempotency_key=http.idempotency_key(),
                pepper=settings.keys().pepper,
                new_id=new_id(),
                now=moment,
            )
    except handlers.NoSuchComplaint:
        raise http.not_found() from None
    except handlers.KeyReused:
        raise http.key_reused() from None
    except speaking.SaidBefore:
        raise _said_before(kind) from None
    except speaking.NotNow as error:
        raise _not_now(error.open_to) from None
    answer = {"kind": kept.kind, "at": kept.at, "status": http.status(status.code)}
    return answer, 202, {"Content-Language": language(), "Vary": "Accept-Language"}


def _said_before(kind: str) -> Problem:
    name = conversation.ACT_NAMES[kind]
    message = {
        "ar": f"سبق لك {name['ar']} بكلمات أخرى، ولا يكون ذلك إلا مرة واحدة.",
        "en": f"You did this before in other words ({name['en']}); it is possible once.",
    }
    return Problem(409, "said_before", message)


def _not_now(open_to: list[str]) -> Problem:
    names = {
        "ar": "، ".join(conversation.ACT_NAMES[each]["ar"] for each in open_to),
        "en": ", ".join(conversation.ACT_NAMES[each]["en"] for each in open_to),
    }
    message = {
        "ar": f"هذا غير ممكن الآن. الممكن: {names['ar']}." if open_to else "هذا غير ممكن الآن.",
        "en": f"This is not possible now. Possible: {names['en']}."
        if open_to
        else "This is not possible now.",
    }
    errors = [{"field": "action", "code": each, "message": conversation.ACT_NAMES[each]} for each in open_to]
    return Problem(409, "not_possible_now", message, errors=errors)
