"""Providers of identity, what happened to an account, and phones that are to be made known anew."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0010"
down_revision = "0012"

_TIME = sa.DateTime(timezone=True)
_TEXTS = ARRAY(sa.Text)


def upgrade() -> None:
    _accounts()
    _providers()
    _sessions()


def _accounts() -> None:
    # A code with which a phone may be made known in place of one that is lost; kept as a keyed hash, good once.
    op.add_column("account", sa.Column("phone_code", sa.LargeBinary))
    op.add_column("account", sa.Column("phone_code_until", _TIME))
    op.create_table(
        "account_event",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
    )
    op.create_index("account_event_account", "account_event", ["account_id", "number"])
    op.execute(
        """
        CREATE FUNCTION refuse_account_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the history of an account is only added to'; END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER account_event_only_added BEFORE UPDATE OR DELETE ON account_event
        FOR EACH ROW EXECUTE FUNCTION refuse_account_change()
        """
    )


def _providers() -> None:
    # The secret that a provider gave us is not here: the gateway reads it from a file.
    op.create_table(
        "identity_provider",
        sa.Column(
            "code", sa.Text, sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,39}$'"), primary_key=True
        ),
        sa.Column("name_ar", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column(
            "client_auth",
            sa.Text,
            sa.CheckConstraint("client_auth IN ('client_secret_basic', 'client_secret_post')"),
            nullable=False,
        ),
        sa.Column("scopes", _TEXTS, nullable=False),
        sa.Column("algorithms", _TEXTS, sa.CheckConstraint("cardinality(algorithms) > 0"), nullable=False),
        sa.Column(
            "matching", sa.Text, sa.CheckConstraint("matching IN ('email', 'subject')"), nullable=False
        ),
        # Roles that act for the whole country, which the provider of one body may sign in only where it is named here.
        sa.Column("national_roles", _TEXTS, nullable=False),
        sa.Column(
            "second_factor",
            sa.Text,
            sa.CheckConstraint("second_factor IN ('provider', 'ours')"),
            nullable=False,
        ),
        sa.Column("acr_values", _TEXTS, nullable=False),
        sa.Column("amr_values", _TEXTS, nullable=False),
        sa.Column("state", sa.Text, sa.CheckConstraint("state IN ('active', 'disabled')"), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        # Who trusts a provider for the second factor must say by what it is recognised.
        sa.CheckConstraint(
            "second_factor = 'ours' OR cardinality(acr_values) + cardinality(amr_values) > 0",
            name="identity_provider_second_factor",
        ),
    )
    op.create_table(
        "identity_provider_institution",
        sa.Column(
            "provider", sa.Text, sa.ForeignKey("identity_provider.code", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code"), primary_key=True),
    )
    # Whom a provider means by a subject. An address may be given to somebody else one day; a subject never is.
    op.create_table(
        "account_identity",
        sa.Column(
            "provider", sa.Text, sa.ForeignKey("identity_provider.code", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("linked_at", _TIME, nullable=False),
        sa.UniqueConstraint("provider", "account_id"),
    )
    # What a provider said once, and may not say again: nonces of sign-ins, ids of logout tokens.
    op.create_table(
        "used_assertion",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("until", _TIME, nullable=False),
    )
    op.create_index("used_assertion_until", "used_assertion", ["until"])


def _sessions() -> None:
    # Whether the id came back from a browser: until it did, its answer may have been lost on the way.
    op.add_column("session", sa.Column("used", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("session", sa.Column("provider", sa.Text))
    op.add_column("session", sa.Column("provider_subject", sa.Text))
    op.add_column("session", sa.Column("provider_session", sa.Text))
    op.create_index(
        "session_provider",
        "session",
        ["provider", "provider_subject"],
        postgresql_where=sa.text("provider IS NOT NULL"),
    )
