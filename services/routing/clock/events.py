"""The facts that the passing of time leads to: a case is raised, its officer is reminded, somebody has answered for it."""

from marshmallow import fields, validate

from services.chassis.contract import FactType
from services.routing.cases.events import CaseFactSchema
from services.routing.clock import escalation

SENT_BACK, REJECTED = "sent_back", "rejected"
DECISIONS = (SENT_BACK, REJECTED)


class ComplaintEscalatedSchema(CaseFactSchema):
    """`level`: 1 main officer, 2 head of the body, 3 coordinator. `holder_id` is the officer who is told; null: the coordinator's desk."""

    level = fields.Integer(required=True, strict=True, validate=validate.OneOf(escalation.LEVELS))
    cause = fields.String(required=True, validate=validate.OneOf(escalation.CAUSES))
    officer_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "who has the case; null while nobody does"}
    )
    holder_id = fields.UUID(required=True, allow_none=True)
    due_at = fields.AwareDateTime(required=True, allow_none=True)
    urgent = fields.Boolean(required=True)
    sealed = fields.String(
        required=True,
        allow_none=True,
        validate=validate.Length(min=1),
        metadata={
            "description": "the holder's name, email, phone and language, sealed for notification; null for the desk"
        },
    )


class EscalationAnsweredSchema(CaseFactSchema):
    """The holder of the escalation gave the case back to its officer, or did not see a reason for it; why is for the desk to read."""

    level = fields.Integer(required=True, strict=True, validate=validate.OneOf(escalation.LEVELS))
    decision = fields.String(required=True, validate=validate.OneOf(DECISIONS))
    officer_id = fields.UUID(required=True)


class ReminderSchema(CaseFactSchema):
    """`step` is what is due at `due_at`: the answer, or that the officer begins."""

    officer_id = fields.UUID(required=True)
    step = fields.String(required=True, validate=validate.OneOf(escalation.STEPS))
    due_at = fields.AwareDateTime(required=True)


COMPLAINT_ESCALATED = FactType(
    "ComplaintEscalated",
    ComplaintEscalatedSchema,
    description="A complaint has been raised to somebody higher, because time has passed or whoever should act is away.",
    personal=True,
)
ESCALATION_ANSWERED = FactType(
    "EscalationAnswered",
    EscalationAnsweredSchema,
    description="Who a complaint was raised to has given it back to its officer.",
)
CASE_DUE_SOON = FactType(
    "CaseDueSoon", ReminderSchema, description="The time for the next step of a case is nearly used up."
)
CASE_OVERDUE = FactType(
    "CaseOverdue", ReminderSchema, description="The time for the next step of a case is over."
)

PUBLISHED = (COMPLAINT_ESCALATED, ESCALATION_ANSWERED, CASE_DUE_SOON, CASE_OVERDUE)
