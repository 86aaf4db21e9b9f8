import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.chassis import tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans():
    """Tracing switched on; the exporter that has the finished spans."""
    exporter = InMemorySpanExporter()
    tracing.enable(SimpleSpanProcessor(exporter))
    yield exporter
    tracing.disable()


@pytest.mark.parametrize(
    ("header", "valid"),
    [
        (PARENT, True),
        (f"00-{TRACE}-00f067aa0ba902b7-00", True),
        (f"cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-brings", True),
        (f"00-{TRACE}-00f067aa0ba902b7-01-more", False),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (PARENT.upper(), False),
        (PARENT + "\n", False),
        (PARENT + "-" + "x" * 300, False),
        ("", False),
        (None, False),
    ],
)
def test_reads_what_the_standard_allows(header, valid):
    assert (tracing.parse(header) is not None) == valid


def test_a_parsed_header_writes_itself():
    assert str(tracing.parse(PARENT)) == PARENT


def test_off_passes_on_what_came_in():
    assert tracing.current_traceparent() is None
    with tracing.continue_from(PARENT, "x"):
        assert tracing.current_traceparent() == PARENT
        assert tracing.current_trace_id() == TRACE
        with tracing.span("inner"):
            assert tracing.current_traceparent() == PARENT
    assert tracing.current_traceparent() is None


def test_off_drops_what_is_invalid():
    with tracing.continue_from("nonsense", "x"):
        assert tracing.current_traceparent() is None


def test_not_configured_without_an_endpoint(monkeypatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert tracing.configure() is False


def test_on_the_chain_goes_through_a_header(spans):
    with tracing.continue_from(PARENT, "POST /things", "first", server=True):
        carried = tracing.current_traceparent()
        with tracing.span("write", "first"):
            pass
    with tracing.continue_from(carried, "handle ThingMade", "second"):
        pass
    write, first, second = spans.get_finished_spans()
    assert {f"{span.context.trace_id:032x}" for span in (write, first, second)} == {TRACE}
    assert first.parent.span_id == int(PARENT[36:52], 16)
    assert second.parent.span_id == first.context.span_id
    assert write.parent.span_id == first.context.span_id
    assert first.resource.attributes["service.name"] == "bekhedmetkom-first"
    assert second.resource.attributes["service.name"] == "bekhedmetkom-second"


def test_on_without_a_parent_a_trace_begins(spans):
    with tracing.continue_from(None, "a"), tracing.span("b"):
        assert tracing.parse(tracing.current_traceparent()) is not None
    with tracing.continue_from(None, "c"):
        pass
    inner, outer, other = spans.get_finished_spans()
    assert inner.context.trace_id == outer.context.trace_id != other.context.trace_id


def test_a_span_carries_no_text_of_an_exception(spans):
    with pytest.raises(ValueError, match="secret"), tracing.continue_from(None, "a"):
        raise ValueError("a secret")
    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok
    assert "secret" not in span.to_json()


def test_a_request_is_a_span_named_by_its_route(spans, client, bearer):
    response = client.get("/broken", headers={**bearer(), "traceparent": PARENT})
    assert response.status_code == 500
    (span,) = spans.get_finished_spans()
    assert (span.name, span.attributes["http.response.status_code"]) == ("GET /broken", 500)
    assert f"{span.context.trace_id:032x}" == TRACE
    assert not span.status.is_ok
    assert "0791234567" not in span.to_json()
