"""Who is looking at a case now, the lists that people keep, and texts for replies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0009"

_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Good for a minute, so that nothing is lost with a crash. Half-empty pages keep saying it again within the page.
    op.create_table(
        "viewing",
        sa.Column("complaint_id", sa.Uuid, primary_key=True),
        sa.Column("viewer", sa.Text, primary_key=True),
        sa.Column("coordinates", sa.Boolean, nullable=False),
        sa.Column("since", _UTC, nullable=False),
        sa.Column("seen_at", _UTC, nullable=False),
        prefixes=["UNLOGGED"],
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", JSONB, nullable=False),
        sa.Column("saved_at", _UTC, nullable=False),
        sa.UniqueConstraint("account", "name", name="saved_view_name"),
    )
    # A text is never rewritten: it has versions, of which the last one counts. Without an institution it is for all bodies.
    op.create_table(
        "reply_template",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, sa.CheckConstraint("version > 0"), primary_key=True),
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("language", sa.Text, sa.CheckConstraint("language IN ('ar', 'en')"), nullable=False),
        sa.Column("found", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
        sa.Column("legal_basis", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("written_by", sa.Text, nullable=False),
        sa.Column("written_at", _UTC, nullable=False),
    )
    op.create_index("reply_template_of", "reply_template", ["institution"])
