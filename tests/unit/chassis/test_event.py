"""The envelope: what goes onto the wire comes back the same, and whatever is no event of ours is refused with the attribute's name."""

from datetime import UTC
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.event import Event, MalformedEvent

HEADERS = {
    "ce-id": "01a208b8-93d3-7224-bd55-de77f4347cba",
    "ce-source": "/bekhedmetkom/pinger",
    "ce-type": "bekhedmetkom.Pinged.v1",
    "ce-specversion": "1.0",
    "ce-time": "2026-11-23T10:00:00Z",
    "ce-subject": "324ab30a-5e65-4ec3-a281-94b630e12962",
    "ce-sequence": "1",
    "ce-correlationid": "a-correlation-id",
}

storable = st.characters(codec="utf-8", exclude_characters="\x00")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(storable, max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(storable, max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
events = st.builds(
    Event,
    id=st.uuids().map(str),
    type=st.from_regex(r"\A[A-Z][A-Za-z0-9]{0,20}\Z"),
    version=st.integers(1, 9999),
    source=st.from_regex(r"\A[a-z][a-z0-9_]{0,20}\Z"),
    subject=st.uuids().map(str),
    sequence=st.integers(1, 2**31 - 1),
    time=st.datetimes(timezones=st.just(UTC)),
    scope=st.from_regex(r"\A([A-Za-z0-9_]{1,40}|-)\Z"),
    data=st.dictionaries(st.text(storable, max_size=8), json_values, max_size=4),
    correlation_id=st.from_regex(r"\A[a-z0-9-]{8,64}\Z"),
    causation_id=st.none() | st.uuids().map(str),
    traceparent=st.none() | st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
)


def read(headers: dict, body: bytes = b"{}", content_type: str | None = "application/json") -> Event:
    return Event.from_amqp(body, headers, content_type=content_type, routing_key="Pinged.v1.MOH")


@given(events)
def test_what_is_sent_is_read(event):
    body, headers, properties = event.to_amqp()
    assert properties["message_id"] == event.id
    assert (
        Event.from_amqp(body, headers, content_type="application/json", routing_key=event.routing_key)
        == event
    )


def test_headers_are_those_of_the_standard_and_no_others():
    event = read(HEADERS)
    assert set(event.headers()) == set(HEADERS)
    assert event.headers() == HEADERS
    assert event.routing_key == "Pinged.v1.MOH"


@pytest.mark.parametrize("name", sorted(HEADERS))
@pytest.mark.parametrize("wrong", [None, "", "x", 7.5, b"\xff", "\x00", ["1"], {}])
def test_a_wrong_attribute_is_named_and_not_quoted(name, wrong):
    if name == "ce-correlationid":
        wrong = None if wrong == "x" else wrong  # any text is a correlation id.
    with pytest.raises(MalformedEvent, match=name) as refused:
        read({**HEADERS, name: wrong})
    assert str(refused.value) == name


@pytest.mark.parametrize("sequence", ["0", "-1", "1.0", str(2**31), True, "9" * 30])
def test_a_sequence_out_of_range_is_refused(sequence):
    with pytest.raises(MalformedEvent, match="ce-sequence"):
        read({**HEADERS, "ce-sequence": sequence})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"null", b"{", b"\x80", b'{"a": NaN}', b"[" * 100_000, b"{}" + b" " * 2**21]
)
def test_a_body_that_is_no_json_object_is_refused(body):
    with pytest.raises(MalformedEvent, match="body"):
        read(HEADERS, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "\\u0000"}',
        b'{"a": [{"b\\u0000": 1}]}',
        b'{"a": "\\ud800"}',
        b'{"a": 1e400}',
        b'{"a": -1e400}',
    ],
)
def test_what_the_inbox_could_not_keep_is_refused(body):
    with pytest.raises(MalformedEvent, match="body"):
        read(HEADERS, body)


@pytest.mark.parametrize("body", [b'{"a": "\\ud83d\\ude00"}', b'{"a": "\\\\u0000"}', b'{"a": 1e300}'])
def test_an_escape_of_what_can_be_kept_is_read(body):
    read(HEADERS, body)


@given(
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(sorted(HEADERS)), st.binary() | st.text() | st.integers()),
)
def test_noise_is_refused_and_never_crashes(body, headers):
    try:
        event = read({**HEADERS, **headers}, body)
    except MalformedEvent:
        return
    assert UUID(event.id)


def test_a_naive_time_is_refused():
    with pytest.raises(MalformedEvent, match="ce-time"):
        read({**HEADERS, "ce-time": "2026-11-23T10:00:00"})


@given(st.uuids())
def test_an_id_is_the_same_however_it_is_written(identity):
    ways = (str(identity), str(identity).upper(), identity.hex, identity.urn, f"{{{identity}}}")
    assert {read({**HEADERS, "ce-id": way}).id for way in ways} == {str(identity)}
