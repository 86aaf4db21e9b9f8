"""The shapes of what routing answers the gateway about providers of identity."""

from marshmallow import Schema, fields, validate

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
