"""Of the bodies where the accused are, only officers whom routing names may see a complaint."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds them to the restrictions; routing says them all anew."""
    for name in ("offices", "colleagues"):
        op.add_column("restriction", sa.Column(name, pg.ARRAY(sa.Text), nullable=False, server_default="{}"))
