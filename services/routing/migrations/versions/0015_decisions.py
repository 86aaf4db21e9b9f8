"""What assignments were decided from, and who must not see a complaint."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    # The officers of a body as they were: the same row for every decision that saw the same.
    op.create_table(
        "officer_pool",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("officers", sa.JSON, nullable=False),
    )
    # A row per batch, not per case: json, since it is read whole, and seldom.
    op.create_table(
        "assignment_decision",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("directory_version", sa.BigInteger, nullable=False),
        sa.Column("pools", sa.JSON, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
    )
    for table in ("officer_pool", "assignment_decision"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.create_table(
        "restriction",
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("cases.complaint_id"), primary_key=True),
        *(sa.Column(name, ARRAY(sa.Text), nullable=False) for name in ("officers", "bodies", "persons")),
        sa.Column("names", sa.Text),
    )
    # Intake has been told nothing of these: the next look at the directory says so.
    op.execute(
        "INSERT INTO restriction (complaint_id, officers, bodies, persons) "
        "SELECT complaint_id, '{}', '{}', '{}' FROM cases WHERE implicated <> '{}'"
    )
