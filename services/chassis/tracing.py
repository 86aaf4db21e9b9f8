"""W3C trace context, carried from the request through the outbox row to whoever handles the fact.

Without OTEL_EXPORTER_OTLP_ENDPOINT no span is made: a `traceparent` that came in is passed on as it is, which
costs a string copy.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

_FORM = re.compile(r"\A([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")
_passed_on: ContextVar[str | None] = ContextVar("traceparent", default=None)
_enabled = False
_processor: Any = None
_tracers: dict[str, Any] = {}


class TraceParent(NamedTuple):
    """A parsed `traceparent` header: lower-case hex ids and the flags as a number."""

    trace_id: str
    span_id: str
    flags: int

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


def parse(header: str | None) -> TraceParent | None:
    """A valid W3C traceparent, or None for anything else (the standard: an invalid one is ignored, not
    refused).
    """
    match = _FORM.match(header) if header and len(header) <= 200 else None
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceParent(trace_id, span_id, int(flags, 16))


def configure() -> bool:
    """Starts exporting if OTEL_EXPORTER_OTLP_ENDPOINT is set; says whether it did. Called once, after
    monkey-patching.
    """
    global _enabled, _processor
    if _enabled or not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return _enabled
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    enable(BatchSpanProcessor(OTLPSpanExporter()))
    return True


def enable(processor: Any) -> None:
    """Makes spans from now on and hands them to `processor` (an OpenTelemetry SpanProcessor)."""
    global _enabled, _processor
    _processor, _enabled = processor, True
    _tracers.clear()


def disable() -> None:
    """Stops making spans and flushes what is pending. At the end of a process, and in tests."""
    global _enabled, _processor
    if _processor is not None:
        _processor.shutdown()
    _processor, _enabled = None, False
    _tracers.clear()


def current_traceparent() -> str | None:
    """The header value that whatever is caused now should carry; None when nobody traces."""
    if not _enabled:
        return _passed_on.get()
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return _passed_on.get()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def current_trace_id() -> str | None:
    """The trace id for log lines."""
    traceparent = current_traceparent()
    return traceparent[3:35] if traceparent else None


@contextmanager
def continue_from(
    traceparent: str | None, name: str = "", service: str = "", server: bool = False
) -> Iterator[None]:
    """Runs the block as a part of the trace that `traceparent` names, in a span `name` if tracing is on.

    `name` is a constant such as "POST /things" or "handle ThingReceived": never a value from the input. An
    invalid traceparent starts a new trace.
    """
    parent = parse(traceparent)
    if not _enabled:
        token = _passed_on.set(str(parent) if parent else None)
        try:
            yield
        finally:
            _passed_on.reset(token)
        return
    from opentelemetry.trace import SpanKind

    kind = SpanKind.SERVER if server else SpanKind.CONSUMER
    tracer = _tracer(service)
    with _failing_silently(
        tracer.start_as_current_span(
            name or "continue",
            context=_context(parent),
            kind=kind,
            record_exception=False,
            set_status_on_exception=False,
        )
    ):
        yield


@contextmanager
def span(name: str, service: str = "") -> Iterator[None]:
    """A child span around the block if tracing is on; nothing otherwise."""
    if not _enabled:
        yield
        return
    with _failing_silently(
        _tracer(service).start_as_current_span(name, record_exception=False, set_status_on_exception=False)
    ):
        yield


def describe(name: str, http_status: int) -> None:
    """Gives the current span its name and outcome, once they are known; nothing when tracing is off."""
    if not _enabled:
        return
    from opentelemetry import trace
    from opentelemetry.trace import Status, StatusCode

    current = trace.get_current_span()
    current.update_name(name)
    current.set_attribute("http.response.status_code", http_status)
    if http_status >= 500:
        current.set_status(Status(StatusCode.ERROR))


@contextmanager
def _failing_silently(starting: Any) -> Iterator[None]:
    """Exceptions carry texts with values in them: a span says that it failed, and by which class, and nothing
    more.
    """
    from opentelemetry.trace import Status, StatusCode

    with starting as current:
        try:
            yield
        except Exception as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def _tracer(service: str) -> Any:
    tracer = _tracers.get(service)
    if tracer is None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        provider = TracerProvider(
            resource=Resource.create({"service.name": f"bekhedmetkom-{service or 'process'}"})
        )
        provider.add_span_processor(_processor)
        tracer = _tracers[service] = provider.get_tracer("bekhedmetkom")
    return tracer


def _context(parent: TraceParent | None) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    if parent is None:
        return Context()
    remote = SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), True, TraceFlags(parent.flags))
    return set_span_in_context(NonRecordingSpan(remote), Context())
