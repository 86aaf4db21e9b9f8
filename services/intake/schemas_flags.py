"""What a complainant says beside the story: service or right, whether it can wait, and whom it is directed against."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.chassis.web import Message
from services.intake.catalogue import CONCERNED_GROUPS, RIGHTS_CODES, URGENT_GROUNDS
from services.intake.complaint import LONGEST_NAME, Accused, Flags
from services.intake.typed import Prose

_RIGHT = Message(
    "unknown_right",
    ar="رمز الحق غير معروف؛ اختر من قائمة الحقوق.",
    en="The code of the right is not known; choose from the list of rights.",
)
_GROUP = Message(
    "unknown_group",
    ar="الفئة غير معروفة؛ اختر من قائمة الفئات.",
    en="The group is not known; choose from the list of groups.",
)
_GROUND = Message(
    "unknown_ground",
    ar="سبب الاستعجال غير معروف؛ اختر من قائمة الأسباب.",
    en="The ground of urgency is not known; choose from the list of grounds.",
)
_NO_RIGHT = Message(
    "rights_contradicted",
    ar="ذكرت حقوقًا مسّت، وقلت إن الشكوى لا تمس حقًا؛ صحّح أحدهما.",
    en="Rights are listed, and yet it says that none was touched; mend one of the two.",
)
_NO_ACCUSED = Message(
    "accused_missing",
    ar="حدّد من تشكو منه: الجهة أو الوحدة أو الشخص.",
    en="Say who it is about: the body, the unit or the person.",
)
_CODE = Message(
    "code_malformed",
    ar="رمز غير سليم؛ استعمل الرمز كما في القائمة.",
    en="Not a well-formed code; use the code as the list has it.",
)
_TWICE = Message("twice", ar="ذُكر مرتين.", en="It is listed twice.")
_TOO_MANY = Message("too_many", ar="العدد أكبر من {max}.", en="There are more than {max}.")
MOST_ACCUSED = 10


def _codes(known: Mapping[str, object], unknown: Message) -> fields.List:
    """A list of known codes, none of them twice."""
    return fields.List(
        fields.String(validate=validate.OneOf(known, error=unknown)), load_default=list, validate=_unlike
    )


def _unlike(codes: Sequence[str]) -> None:
    if len(set(codes)) < len(codes):
        raise ValidationError(_TWICE)


class AccusedSchema(Schema):
    """Whom it is directed against: a body as a whole, a unit of it, or a person in words, who works there if either is named."""

    institution = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A[A-Z][A-Z0-9]{0,15}\Z", error=_CODE),
    )
    unit = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A[A-Z][A-Z0-9-]{0,31}\Z", error=_CODE),
    )
    person = Prose(most=LONGEST_NAME, load_default=None, allow_none=True)

    @validates_schema
    def names_somebody(self, data: dict[str, Any], **_: Any) -> None:
        """An empty entry would look as if somebody were excluded, and nobody would be."""
        if not any(data.values()):
            raise ValidationError(_NO_ACCUSED)


class FlagsSchema(Schema):
    """The flags of a complaint; each may be left out."""

    service = fields.Boolean(
        load_default=None,
        metadata={
            "description": "an entitlement was late, poor or refused by mistake; assumed unless `rights` is said"
        },
    )
    rights = fields.Boolean(
        load_default=None,
        metadata={"description": "an authority touched a right; assumed where `rights_codes` are listed"},
    )
    rights_codes = _codes(RIGHTS_CODES, _RIGHT)
    groups = _codes(CONCERNED_GROUPS, _GROUP)
    urgent = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(URGENT_GROUNDS, error=_GROUND),
        metadata={"description": "why it cannot wait: it is looked at within minutes, day and night"},
    )
    accused = fields.List(
        fields.Nested(AccusedSchema),
        load_default=list,
        validate=validate.Length(max=MOST_ACCUSED, error=_TOO_MANY),
        metadata={"description": "who must have nothing to do with it"},
    )

    @validates_schema
    def agrees_with_itself(self, data: dict[str, Any], **_: Any) -> None:
        """Rights that were touched make it a complaint about rights."""
        if data["rights"] is False and data["rights_codes"]:
            raise ValidationError(_NO_RIGHT, "rights")


def flags(loaded: dict[str, Any]) -> Flags:
    """What was said of the complaint, with what follows from it where it was left out."""
    rights = bool(loaded["rights_codes"]) if loaded["rights"] is None else loaded["rights"]
    return Flags(
        service=not rights if loaded["service"] is None else loaded["service"],
        rights=rights,
        rights_codes=tuple(loaded["rights_codes"]),
        groups=tuple(loaded["groups"]),
        urgent=loaded["urgent"],
        accused=tuple(Accused(**each) for each in loaded["accused"]),
    )
