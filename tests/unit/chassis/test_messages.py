import inspect
from collections.abc import Callable
from typing import Any

import marshmallow
import pytest
from marshmallow import fields, validate

from services.chassis import messages
from services.chassis.messages import Message, errors_of, translate

# What can be formatted when a value is dumped, not when it is read.
ONLY_ON_DUMP = {"format"}


def sentences() -> set[str]:
    """Every sentence that this marshmallow can say about input, with its placeholders."""
    found = set(marshmallow.Schema._default_error_messages.values())
    for cls in vars(fields).values():
        if inspect.isclass(cls) and issubclass(cls, fields.Field):
            own = cls.__dict__.get("default_error_messages", {})
            found |= {text for key, text in own.items() if key not in ONLY_ON_DUMP}
    for cls in vars(validate).values():
        if inspect.isclass(cls):
            found |= {
                text
                for key, text in vars(cls).items()
                if key == "default_message" or (key.startswith("message_") and cls is not validate.Range)
            }
    return found


def said(check: Callable[[Any], Any], value: Any) -> list[str]:
    """What the check says against the value; nothing if it takes it."""
    try:
        check(value)
    except marshmallow.ValidationError as error:
        return error.messages
    return []


def test_everything_that_marshmallow_says_is_translated():
    unknown = {
        sentence
        for sentence in sentences()
        if "{obj_type}" not in sentence and translate(sentence).ar == sentence
    }
    assert unknown == set()


@pytest.mark.parametrize("kind", [fields.DateTime, fields.AwareDateTime, fields.NaiveDateTime, fields.Time])
def test_times_are_translated(kind):
    for value in ("x", 5, "2026-11-23T10:00:00", "2026-11-23T10:00:00Z"):
        for sentence in said(kind().deserialize, value):
            assert translate(sentence).ar != sentence


@pytest.mark.parametrize(
    "limits",
    [
        {"min": 1},
        {"max": 1},
        {"min": 1, "min_inclusive": False},
        {"max": 1, "max_inclusive": False},
        {"min": 3, "max": 2},
    ],
)
def test_ranges_are_translated(limits):
    sentences = [each for value in (-100, 100, 1) for each in said(validate.Range(**limits), value)]
    assert sentences
    for sentence in sentences:
        message = translate(sentence)
        assert message.code in ("too_small", "too_large", "out_of_range")
        assert message.ar != str(message)


def test_the_numbers_stay_in_both_languages():
    message = translate("Length must be between 3 and 40.")
    assert (message.code, message.as_dict()["en"]) == ("wrong_length", "Length must be between 3 and 40.")
    assert "3" in message.ar
    assert "40" in message.ar


def test_a_long_list_of_choices_is_not_recited():
    long = "Must be one of: " + ", ".join(f"choice.{number}" for number in range(60)) + "."
    assert translate(long).as_dict() == {"ar": "قيمة غير معروفة.", "en": "Not one of the known values."}
    assert "أ، ب" in translate("Must be one of: أ، ب.").ar


def test_a_service_brings_its_own():
    mine = Message("too_odd", ar="غريب ({input}).", en="Too odd ({input}).")

    class Schema(marshmallow.Schema):
        number = fields.Integer(validate=validate.OneOf([2], error=mine))
        word = fields.String()

        @marshmallow.validates_schema
        def whole(self, _data, **_):
            raise marshmallow.ValidationError(Message("whole", ar="كل", en="All"))

    with pytest.raises(marshmallow.ValidationError) as caught:
        Schema().load({"number": 3})
    assert errors_of(caught.value.messages) == [
        {"field": "number", "code": "too_odd", "message": {"ar": "غريب (3).", "en": "Too odd (3)."}}
    ]
    with pytest.raises(marshmallow.ValidationError) as caught:
        Schema().load({})
    assert errors_of(caught.value.messages) == [
        {"field": "body", "code": "whole", "message": {"ar": "كل", "en": "All"}}
    ]


def test_nested_fields_are_named_by_their_path():
    class Inner(marshmallow.Schema):
        a = fields.Integer(required=True)

    class Outer(marshmallow.Schema):
        many = fields.List(fields.Nested(Inner))
        one = fields.Nested(Inner)

    with pytest.raises(marshmallow.ValidationError) as caught:
        Outer().load({"many": [{"a": 1}, {}, 5], "one": {"a": "x", "b": 1}})
    named = {(error["field"], error["code"]) for error in errors_of(caught.value.messages)}
    assert named == {
        ("many.1.a", "required"),
        ("many.2", "not_object"),
        ("one.a", "not_integer"),
        ("one.b", "unknown_field"),
    }


def test_the_list_of_errors_is_bounded():
    with pytest.raises(marshmallow.ValidationError) as caught:
        marshmallow.Schema().load({"x" * 500 + str(number): 1 for number in range(500)})
    found = errors_of(caught.value.messages)
    assert len(found) == 50
    assert max(len(error["field"]) for error in found) == 200


def test_an_unknown_sentence_is_kept():
    assert translate("Never heard of.").as_dict() == {"ar": "Never heard of.", "en": "Never heard of."}


def test_no_template_is_there_twice():
    english = [template for template, _, _ in messages._TEMPLATES]
    assert len(english) == len(set(english))
