"""From when until when a body is there, and who succeeds it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0006"

#: Since before anybody counted: the bodies that are there when this runs have always been there.
_BEGINNING = "2020-01-01"


def upgrade() -> None:
    op.add_column("institution", sa.Column("valid_from", sa.Date, nullable=False, server_default=_BEGINNING))
    op.add_column("institution", sa.Column("valid_to", sa.Date))
    op.add_column("institution", sa.Column("successor", sa.Text))
    op.create_check_constraint("institution_valid_to_check", "institution", "valid_to > valid_from")
    op.create_check_constraint(
        "institution_successor_check",
        "institution",
        "successor IS NULL OR (successor <> code AND valid_to IS NOT NULL)",
    )
    # Checked at the end of the transaction, so that a file may name a successor before its own line.
    op.execute(
        "ALTER TABLE institution ADD CONSTRAINT institution_successor FOREIGN KEY (successor) REFERENCES institution (code) "
        "DEFERRABLE INITIALLY DEFERRED"
    )
