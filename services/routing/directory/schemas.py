"""The shapes of units, officers, leave, certificates and the rota. A text is checked as the cell of a file is: one rule for both."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.chassis.messages import Message
from services.routing.directory import presence
from services.routing.directory.files import cells
from services.routing.directory.refusals import Refused
from services.routing.schemas import NameSchema


class Day(fields.Date):
    """A date of the years that a directory speaks of."""

    def __init__(self, **kwargs: Any):
        super().__init__(validate=validate.Range(date(1990, 1, 1), date(2100, 12, 31)), **kwargs)


class Moment(fields.AwareDateTime):
    """A moment of these years. Far beyond them lie moments that no clock of another zone can show."""

    def __init__(self, **kwargs: Any):
        first, last = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 12, 31, tzinfo=UTC)
        super().__init__(validate=validate.Range(first, last), **kwargs)


class Cell(fields.String):
    """A text that one of the parsers of cells understands."""

    def __init__(self, parse: Callable[[str], Any], **kwargs: Any):
        super().__init__(**kwargs)
        self.column = cells.Column("", parse, needed=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return cells.read(self.column, text.strip())
        except Refused as refused:
            text = refused.text
            raise ValidationError(Message(refused.code, ar=text.ar, en=text.en)) from None


class GivenNameSchema(Schema):
    """A name in both languages, to be entered."""

    ar = Cell(cells.name_of, required=True)
    en = Cell(cells.name_of, required=True)


class UnitSchema(Schema):
    """A sub-entity of a body. `valid_to` is the first day on which it is no more."""

    code = fields.String(required=True)
    institution = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    name = fields.Nested(NameSchema, required=True)
    governorate = fields.String(required=True, allow_none=True)
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True, allow_none=True)


class PutUnitSchema(Schema):
    """A unit as it shall be. Without `valid_from` its beginning stays, and a new one begins today."""

    institution = Cell(cells.institution_code, required=True)
    parent = Cell(cells.unit_code, load_default=None, allow_none=True)
    name = fields.Nested(GivenNameSchema, required=True)
    governorate = Cell(cells.governorate, load_default=None, allow_none=True)
    valid_from = Day(load_default=None, allow_none=True)
    valid_to = Day(load_default=None, allow_none=True)


class UnitsQuerySchema(Schema):
    """Of one body, or of all."""

    institution = Cell(cells.institution_code, load_default=None)


class LeaveSchema(Schema):
    """Days on which an officer is away, both included, and who stands in."""

    id = fields.UUID(required=True)
    officer_id = fields.UUID(required=True)
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)
    cover_id = fields.UUID(required=True, allow_none=True)


class NewLeaveSchema(Schema):
    """`cover` is an officer of the same body."""

    first_day = Day(required=True)
    last_day = Day(required=True)
    cover = fields.UUID(load_default=None, allow_none=True)


class NothingSchema(Schema):
    """No fields."""


class CertificateSchema(Schema):
    """A part of the training that an officer has passed. It counts on its last day, too."""

    officer_id = fields.UUID(required=True)
    part = fields.String(required=True)
    issued_on = fields.Date(required=True)
    expires_on = fields.Date(required=True)


class NewCertificateSchema(Schema):
    """One with the same day of issue gets the new last day."""

    part = fields.String(required=True, validate=validate.OneOf(presence.PARTS))
    issued_on = Day(required=True)
    expires_on = Day(required=True)


class CertifiedSchema(Schema):
    """The last day on which each part of the training is certified; null where no certificate is in force."""

    technical = fields.Date(required=True, allow_none=True)
    rights = fields.Date(required=True, allow_none=True)


class DirectoryOfficersQuerySchema(Schema):
    """Whose officers, as they are on which day in Amman (default today)."""

    institution = Cell(cells.institution_code, required=True)
    day = Day(load_default=None)


class DirectoryOfficerSchema(Schema):
    """An officer of any rank. `present` is the mark that a person set; `there` says whether work may be given on the day."""

    id = fields.UUID(required=True)
    institution = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    rank = fields.String(required=True)
    name = fields.Nested(NameSchema, required=True)
    languages = fields.List(fields.String(), required=True)
    email = fields.String(
        required=True, allow_none=True, metadata={"description": "For the coordinator; else null."}
    )
    phone = fields.String(
        required=True, allow_none=True, metadata={"description": "For the coordinator; else null."}
    )
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True, allow_none=True)
    present = fields.Boolean(required=True)
    there = fields.Boolean(required=True)
    cover_id = fields.UUID(required=True, allow_none=True)
    certified = fields.Nested(CertifiedSchema, required=True)
    leave = fields.List(fields.Nested(LeaveSchema), required=True)
    certificates = fields.List(fields.Nested(CertificateSchema), required=True)


class DutySchema(Schema):
    """A turn on a rota; `institution` is null at the coordinator's desk. The lowest position is asked first."""

    id = fields.UUID(required=True)
    institution = fields.String(required=True, allow_none=True)
    officer_id = fields.UUID(required=True)
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    position = fields.Integer(required=True)


class NewDutySchema(Schema):
    """A turn to be entered."""

    institution = Cell(cells.institution_code, load_default=None, allow_none=True)
    officer_id = fields.UUID(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    position = fields.Integer(load_default=1, strict=True, validate=validate.Range(min=1, max=100))


class OnCallQuerySchema(Schema):
    """Without an institution: the coordinator's desk. `at` is now unless it is given."""

    institution = Cell(cells.institution_code, load_default=None)
    at = Moment(load_default=None)


class OnCallSchema(Schema):
    """Who is on call at a moment, in the order in which they are asked, covers included; and the turns that have not ended.

    `people` are the names of them all by their ids.
    """

    at = fields.AwareDateTime(required=True)
    officers = fields.List(fields.UUID(), required=True)
    rota = fields.List(fields.Nested(DutySchema), required=True)
    people = fields.Dict(keys=fields.String(), values=fields.Nested(NameSchema), required=True)
