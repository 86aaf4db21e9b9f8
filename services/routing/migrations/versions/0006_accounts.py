"""Accounts of staff, their sessions, and what was tried at the door."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0006"
down_revision = "0005"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False, unique=True),
        sa.Column("officer_id", sa.Uuid, sa.ForeignKey("officer.id")),
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code")),
        sa.Column("roles", ARRAY(sa.Text), sa.CheckConstraint("cardinality(roles) > 0"), nullable=False),
        sa.Column("state", sa.Text, sa.CheckConstraint("state IN ('active', 'disabled')"), nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("password_set_at", _TIME, nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("totp_secret", sa.LargeBinary),
        sa.Column("totp_step", sa.BigInteger),
        # Raised when everything that was given out for the account must lose its worth: tickets, marks of devices.
        sa.Column("epoch", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("signed_in_at", _TIME),
    )
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("used_at", _TIME),
    )
    # One row for each id that a session has had; `family` is the session.
    op.create_table(
        "session",
        sa.Column("id_hash", sa.LargeBinary, primary_key=True),
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("family", sa.Uuid, nullable=False),
        sa.Column("began_at", _TIME, nullable=False),
        sa.Column("issued_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("rotated_from", sa.LargeBinary),
        sa.Column("replaced_at", _TIME),
        sa.Column("revoked_at", _TIME),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
    )
    op.create_index("session_account", "session", ["account_id", "family"])
    op.create_index("session_family", "session", ["family"])
    op.create_index("session_expires_at", "session", ["expires_at"])
    # Of accounts that do not exist too: by a keyed hash, since what people type there may be anything.
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("subject_key", sa.LargeBinary, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("step", sa.Text, sa.CheckConstraint("step IN ('password', 'code')"), nullable=False),
        sa.Column(
            "outcome",
            sa.Text,
            sa.CheckConstraint("outcome IN ('wrong', 'right', 'in', 'held')"),
            nullable=False,
        ),
        sa.Column("at", _TIME, nullable=False),
    )
    op.create_index("sign_in_attempt_here", "sign_in_attempt", ["subject_key", "place", "at"])
    op.create_index("sign_in_attempt_subject", "sign_in_attempt", ["subject_key", "at"])
    op.create_index("sign_in_attempt_at", "sign_in_attempt", ["at"])
