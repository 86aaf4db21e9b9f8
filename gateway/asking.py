"""One question to the service that owns the data, in somebody's name."""

import uuid

from gateway import auth, clients, metrics, problems
from services.chassis import clock, logs, tracing
from services.chassis.actor import Actor
from services.chassis.http import CORRELATION_HEADER

IDEMPOTENCY_KEY = "Idempotency-Key"
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

log = logs.get()


def ask(
    who: Actor,
    service: str,
    method: str,
    target: str,
    body: bytes = b"",
    *,
    language: str | None = None,
    key: str | None = None,
    repeatable: bool = False,
) -> clients.Answer:
    """The answer of `service` to `who`. Raises Problem 503 or 504 when it does not answer.

    A `repeatable` change that has no idempotency key gets one here, so that it can be sent again when its outcome is unknown
    (docs/adr/0021). Any other change is sent once.
    """
    headers = {"Authorization": auth.vouch(who, service, clock.now())}
    correlation_id = logs.correlation_id()
    if correlation_id:
        headers[CORRELATION_HEADER] = correlation_id
    traceparent = tracing.current_traceparent()
    if traceparent:
        headers["traceparent"] = traceparent
    if language:
        headers["Accept-Language"] = language
    if method in WITH_BODY:
        headers["Content-Type"] = "application/json"
    if repeatable:
        key = key or f"gateway-{uuid.uuid4()}"
    if key and method in CHANGES:
        headers[IDEMPOTENCY_KEY] = key
    try:
        return clients.of(service).request(method, target, headers, body, repeatable=repeatable)
    except clients.ServiceFailed as failure:
        outcome = (
            "timeout"
            if isinstance(failure, clients.ServiceTimedOut)
            else "unknown"
            if failure.sent
            else "unreachable"
        )
        metrics.service_failures_total.labels(service, outcome).inc()
        log.warning("service_did_not_answer", target=service, reason=failure.reason, sent=failure.sent)
        raise problems.service_failed(failure, key if repeatable else None) from None
