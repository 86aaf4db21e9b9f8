"""When the clock looks at a case again, what it has told so far, and after how long who is told; one pause and one cap of it.

`cases.awaiting_since` and `cases.awaiting_until` are not written any more and go with the next release, since processes of the one before
this one still read them while it rolls out. The row `answer` of case_term goes at once: who changed it would wonder why nothing happens.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0008"
down_revision = "0013"

_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    _cases()
    _terms()
    op.drop_index("cases_awaiting")
    op.execute("DELETE FROM case_term WHERE code = 'answer'")
    op.drop_constraint("promise_change_cause_check", "promise_change")
    op.create_check_constraint(
        "promise_change_cause_check", "promise_change", "cause IN ('calendar', 'pause', 'body')"
    )


def _cases() -> None:
    for name, kind in (
        # The officer who was told and has not answered yet; null while none was, and at the coordinator's desk.
        ("escalated_to", sa.Uuid),
        # Since when the escalation is open; null while none is.
        ("escalated_at", _UTC),
        ("last_action_at", _UTC),
        # Until when somebody must have said that an urgent case was seen, and who was asked so far.
        ("acknowledge_by", _UTC),
        ("called", ARRAY(sa.Uuid)),
        # When the clock looks at the case next, and when it looked last. Never later than something is due.
        ("check_at", _UTC),
        ("checked_at", _UTC),
    ):
        op.add_column("cases", sa.Column(name, kind))
    op.add_column(
        "cases",
        sa.Column(
            "escalation_level",
            sa.SmallInteger,
            sa.CheckConstraint("escalation_level BETWEEN 0 AND 3"),
            nullable=False,
            server_default="0",
        ),
    )
    # What is open is looked at once, and nothing that is long over is told of.
    op.execute(
        "UPDATE cases SET check_at = now(), checked_at = now(), last_action_at = assigned_at "
        "WHERE NOT (status IN ('answered', 'closed', 'referred', 'withdrawn', 'inadmissible', 'merged'))"
    )
    op.create_index("cases_to_check", "cases", ["check_at"], postgresql_where=sa.text("check_at IS NOT NULL"))
    # Urgent ones are taken first, and counted.
    op.create_index(
        "cases_to_acknowledge",
        "cases",
        ["acknowledge_by"],
        postgresql_where=sa.text("acknowledge_by IS NOT NULL"),
    )


def _terms() -> None:
    op.create_table(
        "escalation_term",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "trigger",
            sa.Text,
            sa.CheckConstraint("trigger IN ('promise', 'idle', 'unowned', 'acknowledge', 'remind')"),
            nullable=False,
        ),
        sa.Column("level", sa.SmallInteger, sa.CheckConstraint("level BETWEEN 1 AND 3")),
        sa.Column("percent", sa.SmallInteger, sa.CheckConstraint("percent BETWEEN 1 AND 1000")),
        sa.Column("working_days", sa.SmallInteger, sa.CheckConstraint("working_days > 0")),
        sa.Column("working_hours", sa.SmallInteger, sa.CheckConstraint("working_hours > 0")),
        sa.Column("wall_minutes", sa.Integer, sa.CheckConstraint("wall_minutes > 0")),
        sa.Column("category", sa.Text),
        sa.Column("flag", sa.Text, sa.CheckConstraint("flag IN ('service', 'rights', 'urgent')")),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, sa.CheckConstraint("valid_to > valid_from")),
        sa.CheckConstraint(
            "num_nonnulls(percent, working_days, working_hours, wall_minutes) = 1", name="one_measure"
        ),
        sa.CheckConstraint(
            "(trigger IN ('promise', 'remind')) = (percent IS NOT NULL)", name="percent_of_promise"
        ),
        sa.CheckConstraint("(trigger IN ('promise', 'idle')) = (level IS NOT NULL)", name="level_is_told"),
    )
    op.execute(
        "CREATE TRIGGER raise_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON escalation_term "
        "FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version()"
    )
