"""The shapes of desks: lists of work, what is counted, who is looking, the team."""

from marshmallow import Schema, fields, validate

from services.routing import transitions as t
from services.routing import views
from services.routing.schemas import CaseSchema, NameSchema


class ListSchema(Schema):
    """What makes a list of work. Without `view` it is all that the body holds, open unless a `state` is asked for.

    `institution` is the coordinator's to say; a main officer who says it sees the whole body's cases instead of those of their own desk.
    """

    view = fields.String(load_default=None, validate=validate.OneOf(views.VIEWS))
    state = fields.String(load_default=None, validate=validate.OneOf(t.STATES))
    incoming = fields.Boolean(load_default=False)
    institution = fields.String(load_default=None, validate=validate.Length(min=1, max=16))
    officer_id = fields.UUID(load_default=None)
    category = fields.String(load_default=None, validate=validate.Length(min=1, max=80))
    governorate = fields.String(load_default=None, validate=validate.Length(min=1, max=16))
    rights = fields.Boolean(load_default=None)
    urgent = fields.Boolean(load_default=None)


class WorklistQuerySchema(ListSchema):
    """A page of a list; `after` is the `next` of the page before."""

    after = fields.String(load_default=None, validate=validate.Length(max=200))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class ProgressSchema(Schema):
    """How far a promise is used up: `share` of its time (1.5: half as much again as was promised), `minutes_left` of working time, or of
    the wall clock if the promise is by the clock. Negative when it is overdue.
    """

    share = fields.Float(required=True)
    minutes_left = fields.Integer(required=True)
    by_the_clock = fields.Boolean(required=True)


class ItemSchema(CaseSchema):
    """A case in a list. `progress` is null where nothing is promised, or nothing is owed any more.

    `waiting` says why a case that is being worked on waits for its officer: answered, no_answer, returned.
    """

    officer_name = fields.Nested(NameSchema, required=True, allow_none=True)
    progress = fields.Nested(ProgressSchema, required=True, allow_none=True)
    waiting = fields.String(required=True, allow_none=True)


class WorklistSchema(Schema):
    """Cases, first due first (unowned: the longest unowned). `next` is null on the last page.

    A list that is narrowed down may give a short page with a `next`: there is more to look at.
    """

    items = fields.List(fields.Nested(ItemSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class DeskSchema(Schema):
    """What lies on a desk: cases by list, counted up to 1,000; `more` names the lists that have more than that.

    `next` is the case to take now, and `next_reason` the list that it is the first of.
    """

    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    more = fields.List(fields.String(), required=True)
    next = fields.Nested(ItemSchema, required=True, allow_none=True)
    next_reason = fields.String(required=True, allow_none=True, validate=validate.OneOf(views.VIEWS))
