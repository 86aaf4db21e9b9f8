"""Whom a provider of identity may sign in. A provider speaks for the bodies of its row and for nobody else, however it is asked."""

from collections.abc import Collection
from dataclasses import dataclass

#: Roles that act for the whole country.
NATIONAL = frozenset({"coordinator", "operations"})
EMAIL, SUBJECT = "email", "subject"
PROVIDER, OURS = "provider", "ours"

#: Signatures that a provider can make and we cannot: with a shared secret (HS…), whoever holds it could sign anybody in.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
USUAL_ALGORITHMS = ("RS256", "PS256", "ES256")

#: Why somebody does not come in.
NO_ACCOUNT, OTHER_BODY, ROLE, OTHER_PERSON, NO_SECOND_FACTOR = (
    "no_account",
    "other_body",
    "role",
    "other_person",
    "no_second_factor",
)
REASONS = (NO_ACCOUNT, OTHER_BODY, ROLE, OTHER_PERSON, NO_SECOND_FACTOR)


@dataclass(frozen=True)
class Rules:
    """What the row of a provider says about whom it may sign in."""

    institutions: frozenset[str]
    national_roles: frozenset[str]
    second_factor: str
    acr_values: frozenset[str]
    amr_values: frozenset[str]


@dataclass(frozen=True)
class Said:
    """What a provider said of somebody: whom it means, and how it made sure."""

    subject: str
    acr: str | None = None
    amr: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Account:
    """What counts of an account. `bound`: the subject by which this provider meant it before."""

    roles: Collection[str]
    institution: str | None
    bound: str | None = None


def refusal(rules: Rules, account: Account, said: Said) -> str | None:
    """Why this provider may not sign this account in now; None when it may."""
    if account.institution is not None and account.institution not in rules.institutions:
        return OTHER_BODY
    national = NATIONAL & set(account.roles)
    if not national <= rules.national_roles or (account.institution is None and not national):
        return ROLE
    # An address can be given to another person; the subject cannot.
    if account.bound is not None and account.bound != said.subject:
        return OTHER_PERSON
    if rules.second_factor == PROVIDER and not proved_twice(rules, said):
        return NO_SECOND_FACTOR
    return None


def proved_twice(rules: Rules, said: Said) -> bool:
    """Whether the provider says that it asked for a second factor, in the words of its row."""
    by_class = bool(rules.acr_values) and said.acr in rules.acr_values
    by_methods = bool(rules.amr_values) and rules.amr_values <= said.amr
    return by_class or by_methods
