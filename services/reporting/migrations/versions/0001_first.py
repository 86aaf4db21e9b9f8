"""The first tables: complaint, institution, figure, and the inbox.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from services.chassis import inbox

revision = "0001"
down_revision = None

DIMENSIONS = ("institution", "category", "governorate", "kind", "channel", "status")
MEASURES = ("received", "assigned", "unowned", "promised", "overdue", "notices_delivered", "notices_failed")
#: Codes are compared byte by byte: a third less work for the writers than the rules of a language, which codes have none of.
CODE = sa.Text(collation="C")
DUE = (
    "due_at IS NOT NULL AND NOT overdue"
    " AND status NOT IN ('answered', 'closed', 'withdrawn', 'inadmissible', 'referred', 'merged')"
)


def upgrade() -> None:
    op.create_table(
        "complaint",
        sa.Column("complaint_id", sa.Uuid, primary_key=True),
        sa.Column("kind", CODE),
        sa.Column("category", CODE),
        sa.Column("governorate", CODE),
        sa.Column("channel", CODE),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        sa.Column(
            "received_day",
            sa.Date,
            sa.Computed("(received_at AT TIME ZONE 'Asia/Amman')::date", persisted=True),
        ),
        sa.Column("status", CODE, nullable=False, server_default="received"),
        sa.Column("institution", CODE),
        sa.Column("assigned_at", sa.DateTime(timezone=True)),
        sa.Column("unowned_since", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("overdue", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("notices_delivered", sa.Integer, nullable=False, server_default="0"),
        sa.Column("notices_failed", sa.Integer, nullable=False, server_default="0"),
    )
    # A complaint's row changes about five times in its first seconds; room in its page makes that cheap.
    op.execute("ALTER TABLE complaint SET (fillfactor = 80)")
    # What may yet become overdue; what has become so has left the index.
    op.create_index("complaint_due", "complaint", ["due_at"], postgresql_where=sa.text(DUE))
    # A recount goes month by month.
    op.create_index("complaint_received_day", "complaint", ["received_day"])
    op.create_index(
        "complaint_without_receipt",
        "complaint",
        ["complaint_id"],
        postgresql_where=sa.text("received_at IS NULL"),
    )
    op.create_table(
        "institution",
        sa.Column("code", CODE, primary_key=True),
        sa.Column("name_ar", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
    )
    op.create_table(
        "figure",
        sa.Column("slice", sa.SmallInteger, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, CODE, primary_key=True) for name in DIMENSIONS),
        *(sa.Column(name, sa.Integer, nullable=False) for name in MEASURES),
    )
    # Counts change in place (no index holds them), so half-empty pages keep the indexes still.
    op.execute(
        "ALTER TABLE figure SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_analyze_scale_factor = 0.02)"
    )
    # The whole slice (0, by month 10) has nearly a row for each complaint, so it is entered by a filter; the slice by body (4, 14) is
    # entered so when the period is long.
    for name, columns, slices in (
        ("institution", ["institution"], "0, 4, 10, 14"),
        ("category", ["category"], "0, 4, 10, 14"),
        ("governorate", ["governorate"], "0, 10"),
        ("category_and_governorate", ["category", "governorate"], "0, 10"),
    ):
        op.create_index(
            f"figure_by_{name}",
            "figure",
            ["slice", *columns, "day"],
            postgresql_where=sa.text(f"slice IN ({slices})"),
        )
    inbox.create_tables(op)


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
