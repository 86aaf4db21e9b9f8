"""The shapes of notification's HTTP resources."""

from marshmallow import Schema, fields, validate

from services.notification.message import STATES
from services.notification.template import AUDIENCES, CHANNELS


class NoticeSchema(Schema):
    """One message: who was told by which channel, and what became of it. Never where to, and never the text."""

    id = fields.UUID(required=True)
    event_id = fields.UUID(required=True)
    template = fields.String(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    language = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    reason = fields.String(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    parts = fields.Integer(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    not_before = fields.AwareDateTime(required=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)


class NoticesSchema(Schema):
    """The messages about one complaint, oldest first."""

    items = fields.List(fields.Nested(NoticeSchema), required=True)


class CountsQuerySchema(Schema):
    """How far back to count."""

    hours = fields.Integer(load_default=24, validate=validate.Range(min=1, max=24 * 31))


class CountSchema(Schema):
    """How many messages of a kind are in a state."""

    channel = fields.String(required=True)
    template = fields.String(required=True)
    state = fields.String(required=True)
    messages = fields.Integer(required=True)


class CountsSchema(Schema):
    """Messages written in the last hours, and how overdue the oldest waiting one is, in seconds by channel."""

    items = fields.List(fields.Nested(CountSchema), required=True)
    overdue_seconds = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
