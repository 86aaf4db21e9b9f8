"""What a caller is told when something is refused: problem+json (RFC 9457) in Arabic or English, from one
table.

A handler raises `Problem`; every other exception is looked up here. Nothing of an exception's text ever
reaches a caller.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import flask
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header

from services.chassis import database, logs
from services.chassis.actor import RoleMissing, TokenRefused

CONTENT_TYPE = "application/problem+json"
LANGUAGES = ("ar", "en")

log = logs.get()

# status → title: the kind of thing that went wrong, the same for every problem with this status.
TITLES: dict[int, dict[str, str]] = {
    400: {"ar": "طلب غير سليم", "en": "Bad request"},
    401: {"ar": "يلزم التعريف بالهوية", "en": "Authentication required"},
    403: {"ar": "غير مسموح", "en": "Not allowed"},
    404: {"ar": "غير موجود", "en": "Not found"},
    405: {"ar": "الطريقة غير مسموحة", "en": "Method not allowed"},
    406: {"ar": "لا توجد صيغة مقبولة", "en": "Not acceptable"},
    408: {"ar": "انتهت مهلة الطلب", "en": "Request timed out"},
    409: {"ar": "تعارض مع الحالة الحالية", "en": "Conflict"},
    410: {"ar": "لم يعد موجودًا", "en": "Gone"},
    412: {"ar": "شرط مسبق لم يتحقق", "en": "Precondition failed"},
    413: {"ar": "الطلب أكبر من المسموح", "en": "Content too large"},
    414: {"ar": "العنوان أطول من المسموح", "en": "Address too long"},
    415: {"ar": "نوع المحتوى غير مدعوم", "en": "Unsupported media type"},
    422: {"ar": "بيانات غير صحيحة", "en": "Invalid data"},
    428: {"ar": "شرط مسبق مطلوب", "en": "Precondition required"},
    429: {"ar": "طلبات كثيرة", "en": "Too many requests"},
    431: {"ar": "ترويسات الطلب أكبر من المسموح", "en": "Request header fields too large"},
    500: {"ar": "خطأ داخلي", "en": "Internal error"},
    501: {"ar": "غير مدعوم", "en": "Not implemented"},
    502: {"ar": "تعذّر الوصول إلى الخدمة", "en": "Bad gateway"},
    503: {"ar": "الخدمة غير متاحة مؤقتًا", "en": "Temporarily unavailable"},
    504: {"ar": "لم تجب الخدمة في الوقت المحدد", "en": "Gateway timed out"},
}

# code → what happened and what to do, for every problem that the chassis itself finds.
DETAILS: dict[str, dict[str, str]] = {
    "bad_request": {"ar": "تعذّر فهم الطلب.", "en": "The request could not be understood."},
    "malformed_json": {"ar": "نص الطلب ليس JSON سليمًا.", "en": "The body is not well-formed JSON."},
    "duplicate_key": {
        "ar": "يرد أحد الحقول أكثر من مرة في نص الطلب.",
        "en": "A field appears more than once in the body.",
    },
    "nesting_too_deep": {"ar": "نص الطلب متداخل أكثر من المسموح.", "en": "The body is nested too deeply."},
    "number_out_of_range": {
        "ar": "في نص الطلب عدد خارج المدى المسموح.",
        "en": "A number in the body is out of range.",
    },
    "broken_utf8": {"ar": "نص الطلب ليس بترميز UTF-8 سليم.", "en": "The body is not valid UTF-8."},
    "forbidden_character": {
        "ar": "في العنوان حرف غير مسموح.",
        "en": "The address holds a character that is not allowed.",
    },
    "incomplete_body": {"ar": "لم يصل نص الطلب كاملًا.", "en": "The body did not arrive completely."},
    "token_missing": {"ar": "يلزم رمز دخول.", "en": "An access token is required."},
    "token_malformed": {"ar": "رمز الدخول غير سليم.", "en": "The access token is malformed."},
    "token_forged": {"ar": "رمز الدخول غير سليم.", "en": "The access token is not valid."},
    "token_for_another_audience": {
        "ar": "رمز الدخول لخدمة أخرى.",
        "en": "The access token is for another service.",
    },
    "token_expired": {"ar": "انتهت صلاحية رمز الدخول.", "en": "The access token has expired."},
    "role_missing": {
        "ar": "لا تملك الصلاحية لهذا الإجراء.",
        "en": "You do not have the role that this needs.",
    },
    "not_found": {"ar": "لا يوجد شيء في هذا العنوان.", "en": "There is nothing at this address."},
    "method_not_allowed": {
        "ar": "لا يقبل هذا العنوان هذه الطريقة.",
        "en": "This address does not accept this method.",
    },
    "request_timeout": {"ar": "لم يصل الطلب في الوقت المحدد.", "en": "The request did not arrive in time."},
    "content_too_large": {"ar": "نص الطلب أكبر من المسموح.", "en": "The body is larger than allowed."},
    "uri_too_long": {"ar": "العنوان أطول من المسموح.", "en": "The address is longer than allowed."},
    "headers_too_large": {
        "ar": "ترويسات الطلب أكبر من المسموح.",
        "en": "The headers are larger than allowed.",
    },
    "unsupported_media_type": {
        "ar": "يجب أن يكون نص الطلب JSON بترميز UTF-8 (application/json).",
        "en": "The body must be JSON in UTF-8 (application/json).",
    },
    "validation": {
        "ar": "بعض الحقول غير صحيحة؛ التفاصيل في errors.",
        "en": "Some fields are not right; see errors.",
    },
    "too_many_requests": {"ar": "حاول مرة أخرى بعد قليل.", "en": "Try again later."},
    "busy": {
        "ar": "الخدمة مشغولة الآن؛ حاول مرة أخرى بعد قليل.",
        "en": "The service is busy now; try again shortly.",
    },
    "database_unavailable": {
        "ar": "تعذّر الحفظ الآن؛ حاول مرة أخرى بعد قليل.",
        "en": "Nothing can be stored now; try again shortly.",
    },
    "too_slow": {
        "ar": "لم يكتمل الطلب في الوقت المحدد؛ حاول مرة أخرى.",
        "en": "The request took too long; try again.",
    },
    "internal": {
        "ar": "حدث خطأ لدينا وسُجّل؛ حاول مرة أخرى.",
        "en": "Something went wrong on our side and was recorded; try again.",
    },
}

# status of an error that the framework raised → our code.
_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "content_too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    429: "too_many_requests",
    431: "headers_too_large",
}


class Problem(Exception):
    """A refusal. `code` is stable English snake_case, `message` says in {ar, en} what happened and what to
    do.

    `errors` are per field: {"field": "a.b", "code": "required", "message": {"ar": …, "en": …}}. `headers` go
    into the answer. `more` are members of its body that only this problem has (RFC 9457, 3.2), JSON-safe.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ):
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message or DETAILS[code]
        self.errors = errors
        self.headers = dict(headers or {})
        self.more = dict(more or {})


def problem_of(error: BaseException) -> Problem:
    """The problem to answer with when `error` was raised. The unknown is logged and becomes a 500 that says
    nothing of it.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _of_framework(error)
    if isinstance(error, TokenRefused):
        return Problem(401, error.code, headers={"WWW-Authenticate": "Bearer"})
    if isinstance(error, RoleMissing):
        return Problem(403, "role_missing")
    if isinstance(error, database.DatabaseUnavailable):
        return Problem(503, "database_unavailable", headers={"Retry-After": "5"})
    if isinstance(error, ClientGone):
        return Problem(400, "incomplete_body")
    if database.has_lost(error):
        return Problem(503, "busy", headers={"Retry-After": "1"})
    log.error("request_failed", exc_info=error)
    return Problem(500, "internal")


class ClientGone(Exception):
    """The client stopped sending in the middle of a body."""


def _of_framework(error: HTTPException) -> Problem:
    status = error.code or 500
    headers = (
        {"Allow": ", ".join(sorted(error.valid_methods))} if getattr(error, "valid_methods", None) else {}
    )
    if status in _HTTP_CODES:
        return Problem(status, _HTTP_CODES[status], headers=headers)
    if status >= 500:
        log.error("request_failed", exc_info=error)
        return Problem(500, "internal")
    return Problem(status, "bad_request", headers=headers)


def document(problem: Problem, wanted: str, correlation_id: str | None) -> bytes:
    """The JSON body of a problem in the language `wanted`."""
    title = TITLES.get(problem.status) or TITLES[500 if problem.status >= 500 else 400]
    body: dict[str, Any] = {
        "type": "/problems/" + problem.code.replace("_", "-"),
        "title": title[wanted],
        "status": problem.status,
        "code": problem.code,
        "detail": problem.message[wanted],
    }
    if problem.errors:
        body["errors"] = [
            {"field": each["field"], "code": each["code"], "message": each["message"][wanted]}
            for each in problem.errors
        ]
    body = {**problem.more, **body, "correlation_id": correlation_id}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def language() -> str:
    """The language of the current request, "ar" or "en", by its Accept-Language; Arabic where it says
    nothing.
    """
    return language_of(flask.request.headers.get("Accept-Language"))


def text(ar: str, en: str) -> str:
    """The one of the two that the current request wants."""
    return ar if language() == "ar" else en


def language_of(accept_language: str | None) -> str:
    """The language that a header asks for, "ar" or "en"."""
    if not accept_language:
        return "ar"
    return _best(accept_language[:200])


@lru_cache(maxsize=512)
def _best(accept_language: str) -> str:
    # werkzeug's own best_match prefers "en" to "ar-JO", whatever their order: it looks at whole tags first.
    for tag, quality in parse_accept_header(accept_language, LanguageAccept):
        wanted = tag.lower().partition("-")[0]
        if quality > 0 and wanted in LANGUAGES:
            return wanted
    return "ar"
