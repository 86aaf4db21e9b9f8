"""The shapes of rules and their dry run, of files into the directory and out of it, and of its history."""

from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.chassis.messages import Message
from services.routing.directory.files import cells, sheet
from services.routing.directory.plan import ENTITIES
from services.routing.directory.schemas import Cell, Moment
from services.routing.schemas import NameSchema

_LONGEST_PERIOD = timedelta(days=366)


class RulesQuerySchema(Schema):
    """Rules of a category, a body, or both; with `at` those in force at a moment, else all versions."""

    category = Cell(cells.category_code, load_default=None)
    institution = Cell(cells.institution_code, load_default=None)
    at = Moment(load_default=None)


class RuleSchema(Schema):
    """Complaints of the category, of the governorate if there is one, go to the body while the rule is in force."""

    id = fields.String(required=True)
    category = fields.String(required=True)
    governorate = fields.String(required=True, allow_none=True)
    institution = fields.String(required=True)
    priority = fields.Integer(required=True)
    valid_from = fields.AwareDateTime(required=True)
    valid_to = fields.AwareDateTime(required=True, allow_none=True)


class TriedRuleSchema(Schema):
    """A rule as a dry run takes it: in force all the time."""

    category = Cell(cells.category_code, required=True)
    governorate = Cell(cells.governorate, load_default=None, allow_none=True)
    institution = Cell(cells.institution_code, required=True)
    priority = fields.Integer(load_default=10, strict=True, validate=validate.Range(min=1, max=1000))


class NewRuleSchema(TriedRuleSchema):
    """`valid_from` may be now or later; `replaces` is the id of a rule that ends when this one begins."""

    valid_from = Moment(required=True)
    valid_to = Moment(load_default=None, allow_none=True)
    replaces = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class DryRunSchema(Schema):
    """Rules to add and ids of rules to end, tried on the complaints received in a period of up to a year."""

    begin = Moment(required=True, data_key="from")
    end = Moment(required=True, data_key="to")
    added = fields.List(
        fields.Nested(TriedRuleSchema), load_default=list, data_key="add", validate=validate.Length(max=500)
    )
    ended = fields.List(
        fields.String(validate=validate.Length(max=100)),
        load_default=list,
        data_key="end",
        validate=validate.Length(max=500),
    )

    @validates_schema
    def period(self, data: dict[str, Any], **_: Any) -> None:
        """The end comes after the beginning, and within a year."""
        if not timedelta() < data["end"] - data["begin"] <= _LONGEST_PERIOD:
            raise ValidationError(
                Message(
                    "bad_period",
                    ar="المدة بين يوم وسنة.",
                    en="The period is longer than nothing and up to a year.",
                ),
                "to",
            )


class MoveSchema(Schema):
    """Complaints of a category that one body has (null: nobody) and another would have."""

    category = fields.String(required=True)
    has = fields.String(required=True, allow_none=True, data_key="from")
    would = fields.String(required=True, allow_none=True, data_key="to")
    cases = fields.Integer(required=True)


class HitsSchema(Schema):
    """How many complaints the n-th added rule (from 0) would have decided; none may mean a mistyped category."""

    add = fields.Integer(required=True)
    cases = fields.Integer(required=True)


class RehearsalSchema(Schema):
    """What would have happened: `same` of the `cases` would be where they are."""

    cases = fields.Integer(required=True)
    same = fields.Integer(required=True)
    moves = fields.List(fields.Nested(MoveSchema), required=True)
    hits = fields.List(fields.Nested(HitsSchema), required=True)


class ImportSchema(Schema):
    """A file: CSV as text, XLSX in base64. Without `apply` it is only tried; `version` is the one that the dry run told."""

    kind = fields.String(required=True, validate=validate.OneOf(cells.KINDS))
    format = fields.String(load_default="csv", validate=validate.OneOf(sheet.FORMATS))
    content = fields.String(required=True, validate=validate.Length(min=1))
    apply = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    version = fields.Integer(load_default=None, allow_none=True, strict=True)


class RowErrorSchema(Schema):
    """What is wrong with a line; 1 is the line with the names of the columns."""

    row = fields.Integer(required=True)
    column = fields.String(required=True, allow_none=True)
    code = fields.String(required=True)
    message = fields.Nested(NameSchema, required=True)


class PlanSchema(Schema):
    """What the file changes or would change. `errors` are the first 200 of `errors_total`."""

    kind = fields.String(required=True)
    applied = fields.Boolean(required=True)
    version = fields.Integer(required=True, allow_none=True)
    rows = fields.Integer(required=True)
    new = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    ended = fields.Integer(required=True)
    errors_total = fields.Integer(required=True)
    errors = fields.List(fields.Nested(RowErrorSchema), required=True)


class ExportQuerySchema(Schema):
    """Which entries, as which sort of file."""

    kind = fields.String(required=True, validate=validate.OneOf(cells.KINDS))
    format = fields.String(load_default="csv", validate=validate.OneOf(sheet.FORMATS))
    institution = Cell(cells.institution_code, load_default=None)


class ChangesQuerySchema(Schema):
    """`before` is the `next` of the page before."""

    entity = fields.String(
        load_default=None,
        validate=validate.OneOf(tuple(ENTITIES.values())),
    )
    key = fields.String(load_default=None, validate=validate.Length(max=200))
    before = fields.Integer(load_default=None, validate=validate.Range(min=1))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class ChangeSchema(Schema):
    """One entry before and after a change; null before of what was new."""

    number = fields.Integer(required=True)
    entity = fields.String(required=True)
    key = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)


class ChangesPageSchema(Schema):
    """The history of the directory, newest first; `next` is null on the last page."""

    items = fields.List(fields.Nested(ChangeSchema), required=True)
    next = fields.Integer(required=True, allow_none=True)
