"""What is known of a complaint beside its story, who must have nothing to do with it, and whom that concerns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0010"


def upgrade() -> None:
    # Constant defaults: no row is rewritten. The cases that are there were filed before anybody was asked.
    op.add_column("cases", sa.Column("service", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("cases", sa.Column("rights", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
    for name in ("rights_codes", "implicated"):
        op.add_column("cases", sa.Column(name, ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("cases", sa.Column("urgent_ground", sa.Text))
    # What each officer is tied to by post: written from the directory, whenever it changes (exclusion.py).
    op.create_table(
        "officer_tie",
        sa.Column("officer_id", sa.Uuid, sa.ForeignKey("officer.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("subjects", ARRAY(sa.Text), nullable=False),
    )
