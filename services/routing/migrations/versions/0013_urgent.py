"""The urgent cases in the order in which they are due, of the country and of each body."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0007"

_DUE = sa.text("coalesce(due_at, 'infinity'::timestamptz)")
_URGENT = sa.text(
    "urgent AND NOT (status IN ('answered', 'closed', 'referred', 'withdrawn', 'inadmissible', 'merged'))"
)


def upgrade() -> None:
    # Few at any time, so both together are small.
    op.create_index("cases_urgent", "cases", [_DUE, "complaint_id"], postgresql_where=_URGENT)
    op.create_index(
        "cases_urgent_of", "cases", ["institution", _DUE, "complaint_id"], postgresql_where=_URGENT
    )
