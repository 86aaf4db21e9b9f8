"""Units, effective dates of officers, leave, certificates, the on-call rota, and the history of the directory."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

_DIRECTORY = ("unit", "officer_leave", "certificate", "on_call")
#: Since before anybody counted: the officers that are there when this runs have always been there.
_BEGINNING = "2020-01-01"


def upgrade() -> None:
    _units()
    _officers()
    _absence()
    _history()
    for table in _DIRECTORY:
        op.execute(
            f"CREATE TRIGGER raise_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version()"
        )
    # A dry run of rules reads the cases of a period. They lie in the order of their receipt, so a few pages say where it is.
    op.create_index("cases_received", "cases", ["received_at"], postgresql_using="brin")


def _units() -> None:
    op.create_table(
        "unit",
        sa.Column("code", sa.Text, sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9-]{0,31}$'"), primary_key=True),
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code"), nullable=False),
        sa.Column("parent", sa.Text, sa.CheckConstraint("parent <> code")),
        sa.Column("name_ar", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("governorate", sa.Text),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, sa.CheckConstraint("valid_to > valid_from")),
        sa.UniqueConstraint("code", "institution"),
    )
    # With the institution in the key, a unit cannot lie below a unit of somebody else. Checked at the end of the transaction, so that
    # a file may name a parent before its own line.
    op.execute(
        "ALTER TABLE unit ADD CONSTRAINT unit_parent FOREIGN KEY (parent, institution) REFERENCES unit (code, institution) "
        "DEFERRABLE INITIALLY DEFERRED"
    )


def _officers() -> None:
    op.add_column("officer", sa.Column("unit", sa.Text))
    op.add_column("officer", sa.Column("valid_from", sa.Date, nullable=False, server_default=_BEGINNING))
    op.add_column("officer", sa.Column("valid_to", sa.Date))
    op.create_check_constraint("officer_valid_to_check", "officer", "valid_to > valid_from")
    op.create_foreign_key("officer_unit", "officer", "unit", ["unit", "institution"], ["code", "institution"])
    op.drop_constraint("officer_rank_check", "officer")
    op.create_check_constraint("officer_rank_check", "officer", "rank IN ('main', 'sub', 'approver', 'head')")
    # The address is the key of a file: two officers who serve cannot share one. Checked at the end of each statement, so that two may
    # swap theirs.
    op.execute(
        "ALTER TABLE officer ADD CONSTRAINT officer_email EXCLUDE USING btree (lower(email) WITH =) WHERE (valid_to IS NULL) "
        "DEFERRABLE INITIALLY IMMEDIATE"
    )


def _absence() -> None:
    op.create_table(
        "officer_leave",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("officer_id", sa.Uuid, sa.ForeignKey("officer.id"), nullable=False, index=True),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, sa.CheckConstraint("last_day >= first_day"), nullable=False),
        sa.Column(
            "cover_id", sa.Uuid, sa.ForeignKey("officer.id"), sa.CheckConstraint("cover_id <> officer_id")
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "certificate",
        sa.Column("officer_id", sa.Uuid, sa.ForeignKey("officer.id"), primary_key=True),
        sa.Column("part", sa.Text, sa.CheckConstraint("part IN ('technical', 'rights')"), primary_key=True),
        sa.Column("issued_on", sa.Date, primary_key=True),
        sa.Column("expires_on", sa.Date, sa.CheckConstraint("expires_on > issued_on"), nullable=False),
    )
    op.create_table(
        "on_call",
        sa.Column("id", sa.Uuid, primary_key=True),
        # None: the coordinator's desk.
        sa.Column("institution", sa.Text, sa.ForeignKey("institution.code")),
        sa.Column("officer_id", sa.Uuid, sa.ForeignKey("officer.id"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "ends_at", sa.DateTime(timezone=True), sa.CheckConstraint("ends_at > starts_at"), nullable=False
        ),
        sa.Column("position", sa.SmallInteger, sa.CheckConstraint("position > 0"), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
    )


def _history() -> None:
    op.create_table(
        "directory_change",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
    )
    op.create_index("directory_change_of", "directory_change", ["entity", "key", "number"])
    op.execute(
        """
        CREATE FUNCTION refuse_directory_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the history of the directory is only added to'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON directory_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_directory_change()"
    )
