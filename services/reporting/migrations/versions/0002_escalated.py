"""Whether a complaint was ever raised to somebody higher, and how many were."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Constant defaults: no row is rewritten, and before this nothing was raised.
    op.add_column("complaint", sa.Column("escalated", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("figure", sa.Column("escalated", sa.Integer, nullable=False, server_default="0"))
