"""Who must not be told of a complaint, and messages that are withheld."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"

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
    "withheld",
)


def upgrade() -> None:
    op.create_table(
        "restriction",
        sa.Column("complaint_id", sa.Uuid, primary_key=True),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("officers", ARRAY(sa.Text), nullable=False),
        sa.Column("persons", ARRAY(sa.Text), nullable=False),
    )
    op.drop_constraint("message_state_check", "message")
    # What is there obeys the narrower one, so nothing has to be read.
    op.create_check_constraint(
        "message_state_check", "message", f"state IN {_STATES}", postgresql_not_valid=True
    )
