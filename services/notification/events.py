"""The facts that notification publishes (strict) and reads (tolerant)."""

from marshmallow import Schema, fields, validate

from services.chassis.contract import FactType, Reading, Reads
from services.notification.template import AUDIENCES, CHANNELS, TEMPLATES

#: The name of the service: of its schema, its facts and the tokens that are for it.
SOURCE = "notification"

_REASON = validate.Regexp(r"\A[a-z][a-z0-9_]{0,39}\Z")
HANDED_OVER = "handed_over"
RECEIPT = "receipt"


class NoticeSchema(Schema):
    """Which message to whom by role, never where to. `reason` is a code."""

    complaint_id = fields.UUID(required=True)
    message_id = fields.UUID(required=True)
    template = fields.String(required=True, validate=validate.OneOf(sorted(TEMPLATES)))
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    at = fields.AwareDateTime(required=True, format="iso")
    reason = fields.String(required=True, validate=_REASON)


class NotificationDeliveredSchema(NoticeSchema):
    """`reason` is the evidence: the provider's receipt, or, where the channel knows no receipts, that a server took it."""

    reason = fields.String(required=True, validate=validate.OneOf((RECEIPT, HANDED_OVER)))


NOTIFICATION_DELIVERED = FactType(
    "NotificationDelivered",
    NotificationDeliveredSchema,
    description="A message reached its recipient's phone, or the mail server took it.",
)
NOTIFICATION_FAILED = FactType(
    "NotificationFailed",
    NoticeSchema,
    description="A message will not reach its recipient by this channel.",
)

PUBLISHED = (NOTIFICATION_DELIVERED, NOTIFICATION_FAILED)


class NameReading(Reading):
    """A name in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class ComplaintReceivedReading(Reading):
    """Whom to tell about this complaint from now on; `sealed` is null for the anonymous."""

    complaint_id = fields.UUID(required=True)
    language = fields.String(required=True, validate=validate.OneOf(("ar", "en")))
    sealed = fields.String(required=True, allow_none=True)
    urgent = fields.Boolean()


class ComplaintAssignedReading(Reading):
    """Which body has it, and the officer's contact."""

    complaint_id = fields.UUID(required=True)
    institution_name = fields.Nested(NameReading, required=True)
    officer_id = fields.UUID(required=True)
    sealed = fields.String(required=True)
    urgent = fields.Boolean()
    handed_over = fields.Boolean()


class PromiseSetReading(Reading):
    """By when."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)


class PromiseMovedReading(Reading):
    """By when from now on, by when before, and why."""

    complaint_id = fields.UUID(required=True)
    due_at = fields.AwareDateTime(required=True)
    previous_due_at = fields.AwareDateTime(required=True)
    cause = fields.String(required=True)


class AssignmentFailedReading(Reading):
    """Nobody has it."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    unowned_since = fields.AwareDateTime(required=True)


class ComplaintRestrictedReading(Reading):
    """Who must not be told of it, sealed for notification."""

    complaint_id = fields.UUID(required=True)
    officers_sealed = fields.String()


class InformationRequestedReading(Reading):
    """The complainant is asked something, and by when to answer."""

    complaint_id = fields.UUID(required=True)
    answer_by = fields.AwareDateTime(required=True)


class ReplyApprovedReading(Reading):
    """There is an answer, and until when it can be disputed."""

    complaint_id = fields.UUID(required=True)
    confirm_until = fields.AwareDateTime(required=True)


class InterimReplyGivenReading(Reading):
    """It takes longer, and until when an answer is expected."""

    complaint_id = fields.UUID(required=True)
    expected_at = fields.AwareDateTime(required=True)


class ComplainantRemindedReading(Reading):
    """Until when the answer can still be rated or disputed."""

    complaint_id = fields.UUID(required=True)
    confirm_until = fields.AwareDateTime(required=True)


class ComplaintClosedReading(Reading):
    """Nothing is owed any more."""

    complaint_id = fields.UUID(required=True)


class ComplaintTransferredReading(Reading):
    """To which body it is to go, and whether the arbiter must decide."""

    complaint_id = fields.UUID(required=True)
    receiver_name = fields.Nested(NameReading, required=True)
    arbiter = fields.Boolean(required=True)


class ComplaintReferredReading(Reading):
    """To which authority outside it has gone."""

    complaint_id = fields.UUID(required=True)
    outside_body_name = fields.Nested(NameReading, required=True)


class CaseResumedReading(Reading):
    """Whose desk it is on again, and why."""

    complaint_id = fields.UUID(required=True)
    officer_id = fields.UUID(required=True)
    reason = fields.String(required=True)


class ReplyReturnedReading(Reading):
    """Whose desk the reply is on again."""

    complaint_id = fields.UUID(required=True)
    officer_id = fields.UUID(required=True)


class ComplaintEscalatedReading(Reading):
    """To whom it was raised, why, and the contact of that officer."""

    complaint_id = fields.UUID(required=True)
    level = fields.Integer(required=True)
    cause = fields.String(required=True)
    officer_id = fields.UUID(required=True, allow_none=True)
    holder_id = fields.UUID(required=True, allow_none=True)
    urgent = fields.Boolean(required=True)
    sealed = fields.String(required=True, allow_none=True)


class EscalationAnsweredReading(Reading):
    """Whose it is to go on with."""

    complaint_id = fields.UUID(required=True)
    officer_id = fields.UUID(required=True)
    decision = fields.String(required=True)


class ReminderReading(Reading):
    """Whose time is nearly over, or over, and for what."""

    complaint_id = fields.UUID(required=True)
    officer_id = fields.UUID(required=True)
    step = fields.String(required=True)
    due_at = fields.AwareDateTime(required=True)


COMPLAINT_RECEIVED = Reads("intake", "ComplaintReceived", 1, ComplaintReceivedReading)
COMPLAINT_ASSIGNED = Reads("routing", "ComplaintAssigned", 1, ComplaintAssignedReading)
PROMISE_SET = Reads("routing", "PromiseSet", 1, PromiseSetReading)
PROMISE_MOVED = Reads("routing", "PromiseMoved", 1, PromiseMovedReading)
ASSIGNMENT_FAILED = Reads("routing", "AssignmentFailed", 1, AssignmentFailedReading)
COMPLAINT_RESTRICTED = Reads("routing", "ComplaintRestricted", 1, ComplaintRestrictedReading)

INFORMATION_REQUESTED = Reads("routing", "InformationRequested", 1, InformationRequestedReading)
REPLY_APPROVED = Reads("routing", "ReplyApproved", 1, ReplyApprovedReading)
INTERIM_REPLY_GIVEN = Reads("routing", "InterimReplyGiven", 1, InterimReplyGivenReading)
COMPLAINANT_REMINDED = Reads("routing", "ComplainantReminded", 1, ComplainantRemindedReading)
COMPLAINT_CLOSED = Reads("routing", "ComplaintClosed", 1, ComplaintClosedReading)
COMPLAINT_TRANSFERRED = Reads("routing", "ComplaintTransferred", 1, ComplaintTransferredReading)
COMPLAINT_REFERRED = Reads("routing", "ComplaintReferred", 1, ComplaintReferredReading)
CASE_RESUMED = Reads("routing", "CaseResumed", 1, CaseResumedReading)
REPLY_RETURNED = Reads("routing", "ReplyReturned", 1, ReplyReturnedReading)
COMPLAINT_ESCALATED = Reads("routing", "ComplaintEscalated", 1, ComplaintEscalatedReading)
ESCALATION_ANSWERED = Reads("routing", "EscalationAnswered", 1, EscalationAnsweredReading)
CASE_DUE_SOON = Reads("routing", "CaseDueSoon", 1, ReminderReading)
CASE_OVERDUE = Reads("routing", "CaseOverdue", 1, ReminderReading)

READ = (
    COMPLAINT_RECEIVED,
    COMPLAINT_ASSIGNED,
    PROMISE_SET,
    PROMISE_MOVED,
    ASSIGNMENT_FAILED,
    COMPLAINT_RESTRICTED,
    INFORMATION_REQUESTED,
    REPLY_APPROVED,
    INTERIM_REPLY_GIVEN,
    COMPLAINANT_REMINDED,
    COMPLAINT_CLOSED,
    COMPLAINT_TRANSFERRED,
    COMPLAINT_REFERRED,
    CASE_RESUMED,
    REPLY_RETURNED,
    COMPLAINT_ESCALATED,
    ESCALATION_ANSWERED,
    CASE_DUE_SOON,
    CASE_OVERDUE,
)
