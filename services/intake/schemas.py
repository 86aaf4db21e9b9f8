"""What intake takes and gives by HTTP. The sentences say what to do, in both languages."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.chassis.web import Message
from services.intake import contact
from services.intake import conversation as talk
from services.intake.catalogue import CATEGORIES, GOVERNORATES
from services.intake.complaint import (
    CHANNELS,
    KINDS,
    LANGUAGES,
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    SHORTEST_TEXT,
    Contact,
    Submission,
)
from services.intake.schemas_flags import AccusedSchema, FlagsSchema, flags
from services.intake.typed import Email, Phone, Prose

_CATEGORY = Message(
    "unknown_category",
    ar="التصنيف غير معروف؛ اختر واحدًا من قائمة التصنيفات.",
    en="The category is not known; choose one of the list of categories.",
)
_GOVERNORATE = Message(
    "unknown_governorate",
    ar="المحافظة غير معروفة؛ اختر واحدة من محافظات المملكة.",
    en="The governorate is not known; choose one of Jordan's governorates.",
)
_NO_CONTACT = Message(
    "contact_missing",
    ar="اكتب اسمًا أو هاتفًا أو بريدًا إلكترونيًا، أو احذف هذا الحقل لتبقى مجهول الهوية.",
    en="Give a name, a phone number or an email address, or leave this out to stay anonymous.",
)


class ComplainantSchema(Schema):
    """Who complains. Sealed at rest and on the way; no officer sees it."""

    name = Prose(most=LONGEST_NAME, load_default=None, allow_none=True)
    phone = Phone(load_default=None, allow_none=True)
    email = Email(load_default=None, allow_none=True)
    contact_preference = fields.String(load_default="any", validate=validate.OneOf(contact.PREFERENCES))

    @validates_schema
    def reaches_somebody(self, data: dict[str, Any], **_: Any) -> None:
        """A complainant without any contact would be anonymous and not know it."""
        if not (data["name"] or data["phone"] or data["email"]):
            raise ValidationError(_NO_CONTACT)


class SubmissionSchema(FlagsSchema):
    """A complaint as it is handed in. Without `complainant` it is anonymous."""

    kind = fields.String(load_default="complaint", validate=validate.OneOf(KINDS))
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES, error=_CATEGORY))
    governorate = fields.String(required=True, validate=validate.OneOf(GOVERNORATES, error=_GOVERNORATE))
    text = Prose(required=True, least=SHORTEST_TEXT, most=LONGEST_TEXT, lines=True)
    title = Prose(most=LONGEST_TITLE, load_default=None, allow_none=True)
    language = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(LANGUAGES))
    channel = fields.String(load_default="web", validate=validate.OneOf(CHANNELS))
    complainant = fields.Nested(ComplainantSchema, load_default=None, allow_none=True)


def submission(loaded: dict[str, Any], language: str) -> Submission:
    """The submission that SubmissionSchema loaded; `language` is the request's, for a body that names none."""
    who = loaded["complainant"]
    return Submission(
        kind=loaded["kind"],
        category=loaded["category"],
        governorate=loaded["governorate"],
        text=loaded["text"],
        title=loaded["title"],
        channel=loaded["channel"],
        language=loaded["language"] or language,
        contact=Contact(who["name"], who["phone"], who["email"], who["contact_preference"]) if who else None,
        flags=flags(loaded),
    )


class StatusSchema(Schema):
    """A status with its name in the language of the request."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class LinksSchema(Schema):
    """Where to go on."""

    self = fields.String(required=True, metadata={"description": "the public address of the complaint"})


class ReceiptSchema(Schema):
    """What the complainant keeps. For an anonymous complaint `tracking_number` is a receipt of 16 digits,
    given this once.
    """

    tracking_number = fields.String(required=True)
    status = fields.Nested(StatusSchema, required=True)
    received_at = fields.AwareDateTime(required=True)
    links = fields.Nested(LinksSchema, required=True)


class HistorySchema(Schema):
    """Since when a status was shown."""

    status = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class UtteranceSchema(Schema):
    """Something that was said after the complaint: `words` by the name of the part, `facts` are codes and times beside them."""

    kind = fields.String(required=True, validate=validate.OneOf(talk.KINDS))
    author = fields.String(required=True, validate=validate.OneOf((talk.COMPLAINANT, talk.BODY)))
    at = fields.AwareDateTime(required=True)
    words = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    facts = fields.Dict(keys=fields.String(), required=True)


class PublicComplaintSchema(Schema):
    """How a complaint stands, for who holds its number. Nothing of the complaint itself, nor of who made it.

    `conversation` is what was said since, `actions` what may be said now. `history_hash` is the receipt of the case's history up to now.
    """

    tracking_number = fields.String(required=True)
    kind = fields.String(required=True)
    category = fields.String(required=True)
    governorate = fields.String(required=True)
    status = fields.Nested(StatusSchema, required=True)
    institution = fields.String(required=True, allow_none=True)
    institution_name = fields.String(
        required=True, allow_none=True, metadata={"description": "in the language of the request"}
    )
    due_at = fields.AwareDateTime(required=True, allow_none=True)
    received_at = fields.AwareDateTime(required=True)
    history = fields.List(fields.Nested(HistorySchema), required=True)
    reason = fields.String(required=True, allow_none=True)
    history_hash = fields.String(required=True, allow_none=True)
    conversation = fields.List(fields.Nested(UtteranceSchema), required=True)
    actions = fields.List(fields.String(validate=validate.OneOf(talk.WHILE)), required=True)


class StaffComplaintSchema(Schema):
    """What was said, for staff. Nothing of who said it."""

    complaint_id = fields.String(required=True)
    kind = fields.String(required=True)
    category = fields.String(required=True)
    governorate = fields.String(required=True)
    language = fields.String(required=True)
    channel = fields.String(required=True)
    anonymous = fields.Boolean(required=True)
    title = fields.String(required=True, allow_none=True)
    text = fields.String(required=True)
    received_at = fields.AwareDateTime(required=True)
    service = fields.Boolean(required=True)
    rights = fields.Boolean(required=True)
    rights_codes = fields.List(fields.String(), required=True)
    groups = fields.List(fields.String(), required=True)
    urgent = fields.String(required=True, allow_none=True)
    accused = fields.List(fields.Nested(AccusedSchema), required=True)
    status = fields.Nested(StatusSchema, required=True)
    institution = fields.String(required=True, allow_none=True)
    due_at = fields.AwareDateTime(required=True, allow_none=True)
    history = fields.List(fields.Nested(HistorySchema), required=True)
    conversation = fields.List(fields.Nested(UtteranceSchema), required=True)


class SearchQuerySchema(Schema):
    """A tracking number, the id of a complaint, or words. `after` is the `next` of the page before."""

    q = Prose(required=True, least=2, most=100)
    after = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=100))


class FoundSchema(Schema):
    """A complaint that was found. `title` is its title, or else how it begins."""

    complaint_id = fields.String(required=True)
    title = fields.String(required=True)
    kind = fields.String(required=True)
    category = fields.String(required=True)
    governorate = fields.String(required=True)
    institution = fields.String(required=True, allow_none=True)
    received_at = fields.AwareDateTime(required=True)
    status = fields.Nested(StatusSchema, required=True)


class FoundPageSchema(Schema):
    """What was found, the newest first. While `next` is not null there is more to look at, even if a page is short."""

    items = fields.List(fields.Nested(FoundSchema), required=True)
    next = fields.UUID(required=True, allow_none=True)


class NameSchema(Schema):
    """A name in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class NamedCodeSchema(Schema):
    """A code with its name."""

    code = fields.String(required=True)
    name = fields.Nested(NameSchema, required=True)


class CategorySchema(NamedCodeSchema):
    """A category that a complaint can be filed under. `kind_hint` is the kind that it mostly is."""

    group = fields.Nested(NamedCodeSchema, required=True)
    kind_hint = fields.String(required=True, validate=validate.OneOf(KINDS))


class RightSchema(NamedCodeSchema):
    """A right or a group, with the articles of the constitution and of treaties that protect it."""

    constitution = fields.List(fields.String(), required=True)
    treaties = fields.List(fields.String(), required=True)


class RightsSchema(Schema):
    """What a complaint about rights is filed under, and what makes any complaint urgent."""

    codes = fields.List(fields.Nested(RightSchema), required=True)
    groups = fields.List(fields.Nested(RightSchema), required=True)
    urgent_grounds = fields.List(fields.Nested(NamedCodeSchema), required=True)


class MessageSchema(Schema):
    """An answer to the question that was asked."""

    text = Prose(required=True, least=1, most=talk.LONGEST_TEXT, lines=True)


class WithdrawalSchema(Schema):
    """Why, for who wants to say so."""

    reason = Prose(most=talk.LONGEST_TEXT, lines=True, load_default=None, allow_none=True)


class RatingSchema(WithdrawalSchema):
    """How satisfied, from 1 to 5. It confirms that the answer has come and closes the complaint."""

    score = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=talk.SCORES[0], max=talk.SCORES[1]),
    )


class DisputeSchema(Schema):
    """What is wrong with the answer, for the authority that decides."""

    reason = Prose(required=True, least=talk.LEAST_DISPUTE, most=talk.LONGEST_TEXT, lines=True)


class SaidSchema(Schema):
    """What was said, as it is kept. What becomes of it shows in the status a moment later."""

    kind = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    status = fields.Nested(StatusSchema, required=True)
