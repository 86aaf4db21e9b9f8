"""Who must not see a complaint, as routing says."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the table. Of few complaints there is a row."""
    op.create_table(
        "restriction",
        sa.Column("complaint_id", pg.UUID, primary_key=True),
        sa.Column("sequence", sa.Integer, nullable=False),
        *(sa.Column(name, pg.ARRAY(sa.Text), nullable=False) for name in ("officers", "bodies", "persons")),
    )
