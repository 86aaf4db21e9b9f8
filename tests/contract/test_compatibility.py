"""Inside a version of a fact only optional fields are added; the check finds everything else."""

import copy

import marshmallow
import pytest
from marshmallow import fields, validate

from contracts import facts, files, json_schema
from contracts.compatibility import breaking
from contracts.facts import Published
from services.chassis.contract import FactType


class Inner(marshmallow.Schema):
    ar = fields.String(required=True)


def schema(**changes: fields.Field | None) -> dict:
    """The JSON Schema of a fact with the usual fields, changed; None removes one."""
    usual: dict[str, fields.Field | None] = {
        "id": fields.UUID(required=True),
        "kind": fields.String(required=True, validate=validate.OneOf(("a", "b"))),
        "note": fields.String(),
        "days": fields.Integer(required=True, validate=validate.Range(min=1)),
        "name": fields.Nested(Inner, required=True),
        "codes": fields.List(fields.String(), required=True),
    }
    kept = {key: field for key, field in {**usual, **changes}.items() if field is not None}
    made = marshmallow.Schema.from_dict(kept)
    return json_schema.of(Published("some", FactType("ThingHappened", made, description="It."), {}))


class Wider(Inner):
    en = fields.String()


class Narrower(Inner):
    en = fields.String(required=True)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"added": fields.String()},
        {"added": fields.Nested(Narrower)},
        {"kind": fields.String(required=True, validate=validate.OneOf(("a", "b", "c")))},
        {"name": fields.Nested(Wider, required=True)},
    ],
    ids=["nothing", "optional field", "optional object", "value added to a list", "optional field inside"],
)
def test_additions_are_allowed(changes):
    assert breaking(schema(), schema(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"note": None}, "note: removed"),
        ({"kind": None}, "kind: removed"),
        ({"days": fields.String(required=True)}, "days: type ['integer'] became ['string']"),
        (
            {"days": fields.Integer(required=True, allow_none=True, validate=validate.Range(min=1))},
            "days: type ['integer'] became ['integer', 'null']",
        ),
        ({"added": fields.String(required=True)}, "added: newly required"),
        ({"note": fields.String(required=True)}, "note: newly required"),
        ({"id": fields.UUID()}, "id: no longer required"),
        ({"id": fields.String(required=True)}, "id: format 'uuid' became None"),
        (
            {"kind": fields.String(required=True, validate=validate.OneOf(("a",)))},
            "kind: b no longer allowed",
        ),
        ({"kind": fields.String(required=True)}, "kind: the list of values was given up"),
        ({"note": fields.String(validate=validate.OneOf(("x",)))}, "note: values are limited to a list"),
        (
            {"days": fields.Integer(required=True, validate=validate.Range(min=2))},
            "days: minimum 1 became 2",
        ),
        ({"name": fields.Nested(Narrower, required=True)}, "name.en: newly required"),
        (
            {"codes": fields.List(fields.Integer(), required=True)},
            "codes[]: type ['string'] became ['integer']",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_else_is_found(changes, message):
    assert message in breaking(schema(), schema(**changes))


def test_the_code_keeps_what_the_committed_schemas_promise():
    assert files.broken(facts.published()) == []


@pytest.mark.parametrize("each", facts.published(), ids=lambda each: each.name)
def test_a_broken_promise_about_any_fact_is_found(each, tmp_path):
    committed = copy.deepcopy(json_schema.of(each))
    committed["properties"]["promised_once"] = {"type": "string"}
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / f"{each.name}.json").write_text(files.text(committed), encoding="utf-8")
    assert files.broken([each], tmp_path) == [f"{each.name}: promised_once: removed"]
