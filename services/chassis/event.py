"""The envelope of a fact: CloudEvents 1.0, binary content mode on AMQP 0-9-1.

The body is the JSON of `data` alone; everything else travels in headers named `ce-…`. Nobody fills an envelope by hand: the outbox does.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.chassis.storable import storable

PRODUCT = "bekhedmetkom"
CONTENT_TYPE = "application/json"
MAX_BODY_BYTES = 1024 * 1024
_CE_TYPE = re.compile(rf"\A{PRODUCT}\.([A-Z][A-Za-z0-9]{{0,99}})\.v([1-9][0-9]{{0,3}})\Z")
_CE_SOURCE = re.compile(rf"\A/{PRODUCT}/([a-z][a-z0-9_]{{0,49}})\Z")
_SCOPE = re.compile(r"\A[A-Za-z0-9_-]{1,40}\Z")
# As ours are written. Others are read too, and written so from then on; to recognise one takes a tenth of the time of reading it.
_CANONICAL_UUID = re.compile(r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_SEQUENCE_MOST = 2**31 - 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class MalformedEvent(ValueError):
    """A delivery that is no event of ours. The text names the attribute that is wrong and never quotes a value."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact.

    `sequence` counts 1, 2, 3… without gaps per (source, subject); `subject` and `id` are UUIDs as text; `time` is aware UTC;
    `scope` is the code of what the fact concerns, or "-": the last word of the routing key; `data` is JSON-safe.
    """

    id: str
    type: str
    version: int
    source: str
    subject: str
    sequence: int
    time: datetime
    scope: str
    data: dict[str, Any]
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None

    @property
    def ce_type(self) -> str:
        """The CloudEvents type, e.g. `bekhedmetkom.ThingHappened.v1`."""
        return f"{PRODUCT}.{self.type}.v{self.version}"

    @property
    def routing_key(self) -> str:
        """`<Type>.v<major>.<scope>`: what a queue binds by."""
        return f"{self.type}.v{self.version}.{self.scope}"

    @property
    def key(self) -> tuple[str, str, int]:
        """(source, type, version): what a handler is found by."""
        return (self.source, self.type, self.version)

    @property
    def stream(self) -> tuple[str, str]:
        """(source, subject): within it facts take effect in the order of their sequence."""
        return (self.source, self.subject)

    def headers(self) -> dict[str, str]:
        """The AMQP headers; absent optional attributes are left out."""
        headers = {
            "ce-id": self.id,
            "ce-source": f"/{PRODUCT}/{self.source}",
            "ce-type": self.ce_type,
            "ce-specversion": "1.0",
            "ce-time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "ce-subject": self.subject,
            "ce-sequence": str(self.sequence),
            "ce-correlationid": self.correlation_id,
        }
        if self.causation_id:
            headers["ce-causationid"] = self.causation_id
        if self.traceparent:
            headers["ce-traceparent"] = self.traceparent
        return headers

    def to_amqp(self) -> tuple[bytes, dict[str, str], dict[str, Any]]:
        """(body, headers, properties) of the persistent AMQP message."""
        return dump(self.data).encode(), self.headers(), properties(self.id)

    @classmethod
    def from_amqp(
        cls, body: bytes, headers: dict[str, Any], *, content_type: str | None, routing_key: str
    ) -> "Event":
        """Reads a delivery. Raises MalformedEvent for whatever is not an event of ours, and nothing else."""
        if content_type != CONTENT_TYPE:
            raise MalformedEvent("content_type")
        if len(body) > MAX_BODY_BYTES:
            raise MalformedEvent("body is too large")
        if _text(headers, "ce-specversion") != "1.0":
            raise MalformedEvent("ce-specversion")
        kind = _match(_CE_TYPE, headers, "ce-type")
        return cls(
            id=_uuid(headers, "ce-id"),
            type=kind.group(1),
            version=int(kind.group(2)),
            source=_match(_CE_SOURCE, headers, "ce-source").group(1),
            subject=_uuid(headers, "ce-subject"),
            sequence=_sequence(headers),
            time=_time(headers),
            scope=_scope(routing_key),
            data=load(body),
            correlation_id=_text(headers, "ce-correlationid")[:64],
            causation_id=_uuid(headers, "ce-causationid") if headers.get("ce-causationid") else None,
            traceparent=_text(headers, "ce-traceparent")[:200] if headers.get("ce-traceparent") else None,
        )


def properties(event_id: str) -> dict[str, Any]:
    """AMQP properties of a fact: persistent, with the event id as message id."""
    return {"delivery_mode": 2, "message_id": event_id}


def dump(data: dict[str, Any]) -> str:
    """Compact JSON text. Raises TypeError for what is not JSON-safe: a rich type must be made a string by a schema first."""
    return _ENCODER.encode(data)


def load(body: bytes | str) -> dict[str, Any]:
    """The JSON object of a body. Raises MalformedEvent."""
    try:
        text = body if isinstance(body, str) else body.decode()
        data = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise MalformedEvent("body is not JSON") from None
    if not isinstance(data, dict):
        raise MalformedEvent("body is not a JSON object")
    # Let in, it could be stored nowhere, not even among the failed, and would come back for ever; so it is parked like any other delivery
    # that is no event. Only an escape can bring one in, and our own facts have none.
    if "\\u" in text and not _storable(data):
        raise MalformedEvent("body holds a character that cannot be stored")
    return data


def _refuse_constant(_: str) -> None:
    raise ValueError


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _storable(value: Any) -> bool:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str) and not storable(current):
            return False
        if isinstance(current, dict):
            waiting += (*current, *current.values())
        elif isinstance(current, list):
            waiting += current
    return True


def _text(headers: dict[str, Any], name: str) -> str:
    value = headers.get(name)
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            value = None
    if not isinstance(value, str) or not value or not storable(value):
        raise MalformedEvent(name)
    return value


def _match(pattern: re.Pattern[str], headers: dict[str, Any], name: str) -> re.Match[str]:
    match = pattern.match(_text(headers, name))
    if match is None:
        raise MalformedEvent(name)
    return match


def _uuid(headers: dict[str, Any], name: str) -> str:
    text = _text(headers, name)
    if _CANONICAL_UUID.match(text):
        return text
    try:
        return str(UUID(text))
    except ValueError:
        raise MalformedEvent(name) from None


def _sequence(headers: dict[str, Any]) -> int:
    value = headers.get("ce-sequence")
    if isinstance(value, (str, bytes)) and value.isdigit() and len(value) <= 10:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _SEQUENCE_MOST:
        raise MalformedEvent("ce-sequence")
    return value


def _time(headers: dict[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(headers, "ce-time"))
    except ValueError:
        raise MalformedEvent("ce-time") from None
    if moment.tzinfo is None:
        raise MalformedEvent("ce-time")
    return moment.astimezone(UTC)


def _scope(routing_key: str) -> str:
    # A message that was dead-lettered or sent to the queue by name has another routing key; its scope then says nothing.
    scope = routing_key.rsplit(".", 1)[-1]
    return scope if _SCOPE.match(scope) else "-"
