"""The shapes of reporting's HTTP resources. Field names are those of the figures in kpi.py."""

from datetime import date

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.chassis.web import Message
from services.reporting import kpi

MAX_DAYS = 366
#: Before this day there was no platform; and a period before it would have no period before it.
EARLIEST = date(2020, 1, 1)
LATEST = date(2199, 12, 31)

_CODE = validate.Regexp(
    r"^[A-Za-z][A-Za-z0-9_.-]{0,63}\Z",
    error=Message("not_a_code", ar="رمز غير سليم.", en="Not a well-formed code."),
)
_DAY = validate.Range(
    EARLIEST,
    LATEST,
    error=Message(
        "day_out_of_range",
        ar=f"يجب أن يكون اليوم بين {EARLIEST} و{LATEST}.",
        en=f"Must be a day from {EARLIEST} to {LATEST}.",
    ),
)


class DashboardQuerySchema(Schema):
    """Days are days in Amman, both included. Without them: the last 30 days."""

    first = fields.Date(data_key="from", load_default=None, validate=_DAY)
    last = fields.Date(data_key="to", load_default=None, validate=_DAY)
    institution = fields.String(validate=_CODE)
    governorate = fields.String(validate=_CODE)
    category = fields.String(validate=_CODE)
    kind = fields.String(validate=validate.OneOf(kpi.KINDS))

    @validates_schema
    def in_order(self, data: dict, **_: object) -> None:
        """`from` without `to`, or the other way round, is bounded by its own side."""
        first, last = data.get("first"), data.get("last")
        if first is None or last is None:
            return
        if first > last:
            raise ValidationError(
                Message(
                    "period_reversed", ar="يجب ألا يسبق اليوم الأخير الأول.", en="Must not be before `from`."
                ),
                "to",
            )
        if (last - first).days >= MAX_DAYS:
            raise ValidationError(
                Message(
                    "period_too_long",
                    ar=f"يجب ألا تتجاوز الفترة {MAX_DAYS} يوماً.",
                    en=f"The period must not be longer than {MAX_DAYS} days.",
                ),
                "to",
            )


class TextSchema(Schema):
    """A text in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class PeriodSchema(Schema):
    """Whole days in Amman, both included."""

    first = fields.Date(required=True, data_key="from")
    last = fields.Date(required=True, data_key="to")
    days = fields.Integer(required=True)


class DefinitionSchema(Schema):
    """What a figure counts. `of` is the figure that it is a part of."""

    code = fields.String(required=True)
    name = fields.Nested(TextSchema, required=True)
    definition = fields.Nested(TextSchema, required=True)
    of = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, validate=validate.OneOf(("complaints", "notices")))


class ComparedSchema(Schema):
    """A figure beside that of the previous period; `change` is growth as a ratio, null after nothing."""

    value = fields.Integer(required=True)
    previous = fields.Integer(required=True)
    change = fields.Float(required=True, allow_none=True)


FiguresSchema = Schema.from_dict(
    {code: fields.Integer(required=True) for code in kpi.FIGURES}, name="FiguresSchema"
)
TotalsSchema = Schema.from_dict(
    {code: fields.Nested(ComparedSchema, required=True) for code in kpi.FIGURES}, name="TotalsSchema"
)


class DaySchema(FiguresSchema):
    """The figures of what came in on one day."""

    day = fields.Date(required=True)


class RowSchema(FiguresSchema):
    """The figures of one value of a breakdown; `code` is null for what has none yet, `name` where only others know it."""

    code = fields.String(required=True, allow_none=True)
    name = fields.Nested(TextSchema, required=True, allow_none=True)


class FiltersSchema(Schema):
    """The filters that were applied; null is everything."""

    institution = fields.String(required=True, allow_none=True)
    governorate = fields.String(required=True, allow_none=True)
    category = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True, allow_none=True)


class DashboardSchema(Schema):
    """The figures of a period as of a moment, with their definitions."""

    as_of = fields.AwareDateTime(required=True)
    period = fields.Nested(PeriodSchema, required=True)
    previous_period = fields.Nested(PeriodSchema, required=True)
    filters = fields.Nested(FiltersSchema, required=True)
    totals = fields.Nested(TotalsSchema, required=True)
    by_day = fields.List(fields.Nested(DaySchema), required=True)
    by_institution = fields.List(fields.Nested(RowSchema), required=True)
    by_category = fields.List(fields.Nested(RowSchema), required=True)
    by_governorate = fields.List(fields.Nested(RowSchema), required=True)
    by_status = fields.List(fields.Nested(RowSchema), required=True)
    by_kind = fields.List(fields.Nested(RowSchema), required=True)
    by_channel = fields.List(fields.Nested(RowSchema), required=True)
    by_flag = fields.List(
        fields.Nested(RowSchema),
        required=True,
        metadata={
            "description": "service and rights; one complaint may be both, so that the rows do not add up"
        },
    )
    by_rights_code = fields.List(
        fields.Nested(RowSchema),
        required=True,
        metadata={"description": "each right that complaints are about; one may be about several"},
    )
    definitions = fields.List(fields.Nested(DefinitionSchema), required=True)
