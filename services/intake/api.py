"""HTTP resources of intake: schema in, one handler, schema out."""

import secrets as chance
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import flask

from services.chassis import database
from services.chassis.clock import new_id, now
from services.chassis.web import Blueprint, create_app, current_actor, language, require
from services.intake import (
    api_conversation,
    catalogue,
    conversation,
    handlers,
    http,
    schemas,
    settings,
    store_conversation,
    tracking,
)
from services.intake.complaint import PublicStatus
from services.intake.conversation import Utterance
from services.intake.store_restrictions import Reader

PUBLIC_PATH = "/v1/complaints/"
_CATALOGUE_SECONDS = 3600

blueprint = Blueprint("intake", "intake", description="Complaints: handing in, following, reading.")


@blueprint.post("/complaints")
@require("public", "officer", "coordinator")
@blueprint.arguments(
    schemas.SubmissionSchema,
    example={
        "category": "water.outage",
        "governorate": "JO-IR",
        "text": "المياه مقطوعة عن الحي منذ أسبوع.",
        "complainant": {"name": "أحمد", "phone": "0791234567"},
    },
)
@blueprint.response(201, schemas.ReceiptSchema)
@blueprint.doc(
    parameters=[
        {
            "in": "header",
            "name": "Idempotency-Key",
            "schema": {"type": "string", "maxLength": 200},
            "description": (
                "The same key with the same body gives the same complaint, for two days at least."
                " Keys are shared by all callers, so a key must be random, such as a UUID."
            ),
        }
    ]
)
def submit(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Hands in a complaint."""
    submission = schemas.submission(body, language())
    try:
        receipt = handlers.submit(
            submission,
            idempotency_key=http.idempotency_key(),
            said=submission.normal_form(language_given=body["language"] is not None),
            secrets=_secrets(),
            now=now(),
            new_id=new_id,
            randbelow=chance.randbelow,
        )
    except handlers.KeyReused:
        raise http.key_reused() from None
    place = PUBLIC_PATH + receipt.tracking_number
    answer = {
        "tracking_number": receipt.tracking_number,
        "status": http.status(receipt.status),
        "received_at": receipt.received_at,
        "links": {"self": place},
    }
    return answer, 201, {"Location": place, **_spoken()}


@blueprint.get("/complaints/<string:typed>")
@require("public", "officer", "coordinator")
@blueprint.response(200, schemas.PublicComplaintSchema)
def track(typed: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """How a complaint stands, for who holds its tracking number or receipt. Mistyped and unknown are answered
    alike.
    """
    number = tracking.parse(typed)
    if number is None:
        raise http.not_found()
    try:
        with database.single(handlers.SOURCE) as connection:
            standing = handlers.track(connection, number, pepper=settings.keys().pepper)
            said = store_conversation.said(connection, standing.row.id)
    except handlers.NoSuchComplaint:
        raise http.not_found() from None
    row, status = standing.row, standing.status
    answer = {
        "tracking_number": number,
        "kind": row.kind,
        "category": row.category,
        "governorate": row.governorate,
        "received_at": row.received_at,
        "institution_name": status.institution_name[language()] if status.institution_name else None,
        "reason": status.reason,
        "history_hash": status.history_hash,
        "conversation": _told(said),
        "actions": conversation.open_to(status.code, frozenset(each.kind for each in said)),
        **_shown(status),
    }
    return answer, 200, _spoken()


@blueprint.get("/staff/complaints/<uuid:complaint_id>")
@require("officer", "approver", "head", "coordinator")
@blueprint.response(200, schemas.StaffComplaintSchema)
def read(complaint_id: Any) -> tuple[dict[str, Any], int, dict[str, str]]:
    """What was said, for the officers of the body that holds it and for the coordinator. Never who said it."""
    try:
        with database.single(handlers.SOURCE) as connection:
            standing = handlers.read(connection, str(complaint_id), reader=_reader())
            said = store_conversation.said(connection, str(complaint_id))
    except handlers.NoSuchComplaint:
        raise http.not_found() from None
    row = standing.row
    answer = {
        "complaint_id": row.id,
        **{
            name: getattr(row, name)
            for name in ("kind", "category", "governorate", "language", "channel", "anonymous")
        },
        **{
            name: getattr(row, name)
            for name in ("service", "rights", "rights_codes", "groups", "urgent", "accused")
        },
        "title": row.title,
        "text": row.text,
        "received_at": row.received_at,
        "conversation": _told(said),
        **_shown(standing.status),
    }
    return answer, 200, _spoken()


@blueprint.get("/staff/complaints")
@require("officer", "approver", "head", "coordinator")
@blueprint.arguments(schemas.SearchQuerySchema, location="query")
@blueprint.response(200, schemas.FoundPageSchema)
def search(query: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Complaints by tracking number or id; or open ones by words: of the caller's body, or for the coordinator of all."""
    after = str(query["after"]) if query["after"] else None
    with database.single(handlers.SOURCE) as connection:
        found, following = handlers.find(
            connection,
            query["q"],
            reader=_reader(),
            after=after,
            limit=query["limit"],
            pepper=settings.keys().pepper,
        )
    items = [each | {"status": http.status(each["status"])} for each in found]
    return {"items": items, "next": following}, 200, _spoken()


@blueprint.get("/categories")
@require("public", "officer", "coordinator")
@blueprint.response(200, schemas.CategorySchema(many=True))
def categories() -> tuple[list[dict[str, Any]], int, dict[str, str]]:
    """What a complaint can be filed under."""
    return catalogue.categories(), 200, {"Cache-Control": f"public, max-age={_CATALOGUE_SECONDS}"}


@blueprint.get("/rights-codes")
@require("public", "officer", "coordinator")
@blueprint.response(200, schemas.RightsSchema)
def rights_codes() -> tuple[dict[str, Any], int, dict[str, str]]:
    """The rights that a complaint may be about, the groups concerned, and what makes a complaint urgent."""
    return catalogue.rights(), 200, {"Cache-Control": f"public, max-age={_CATALOGUE_SECONDS}"}


@blueprint.get("/governorates")
@require("public", "officer", "coordinator")
@blueprint.response(200, schemas.NamedCodeSchema(many=True))
def governorates() -> tuple[list[dict[str, Any]], int, dict[str, str]]:
    """The governorates of Jordan."""
    return catalogue.governorates(), 200, {"Cache-Control": f"public, max-age={_CATALOGUE_SECONDS}"}


def create_intake_app() -> flask.Flask:
    """The WSGI app of the service. Raises SettingError for a missing or wrong key."""
    settings.load()
    return create_app(
        handlers.SOURCE,
        blueprint,
        api_conversation.blueprint,
        title="Bekhedmetkom intake",
        description="What was said and by whom, and how it stands for the one who said it.",
    )


def _secrets() -> handlers.Secrets:
    loaded = settings.load()
    return handlers.Secrets(
        settings.keys(),
        loaded.seal_public_key,
        loaded.routing_seal_key,
        timedelta(hours=loaded.idempotency_hours),
    )


def _reader() -> Reader:
    actor = current_actor()
    # An account of an officer reads as the officer of the directory.
    identity = str(actor.attributes.get("officer_id") or actor.id)
    # An officer whose body the gateway does not know is limited to a body that holds nothing.
    limited_to = None if "coordinator" in actor.roles else str(actor.attributes.get("institution", ""))
    return Reader(identity, limited_to, "head" in actor.roles)


def _shown(status: PublicStatus) -> dict[str, Any]:
    return {
        "status": http.status(status.code),
        "institution": status.institution,
        "due_at": status.due_at,
        "history": [{"status": code, "at": at} for code, at in status.history],
    }


def _told(said: Sequence[Utterance]) -> list[dict[str, Any]]:
    return [
        {"kind": each.kind, "author": each.author, "at": each.at, "words": each.words, "facts": each.facts}
        for each in said
    ]


def _spoken() -> dict[str, str]:
    return {"Content-Language": language(), "Vary": "Accept-Language"}
