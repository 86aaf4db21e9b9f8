"""What a complainant says beside the story: service or right, urgency, and who is accused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the columns; constant defaults, so no row is rewritten."""
    op.add_column("complaint", sa.Column("service", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("complaint", sa.Column("rights", sa.Boolean, nullable=False, server_default=sa.false()))
    for name in ("rights_codes", "groups"):
        op.add_column("complaint", sa.Column(name, pg.ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("complaint", sa.Column("urgent", sa.Text))
    # With the persons in words, as the story has them: who is accused does not read it.
    op.add_column("complaint", sa.Column("accused", pg.JSONB, nullable=False, server_default="[]"))
