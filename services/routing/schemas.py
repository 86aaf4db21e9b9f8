"""The shapes of routing's HTTP resources."""

from marshmallow import Schema, fields, validate


class NameSchema(Schema):
    """A public name in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class InstitutionSchema(Schema):
    """A body that complaints can be about."""

    code = fields.String(required=True)
    kind = fields.String(required=True)
    governorate = fields.String(required=True, allow_none=True)
    name = fields.Nested(NameSchema, required=True)


class PublicUnitsQuerySchema(Schema):
    """A page of the units of a body."""

    after = fields.String(load_default=None, validate=validate.Length(max=32))
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))


class PublicUnitSchema(Schema):
    """A unit that a complaint can be directed against."""

    code = fields.String(required=True)
    name = fields.Nested(NameSchema, required=True)


class PublicUnitsPageSchema(Schema):
    """Units by code; `next` is null on the last page."""

    items = fields.List(fields.Nested(PublicUnitSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class HistorySchema(Schema):
    """One action on a case."""

    number = fields.Integer(required=True)
    action = fields.String(required=True)
    actor = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    details = fields.Dict(required=True)


class CaseSchema(Schema):
    """A case as officers and the coordinator see it. `version` is the number of its last action."""

    complaint_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    category = fields.String(required=True)
    governorate = fields.String(required=True)
    language = fields.String(required=True)
    status = fields.String(required=True)
    institution = fields.String(required=True, allow_none=True)
    rule_id = fields.String(required=True, allow_none=True)
    officer_id = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True)
    received_at = fields.AwareDateTime(required=True)
    assigned_at = fields.AwareDateTime(required=True, allow_none=True)
    unowned_since = fields.AwareDateTime(required=True, allow_none=True)
    due_at = fields.AwareDateTime(required=True, allow_none=True)
    working_days = fields.Integer(required=True, allow_none=True)
    wall_hours = fields.Integer(required=True, allow_none=True)
    version = fields.Integer(required=True)
    answered_at = fields.AwareDateTime(required=True, allow_none=True)
    confirm_until = fields.AwareDateTime(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    close_reason = fields.String(required=True, allow_none=True)
    disputed_at = fields.AwareDateTime(required=True, allow_none=True)
    receiver = fields.String(required=True, allow_none=True)
    merged_into = fields.UUID(required=True, allow_none=True)
    transfers = fields.Integer(required=True)
    service = fields.Boolean(required=True)
    rights = fields.Boolean(required=True)
    urgent = fields.Boolean(required=True)
    rights_codes = fields.List(fields.String(), required=True)
    urgent_ground = fields.String(required=True, allow_none=True)
    escalation_level = fields.Integer(required=True)
    escalated_to = fields.UUID(required=True, allow_none=True)
    escalated_at = fields.AwareDateTime(required=True, allow_none=True)
    last_action_at = fields.AwareDateTime(required=True, allow_none=True)
    acknowledge_by = fields.AwareDateTime(required=True, allow_none=True)


class CaseWithHistorySchema(CaseSchema):
    """A case and everything that happened to it."""

    history = fields.List(fields.Nested(HistorySchema), required=True)


class UnownedQuerySchema(Schema):
    """`after` is the `next` of the page before."""

    after = fields.String(load_default=None, validate=validate.Length(max=200))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class UnownedPageSchema(Schema):
    """Unowned cases, oldest first; `next` is null on the last page."""

    items = fields.List(fields.Nested(CaseSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class OfficersQuerySchema(Schema):
    """Whose officers."""

    institution = fields.String(required=True, validate=validate.Length(min=1, max=16))


class OfficerSchema(Schema):
    """An officer of the staff directory. `open` is the weight of the cases on the desk, `ever` all cases so far."""

    id = fields.UUID(required=True)
    institution = fields.String(required=True)
    rank = fields.String(required=True)
    name_ar = fields.String(required=True)
    name_en = fields.String(required=True)
    email = fields.String(required=True)
    phone = fields.String(required=True)
    languages = fields.List(fields.String(), required=True)
    present = fields.Boolean(required=True)
    present_since = fields.AwareDateTime(required=True)


class OfficerWithLoadSchema(OfficerSchema):
    """An officer and what is on the desk."""

    open = fields.Integer(required=True)
    ever = fields.Integer(required=True)


class PresenceSchema(Schema):
    """Whether new cases may go to the officer."""

    present = fields.Boolean(required=True, truthy={True}, falsy={False})
