"""What is urgent does not wait for the morning."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Constant defaults: no row is rewritten.
    for table in ("recipient", "message"):
        op.add_column(table, sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
