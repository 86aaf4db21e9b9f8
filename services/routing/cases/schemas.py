"""The shapes of what is done with cases: actions, what a case holds, the list of work."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.chassis.web import Message
from services.routing.assigning import decision
from services.routing.cases import outcomes
from services.routing.schemas import CaseSchema, CaseWithHistorySchema, NameSchema

_BLANK = Message("blank", ar="اكتب نصًا.", en="Write something.")
_LONG = Message("too_long", ar="النص أطول من {max} حرف.", en="The text is longer than {max} characters.")


class Words(fields.String):
    """What an officer writes, without white space around it; blank is refused, unless it may be."""

    def __init__(self, most: int, *, blank: bool = False, **options: Any):
        super().__init__(
            validate=validate.Length(max=most, error=_LONG),
            metadata={} if blank else {"minLength": 1},
            **options,
        )
        self._blank = blank

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs).strip()
        if not text and not self._blank:
            raise ValidationError(_BLANK)
        return text


class ActionSchema(Schema):
    """`version` is that of the case as the caller saw it. Which other fields an action needs is listed with the allowed actions."""

    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    officer_id = fields.UUID()
    institution = fields.String(validate=validate.Length(min=1, max=16))
    unit = fields.String(validate=validate.Length(min=1, max=32))
    reason = Words(2_000)
    question = Words(2_000)
    outcome = fields.String(validate=validate.OneOf(outcomes.OUTCOMES))
    found = Words(8_000)
    remedy = Words(4_000)
    legal_basis = Words(4_000)
    summary = Words(2_000)
    next_steps = Words(2_000)
    reason_code = fields.String(validate=validate.OneOf(outcomes.INADMISSIBLE))
    outside_body = fields.String(validate=validate.OneOf(outcomes.OUTSIDE_BODIES))
    decision = fields.String(validate=validate.OneOf(outcomes.DECISIONS))
    expected_at = fields.AwareDateTime()
    into = fields.UUID()


class AllowedActionSchema(Schema):
    """An action that the caller may take now. `required` and `optional` name its fields beside `version`."""

    action = fields.String(required=True)
    name = fields.Nested(NameSchema, required=True)
    required = fields.List(fields.String(), required=True)
    optional = fields.List(fields.String(), required=True)


class ReplySchema(Schema):
    """A reply in whatever state it is."""

    number = fields.Integer(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(("proposed", "returned", "approved", "dropped"))
    )
    author = fields.String(required=True)
    outcome = fields.String(required=True)
    found = fields.String(required=True)
    remedy = fields.String(required=True)
    legal_basis = fields.String(required=True)
    summary = fields.String(required=True)
    proposed_at = fields.AwareDateTime(required=True)
    approver = fields.String(required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    return_reason = fields.String(required=True, allow_none=True)


class QuestionSchema(Schema):
    """A question to the complainant; what was answered is read with the complaint."""

    number = fields.Integer(required=True)
    author = fields.String(required=True)
    text = fields.String(required=True)
    asked_at = fields.AwareDateTime(required=True)
    answer_by = fields.AwareDateTime(required=True)
    ended = fields.String(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)


class TransferSchema(Schema):
    """A transfer and how it ended."""

    number = fields.Integer(required=True)
    from_institution = fields.String(required=True)
    to_institution = fields.String(required=True)
    arbiter = fields.Boolean(required=True)
    reason = fields.String(required=True)
    by = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    ended = fields.String(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    ended_reason = fields.String(required=True, allow_none=True)


class CaseNoteSchema(Schema):
    """What somebody wrote with the action that is line `number` of the history."""

    number = fields.Integer(required=True)
    texts = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class ViewerSchema(Schema):
    """Somebody else who has the case open."""

    name = fields.Nested(NameSchema, required=True)
    since = fields.AwareDateTime(required=True)


class ProgressSchema(Schema):
    """How far a promise is used up: `share` of its time (1.5: half as much again as was promised), `minutes_left` of working time, or of
    the wall clock if the promise is by the clock. Negative when it is overdue.
    """

    share = fields.Float(required=True)
    minutes_left = fields.Integer(required=True)
    by_the_clock = fields.Boolean(required=True)


class CaseDeskSchema(CaseWithHistorySchema):
    """A case with all that happened to it, who else has it open, and what the caller may do with it now.

    `templates` is how many texts for replies fit it. `people` are the names of those who stand in the records below, by their ids there.
    """

    officer_name = fields.Nested(NameSchema, required=True, allow_none=True)
    progress = fields.Nested(ProgressSchema, required=True, allow_none=True)
    waiting = fields.String(required=True, allow_none=True)
    viewers = fields.List(fields.Nested(ViewerSchema), required=True)
    templates = fields.Integer(required=True)
    people = fields.Dict(keys=fields.String(), values=fields.Nested(NameSchema), required=True)

    replies = fields.List(fields.Nested(ReplySchema), required=True)
    questions = fields.List(fields.Nested(QuestionSchema), required=True)
    transferred = fields.List(fields.Nested(TransferSchema), required=True)
    notes = fields.List(fields.Nested(CaseNoteSchema), required=True)
    allowed_actions = fields.List(fields.Nested(AllowedActionSchema), required=True)


class NeedSchema(Schema):
    """What the choice had to meet."""

    category = fields.String(required=True)
    governorate = fields.String(required=True)
    language = fields.String(required=True)
    rights = fields.Boolean(required=True)


class CandidateSchema(Schema):
    """An officer of the body as the choice saw them, with the load at that moment, and why it was they or not."""

    officer_id = fields.UUID(required=True)
    name = fields.Nested(NameSchema, required=True, allow_none=True)
    open = fields.Integer(required=True)
    ever = fields.Integer(required=True)
    languages = fields.List(fields.String(), required=True)
    why = fields.String(required=True, validate=validate.OneOf(decision.WHYS))


class ExplanationSchema(Schema):
    """What the newest choice of an officer was made from. `same`: made again from that, it is the same; `same_rule`: so is the body.

    `by_hand` is who gave the case to somebody since then, without a choice.
    """

    complaint_id = fields.UUID(required=True)
    decision = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    directory_version = fields.Integer(required=True)
    institution = fields.String(required=True, allow_none=True)
    rule_id = fields.String(required=True, allow_none=True)
    officer_id = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True)
    need = fields.Nested(NeedSchema, required=True)
    candidates = fields.List(fields.Nested(CandidateSchema), required=True)
    same = fields.Boolean(required=True)
    same_rule = fields.Boolean(required=True)
    by_hand = fields.String(required=True, allow_none=True)


class ActedSchema(CaseSchema):
    """A case after an action."""

    allowed_actions = fields.List(fields.Nested(AllowedActionSchema), required=True)
