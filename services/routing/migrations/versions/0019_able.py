"""Who of a body may approve depends on accounts, too: a change of one is a change of the directory that processes keep."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    # Signing in changes other columns, and is no change of the directory.
    op.execute(
        "CREATE TRIGGER raise_version AFTER INSERT OR UPDATE OF officer_id, institution, roles, state OR DELETE OR TRUNCATE ON account "
        "FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version()"
    )
