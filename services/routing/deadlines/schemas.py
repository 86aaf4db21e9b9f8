"""The shapes of the calendar's HTTP resources."""

from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.chassis.messages import Message
from services.routing.deadlines.calendar import CLOSED, EFFECTS, MONTH_DAYS, NATION, SCOPES, closes_a_month

_EARLIEST, _LATEST = date(2020, 1, 1), date(2100, 12, 31)
_MOST_DAYS = 366

_REVERSED = Message(
    "days_reversed",
    ar="يجب ألا يسبق اليوم الأخير اليوم الأول.",
    en="The last day must not be before the first.",
)
_TOO_LONG = Message(
    "too_many_days",
    ar=f"يجب ألا تتجاوز المدة {_MOST_DAYS} يومًا.",
    en=f"There must not be more than {_MOST_DAYS} days.",
)
_CODE_NEEDED = Message(
    "code_needed",
    ar="اذكر رمز المحافظة أو الجهة التي يخصها التعميم.",
    en="Say the code of the governorate or the body that the circular concerns.",
)
_NO_CODE = Message(
    "code_not_allowed",
    ar="التعميم على مستوى المملكة لا رمز له.",
    en="What concerns the whole country has no code.",
)
_HOURS_NEEDED = Message(
    "hours_needed",
    ar="اذكر بداية الدوام ونهايته.",
    en="Say when work begins and when it ends.",
)
_NO_HOURS = Message(
    "hours_not_allowed", ar="يوم العطلة لا دوام فيه.", en="A day that is closed has no hours."
)
_HOURS_REVERSED = Message(
    "hours_reversed",
    ar="يجب أن ينتهي الدوام بعد بدايته.",
    en="Work must end after it begins.",
)
_MONTH = Message(
    "closes_a_month",
    ar=f"يعطّل هذا التعميم {MONTH_DAYS} يومًا متتاليًا أو أكثر. إن كان ذلك مقصودًا فأعد الإرسال مع confirmed=true.",
    en=f"This closes {MONTH_DAYS} days in a row or more. If that is what is meant, send it again with confirmed=true.",
)

_day = validate.Range(min=_EARLIEST, max=_LATEST)


class CircularNoteSchema(Schema):
    """A text in both languages."""

    ar = fields.String(required=True, validate=validate.Length(min=1, max=300))
    en = fields.String(required=True, validate=validate.Length(min=1, max=300))


class NewOverrideSchema(Schema):
    """What a circular says of some days, in the whole country, a governorate or a body.

    `closed`: nobody works. `hours`: the working days among them have these hours. `open`: the days off among them are worked.
    """

    scope = fields.String(required=True, validate=validate.OneOf(SCOPES))
    code = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=16))
    effect = fields.String(required=True, validate=validate.OneOf(EFFECTS))
    first_day = fields.Date(required=True, validate=_day)
    last_day = fields.Date(required=True, validate=_day)
    opens = fields.Time(load_default=None, allow_none=True)
    closes = fields.Time(load_default=None, allow_none=True)
    reference = fields.String(required=True, validate=validate.Length(min=1, max=100))
    note = fields.Nested(CircularNoteSchema, required=True)
    confirmed = fields.Boolean(load_default=False, truthy={True}, falsy={False})

    @validates_schema
    def fits_together(self, data: dict[str, Any], **_: Any) -> None:
        """Days and hours in their order, a code where there is one place, and no month closed by a slip of the hand."""
        wrong: dict[str, list[Message]] = {}
        if data["scope"] == NATION and data["code"] is not None:
            wrong["code"] = [_NO_CODE]
        if data["scope"] != NATION and data["code"] is None:
            wrong["code"] = [_CODE_NEEDED]
        hours = [data["opens"], data["closes"]]
        if data["effect"] == CLOSED and hours != [None, None]:
            wrong["opens"] = [_NO_HOURS]
        if data["effect"] != CLOSED and None in hours:
            wrong["opens"] = [_HOURS_NEEDED]
        elif data["effect"] != CLOSED and data["opens"] >= data["closes"]:
            wrong["closes"] = [_HOURS_REVERSED]
        days = _wrong_days(data["first_day"], data["last_day"])
        if days is None and not data["confirmed"]:
            days = _MONTH if closes_a_month(data["effect"], data["first_day"], data["last_day"]) else None
        if days is not None:
            wrong["last_day"] = [days]
        if wrong:
            raise ValidationError(wrong)


class RehearsedSchema(Schema):
    """`concerned` open promises are of the place and fall due on the first day or later; of `tried` of them `would_move` would move."""

    concerned = fields.Integer(required=True)
    tried = fields.Integer(required=True)
    would_move = fields.Integer(required=True)


class WithdrawalSchema(Schema):
    """Nothing needs to be said."""


class RecomputationSchema(Schema):
    """How far the promises are counted again: how many were looked at, how many moved; no `finished_at` while it goes on."""

    seen = fields.Integer(required=True)
    moved = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)


class OverrideSchema(Schema):
    """What was recorded of a circular, and what became of it. `recomputation` is null where no promise could be concerned."""

    id = fields.UUID(required=True)
    scope = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    effect = fields.String(required=True)
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)
    opens = fields.Time(required=True, allow_none=True)
    closes = fields.Time(required=True, allow_none=True)
    reference = fields.String(required=True)
    note = fields.Nested(CircularNoteSchema, required=True)
    recorded_at = fields.AwareDateTime(required=True)
    recorded_by = fields.String(required=True)
    withdrawn_at = fields.AwareDateTime(required=True, allow_none=True)
    withdrawn_by = fields.String(required=True, allow_none=True)
    recomputation = fields.Nested(RecomputationSchema, required=True, allow_none=True)


class DaysQuerySchema(Schema):
    """Which days, and of which place; without a governorate and a body, those of the country."""

    first = fields.Date(required=True, data_key="from", validate=_day)
    last = fields.Date(required=True, data_key="to", validate=_day)
    governorate = fields.String(load_default=None, validate=validate.Length(min=1, max=16))
    institution = fields.String(load_default=None, validate=validate.Length(min=1, max=16))

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Not backwards, and not for ever."""
        wrong = _wrong_days(data["first"], data["last"])
        if wrong is not None:
            raise ValidationError(wrong, "to")


class DaySchema(Schema):
    """The hours of a day; null where nobody works."""

    day = fields.Date(required=True)
    opens = fields.Time(required=True, allow_none=True)
    closes = fields.Time(required=True, allow_none=True)


def _wrong_days(first: date, last: date) -> Message | None:
    if last < first:
        return _REVERSED
    return _TOO_LONG if (last - first).days >= _MOST_DAYS else None
