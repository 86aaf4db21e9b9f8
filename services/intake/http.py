"""What the HTTP resources of intake share."""

import re

import flask

from services.chassis.web import Problem, language
from services.intake.complaint import STATUS_NAMES

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 200},
    "description": (
        "The same key with the same body is answered alike. Keys are shared by all callers, so a key must be random, such as a UUID."
    ),
}


def idempotency_key() -> str | None:
    """The client's key of the request, or None. Raises Problem 422 for one that cannot be."""
    given = flask.request.headers.get("Idempotency-Key")
    if given is None or _KEY.fullmatch(given):
        return given
    message = {
        "ar": "يجب أن يكون Idempotency-Key من 1 إلى 200 حرف لاتيني ظاهر.",
        "en": "Idempotency-Key must be 1 to 200 printable ASCII characters.",
    }
    raise Problem(
        422,
        "validation",
        errors=[{"field": "Idempotency-Key", "code": "idempotency_key_invalid", "message": message}],
    )


def status(code: str) -> dict[str, str]:
    """A status with its name in the language of the request."""
    return {"code": code, "name": STATUS_NAMES[code][language()]}


def key_reused() -> Problem:
    """The key came with another body before."""
    return Problem(
        422,
        "idempotency_key_reused",
        {
            "ar": "استُخدم مفتاح التكرار هذا مع طلب مختلف؛ استخدم مفتاحًا جديدًا للطلب الجديد.",
            "en": "This Idempotency-Key was used with another body; use a new key for a new request.",
        },
    )


def not_found() -> Problem:
    """No complaint has this number, or what was typed can be none."""
    message = {
        "ar": "لا توجد شكوى بهذا الرقم؛ تأكد منه كما ورد في الإشعار.",
        "en": "There is no complaint with this number; check it against your receipt.",
    }
    return Problem(404, "complaint_not_found", message)
