"""What reporting reads. It publishes nothing: figures are asked for, not announced."""

from marshmallow import fields

from services.chassis.contract import FactType, Reading, Reads

#: The name of the service: of its schema, its facts and the tokens that are for it.
SOURCE = "reporting"


class ReceivedReading(Reading):
    """The dimensions that every figure is broken down by."""

    complaint_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    category = fields.String(required=True)
    governorate = fields.String(required=True)
    channel = fields.String(required=True)
    received_at = fields.AwareDateTime(required=True)
    service = fields.Boolean()
    rights = fields.Boolean()
    rights_codes = fields.List(fields.String())


class NameReading(Reading):
    """A public name in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class AssignedReading(Reading):
    """Who has it now."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True)
    institution_name = fields.Nested(NameReading, required=True)
    assigned_at = fields.AwareDateTime(required=True)


class PromiseReading(Reading):
    """By when the answer is due."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)


class PromiseMovedReading(Reading):
    """By when it is due from now on."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)


class FailedReading(Reading):
    """Nobody has it; the institution is None when no rule names one."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True, allow_none=True)
    unowned_since = fields.AwareDateTime(required=True)


class CaseReading(Reading):
    """In which state it is from then on."""

    complaint_id = fields.UUID(required=True)
    status = fields.String(required=True)


class NoticeReading(Reading):
    """Which complaint a notice was about; whether it arrived is the type of the fact."""

    complaint_id = fields.UUID(required=True)


class EscalatedReading(Reading):
    """Which complaint was raised to somebody higher, and why."""

    complaint_id = fields.UUID(required=True)
    cause = fields.String(required=True)


COMPLAINT_RECEIVED = Reads("intake", "ComplaintReceived", 1, ReceivedReading)
COMPLAINT_ASSIGNED = Reads("routing", "ComplaintAssigned", 1, AssignedReading)
PROMISE_SET = Reads("routing", "PromiseSet", 1, PromiseReading)
PROMISE_MOVED = Reads("routing", "PromiseMoved", 1, PromiseMovedReading)
ASSIGNMENT_FAILED = Reads("routing", "AssignmentFailed", 1, FailedReading)
CASE_ACCEPTED = Reads("routing", "CaseAccepted", 1, CaseReading)
INFORMATION_REQUESTED = Reads("routing", "InformationRequested", 1, CaseReading)
CASE_RESUMED = Reads("routing", "CaseResumed", 1, CaseReading)
REPLY_PROPOSED = Reads("routing", "ReplyProposed", 1, CaseReading)
REPLY_RETURNED = Reads("routing", "ReplyReturned", 1, CaseReading)
REPLY_APPROVED = Reads("routing", "ReplyApproved", 1, CaseReading)
COMPLAINT_TRANSFERRED = Reads("routing", "ComplaintTransferred", 1, CaseReading)
COMPLAINT_REFERRED = Reads("routing", "ComplaintReferred", 1, CaseReading)
CASE_DISPUTED = Reads("routing", "CaseDisputed", 1, CaseReading)
DISPUTE_RESOLVED = Reads("routing", "DisputeResolved", 1, CaseReading)
COMPLAINT_CLOSED = Reads("routing", "ComplaintClosed", 1, CaseReading)
COMPLAINT_ESCALATED = Reads("routing", "ComplaintEscalated", 1, EscalatedReading)
NOTIFICATION_DELIVERED = Reads("notification", "NotificationDelivered", 1, NoticeReading)
NOTIFICATION_FAILED = Reads("notification", "NotificationFailed", 1, NoticeReading)

PUBLISHED: tuple[FactType, ...] = ()
#: Facts that say in which state a case is from then on.
MOVES = (
    CASE_ACCEPTED,
    INFORMATION_REQUESTED,
    CASE_RESUMED,
    REPLY_PROPOSED,
    REPLY_RETURNED,
    REPLY_APPROVED,
    COMPLAINT_TRANSFERRED,
    COMPLAINT_REFERRED,
    CASE_DISPUTED,
    DISPUTE_RESOLVED,
    COMPLAINT_CLOSED,
)
READ = (
    COMPLAINT_RECEIVED,
    COMPLAINT_ASSIGNED,
    PROMISE_SET,
    PROMISE_MOVED,
    ASSIGNMENT_FAILED,
    *MOVES,
    COMPLAINT_ESCALATED,
    NOTIFICATION_DELIVERED,
    NOTIFICATION_FAILED,
)
