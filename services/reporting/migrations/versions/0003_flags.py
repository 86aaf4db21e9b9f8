"""The flags of a complaint and the rights that it is about, and figures by them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0003"
down_revision = "0002"

_CODE = sa.Text(collation="C")
_KEY = ("slice", "day", "institution", "category", "governorate", "kind", "channel", "status")
_NEW = ("service", "rights", "rights_code")


def upgrade() -> None:
    # Constant defaults, those of a complaint of which nothing was said: no row is rewritten.
    op.add_column("complaint", sa.Column("service", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("complaint", sa.Column("rights", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("complaint", sa.Column("rights_codes", ARRAY(_CODE), nullable=False, server_default="{}"))
    for name in _NEW:
        op.add_column("figure", sa.Column(name, _CODE, nullable=False, server_default="*"))
        op.alter_column("figure", name, server_default=None)
    # The slices that keep the flags apart say of every complaint what its row says.
    op.execute("UPDATE figure SET service = 'yes', rights = 'no' WHERE slice IN (0, 1, 10, 11)")
    op.drop_constraint("figure_pkey", "figure")
    op.create_primary_key("figure_pkey", "figure", [*_KEY, *_NEW])
    # The slice by right that keeps all apart (6, 16) is entered by a filter, as that of all complaints is (0, 10).
    for name, columns, slices in (
        ("institution", ["institution"], "0, 4, 6, 10, 14, 16"),
        ("category", ["category"], "0, 4, 6, 10, 14, 16"),
        ("governorate", ["governorate"], "0, 6, 10, 16"),
        ("category_and_governorate", ["category", "governorate"], "0, 6, 10, 16"),
    ):
        op.drop_index(f"figure_by_{name}", "figure")
        op.create_index(
            f"figure_by_{name}",
            "figure",
            ["slice", *columns, "day"],
            postgresql_where=sa.text(f"slice IN ({slices})"),
        )
