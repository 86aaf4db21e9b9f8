"""Golden data: what a producer may say, every consumer understands, and the JSON Schema says the same as the code."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import marshmallow
import pytest
from marshmallow import validate

from contracts import facts, files, json_schema
from contracts.facts import Published
from services.chassis.event import Event

FACTS = facts.published()
EXAMPLES = [(each, place) for each in FACTS for place in files.example_files(each)]
READINGS = [(each, reader, place) for each, place in EXAMPLES for reader in each.readers]
UUID = "0192f3a1-7c41-7d3e-9b52-4f6a8c1d2e30"


def name(value: object) -> str | None:
    if isinstance(value, Published):
        return value.name
    return value.stem.split(".", 2)[-1] if isinstance(value, Path) else None


def data(place: Path) -> dict[str, Any]:
    return json.loads(place.read_text(encoding="utf-8"))


def validator(each: Published) -> jsonschema.Draft202012Validator:
    place = files.ROOT / "events" / f"{each.name}.json"
    checker = jsonschema.FormatChecker(formats=())

    @checker.checks("date-time", raises=ValueError)
    def date_time(value: object) -> bool:
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None

    @checker.checks("uuid")
    def uuid(value: object) -> bool:
        return not isinstance(value, str) or jsonschema.FormatChecker().conforms(value, "uuid")

    return jsonschema.Draft202012Validator(data(place), format_checker=checker)


def accepted_by_producer(each: Published, value: dict[str, Any]) -> bool:
    accepted = not each.fact.schema(unknown=marshmallow.RAISE).validate(value)
    assert each.fact.accepts(value) == accepted, (
        "what a fact is checked by says something else than its schema"
    )
    return accepted


@pytest.mark.parametrize("each", FACTS, ids=name)
def test_every_fact_has_golden_data(each):
    assert len(files.example_files(each)) >= 2, f"add contracts/events/examples/{each.name}.<what>.json"


def test_every_golden_file_is_of_a_fact():
    known = {place for _, place in EXAMPLES}
    assert set((files.ROOT / "events" / "examples").iterdir()) == known


@pytest.mark.parametrize(("each", "place"), EXAMPLES, ids=name)
def test_the_producer_may_say_it(each, place):
    schema = each.fact.schema(unknown=marshmallow.RAISE)
    loaded = schema.load(data(place))
    # What comes back out is what went in: the golden data are as the producer writes them.
    assert schema.dump(loaded) == data(place)
    assert each.fact.new(UUID, loaded).data == data(place)


@pytest.mark.parametrize(("each", "reader", "place"), READINGS, ids=name)
def test_every_consumer_understands_it(each, reader, place):
    reading = each.readers[reader].schema
    given = data(place)
    loaded = reading().load(given)
    wanted = {field.data_key or key for key, field in reading().fields.items()}
    assert {key for key in wanted if key in given} == set(loaded)
    # A later minor version may say more.
    assert reading().load({**given, "added_later": {"any": ["thing"]}}) == loaded


@pytest.mark.parametrize(("each", "place"), EXAMPLES, ids=name)
def test_the_json_schema_accepts_it(each, place):
    validator(each).validate(data(place))


@pytest.mark.parametrize("each", FACTS, ids=name)
def test_the_json_schema_is_one(each):
    jsonschema.Draft202012Validator.check_schema(json_schema.of(each))


def mutants(each: Published) -> list[tuple[str, dict[str, Any]]]:
    """Wrong variants of the first example, made from the fields, so that a new field is tried too."""
    good = data(files.example_files(each)[0])
    found = [("an unknown field", {**good, "not_in_the_schema": 1})]
    for key, field in each.fact.schema().fields.items():
        if field.required:
            found.append((f"{key} missing", {k: v for k, v in good.items() if k != key}))
        if not field.allow_none:
            found.append((f"{key} null", {**good, key: None}))
        found.append((f"{key} a list", {**good, key: [1]}))
        if isinstance(field, (marshmallow.fields.UUID, marshmallow.fields.AwareDateTime)):
            found.append((f"{key} not of its format", {**good, key: "not of its format"}))
        if isinstance(field, marshmallow.fields.AwareDateTime):
            found.append((f"{key} without its zone", {**good, key: "2026-11-19T09:30:00"}))
        if isinstance(field, marshmallow.fields.Integer):
            found += [(f"{key} too small", {**good, key: -1}), (f"{key} a fraction", {**good, key: 1.5})]
        for rule in field.validators:
            if isinstance(rule, (validate.OneOf, validate.Regexp)):
                found.append((f"{key} not an allowed text", {**good, key: "\u0000 no such text"}))
            if isinstance(rule, validate.Length) and rule.min:
                found.append((f"{key} too short", {**good, key: ""}))
        if isinstance(field, marshmallow.fields.Nested):
            inner = copy.deepcopy(good)
            inner[key] = {**(inner[key] or {}), "not_in_the_schema": 1}
            found.append((f"{key} with an unknown field", inner))
    return found


@pytest.mark.parametrize("each", FACTS, ids=name)
def test_the_json_schema_and_the_producer_refuse_the_same(each):
    for what, value in mutants(each):
        by_schema = validator(each).is_valid(value)
        by_producer = accepted_by_producer(each, value)
        assert not by_producer, f"the producer accepts {what}"
        assert not by_schema, f"the JSON Schema accepts {what}"


@pytest.mark.parametrize(("each", "place"), EXAMPLES, ids=name)
@pytest.mark.parametrize("caused", [True, False], ids=["caused by a fact", "caused by a request"])
def test_what_is_sent_has_the_headers_that_asyncapi_promises(each, place, caused):
    fact = each.fact.new(UUID, each.fact.schema().load(data(place)), scope="MWI")
    event = Event(
        UUID,
        fact.type,
        fact.version,
        each.owner,
        fact.subject,
        1,
        datetime(2026, 11, 19, 9, 30, tzinfo=UTC),
        fact.scope,
        fact.data,
        "request-1",
        UUID if caused else None,
        f"00-{'1' * 32}-{'2' * 16}-01" if caused else None,
    )
    body, headers, _ = event.to_amqp()
    document = json.loads((files.ROOT / "asyncapi.json").read_text(encoding="utf-8"))
    promised = {
        "$defs": {"headers": document["components"]["schemas"]["headers"]},
        "allOf": [
            {"$ref": "#/$defs/headers"},
            document["components"]["messages"][each.name]["headers"]["allOf"][1],
        ],
    }
    jsonschema.Draft202012Validator(promised).validate(headers)
    assert set(headers) <= set(promised["$defs"]["headers"]["properties"])
    address = document["channels"][each.name]["address"]
    assert event.routing_key == address.replace("{scope}", "MWI")
    again = Event.from_amqp(body, headers, content_type="application/json", routing_key=event.routing_key)
    assert again == event
