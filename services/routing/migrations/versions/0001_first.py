"""The directory, the calendar, the cases and their history, the log and the inbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.chassis import inbox, outbox

revision = "0001"
down_revision = None

_DIRECTORY = ("institution", "rule", "officer", "holiday", "working_hours", "kind_term")


def upgrade() -> None:
    _directory()
    _calendar()
    _cases()
    _version()
    outbox.create_tables(op)
    inbox.create_tables(op)


def _directory() -> None:
    op.create_table(
        "institution",
        sa.Column("code", sa.Text, sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9]{0,15}$'"), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("governorate", sa.Text),
        sa.Column("name_ar", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
    )
    op.create_table(
        "rule",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("governorate", sa.Text),
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code"), nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), sa.CheckConstraint("valid_to > valid_from")),
    )
    op.create_table(
        "officer",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code"), nullable=False),
        sa.Column("rank", sa.Text, sa.CheckConstraint("rank IN ('main', 'sub')"), nullable=False),
        sa.Column("name_ar", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column(
            "languages", ARRAY(sa.Text), sa.CheckConstraint("cardinality(languages) > 0"), nullable=False
        ),
        sa.Column("present", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("present_since", sa.DateTime(timezone=True), nullable=False),
    )
    # Half-empty pages keep the updates of a hot counter within their page.
    op.create_table(
        "officer_load",
        sa.Column("officer_id", sa.Uuid, sa.ForeignKey("officer.id"), primary_key=True),
        sa.Column("open", sa.Integer, nullable=False),
        sa.Column("ever", sa.Integer, nullable=False),
        postgresql_with={"fillfactor": 50},
    )


def _calendar() -> None:
    op.create_table(
        "holiday",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("name_ar", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
    )
    op.create_table(
        "working_hours",
        sa.Column(
            "weekday", sa.SmallInteger, sa.CheckConstraint("weekday BETWEEN 1 AND 7"), primary_key=True
        ),
        sa.Column("valid_from", sa.Date, primary_key=True),
        sa.Column("opens", sa.Time),
        sa.Column("closes", sa.Time),
        sa.CheckConstraint("(opens IS NULL) = (closes IS NULL) AND (opens IS NULL OR opens < closes)"),
    )
    op.create_table(
        "kind_term",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("valid_from", sa.Date, primary_key=True),
        sa.Column("working_days", sa.SmallInteger, sa.CheckConstraint("working_days > 0")),
        sa.Column("load", sa.SmallInteger, sa.CheckConstraint("load >= 0"), nullable=False),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("complaint_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("governorate", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column(
            "status", sa.Text, sa.CheckConstraint("status IN ('received', 'assigned')"), nullable=False
        ),
        sa.Column("institution", sa.Text),
        sa.Column("rule_id", sa.Text),
        sa.Column("officer_id", sa.Uuid),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("load", sa.SmallInteger, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True)),
        sa.Column("unowned_since", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("working_days", sa.SmallInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("(officer_id IS NULL) = (unowned_since IS NOT NULL)", name="owned_or_unowned"),
    )
    op.create_index(
        "cases_unowned",
        "cases",
        ["unowned_since", "complaint_id"],
        postgresql_where=sa.text("unowned_since IS NOT NULL"),
    )
    # The hash chain is filled in later; its columns are here so that the rows of the first day can take part in it.
    op.create_table(
        "case_event",
        sa.Column("complaint_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary),
        sa.Column("hash", sa.LargeBinary),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the history of a case is only added to'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _version() -> None:
    """One number that every change of the directory raises, so that processes can keep the directory and ask only for the number."""
    op.execute(
        "CREATE TABLE directory_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL) "
        "WITH (fillfactor = 50)"
    )
    op.execute("INSERT INTO directory_version (version) VALUES (1)")
    op.execute(
        """
        CREATE FUNCTION raise_directory_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE directory_version SET version = version + 1; RETURN NULL; END $$
        """
    )
    for table in _DIRECTORY:
        op.execute(
            f"CREATE TRIGGER raise_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version()"
        )
