"""What circulars say of the calendar, terms by flag and category, pauses, and what became of promises because of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_DIRECTORY = ("calendar_override", "term", "step_term")


def upgrade() -> None:
    _overrides()
    _terms()
    _promises()
    for table in _DIRECTORY:
        op.execute(
            f"CREATE TRIGGER raise_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version()"
        )


def _overrides() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "calendar_override",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "scope",
            sa.Text,
            sa.CheckConstraint("scope IN ('nation', 'governorate', 'institution')"),
            nullable=False,
        ),
        sa.Column("code", sa.Text),
        sa.Column(
            "effect", sa.Text, sa.CheckConstraint("effect IN ('closed', 'hours', 'open')"), nullable=False
        ),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("opens", sa.Time),
        sa.Column("closes", sa.Time),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("note_ar", sa.Text, nullable=False),
        sa.Column("note_en", sa.Text, nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("withdrawn_at", moment),
        sa.Column("withdrawn_by", sa.Text),
        sa.CheckConstraint("(scope = 'nation') = (code IS NULL)", name="scope_has_code"),
        sa.CheckConstraint("first_day <= last_day", name="days_in_order"),
        sa.CheckConstraint(
            "(effect = 'closed') = (opens IS NULL) AND (opens IS NULL) = (closes IS NULL) AND (opens IS NULL OR opens < closes)",
            name="effect_has_hours",
        ),
    )
    # What is said once holds once: a circular that is recorded again changes nothing.
    op.execute(
        "CREATE UNIQUE INDEX calendar_override_once ON calendar_override "
        "(scope, code, effect, first_day, last_day, opens, closes) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL"
    )


def _terms() -> None:
    op.create_table(
        "term",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("flag", sa.Text, sa.CheckConstraint("flag IN ('service', 'rights', 'urgent')")),
        # Rows of kind_term have priority 0.
        sa.Column("priority", sa.SmallInteger, sa.CheckConstraint("priority > 0"), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, sa.CheckConstraint("valid_to > valid_from")),
        sa.Column("working_days", sa.SmallInteger, sa.CheckConstraint("working_days > 0")),
        sa.Column("wall_hours", sa.SmallInteger, sa.CheckConstraint("wall_hours > 0")),
        sa.CheckConstraint("working_days IS NULL OR wall_hours IS NULL", name="one_measure"),
    )
    op.create_table(
        "step_term",
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("valid_from", sa.Date, primary_key=True),
        sa.Column("working_days", sa.SmallInteger, sa.CheckConstraint("working_days > 0"), nullable=False),
    )


def _promises() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("cases", sa.Column("wall_hours", sa.SmallInteger))
    op.create_table(
        "case_pause",
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("cases.complaint_id"), primary_key=True),
        sa.Column("started_at", moment, primary_key=True),
        sa.Column("ended_at", moment, sa.CheckConstraint("ended_at >= started_at")),
    )
    op.create_index(
        "case_pause_running",
        "case_pause",
        ["complaint_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    # `number` is that of the line of the case's history.
    op.create_table(
        "promise_change",
        sa.Column("complaint_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("due_before", moment, nullable=False),
        sa.Column("due_after", moment, nullable=False),
        sa.Column("cause", sa.Text, sa.CheckConstraint("cause IN ('calendar', 'pause')"), nullable=False),
        sa.Column("override_id", sa.Uuid, sa.ForeignKey("calendar_override.id")),
        sa.CheckConstraint("due_before <> due_after", name="moved"),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON promise_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    # Ids are in the order of recording. `after` is the last complaint that was looked at, null at the beginning.
    op.create_table(
        "recompute_job",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("override_id", sa.Uuid, sa.ForeignKey("calendar_override.id"), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("after", sa.Uuid),
        sa.Column("seen", sa.Integer, nullable=False, server_default="0"),
        sa.Column("moved", sa.Integer, nullable=False, server_default="0"),
        sa.Column("finished_at", moment),
    )
    op.create_index("recompute_job_of", "recompute_job", ["override_id"])
