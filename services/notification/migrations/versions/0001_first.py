"""Recipients, messages, the parts of text messages and their receipts, the log and the inbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis import inbox, outbox

revision = "0001"
down_revision = None

_UTC = sa.DateTime(timezone=True)
_STATES = (
    "awaiting_recipient",
    "pending",
    "sending",
    "retry",
    "sent",
    "delivered",
    "failed",
    "unknown",
    "suppressed",
)


def upgrade() -> None:
    _recipients()
    _messages()
    _receipts()
    outbox.create_tables(op)
    inbox.create_tables(op)


def _recipients() -> None:
    # `sealed` is null when there is nothing to open: the anonymous, and later the erased.
    op.create_table(
        "recipient",
        sa.Column("complaint_id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("sms", sa.Boolean, nullable=False),
        sa.Column("email", sa.Boolean, nullable=False),
        sa.Column("portal_only", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.Text),
        sa.Column("created_at", _UTC, nullable=False),
    )


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("complaint_id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, sa.CheckConstraint("channel IN ('sms', 'email')"), nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("parameters", JSONB, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, sa.CheckConstraint(f"state IN {_STATES}"), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("not_before", _UTC, nullable=False),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("claimed_at", _UTC),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("parts", sa.SmallInteger),
        sa.Column("sent_at", _UTC),
        sa.Column("finished_at", _UTC),
        # Whatever fails and is tried again: one notice per fact, recipient and channel.
        sa.UniqueConstraint("event_id", "recipient", "channel", name="one_notice"),
    )
    op.create_index("message_complaint", "message", ["complaint_id"])
    op.create_index(
        "message_due",
        "message",
        ["channel", "not_before"],
        postgresql_where=sa.text("state IN ('pending', 'retry')"),
    )
    op.create_index(
        "message_sending", "message", ["claimed_at"], postgresql_where=sa.text("state = 'sending'")
    )
    op.create_index(
        "message_awaiting",
        "message",
        ["complaint_id"],
        postgresql_where=sa.text("state = 'awaiting_recipient'"),
    )
    # Rows change three times in their first seconds, then never again.
    op.execute(
        "ALTER TABLE message SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)"
    )


def _receipts() -> None:
    op.create_table(
        "sms_part",
        sa.Column("provider_id", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("reason", sa.Text),
    )
    op.create_index("sms_part_message", "sms_part", ["message_id"])
    # A receipt may come before the answer to the submission is recorded; it is kept here until its part is known.
    op.create_table(
        "receipt",
        sa.Column("provider_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("received_at", _UTC, nullable=False),
    )
