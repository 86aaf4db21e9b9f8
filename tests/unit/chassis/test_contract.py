"""The producer is strict in what it states; the consumer reads what it knows and lets the rest pass."""

import uuid
from datetime import UTC, datetime

import pytest
from marshmallow import Schema, fields, validate

from services.chassis.contract import FactType, InvalidFact, Reading


class DoneSchema(Schema):
    number = fields.Integer(required=True, strict=True)
    at = fields.AwareDateTime(required=True, format="iso", default_timezone=UTC)
    word = fields.String(required=True, validate=validate.OneOf(["a", "b"]))
    maybe = fields.String(load_default=None, allow_none=True)


class ReadDone(Reading):
    number = fields.Integer(required=True)


DONE = FactType("Done", DoneSchema, description="It is done.")
GOOD = {"number": 1, "at": datetime(2026, 1, 1, tzinfo=UTC), "word": "a", "maybe": None}
SUBJECT = str(uuid.uuid4())


def test_a_good_fact_is_json_safe():
    fact = DONE.new(SUBJECT, GOOD, scope="MOH")
    assert fact.data == {"number": 1, "at": "2026-01-01T00:00:00+00:00", "word": "a", "maybe": None}
    assert (fact.type, fact.version, fact.subject, fact.scope) == ("Done", 1, SUBJECT, "MOH")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"word": "0791234567"}, "word"),
        ({"number": "many"}, "type"),
        ({"at": "yesterday"}, "type"),
        ({"extra": 1}, "extra"),
        ({"word": None}, "word"),
    ],
)
def test_a_fact_that_breaks_its_schema_is_refused_by_field_and_not_by_value(change, named):
    with pytest.raises(InvalidFact, match=named) as refused:
        DONE.new(SUBJECT, {**GOOD, **change})
    assert "0791234567" not in str(refused.value)


def test_a_missing_field_is_refused():
    with pytest.raises(InvalidFact, match="number"):
        DONE.new(SUBJECT, {key: value for key, value in GOOD.items() if key != "number"})


@pytest.mark.parametrize("scope", ["", "a.b", "#", "*", "a b", "x" * 41, "--"])
def test_a_scope_that_would_change_the_routing_is_refused(scope):
    with pytest.raises(InvalidFact, match="scope"):
        DONE.new(SUBJECT, GOOD, scope=scope)


def test_a_reader_takes_what_it_knows():
    assert ReadDone().load({"number": 1, "tomorrow's field": True}) == {"number": 1}
