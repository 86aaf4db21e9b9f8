"""Fields for what people type: cleaned and brought into one form before anything else is asked of it."""

from typing import Any

from marshmallow import ValidationError, fields

from services.chassis.web import Message
from services.intake import contact, plain_text

_CONTROL = Message(
    "control_character",
    ar="في النص رموز تحكم لا تظهر؛ احذفها أو اكتب النص من جديد.",
    en="The text holds control characters that do not show; remove them or type the text again.",
)
_TOO_SHORT = Message("too_short", ar="اكتب {min} أحرف على الأقل.", en="Write at least {min} characters.")
_TOO_LONG = Message("too_long", ar="النص أطول من {max} حرف.", en="The text is longer than {max} characters.")
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
