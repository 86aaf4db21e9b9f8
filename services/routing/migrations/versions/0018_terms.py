"""What is reopened is promised anew, from that day on; and the arbiter has a term, too."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Since when the promise counts where that is not the receipt; since when the arbiter is to decide.
    op.add_column("cases", sa.Column("promised_from", _UTC))
    op.add_column("cases", sa.Column("arbiter_since", _UTC))
    op.execute(
        """
        UPDATE cases c SET arbiter_since = t.at, check_at = now() FROM transfer t
        WHERE c.status = 'in_transfer' AND t.complaint_id = c.complaint_id AND t.ended IS NULL AND t.arbiter
        """
    )
    _allow("term", "term_flag_check", "flag IN ('service', 'rights', 'urgent', 'reopened')")
    _allow(
        "promise_change", "promise_change_cause_check", "cause IN ('calendar', 'pause', 'body', 'reopened')"
    )
    _allow(
        "escalation_term",
        "escalation_term_trigger_check",
        "trigger IN ('promise', 'idle', 'unowned', 'acknowledge', 'remind', 'arbiter')",
    )
    op.execute(
        "INSERT INTO escalation_term (id, trigger, working_days, valid_from) VALUES ('arbiter#1', 'arbiter', 1, '2020-01-01')"
    )


def _allow(table: str, constraint: str, condition: str) -> None:
    op.drop_constraint(constraint, table)
    op.create_check_constraint(constraint, table, condition)
