"""When the complainant of an answered case is reminded to rate it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("cases", sa.Column("remind_at", sa.DateTime(timezone=True)))
    op.execute("INSERT INTO case_term VALUES ('remind', '2020-01-01', 10)")
    # Whoever was answered longer ago is not told now of what was not promised then.
    op.execute(
        """
        UPDATE cases SET remind_at = answered_at + interval '10 days'
        WHERE status = 'answered' AND answered_at > now() - interval '10 days' AND confirm_until > answered_at + interval '10 days'
        """
    )
    op.create_index(
        "cases_reminded", "cases", ["remind_at"], postgresql_where=sa.text("remind_at IS NOT NULL")
    )
