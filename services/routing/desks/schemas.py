"""The shapes of desks: lists of work, what is counted, who is looking, kept lists, texts for replies, the team."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.chassis.web import Message
from services.routing.cases import outcomes
from services.routing.cases import transitions as t
from services.routing.cases.schemas import ProgressSchema, ViewerSchema, Words
from services.routing.desks import texts, views
from services.routing.schemas import CaseSchema, NameSchema

_NO_TEXT = Message("blank", ar="اكتب نصًا واحدًا على الأقل.", en="Write one of the texts at least.")


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


class ItemSchema(CaseSchema):
    """A case in a list. `progress` is null where nothing is promised, or nothing is owed any more.

    `waiting` says why a case that is being worked on waits for its officer: answered, no_answer, returned. `decide_by` is until when the
    arbiter is to decide on its transfer.
    """

    officer_name = fields.Nested(NameSchema, required=True, allow_none=True)
    progress = fields.Nested(ProgressSchema, required=True, allow_none=True)
    waiting = fields.String(required=True, allow_none=True)
    decide_by = fields.AwareDateTime(required=True, allow_none=True)


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


class ViewingSchema(Schema):
    """Who says it is known, and nothing else is to be said."""


class ViewersSchema(Schema):
    """Who else has the case open."""

    viewers = fields.List(fields.Nested(ViewerSchema), required=True)


class NewViewSchema(Schema):
    """A list to keep under a name; one of that name gives way to it."""

    name = Words(80, required=True)
    query = fields.Nested(ListSchema, required=True)

    @post_load
    def said(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Keeps of the list what was said, JSON-safe."""
        said = {name: value for name, value in data["query"].items() if value not in (None, False)}
        # Of the filters one may be asked for as not being there.
        said |= {name: False for name in ("rights", "urgent") if data["query"][name] is False}
        return data | {
            "query": {name: str(value) if name == "officer_id" else value for name, value in said.items()}
        }


class SavedViewSchema(Schema):
    """A list that somebody keeps: `query` are parameters of the list of work."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    query = fields.Dict(required=True)
    saved_at = fields.AwareDateTime(required=True)


class NewTemplateSchema(Schema):
    """A text for replies. What it leaves out is for the officer to write."""

    name = Words(120, required=True)
    category = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=80))
    outcome = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(outcomes.OUTCOMES))
    language = fields.String(required=True, validate=validate.OneOf(("ar", "en")))
    found = Words(8_000, blank=True, load_default="")
    remedy = Words(4_000, blank=True, load_default="")
    legal_basis = Words(4_000, blank=True, load_default="")
    summary = Words(2_000, blank=True, load_default="")

    @validates_schema
    def says_something(self, data: dict[str, Any], **_: Any) -> None:
        """A text without a word would be offered in vain."""
        if not any(data[name] for name in texts.TEXTS):
            raise ValidationError(_NO_TEXT, "found")


class ChangedTemplateSchema(NewTemplateSchema):
    """The text as it is to be; `version` is the one that the caller saw."""

    version = fields.Integer(load_default=None, strict=True, validate=validate.Range(min=1))


class TemplateSchema(Schema):
    """A text for replies in its newest version. Without an institution it is for all bodies."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    institution = fields.String(required=True, allow_none=True)
    name = fields.String(required=True)
    category = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True)
    language = fields.String(required=True)
    found = fields.String(required=True)
    remedy = fields.String(required=True)
    legal_basis = fields.String(required=True)
    summary = fields.String(required=True)
    withdrawn = fields.Boolean(required=True)
    written_at = fields.AwareDateTime(required=True)


class TemplatesQuerySchema(Schema):
    """For which category; without one all are shown."""

    category = fields.String(load_default=None, validate=validate.Length(min=1, max=80))


class TeamQuerySchema(Schema):
    """Whose team: the coordinator's to say."""

    institution = fields.String(load_default=None, validate=validate.Length(min=1, max=16))


class MemberSchema(Schema):
    """An officer and what is on the desk. `open`, `due_today` and `overdue` are cases, counted up to 1,000; `load` is their weight.

    `cover` stands in while the officer is on leave, until `on_leave_until`, its last day.
    """

    id = fields.UUID(required=True)
    name = fields.Nested(NameSchema, required=True)
    rank = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    present = fields.Boolean(required=True)
    on_leave_until = fields.Date(required=True, allow_none=True)
    cover = fields.UUID(required=True, allow_none=True)
    cover_name = fields.Nested(NameSchema, required=True, allow_none=True)
    open = fields.Integer(required=True)
    load = fields.Integer(required=True)
    due_today = fields.Integer(required=True)
    overdue = fields.Integer(required=True)
    certified_rights_until = fields.Date(required=True, allow_none=True)
