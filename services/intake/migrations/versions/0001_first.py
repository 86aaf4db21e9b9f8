"""Complaints, their sealed contacts, their progress, kept answers, and the chassis's log and inbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from services.chassis import inbox, outbox

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates the tables."""
    time = sa.DateTime(timezone=True)
    op.create_table(
        "complaint",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("tracking_hash", pg.BYTEA, nullable=False),
        sa.Column("received_at", time, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("governorate", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("anonymous", sa.Boolean, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.UniqueConstraint("tracking_hash", name="complaint_tracking_hash_key"),
    )
    op.create_table(
        "complainant",
        sa.Column("complaint_id", pg.UUID, sa.ForeignKey("complaint.id"), primary_key=True),
        sa.Column("wrapped_key", pg.BYTEA),
        sa.Column("sealed", pg.BYTEA, nullable=False),
    )
    # No foreign key: the inbox already answers for order, and a check per row would double the reads of a backlog.
    op.create_table(
        "progress",
        sa.Column("complaint_id", pg.UUID, primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("at", time, nullable=False),
        sa.Column("status", sa.Text),
        sa.Column("institution", sa.Text),
        sa.Column("institution_name", pg.JSONB),
        sa.Column("due_at", time),
    )
    op.create_table(
        "idempotency",
        sa.Column("key_hash", pg.BYTEA, primary_key=True),
        sa.Column("body_hash", pg.BYTEA, nullable=False),
        sa.Column("answer", pg.BYTEA, nullable=False),
        sa.Column("expires_at", time, nullable=False),
    )
    op.create_index("idempotency_expires_at", "idempotency", ["expires_at"])
    # The one table whose rows go again: it is cleaned up as it is used, not when a fifth of it is dead.
    op.execute("ALTER TABLE idempotency SET (autovacuum_vacuum_scale_factor = 0.02)")
    outbox.create_tables(op)
    inbox.create_tables(op)
