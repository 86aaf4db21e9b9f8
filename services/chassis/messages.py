"""What is wrong with a field, in Arabic and English: the sentences of marshmallow, each with a stable code.

A service that checks more raises ValidationError(Message("code", ar=…, en=…)), or gives a Message as the `error=` of a validator.
"""

import re
from collections.abc import Iterator
from typing import Any

_MOST_ERRORS = 50
_MOST_CHOICES = 300


class Message(str):
    """A sentence in both languages with a code. It is a str (the English one), so marshmallow carries it as
    it is.
    """

    code: str
    ar: str

    def __new__(cls, code: str, *, ar: str, en: str) -> "Message":
        self = super().__new__(cls, en)
        self.code = code
        self.ar = ar
        return self

    def format(self, *args: Any, **kwargs: Any) -> "Message":
        """Fills both languages: validators call this with {min}, {max}, {input} and the like."""
        return Message(self.code, ar=self.ar.format(*args, **kwargs), en=str(self).format(*args, **kwargs))

    def as_dict(self) -> dict[str, str]:
        """{"ar": …, "en": …}."""
        return {"ar": self.ar, "en": str(self)}


# marshmallow's sentence (its own template) → code, Arabic. The English stays marshmallow's.
_TEMPLATES: tuple[tuple[str, str, str], ...] = (
    ("Missing data for required field.", "required", "هذا الحقل مطلوب."),
    ("Field may not be null.", "null", "لا يجوز أن يكون هذا الحقل فارغًا."),
    ("Unknown field.", "unknown_field", "هذا الحقل غير معروف."),
    ("Not a valid string.", "not_text", "يجب أن يكون نصًا."),
    ("Not a valid utf-8 string.", "not_text", "يجب أن يكون نصًا بترميز UTF-8."),
    ("Not a valid integer.", "not_integer", "يجب أن يكون عددًا صحيحًا."),
    ("Not a valid number.", "not_number", "يجب أن يكون عددًا."),
    ("Number too large.", "too_large", "العدد أكبر من المسموح."),
    (
        "Special numeric values (nan or infinity) are not permitted.",
        "not_number",
        "يجب أن يكون عددًا محدودًا.",
    ),
    ("Not a valid boolean.", "not_boolean", "يجب أن يكون true أو false."),
    ("Not a valid UUID.", "not_uuid", "يجب أن يكون معرّفًا بصيغة UUID."),
    ("Not a valid date.", "not_date", "يجب أن يكون تاريخًا بصيغة YYYY-MM-DD."),
    ("Not a valid datetime.", "not_datetime", "يجب أن يكون تاريخًا ووقتًا بصيغة ISO 8601."),
    ("Not a valid time.", "not_time", "يجب أن يكون وقتًا بصيغة ISO 8601."),
    ("Not a valid aware datetime.", "not_datetime", "يجب أن يذكر الوقت منطقته الزمنية."),
    ("Not a valid naive datetime.", "not_datetime", "يجب ألا يذكر الوقت منطقة زمنية."),
    ("Not a valid period of time.", "not_period", "يجب أن يكون مدة زمنية."),
    ("Not a valid list.", "not_list", "يجب أن يكون قائمة."),
    ("Not a valid tuple.", "not_list", "يجب أن يكون قائمة بالطول المحدد."),
    ("Not a valid mapping type.", "not_object", "يجب أن يكون كائنًا."),
    ("Invalid type.", "not_object", "يجب أن يكون كائنًا."),
    ("Invalid input type.", "not_object", "يجب أن يكون كائنًا."),
    ("Not a valid URL.", "not_url", "يجب أن يكون رابطًا صحيحًا."),
    ("Not a valid email address.", "not_email", "يجب أن يكون بريدًا إلكترونيًا صحيحًا."),
    ("Not a valid IP address.", "not_ip", "يجب أن يكون عنوان IP."),
    ("Not a valid IPv4 address.", "not_ip", "يجب أن يكون عنوان IPv4."),
    ("Not a valid IPv6 address.", "not_ip", "يجب أن يكون عنوان IPv6."),
    ("Not a valid IP interface.", "not_ip", "يجب أن يكون عنوان IP مع القناع."),
    ("Not a valid IPv4 interface.", "not_ip", "يجب أن يكون عنوان IPv4 مع القناع."),
    ("Not a valid IPv6 interface.", "not_ip", "يجب أن يكون عنوان IPv6 مع القناع."),
    ("Shorter than minimum length {min}.", "too_short", "أقصر من الحد الأدنى ({min})."),
    ("Longer than maximum length {max}.", "too_long", "أطول من الحد الأقصى ({max})."),
    ("Length must be between {min} and {max}.", "wrong_length", "يجب أن يكون الطول بين {min} و{max}."),
    ("Length must be {equal}.", "wrong_length", "يجب أن يكون الطول {equal}."),
    (
        "Must be greater than or equal to {min} and less than or equal to {max}.",
        "out_of_range",
        "يجب أن يكون بين {min} و{max}.",
    ),
    ("Must be greater than or equal to {min}.", "too_small", "يجب ألا يقل عن {min}."),
    ("Must be greater than {min}.", "too_small", "يجب أن يكون أكبر من {min}."),
    ("Must be less than or equal to {max}.", "too_large", "يجب ألا يزيد على {max}."),
    ("Must be less than {max}.", "too_large", "يجب أن يكون أصغر من {max}."),
    ("Must be equal to {other}.", "not_equal", "يجب أن يساوي {other}."),
    ("Must be one of: {choices}.", "unknown_value", "يجب أن يكون واحدًا من: {choices}."),
    (
        "One or more of the choices you made was not in: {choices}.",
        "unknown_value",
        "بعض القيم ليست من: {choices}.",
    ),
    (
        "One or more of the choices you made was in: {values}.",
        "refused_value",
        "بعض القيم غير مسموح: {values}.",
    ),
    ("String does not match expected pattern.", "wrong_pattern", "لا يطابق الصيغة المطلوبة."),
    ("Invalid value.", "invalid", "قيمة غير صحيحة."),
    ("Invalid input.", "invalid", "قيمة غير صحيحة."),
)

FORBIDDEN_CHARACTER = Message(
    "forbidden_character",
    ar="في النص حرف لا يمكن حفظه.",
    en="The text holds a character that cannot be stored.",
)
_UNKNOWN_VALUE = Message("unknown_value", ar="قيمة غير معروفة.", en="Not one of the known values.")


def _pattern(template: str) -> re.Pattern[str]:
    escaped = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*)", re.escape(template))
    return re.compile(rf"\A{escaped}\Z", re.DOTALL)


_EXACT = {
    english: Message(code, ar=arabic, en=english)
    for english, code, arabic in _TEMPLATES
    if "{" not in english
}
_PATTERNS = [(_pattern(english), code, arabic) for english, code, arabic in _TEMPLATES if "{" in english]


def translate(sentence: str) -> Message:
    """The message for a sentence of marshmallow; its own English stands in for an unknown one in both
    languages.
    """
    if isinstance(sentence, Message):
        return sentence
    exact = _EXACT.get(sentence)
    if exact is not None:
        return exact
    for pattern, code, arabic in _PATTERNS:
        match = pattern.match(sentence)
        if match:
            if code == "unknown_value" and len(sentence) > _MOST_CHOICES:
                return _UNKNOWN_VALUE
            return Message(code, ar=arabic.format(**match.groupdict()), en=sentence)
    return Message("invalid", ar=sentence, en=sentence)


def errors_of(messages: Any, root: str = "body") -> list[dict[str, Any]]:
    """marshmallow's nested messages as the flat list that a Problem carries; fields are named "a.b" and
    "list.0.a".
    """
    found = []
    for path, sentence in _flatten(messages, ()):
        message = translate(sentence)
        name = ".".join(path) or root
        found.append({"field": name[:200], "code": message.code, "message": message.as_dict()})
        if len(found) == _MOST_ERRORS:
            break
    return found


def _flatten(messages: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flatten(inner, path if key == "_schema" else (*path, str(key)))
    elif isinstance(messages, list | tuple):
        for each in messages:
            yield from _flatten(each, path)
    else:
        yield path, messages if isinstance(messages, str) else str(messages)
