"""What intake takes and gives by HTTP. The sentences say what to do, in both languages."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.chassis.web import Message
from services.intake import contact, plain_text
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

_CONTROL = Message(
    "control_character",
    ar="في النص رموز تحكم لا تظهر؛ احذفها أو اكتب النص من جديد.",
    en="The text holds control characters that do not show; remove them or type the text again.",
)
_TOO_SHORT = Message("too_short", ar="اكتب {min} أحرف على الأقل.", en="Write at least {min} characters.")
_TOO_LONG = Message("too_long", ar="النص أطول من {max} حرف.", en="The text is longer than {max} characters.")
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
_PHONE = Message(
    "not_phone",
    ar="رقم الهاتف غير صحيح؛ اكتبه مثل 0791234567 أو مثل \u2066+962791234567\u2069.",
    en="The phone number is not right; write it like 0791234567, or like +962791234567.",
)
_EMAIL = Message(
    "not_email",
    ar="البريد الإلكتروني غير صحيح؛ اكتبه مثل name@example.com.",
    en="The email address is not right; write it like name@example.com.",
)
_NO_CONTACT = Message(
    "contact_missing",
    ar="اكتب اسمًا أو هاتفًا أو بريدًا إلكترونيًا، أو احذف هذا الحقل لتبقى مجهول الهوية.",
    en="Give a name, a phone number or an email address, or leave this out to stay anonymous.",
)


class Prose(fields.String):
    """Text that people type: cleaned first, measured afterwards. A blank optional text counts as not given."""

    def __init__(self, *, least: int = 0, most: int, lines: bool = False, **options: Any):
        super().__init__(
            metadata={"minLength": least, "maxLength": most} if least else {"maxLength": most}, **options
        )
        self._least, self._most = least, most
        self._clean = plain_text.clean if lines else plain_text.clean_line

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        try:
            text = self._clean(super()._deserialize(value, *args, **kwargs))
        except plain_text.PlainTextError:
            raise ValidationError(_CONTROL) from None
        if len(text) > self._most:
            raise ValidationError(_TOO_LONG.format(max=self._most))
        if len(text) < self._least:
            raise ValidationError(_TOO_SHORT.format(min=self._least))
        return text or None


class Phone(fields.String):
    """A telephone number as people write it, taken as E.164. Blank counts as not given."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, *args, **kwargs)
        try:
            return contact.normalise_phone(text) if text.strip() else None
        except contact.PhoneError:
            raise ValidationError(_PHONE) from None


class Email(fields.String):
    """A mail address as people write it, normalised. Blank counts as not given."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, *args, **kwargs)
        try:
            return contact.normalise_email(text) if text.strip() else None
        except contact.EmailError:
            raise ValidationError(_EMAIL) from None


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


class SubmissionSchema(Schema):
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
    status = fields.Nested(StatusSchema, required=True)
    institution = fields.String(required=True, allow_none=True)
    due_at = fields.AwareDateTime(required=True, allow_none=True)
    history = fields.List(fields.Nested(HistorySchema), required=True)
    conversation = fields.List(fields.Nested(UtteranceSchema), required=True)


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
