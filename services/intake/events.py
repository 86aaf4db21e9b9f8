"""Facts that intake publishes (strict) and reads (tolerant)."""

from marshmallow import Schema, fields, validate

from services.chassis.contract import FactType, Reading, Reads
from services.intake.catalogue import CATEGORIES, GOVERNORATES
from services.intake.complaint import CHANNELS, KINDS, LANGUAGES


class ComplaintReceivedSchema(Schema):
    """Codes and ids. The text stays in intake; the contact travels sealed."""

    complaint_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    governorate = fields.String(required=True, validate=validate.OneOf(GOVERNORATES))
    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    anonymous = fields.Boolean(required=True)
    received_at = fields.AwareDateTime(required=True, format="iso")
    sealed = fields.String(
        required=True,
        allow_none=True,
        validate=validate.Length(min=1),
        metadata={
            "description": "name, phone, email, language, tracking_number and contact_preference, "
            "sealed for notification; null if anonymous"
        },
    )


COMPLAINT_RECEIVED = FactType(
    "ComplaintReceived",
    ComplaintReceivedSchema,
    description="A complaint was accepted durably and its complainant has a tracking number.",
    personal=True,
)

PUBLISHED = (COMPLAINT_RECEIVED,)


class NameReading(Reading):
    """A name in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class ComplaintAssignedReading(Reading):
    """Who must answer."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True)
    institution_name = fields.Nested(NameReading, required=True)
    assigned_at = fields.AwareDateTime(required=True)


class PromiseSetReading(Reading):
    """By when."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)
    set_at = fields.AwareDateTime(required=True)


class PromiseMovedReading(Reading):
    """By when from now on."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)
    moved_at = fields.AwareDateTime(required=True)


class AssignmentFailedReading(Reading):
    """Nobody could take it; the coordinator's desk holds it."""

    complaint_id = fields.UUID(required=True)
    unowned_since = fields.AwareDateTime(required=True)


COMPLAINT_ASSIGNED = Reads("routing", "ComplaintAssigned", 1, ComplaintAssignedReading)
PROMISE_SET = Reads("routing", "PromiseSet", 1, PromiseSetReading)
PROMISE_MOVED = Reads("routing", "PromiseMoved", 1, PromiseMovedReading)
ASSIGNMENT_FAILED = Reads("routing", "AssignmentFailed", 1, AssignmentFailedReading)

READ = (COMPLAINT_ASSIGNED, PROMISE_SET, PROMISE_MOVED, ASSIGNMENT_FAILED)
