"""The facts that routing publishes (strict) and reads (tolerant)."""

from marshmallow import fields, validate

from services.chassis.contract import FactType, Reading, Reads
from services.routing.assigning.assignment import FAILURES, REASONS
from services.routing.cases import events as case_facts
from services.routing.cases.events import CODE, NameSchema, WithHistorySchema
from services.routing.clock import events as clock_facts
from services.routing.deadlines.promise import CAUSES

#: The name of the service: of its schema, its facts and the tokens that are for it.
SOURCE = "routing"


class ComplaintAssignedSchema(WithHistorySchema):
    """`sealed` opens to the officer's {"name", "email", "phone", "language"} for notification alone."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True, validate=CODE)
    institution_name = fields.Nested(NameSchema, required=True)
    officer_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    rule_id = fields.String(required=True)
    category = fields.String(required=True)
    governorate = fields.String(required=True)
    kind = fields.String(required=True)
    assigned_at = fields.AwareDateTime(required=True)
    sealed = fields.String(required=True)
    urgent = fields.Boolean(
        metadata={
            "description": "the officer must say within minutes that it was seen; false where it is absent"
        }
    )
    handed_over = fields.Boolean(
        metadata={"description": "it went from one officer on call to the next, within the body"}
    )


class PromiseSetSchema(WithHistorySchema):
    """The due time told to the complainant, and the working days that it was counted with."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)
    working_days = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    set_at = fields.AwareDateTime(required=True)
    wall_hours = fields.Integer(
        strict=True,
        validate=validate.Range(min=1),
        metadata={
            "description": "The promise is so many hours by the wall clock, day and night; `working_days` is then the days begun in them."
        },
    )


class PromiseMovedSchema(WithHistorySchema):
    """The due time that counts from now on, the one before it, and what moved it: a circular, a question to the complainant, or that
    another body has the complaint.
    """

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)
    previous_due_at = fields.AwareDateTime(required=True)
    cause = fields.String(required=True, validate=validate.OneOf(CAUSES))
    moved_at = fields.AwareDateTime(required=True)


class AssignmentFailedSchema(WithHistorySchema):
    """`institution` is null when no rule names a body."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True, allow_none=True, validate=CODE)
    reason = fields.String(required=True, validate=validate.OneOf(FAILURES))
    unowned_since = fields.AwareDateTime(required=True)


COMPLAINT_ASSIGNED = FactType(
    "ComplaintAssigned",
    ComplaintAssignedSchema,
    description="An officer of a body has the complaint, and why this one.",
    personal=True,
)
PROMISE_SET = FactType(
    "PromiseSet", PromiseSetSchema, description="By when the complainant is promised an answer."
)
PROMISE_MOVED = FactType(
    "PromiseMoved",
    PromiseMovedSchema,
    description="The time by which an answer is promised is another one than the complainant was told.",
)
ASSIGNMENT_FAILED = FactType(
    "AssignmentFailed",
    AssignmentFailedSchema,
    description="Nobody can take the complaint; the coordinator's desk holds it until somebody does.",
)

PUBLISHED = (
    COMPLAINT_ASSIGNED,
    PROMISE_SET,
    PROMISE_MOVED,
    ASSIGNMENT_FAILED,
    *case_facts.PUBLISHED,
    *clock_facts.PUBLISHED,
)


class AccusedPlaceReading(Reading):
    """A body or a unit that the complaint is directed against."""

    institution = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)


class ComplaintReceivedReading(Reading):
    """What must be known of a complaint to find its officer and its due time. The flags are absent from facts of the first days."""

    complaint_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    category = fields.String(required=True)
    governorate = fields.String(required=True)
    language = fields.String(required=True)
    received_at = fields.AwareDateTime(required=True)
    service = fields.Boolean()
    rights = fields.Boolean()
    urgent = fields.Boolean()
    urgent_ground = fields.String(allow_none=True)
    rights_codes = fields.List(fields.String())
    accused = fields.List(fields.Nested(AccusedPlaceReading))
    accused_sealed = fields.String()


class ComplainantReading(Reading):
    """What the complainant of a case did, and when."""

    complaint_id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)


class ComplainantMessageReading(ComplainantReading):
    """An answer to a question; what it says is read in intake."""

    message_id = fields.UUID(required=True)


class ComplaintRatedReading(ComplainantReading):
    """How satisfied, from 1 to 5."""

    score = fields.Integer(required=True)


COMPLAINT_RECEIVED = Reads("intake", "ComplaintReceived", 1, ComplaintReceivedReading)
COMPLAINANT_MESSAGE_ADDED = Reads("intake", "ComplainantMessageAdded", 1, ComplainantMessageReading)
COMPLAINT_WITHDRAWN = Reads("intake", "ComplaintWithdrawn", 1, ComplainantReading)
COMPLAINT_RATED = Reads("intake", "ComplaintRated", 1, ComplaintRatedReading)
COMPLAINT_DISPUTED = Reads("intake", "ComplaintDisputed", 1, ComplainantReading)

READ = (
    COMPLAINT_RECEIVED,
    COMPLAINANT_MESSAGE_ADDED,
    COMPLAINT_WITHDRAWN,
    COMPLAINT_RATED,
    COMPLAINT_DISPUTED,
)
