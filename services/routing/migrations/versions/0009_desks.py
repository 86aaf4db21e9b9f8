"""What the desks ask: indexes in the order in which cases are due, and why a case waits for its officer."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0011"

_DUE = sa.text("coalesce(due_at, 'infinity'::timestamptz)")
_OPEN = "NOT (status IN ('answered', 'closed', 'referred', 'withdrawn', 'inadmissible', 'merged'))"


def upgrade() -> None:
    op.add_column(
        "cases",
        sa.Column("waiting", sa.Text, sa.CheckConstraint("waiting IN ('answered', 'no_answer', 'returned')")),
    )
    _indexes()


def _indexes() -> None:
    """In each index the cases of one list stand in the order of the list, and none that it does not show."""
    of_officer = f"officer_id IS NOT NULL AND {_OPEN}"
    op.create_index(
        "cases_of_officer",
        "cases",
        ["officer_id", _DUE, "complaint_id"],
        postgresql_where=sa.text(of_officer),
    )
    op.create_index("cases_due", "cases", [_DUE, "complaint_id"], postgresql_where=sa.text(_OPEN))
    # A new case is assigned and not in this index, so that it costs nothing where there is most to do.
    op.create_index(
        "cases_by_state",
        "cases",
        ["institution", "status", _DUE, "complaint_id"],
        postgresql_where=sa.text(f"{_OPEN} AND status <> 'assigned'"),
    )
    op.create_index(
        "cases_disputed", "cases", [_DUE, "complaint_id"], postgresql_where=sa.text("status = 'disputed'")
    )
    op.create_index(
        "cases_arbiter",
        "cases",
        [_DUE, "complaint_id"],
        postgresql_where=sa.text("status = 'in_transfer' AND transfers >= 3"),
    )
