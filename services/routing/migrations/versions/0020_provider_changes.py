"""What was done to providers of identity, and by whom."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    # Without a key to the provider: what was done stays known of one that was removed.
    op.create_table(
        "identity_provider_change",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
    )
    op.create_index("identity_provider_change_provider", "identity_provider_change", ["provider", "number"])
    op.execute(
        """
        CREATE FUNCTION refuse_provider_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the history of a provider is only added to'; END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER identity_provider_change_only_added BEFORE UPDATE OR DELETE ON identity_provider_change
        FOR EACH ROW EXECUTE FUNCTION refuse_provider_change()
        """
    )
