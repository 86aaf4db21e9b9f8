"""Facts that intake publishes (strict) and reads (tolerant)."""

from marshmallow import Schema, fields, validate

from services.chassis.contract import FactType, Reading, Reads
from services.intake.catalogue import (
    CATEGORIES,
    CONCERNED_GROUPS,
    GOVERNORATES,
    RIGHTS_CODES,
    URGENT_GROUNDS,
)
from services.intake.complaint import CHANNELS, KINDS, LANGUAGES

#: The name of the service: of its schema, its facts and the tokens that are for it.
SOURCE = "intake"


class AccusedPlaceSchema(Schema):
    """A body as a whole, or a unit, that the complaint is directed against."""

    institution = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)


class ComplaintReceivedSchema(Schema):
    """Codes and ids. The text stays in intake; the contact, and the names of accused persons, travel sealed."""

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
    service = fields.Boolean()
    rights = fields.Boolean()
    urgent = fields.Boolean()
    urgent_ground = fields.String(allow_none=True, validate=validate.OneOf(URGENT_GROUNDS))
    rights_codes = fields.List(fields.String(validate=validate.OneOf(RIGHTS_CODES)))
    groups = fields.List(fields.String(validate=validate.OneOf(CONCERNED_GROUPS)))
    accused = fields.List(
        fields.Nested(AccusedPlaceSchema),
        metadata={"description": "bodies and units that must have nothing to do with it"},
    )
    accused_sealed = fields.String(
        validate=validate.Length(min=1),
        metadata={
            "description": "`persons`, a list of name, institution and unit, sealed for routing; absent where nobody is named"
        },
    )


COMPLAINT_RECEIVED = FactType(
    "ComplaintReceived",
    ComplaintReceivedSchema,
    description="A complaint was accepted durably and its complainant has a tracking number.",
    personal=True,
)


class ComplainantFactSchema(Schema):
    """What the complainant wrote stays in intake. `institution` is the body that holds the complaint, null while none does."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True, format="iso")


class ComplainantMessageAddedSchema(ComplainantFactSchema):
    """`question` is the number of the question that it answers."""

    message_id = fields.UUID(required=True)
    question = fields.Integer(required=True, allow_none=True, strict=True, validate=validate.Range(min=1))


class ComplaintRatedSchema(ComplainantFactSchema):
    """From 1, not at all satisfied, to 5, wholly satisfied."""

    score = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=5))


COMPLAINANT_MESSAGE_ADDED = FactType(
    "ComplainantMessageAdded",
    ComplainantMessageAddedSchema,
    description="The complainant has answered a question; the words are read in intake.",
)
COMPLAINT_WITHDRAWN = FactType(
    "ComplaintWithdrawn",
    ComplainantFactSchema,
    description="The complainant takes the complaint back.",
)
COMPLAINT_RATED = FactType(
    "ComplaintRated",
    ComplaintRatedSchema,
    description="The complainant takes note of the answer and says how satisfied they are.",
)
COMPLAINT_DISPUTED = FactType(
    "ComplaintDisputed",
    ComplainantFactSchema,
    description="The complainant does not accept the answer; the reason is read in intake.",
)

PUBLISHED = (
    COMPLAINT_RECEIVED,
    COMPLAINANT_MESSAGE_ADDED,
    COMPLAINT_WITHDRAWN,
    COMPLAINT_RATED,
    COMPLAINT_DISPUTED,
)


class NameReading(Reading):
    """A name in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class WithHistoryReading(Reading):
    """The receipt of the case's history; facts of the first days do not have it."""

    history_hash = fields.String()


class ComplaintAssignedReading(WithHistoryReading):
    """Who must answer."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True)
    institution_name = fields.Nested(NameReading, required=True)
    assigned_at = fields.AwareDateTime(required=True)


class PromiseSetReading(WithHistoryReading):
    """By when."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)
    set_at = fields.AwareDateTime(required=True)


class PromiseMovedReading(WithHistoryReading):
    """By when from now on."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)
    moved_at = fields.AwareDateTime(required=True)


class AssignmentFailedReading(WithHistoryReading):
    """Nobody could take it; the coordinator's desk holds it."""

    complaint_id = fields.UUID(required=True)
    unowned_since = fields.AwareDateTime(required=True)


class CaseReading(WithHistoryReading):
    """How it stands from now on, and with whom."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True, allow_none=True)
    status = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class CaseResumedReading(CaseReading):
    """Why it is worked on again."""

    reason = fields.String(required=True)


class InformationRequestedReading(CaseReading):
    """The question, sealed for intake."""

    question = fields.Integer(required=True)
    answer_by = fields.AwareDateTime(required=True)
    sealed = fields.String(required=True)


class ReplyApprovedReading(CaseReading):
    """The answer, sealed for intake."""

    reply = fields.Integer(required=True)
    outcome = fields.String(required=True)
    confirm_until = fields.AwareDateTime(required=True)
    sealed = fields.String(required=True)


class InterimReplyReading(CaseReading):
    """Why it takes longer, sealed for intake."""

    expected_at = fields.AwareDateTime(required=True)
    sealed = fields.String(required=True)


class TransferredReading(CaseReading):
    """To whom it is being passed."""

    receiver = fields.String(required=True)


class ReferredReading(CaseReading):
    """To which authority outside, and why."""

    outside_body = fields.String(required=True)
    outside_body_name = fields.Nested(NameReading, required=True)
    sealed = fields.String(required=True)


class RestrictedReading(Reading):
    """Who must not see it, sealed for intake."""

    complaint_id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    sealed = fields.String(required=True)


class DisputeResolvedReading(CaseReading):
    """How the dispute was decided, and why."""

    decision = fields.String(required=True)
    sealed = fields.String(required=True)


class ClosedReading(CaseReading):
    """Why nothing is owed any more; words only where it is inadmissible."""

    reason = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    sealed = fields.String(required=True, allow_none=True)


class EscalatedReading(CaseReading):
    """To which level it was raised, and why."""

    level = fields.Integer(required=True)
    cause = fields.String(required=True)


COMPLAINT_ASSIGNED = Reads("routing", "ComplaintAssigned", 1, ComplaintAssignedReading)
PROMISE_SET = Reads("routing", "PromiseSet", 1, PromiseSetReading)
PROMISE_MOVED = Reads("routing", "PromiseMoved", 1, PromiseMovedReading)
ASSIGNMENT_FAILED = Reads("routing", "AssignmentFailed", 1, AssignmentFailedReading)

CASE_ACCEPTED = Reads("routing", "CaseAccepted", 1, CaseReading)
CASE_RESUMED = Reads("routing", "CaseResumed", 1, CaseResumedReading)
CASE_DISPUTED = Reads("routing", "CaseDisputed", 1, CaseReading)
REPLY_PROPOSED = Reads("routing", "ReplyProposed", 1, CaseReading)
REPLY_RETURNED = Reads("routing", "ReplyReturned", 1, CaseReading)
COMPLAINT_TRANSFERRED = Reads("routing", "ComplaintTransferred", 1, TransferredReading)
INFORMATION_REQUESTED = Reads("routing", "InformationRequested", 1, InformationRequestedReading)
REPLY_APPROVED = Reads("routing", "ReplyApproved", 1, ReplyApprovedReading)
INTERIM_REPLY_GIVEN = Reads("routing", "InterimReplyGiven", 1, InterimReplyReading)
COMPLAINT_REFERRED = Reads("routing", "ComplaintReferred", 1, ReferredReading)
DISPUTE_RESOLVED = Reads("routing", "DisputeResolved", 1, DisputeResolvedReading)
COMPLAINT_RESTRICTED = Reads("routing", "ComplaintRestricted", 1, RestrictedReading)
COMPLAINT_CLOSED = Reads("routing", "ComplaintClosed", 1, ClosedReading)
COMPLAINT_ESCALATED = Reads("routing", "ComplaintEscalated", 1, EscalatedReading)

READ = (
    COMPLAINT_ASSIGNED,
    PROMISE_SET,
    PROMISE_MOVED,
    ASSIGNMENT_FAILED,
    CASE_ACCEPTED,
    CASE_RESUMED,
    CASE_DISPUTED,
    REPLY_PROPOSED,
    REPLY_RETURNED,
    COMPLAINT_TRANSFERRED,
    INFORMATION_REQUESTED,
    REPLY_APPROVED,
    INTERIM_REPLY_GIVEN,
    COMPLAINT_REFERRED,
    DISPUTE_RESOLVED,
    COMPLAINT_RESTRICTED,
    COMPLAINT_CLOSED,
    COMPLAINT_ESCALATED,
)
