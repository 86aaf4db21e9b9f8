"""The facts about the life of a case. What an officer wrote for the complainant travels sealed for intake (docs/adr/0022)."""

from marshmallow import Schema, fields, validate

from services.chassis.contract import FactType
from services.routing.cases import outcomes
from services.routing.cases import transitions as t

CODE = validate.Regexp(r"^[A-Z][A-Z0-9]{0,15}$")
_HASH = validate.Regexp(r"\A[0-9a-f]{64}\Z")

ANSWERED, NO_ANSWER, TRANSFER_OBJECTED = "answered", "no_answer", "transfer_objected"
CONFIRMED, NOT_CONFIRMED, DISPUTE_REJECTED = "confirmed", "not_confirmed", "dispute_rejected"
CLOSE_REASONS = (CONFIRMED, NOT_CONFIRMED, DISPUTE_REJECTED, t.WITHDRAWN, t.INADMISSIBLE, t.MERGED)


class NameSchema(Schema):
    """A public name in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class WithHistorySchema(Schema):
    """What every fact about a case says beside what it is about."""

    history_hash = fields.String(
        validate=_HASH,
        metadata={
            "description": "hash of the newest line of the case's history: the complainant's receipt of it"
        },
    )


class CaseFactSchema(WithHistorySchema):
    """`status` is the state of the case from now on; `institution` is the body that holds it, null while none does."""

    complaint_id = fields.UUID(required=True)
    institution = fields.String(required=True, allow_none=True, validate=CODE)
    status = fields.String(required=True, validate=validate.OneOf(t.STATES))
    at = fields.AwareDateTime(required=True)


def _sealed(content: str) -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Length(min=1),
        metadata={"description": f"{content}, sealed for intake, which shows it to the complainant"},
    )


class CaseAcceptedSchema(CaseFactSchema):
    """`officer_id` is whose desk the case is on."""

    officer_id = fields.UUID(required=True)


class InformationRequestedSchema(CaseFactSchema):
    """The promise pauses until the answer, at most until `answer_by`."""

    question = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    answer_by = fields.AwareDateTime(required=True)
    sealed = _sealed("text of the question")


class CaseResumedSchema(CaseFactSchema):
    """The complainant has answered or let the time pass, or the body that it was to go to has objected."""

    reason = fields.String(required=True, validate=validate.OneOf((ANSWERED, NO_ANSWER, TRANSFER_OBJECTED)))
    officer_id = fields.UUID(required=True)


class ReplyProposedSchema(CaseFactSchema):
    """`reply` is the number of the reply within the case."""

    reply = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class ReplyReturnedSchema(ReplyProposedSchema):
    """Why is for the desk to read; `officer_id` is whose desk the case is on."""

    officer_id = fields.UUID(required=True)


class ReplyApprovedSchema(ReplyProposedSchema):
    """Silence of the complainant until `confirm_until` closes the case."""

    outcome = fields.String(required=True, validate=validate.OneOf(outcomes.OUTCOMES))
    confirm_until = fields.AwareDateTime(required=True)
    sealed = _sealed("found, remedy, legal_basis and summary")


class ComplainantRemindedSchema(CaseFactSchema):
    """The answer can still be rated or disputed until `confirm_until`."""

    confirm_until = fields.AwareDateTime(required=True)


class InterimReplyGivenSchema(CaseFactSchema):
    """By when the body now expects to answer; the promise stays what it was."""

    expected_at = fields.AwareDateTime(required=True)
    sealed = _sealed("summary")


class ComplaintTransferredSchema(CaseFactSchema):
    """`institution` holds it until the other accepts. With `arbiter` the coordinator decides where it goes."""

    receiver = fields.String(required=True, validate=CODE)
    receiver_name = fields.Nested(NameSchema, required=True)
    number = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    arbiter = fields.Boolean(required=True)


class ComplaintReferredSchema(CaseFactSchema):
    """It has gone to an authority outside of the platform."""

    outside_body = fields.String(required=True, validate=validate.OneOf(outcomes.OUTSIDE_BODIES))
    outside_body_name = fields.Nested(NameSchema, required=True)
    sealed = _sealed("reason")


class CaseDisputedSchema(CaseFactSchema):
    """The coordinator's desk has it now."""


class DisputeResolvedSchema(CaseFactSchema):
    """`status` says what follows: assigned to another officer, or closed."""

    decision = fields.String(required=True, validate=validate.OneOf(outcomes.DECISIONS))
    sealed = _sealed("reason")


class ComplaintRestrictedSchema(WithHistorySchema):
    """Who must not see the complaint, now. It says so of all, and takes the place of what was said before."""

    complaint_id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    sealed = fields.String(
        required=True,
        validate=validate.Length(min=1),
        metadata={
            "description": "`officers` by id, `bodies` by code, and `persons`, who are accused themselves; sealed for intake"
        },
    )
    officers_sealed = fields.String(
        validate=validate.Length(min=1),
        metadata={
            "description": "`officers` by id, those of `bodies` among them, and `persons`; sealed for notification"
        },
    )


class ComplaintClosedSchema(CaseFactSchema):
    """`reason` is why nothing is owed any more; `code` is the ground of inadmissibility, `sealed` the words for the complainant."""

    reason = fields.String(required=True, validate=validate.OneOf(CLOSE_REASONS))
    code = fields.String(required=True, allow_none=True, validate=validate.OneOf(outcomes.INADMISSIBLE))
    sealed = fields.String(
        required=True,
        allow_none=True,
        validate=validate.Length(min=1),
        metadata={
            "description": "legal_basis and next_steps of inadmissibility, sealed for intake; null for other reasons"
        },
    )


CASE_ACCEPTED = FactType(
    "CaseAccepted", CaseAcceptedSchema, description="An officer has begun to work on the case."
)
INFORMATION_REQUESTED = FactType(
    "InformationRequested",
    InformationRequestedSchema,
    description="The complainant was asked something, and the promise waits for the answer.",
    personal=True,
)
CASE_RESUMED = FactType(
    "CaseResumed", CaseResumedSchema, description="The case is being worked on again by the body that has it."
)
REPLY_PROPOSED = FactType(
    "ReplyProposed", ReplyProposedSchema, description="A reply is written and waits for a second officer."
)
REPLY_RETURNED = FactType(
    "ReplyReturned", ReplyReturnedSchema, description="The second officer gave the reply back to its author."
)
REPLY_APPROVED = FactType(
    "ReplyApproved",
    ReplyApprovedSchema,
    description="A second officer approved the reply, and the complainant may see it.",
    personal=True,
)
COMPLAINANT_REMINDED = FactType(
    "ComplainantReminded",
    ComplainantRemindedSchema,
    description="Nothing was said of the answer yet: the complainant is reminded to rate it.",
)
INTERIM_REPLY_GIVEN = FactType(
    "InterimReplyGiven",
    InterimReplyGivenSchema,
    description="The complainant was told why it takes longer, and until when.",
    personal=True,
)
COMPLAINT_TRANSFERRED = FactType(
    "ComplaintTransferred",
    ComplaintTransferredSchema,
    description="A body wants to pass the complaint on to another, which accepts or objects.",
)
COMPLAINT_REFERRED = FactType(
    "ComplaintReferred",
    ComplaintReferredSchema,
    description="The complaint has gone to an authority outside of the platform.",
    personal=True,
)
CASE_DISPUTED = FactType(
    "CaseDisputed",
    CaseDisputedSchema,
    description="The complainant does not accept the answer, and another authority decides.",
)
DISPUTE_RESOLVED = FactType(
    "DisputeResolved",
    DisputeResolvedSchema,
    description="Another authority has decided the dispute.",
    personal=True,
)
COMPLAINT_RESTRICTED = FactType(
    "ComplaintRestricted",
    ComplaintRestrictedSchema,
    description="Some officers must have nothing to do with the complaint, and not see it.",
    personal=True,
)
COMPLAINT_CLOSED = FactType(
    "ComplaintClosed",
    ComplaintClosedSchema,
    description="Nothing is owed to the complainant any more, and why.",
    personal=True,
)

PUBLISHED = (
    CASE_ACCEPTED,
    INFORMATION_REQUESTED,
    CASE_RESUMED,
    REPLY_PROPOSED,
    REPLY_RETURNED,
    REPLY_APPROVED,
    COMPLAINANT_REMINDED,
    INTERIM_REPLY_GIVEN,
    COMPLAINT_TRANSFERRED,
    COMPLAINT_REFERRED,
    CASE_DISPUTED,
    DISPUTE_RESOLVED,
    COMPLAINT_RESTRICTED,
    COMPLAINT_CLOSED,
)
