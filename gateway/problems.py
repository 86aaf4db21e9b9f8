"""What the gateway itself refuses. Everything else comes from the services and passes as it is."""

import flask
from werkzeug.exceptions import ClientDisconnected

from gateway.clients import ServiceFailed, ServiceTimedOut
from services.chassis.problems import ClientGone, Problem

RETRY_SECONDS = 5
IDEMPOTENCY_KEY = "Idempotency-Key"

_UNAVAILABLE = {
    "ar": "الخدمة غير متاحة الآن؛ حاول مرة أخرى بعد قليل.",
    "en": "The service is not available now; try again shortly.",
}
_UNKNOWN = {
    "ar": "لم نتأكد من وصول الطلب. أعد إرساله مع قيمة Idempotency-Key نفسها المذكورة في الترويسة؛ لن يُسجَّل مرتين.",
    "en": "It is not known whether the request took effect. Send it again with the Idempotency-Key of this answer's header;"
    " it will not take effect twice.",
}


def service_failed(failure: ServiceFailed, key: str | None) -> Problem:
    """503 or 504. `key` is the idempotency key of a change; with it the client can repeat a change whose outcome is unknown."""
    unknown = failure.sent and key is not None
    headers = {"Retry-After": str(RETRY_SECONDS)}
    if key is not None:
        headers[IDEMPOTENCY_KEY] = key
    timed_out = isinstance(failure, ServiceTimedOut) and failure.sent
    status, code = (504, "service_timeout") if timed_out else (503, "service_unavailable")
    return Problem(status, code, _UNKNOWN if unknown else _UNAVAILABLE, headers=headers)


def too_many(seconds: int) -> Problem:
    """429, to be tried again after `seconds`."""
    return Problem(429, "too_many_requests", headers={"Retry-After": str(seconds)})


def token_missing() -> Problem:
    """401 without a staff token."""
    return Problem(401, "token_missing", headers={"WWW-Authenticate": "Bearer"})


def token_refused() -> Problem:
    """401 with a staff token that is not good; the same whatever is wrong with it."""
    return Problem(
        401,
        "token_refused",
        {
            "ar": "رمز الدخول غير صالح أو انتهت صلاحيته.",
            "en": "The access token is not valid or has expired.",
        },
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def password_change_needed() -> Problem:
    """403 until a first password was changed."""
    return Problem(
        403,
        "password_change_needed",
        {
            "ar": "يجب تغيير كلمة المرور الأولى قبل أي شيء آخر.",
            "en": "The first password must be changed before anything else.",
        },
    )


def unexpected_query() -> Problem:
    """422 for parameters where none is read: a mistyped address more often than not."""
    return Problem(
        422,
        "unknown_parameter",
        {"ar": "لا يقبل هذا العنوان معاملات استعلام.", "en": "This address takes no query parameters."},
    )


def read(request: flask.Request) -> bytes:
    """The whole body. Raises ClientGone when the client stops in the middle; a body over the limit is refused by Flask with 413."""
    try:
        return request.get_data(cache=False)
    except (ClientDisconnected, ValueError, OSError):
        raise ClientGone from None
