"""The shapes of what routing answers the gateway about providers of identity."""

from typing import Any

from marshmallow import Schema, fields, validate

from services.chassis.messages import Message
from services.routing.directory.schemas import GivenNameSchema
from services.routing.schemas import NameSchema
from services.routing.staff import federation
from services.routing.staff.schemas import EnrolmentSchema, EnteredSchema, WhereSchema

_CODE = validate.Length(min=1, max=40)
_TICKET = validate.Length(min=1, max=2000)
_SAID = validate.Length(min=1, max=255)


class ProviderNameSchema(Schema):
    """A name in both languages."""

    ar = fields.String(required=True)
    en = fields.String(required=True)


class OfferedProviderSchema(Schema):
    """A provider as the page of signing in offers it."""

    code = fields.String(required=True)
    name = fields.Nested(ProviderNameSchema, required=True)


class OfferedSchema(Schema):
    """The providers that people may sign in with."""

    items = fields.List(fields.Nested(OfferedProviderSchema), required=True)


class ProviderSchema(OfferedProviderSchema):
    """What the gateway must know of a provider to speak with it. Its secret is the gateway's own."""

    issuer = fields.String(required=True)
    client_id = fields.String(required=True)
    client_auth = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    algorithms = fields.List(fields.String(), required=True)
    acr_values = fields.List(fields.String(), required=True)
    matching = fields.String(required=True)


class WhichSchema(Schema):
    """Which provider."""

    provider = fields.String(required=True, validate=_CODE)


class FoundSchema(Schema):
    """The provider, or null."""

    provider = fields.Nested(ProviderSchema, required=True, allow_none=True)


class BeginSchema(WhichSchema):
    """Which provider, and the language to come back to."""

    language = fields.String(required=True, validate=validate.OneOf(("ar", "en")))


class BackSchema(WhichSchema):
    """What came back from a provider, with the ticket that the browser kept."""

    ticket = fields.String(required=True, validate=_TICKET)
    state = fields.String(required=True, validate=_SAID)


class FlowSchema(Schema):
    """What goes with somebody to a provider and back."""

    provider = fields.Nested(ProviderSchema, required=True)
    state = fields.String(required=True)
    nonce = fields.String(required=True)
    verifier = fields.String(required=True)
    ticket = fields.String(required=True)
    language = fields.String(required=True)


class MaybeFlowSchema(Schema):
    """That, or null: there is no such provider, or it is not what the browser left with."""

    flow = fields.Nested(FlowSchema, required=True, allow_none=True)


class VouchedSchema(Schema):
    """What a provider signed of somebody, as the gateway checked it. `email` only if the provider verified it."""

    issuer = fields.String(required=True, validate=validate.Length(min=1, max=500))
    subject = fields.String(required=True, validate=_SAID)
    nonce = fields.String(required=True, validate=_SAID)
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=254))
    acr = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=255))
    amr = fields.List(fields.String(validate=_SAID), load_default=list, validate=validate.Length(max=20))
    session = fields.String(load_default=None, allow_none=True, validate=_SAID)


class EnterSchema(WhereSchema):
    """What a provider said, with the ticket that the browser kept."""

    ticket = fields.String(required=True, validate=_TICKET)
    vouched = fields.Nested(VouchedSchema, required=True)


class EnterAnswerSchema(EnteredSchema):
    """As of a code; or `code` with a ticket where ours is asked for in addition, or `refused` with the reason."""

    outcome = fields.String(
        required=True, validate=validate.OneOf(("expired", "refused", "code", "enrol", "in"))
    )
    reason = fields.String(allow_none=True, validate=validate.OneOf(federation.REASONS))
    enrolment = fields.Nested(EnrolmentSchema, allow_none=True)


class LogOutSchema(WhichSchema):
    """A logout token of a provider, as the gateway checked it: its id, and whom or which session it means."""

    token = fields.String(required=True, validate=_SAID)
    subject = fields.String(load_default=None, allow_none=True, validate=_SAID)
    session = fields.String(load_default=None, allow_none=True, validate=_SAID)


class LoggedOutSchema(Schema):
    """How many sessions ended; null for a token that came before, or names nobody."""

    ended = fields.Integer(required=True, allow_none=True)


_VALUES = validate.Length(max=20)
_WRONG_CODE = Message(
    "code_malformed",
    ar="الرمز حروف لاتينية صغيرة وأرقام وشرطات، وأوله حرف أو رقم.",
    en="The code is small letters, digits and dashes, and begins with a letter or a digit.",
)
#: What a value in a token or a list of scopes is: without spaces, so that several can be written in one line.
_WORD = validate.Regexp(r"\A[\x21-\x7e]{1,255}\Z")


def _words(**given: Any) -> fields.List:
    return fields.List(fields.String(validate=_WORD), validate=_VALUES, **given)


class ProviderRowSchema(Schema):
    """A provider as those see it who look after it. Its secret is in no table."""

    code = fields.String(required=True)
    name = fields.Nested(NameSchema, required=True)
    issuer = fields.String(required=True)
    client_id = fields.String(required=True)
    client_auth = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    algorithms = fields.List(fields.String(), required=True)
    matching = fields.String(required=True)
    national_roles = fields.List(fields.String(), required=True)
    second_factor = fields.String(required=True)
    acr_values = fields.List(fields.String(), required=True)
    amr_values = fields.List(fields.String(), required=True)
    institutions = fields.List(fields.String(), required=True)
    state = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    version = fields.String(required=True, metadata={"description": "to be sent back with a change"})

    class ProviderChangeSchema(Schema):
        """What was done last, and by whom."""

        what = fields.String(required=True)
        at = fields.AwareDateTime(required=True)
        by = fields.String(required=True)

    last_change = fields.Nested(ProviderChangeSchema, required=True, allow_none=True)


class ProviderRowsSchema(Schema):
    """All providers, by code."""

    items = fields.List(fields.Nested(ProviderRowSchema), required=True)


class GivenProviderSchema(Schema):
    """What may be said of a provider again and again."""

    name = fields.Nested(GivenNameSchema, required=True)
    client_id = fields.String(required=True, validate=_WORD)
    client_auth = fields.String(
        load_default="client_secret_basic",
        validate=validate.OneOf(("client_secret_basic", "client_secret_post")),
    )
    scopes = _words(load_default=lambda: ["openid", "email"])
    algorithms = fields.List(
        fields.String(validate=validate.OneOf(federation.ALGORITHMS)),
        load_default=lambda: list(federation.USUAL_ALGORITHMS),
        validate=_VALUES,
    )
    matching = fields.String(
        load_default=federation.EMAIL, validate=validate.OneOf((federation.EMAIL, federation.SUBJECT))
    )
    second_factor = fields.String(
        required=True, validate=validate.OneOf((federation.PROVIDER, federation.OURS))
    )
    acr_values = _words(load_default=list)
    amr_values = _words(load_default=list)
    institutions = fields.List(
        fields.String(validate=validate.Length(min=1, max=16)),
        load_default=list,
        validate=validate.Length(max=500),
    )


class NewProviderSchema(GivenProviderSchema):
    """A provider that is to be believed. It signs in nobody who acts for the whole country: that is for the command line."""

    code = fields.String(
        required=True, validate=validate.Regexp(r"\A[a-z0-9][a-z0-9-]{0,39}\Z", error=_WRONG_CODE)
    )
    issuer = fields.String(required=True, validate=validate.Length(min=1, max=500))


class ChangedProviderSchema(GivenProviderSchema):
    """A provider as it shall be. Code and issuer stay: with another issuer it is another provider."""

    version = fields.String(required=True, validate=validate.Length(min=1, max=40))


class ProviderStateSchema(Schema):
    """Whether people come in by it."""

    state = fields.String(required=True, validate=validate.OneOf(("active", "disabled")))


class ProviderChangedSchema(Schema):
    """The provider as it is now, and how many sessions ended."""

    provider = fields.Nested(ProviderRowSchema, required=True)
    ended = fields.Integer(required=True)
