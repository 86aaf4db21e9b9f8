"""The shapes of what routing answers about accounts of staff and their sessions."""

from marshmallow import Schema, fields, validate

from services.routing.staff import accounts

_ID = validate.Length(min=1, max=200)
_SECRET = validate.Length(min=1, max=1000)


class WhereSchema(Schema):
    """From where a request comes: the neighbourhood of its address, the kind of its browser, and the mark that the browser kept."""

    place = fields.String(required=True, validate=validate.Length(min=1, max=60))
    agent = fields.String(required=True, validate=validate.Length(min=1, max=60))
    mark = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=400))


class SignInSchema(WhereSchema):
    """Name and password. `spent`: so much went wrong from this address that only known devices are judged."""

    spent = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    subject = fields.String(required=True, validate=validate.Length(min=1, max=254))
    password = fields.String(required=True, validate=_SECRET)


class CodeSchema(WhereSchema):
    """A code of the phone or a recovery code, with the ticket of who knew the password."""

    ticket = fields.String(required=True, validate=validate.Length(min=1, max=2000))
    code = fields.String(required=True, validate=validate.Length(min=1, max=100))


class RenewalSchema(WhereSchema):
    """What proves that the owner of a session wants new recovery codes: a code of the phone, or the password."""

    session = fields.String(required=True, validate=_ID)
    proof = fields.String(required=True, validate=_SECRET)


class RenewedSchema(Schema):
    """`renewed` with the new codes, once; or what stands against it."""

    outcome = fields.String(
        required=True, validate=validate.OneOf(("renewed", "over", "wait", "refused", "no_phone"))
    )
    seconds = fields.Integer()
    recovery_codes = fields.List(fields.String())


class SessionSchema(Schema):
    """A session by its id."""

    session = fields.String(required=True, validate=_ID)


class EndSchema(SessionSchema):
    """Which session of the account to end; all but the present one when none is named."""

    family = fields.UUID(load_default=None, allow_none=True)


class PasswordSchema(WhereSchema, SessionSchema):
    """The old password and a new one."""

    old = fields.String(required=True, validate=_SECRET)
    new = fields.String(required=True, validate=_SECRET)


class EnrolmentSchema(Schema):
    """What makes a phone known."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)


class AccountSchema(Schema):
    """Whose session it is."""

    id = fields.String(required=True)
    subject = fields.String(required=True)
    roles = fields.List(fields.String(validate=validate.OneOf(accounts.ROLES)), required=True)
    institution = fields.String(required=True, allow_none=True)
    officer_id = fields.UUID(required=True, allow_none=True)
    must_change = fields.Boolean(required=True)
    provider = fields.String(required=True, allow_none=True)


class SignInAnswerSchema(Schema):
    """`wait` (so many `seconds`), `refused`, or `code`: show the ticket with a code. With `enrolment` the phone is not known yet.

    `anew`: a phone was lost, and the code that is asked for is the one that somebody handed over.
    """

    outcome = fields.String(required=True, validate=validate.OneOf(("wait", "refused", "code")))
    seconds = fields.Integer()
    ticket = fields.String()
    enrolment = fields.Nested(EnrolmentSchema, allow_none=True)
    anew = fields.Boolean()


class EnteredSchema(Schema):
    """`wait`, `refused`, `expired`, `enrol` (a ticket with which a phone is made known), or `in`.

    `in` comes with a session, the mark of the device and, once, the recovery codes; or, if one was used, how many are left.
    """

    outcome = fields.String(
        required=True, validate=validate.OneOf(("wait", "refused", "expired", "enrol", "in"))
    )
    seconds = fields.Integer()
    ticket = fields.String(allow_none=True)
    anew = fields.Boolean()
    recovery_codes_left = fields.Integer(allow_none=True)
    session = fields.String()
    mark = fields.String()
    account = fields.Nested(AccountSchema)
    recovery_codes = fields.List(fields.String())
    enrolment = fields.Nested(EnrolmentSchema, allow_none=True)


class ResumedSchema(Schema):
    """The account of a good session, or null; `fresh` is the id that the session has from now on, if it changed."""

    account = fields.Nested(AccountSchema, required=True, allow_none=True)
    fresh = fields.String(required=True, allow_none=True)


class OwnSessionSchema(Schema):
    """One session of an account."""

    family = fields.UUID(required=True)
    began_at = fields.AwareDateTime(required=True)
    seen_at = fields.AwareDateTime(required=True)
    place = fields.String(required=True)
    agent = fields.String(required=True)
    present = fields.Boolean(required=True)


class OwnSchema(Schema):
    """What the owner of an account sees of it; null when the session is over."""

    account = fields.Nested(AccountSchema, required=True, allow_none=True)
    recovery_codes_left = fields.Integer(required=True)
    phone_known = fields.Boolean(required=True)
    sessions = fields.List(fields.Nested(OwnSessionSchema), required=True)


class EndedSchema(Schema):
    """How many sessions were ended."""

    ended = fields.Integer(required=True)


class SignedOutSchema(EndedSchema):
    """How many sessions were ended, and which provider had opened it."""

    provider = fields.String(required=True, allow_none=True)


class PhoneCodeSchema(Schema):
    """What is handed to the owner of a lost phone, in person; shown once."""

    code = fields.String(required=True)
    good_until = fields.AwareDateTime(required=True)


class HistoryQuerySchema(Schema):
    """`before` is the `next` of the page before."""

    before = fields.Integer(load_default=None, validate=validate.Range(min=1, max=2**62))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class AccountEventSchema(Schema):
    """One thing that happened to an account. `actor` is the account that did it, a provider, or `command`."""

    number = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)
    what = fields.String(required=True)
    detail = fields.String(required=True, allow_none=True)


class HistoryPageSchema(Schema):
    """The newest first; `next` is null on the last page."""

    items = fields.List(fields.Nested(AccountEventSchema), required=True)
    next = fields.Integer(required=True, allow_none=True)


class ChangedSchema(Schema):
    """`changed` with a new session id and mark, or what stands against it."""

    outcome = fields.String(
        required=True,
        validate=validate.OneOf(("changed", "over", "wait", "refused", "short", "long", "same", "like_name")),
    )
    seconds = fields.Integer()
    session = fields.String()
    mark = fields.String()


class AccountsQuerySchema(Schema):
    """Of which body; `after` is the `next` of the page before."""

    institution = fields.String(load_default=None, validate=validate.Length(min=1, max=16))
    after = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class ListedAccountSchema(Schema):
    """An account as those see it who look after it."""

    id = fields.UUID(required=True)
    subject = fields.String(required=True)
    officer_id = fields.UUID(required=True, allow_none=True)
    institution = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.String(), required=True)
    state = fields.String(required=True)
    must_change = fields.Boolean(required=True)
    phone_known = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    signed_in_at = fields.AwareDateTime(required=True, allow_none=True)


class AccountsPageSchema(Schema):
    """Accounts, the oldest first; `next` is null on the last page."""

    items = fields.List(fields.Nested(ListedAccountSchema), required=True)
    next = fields.UUID(required=True, allow_none=True)
