"""Whoever acts for a body without a post there is kept out, too; and who had another post when a case came."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from services.routing.exclusions import store as store_exclusions

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "office_tie",
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code"), primary_key=True),
        sa.Column("subjects", ARRAY(sa.Text), nullable=False),
    )
    # What others were told of them is nothing: the next look at the directory says so.
    for name in ("offices", "colleagues"):
        op.add_column("restriction", sa.Column(name, ARRAY(sa.Text), nullable=False, server_default="{}"))
    # Cases that are directed against nobody, nearly all, are not in it.
    op.create_index(
        "cases_implicated",
        "cases",
        ["implicated"],
        postgresql_using="gin",
        postgresql_where=sa.text("implicated <> '{}'"),
    )
    op.create_index(
        "cases_merged", "cases", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
    store_exclusions.refresh(op.get_bind())
