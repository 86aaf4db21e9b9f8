"""What is raised to somebody and waits for their decision, in the order in which it is due."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0008"

_DUE = sa.text("coalesce(due_at, 'infinity'::timestamptz)")
_OPEN = "NOT (status IN ('answered', 'closed', 'referred', 'withdrawn', 'inadmissible', 'merged'))"


def upgrade() -> None:
    op.create_index(
        "cases_escalated",
        "cases",
        ["escalated_to", _DUE, "complaint_id"],
        postgresql_where=sa.text(f"escalated_to IS NOT NULL AND {_OPEN}"),
    )
    op.create_index(
        "cases_escalated_highest",
        "cases",
        [_DUE, "complaint_id"],
        postgresql_where=sa.text(f"escalated_at IS NOT NULL AND escalation_level = 3 AND {_OPEN}"),
    )
