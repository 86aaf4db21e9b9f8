"""What is open, by who may read it, with the words to find it by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the table, and fills it with what is open."""
    # Arabic stems; Latin words are taken as they are. Digits are the same in either script. The stemmer knows the article with what may be
    # written before it, but for "and" and "then", which are taken away first: as plain text, since a pattern costs five times the rest.
    op.execute(
        """
        CREATE FUNCTION search_words(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT to_tsvector('pg_catalog.arabic', replace(replace(replace(replace(
                ' ' || translate(lower(said), E'٠١٢٣٤٥٦٧٨٩\\n،.:؛()«»"', '0123456789          '),
                ' وال', ' ال'), ' فال', ' ال'), ' وبال', ' ال'), ' ولل', ' لل')) $$
        """
    )
    # Written when routing says who has it, and removed when nothing is owed any more: accepting a complaint does not touch it.
    op.create_table(
        "open_complaint",
        sa.Column("complaint_id", pg.UUID, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("institution", sa.Text),
        sa.Column("receiver", sa.Text),
        sa.Column("words", pg.TSVECTOR, nullable=False),
    )
    op.create_index("open_complaint_institution", "open_complaint", ["institution", "complaint_id"])
    op.create_index(
        "open_complaint_receiver",
        "open_complaint",
        ["receiver", "complaint_id"],
        postgresql_where=sa.text("receiver IS NOT NULL"),
    )
    op.execute("ALTER TABLE open_complaint SET (autovacuum_vacuum_scale_factor = 0.02)")
    op.execute(
        """
        INSERT INTO open_complaint (complaint_id, status, institution, receiver, words)
        SELECT c.id, p.status, h.institution, p.receiver, search_words(concat_ws(' ', c.title, left(c.text, 2000)))
        FROM complaint c
        JOIN LATERAL (SELECT status, institution, receiver FROM progress
                      WHERE complaint_id = c.id AND status IS NOT NULL ORDER BY sequence DESC LIMIT 1) p ON true
        LEFT JOIN LATERAL (SELECT institution FROM progress
                           WHERE complaint_id = c.id AND institution IS NOT NULL AND p.status <> 'received'
                           ORDER BY sequence DESC LIMIT 1) h ON true
        WHERE p.status NOT IN ('answered', 'closed', 'referred', 'withdrawn', 'inadmissible', 'merged')
        """
    )
