"""What is said after the complaint, and what the facts of a case's life add to the public status."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0001"

_KINDS = (
    "message",
    "withdrawal",
    "rating",
    "dispute",
    "question",
    "reply",
    "interim_reply",
    "referral",
    "decision",
    "refusal",
)


def upgrade() -> None:
    """Adds the table and the columns."""
    # A fact says it again with the same id, and a client with the same key: either is one row.
    op.create_table(
        "utterance",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("complaint_id", pg.UUID, nullable=False),
        sa.Column("kind", sa.Text, sa.CheckConstraint(f"kind IN {_KINDS}"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", pg.JSONB, nullable=False),
        sa.Column("facts", pg.JSONB, nullable=False),
        sa.Column("key_hash", pg.BYTEA),
        sa.Column("body_hash", pg.BYTEA),
    )
    op.create_index("utterance_complaint", "utterance", ["complaint_id", "at", "id"])
    op.create_index(
        "utterance_key",
        "utterance",
        ["complaint_id", "key_hash"],
        unique=True,
        postgresql_where=sa.text("key_hash IS NOT NULL"),
    )
    op.create_index(
        "utterance_once",
        "utterance",
        ["complaint_id", "kind"],
        unique=True,
        postgresql_where=sa.text("kind IN ('withdrawal', 'rating', 'dispute')"),
    )
    op.add_column("progress", sa.Column("receiver", sa.Text))
    op.add_column("progress", sa.Column("reason", sa.Text))
    op.add_column("progress", sa.Column("history_hash", sa.Text))
