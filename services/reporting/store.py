"""Tables of reporting, and the one way in which a complaint's row changes.

`complaint` holds what is known of each complaint now. `figure` holds counts of it, so that a dashboard reads a few
thousand rows however many complaints there are. A change of a row and the change of the counts are one statement
(figures.py): the counts of a cell are always the GROUP BY of the rows.
"""

# ruff: noqa: S608 - statements are put together from the constants of these modules; values are parameters.

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from services.reporting import figures, projection

metadata = sa.MetaData()

#: Codes are compared byte by byte: a third less work for the writers than the rules of a language, which codes have none of.
CODE = sa.Text(collation="C")

#: A row may be partial: facts of different services about one complaint arrive in any order. What intake says is null until it has said it,
#: and such a row is counted nowhere, because its day is not known.
complaint = sa.Table(
    "complaint",
    metadata,
    sa.Column("complaint_id", sa.Uuid, primary_key=True),
    sa.Column("kind", CODE),
    sa.Column("category", CODE),
    sa.Column("governorate", CODE),
    sa.Column("channel", CODE),
    sa.Column("received_at", sa.DateTime(timezone=True)),
    sa.Column(
        "received_day", sa.Date, sa.Computed("(received_at AT TIME ZONE 'Asia/Amman')::date", persisted=True)
    ),
    sa.Column("status", CODE, nullable=False, server_default="received"),
    sa.Column("institution", CODE),
    sa.Column("assigned_at", sa.DateTime(timezone=True)),
    sa.Column("unowned_since", sa.DateTime(timezone=True)),
    sa.Column("due_at", sa.DateTime(timezone=True)),
    # Whether the due time was seen to have passed; a new due time takes it back.
    sa.Column("overdue", sa.Boolean, nullable=False, server_default="false"),
    # Whether it was ever raised to somebody higher.
    sa.Column("escalated", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("notices_delivered", sa.Integer, nullable=False, server_default="0"),
    sa.Column("notices_failed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("service", sa.Boolean, nullable=False, server_default="true"),
    sa.Column("rights", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("rights_codes", ARRAY(CODE), nullable=False, server_default="{}"),
)

#: Public names of institutions, as the last fact that named one said.
institution = sa.Table(
    "institution",
    metadata,
    sa.Column("code", CODE, primary_key=True),
    sa.Column("name_ar", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
)

figure = sa.Table(
    "figure",
    metadata,
    sa.Column("slice", sa.SmallInteger, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    *(sa.Column(name, CODE, primary_key=True) for name in (*figures.DIMENSIONS, figures.RIGHT)),
    *(sa.Column(name, sa.Integer, nullable=False) for name in figures.MEASURES),
)


#: The condition of the partial index `complaint_due`, and the time.
NEWLY_OVERDUE = f"due_at < :now AND due_at IS NOT NULL AND NOT overdue AND {figures.OPEN}"


#: What facts say of a complaint → its type, and what it is while nobody has said it (None: nothing).
_SAID = {
    "kind": ("text", None),
    "category": ("text", None),
    "governorate": ("text", None),
    "channel": ("text", None),
    "received_at": ("timestamptz", None),
    "service": ("boolean", "true"),
    "rights": ("boolean", "false"),
    "rights_codes": ("text[]", "'{}'"),
    "status": ("text", "'received'"),
    "institution": ("text", None),
    "assigned_at": ("timestamptz", None),
    "unowned_since": ("timestamptz", None),
    "due_at": ("timestamptz", None),
    "overdue": ("boolean", "false"),
    "escalated": ("boolean", "false"),
}
_COUNTED = tuple(projection.COUNTED.values())


def _projection() -> sa.TextClause:
    """Changes the rows given as the JSON array `:rows`, the shape of projection.fold, and carries the difference into the figures."""
    types = ", ".join(f"{name} {kind}" for name, (kind, _) in _SAID.items())
    counts = ", ".join(f"{name} int" for name in _COUNTED)
    columns = (*_SAID, *_COUNTED)
    values = ", ".join(
        (
            *(
                f"CASE WHEN '{name}' = ANY (i.said) THEN i.{name}"
                f" ELSE {f'coalesce(b.{name}, {unsaid})' if unsaid else f'b.{name}'} END"
                for name, (_, unsaid) in _SAID.items()
            ),
            *(f"coalesce(b.{name}, 0) + coalesce(i.{name}, 0)" for name in _COUNTED),
        )
    )
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns)
    return sa.text(
        "WITH incoming AS (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
        f" AS r (complaint_id uuid, said text[], {types}, {counts})),"
        " before AS (SELECT c.* FROM complaint c JOIN incoming USING (complaint_id)),"
        f" after AS (INSERT INTO complaint AS c (complaint_id, {', '.join(columns)})"
        f" SELECT complaint_id, {values} FROM incoming i LEFT JOIN before b USING (complaint_id) ORDER BY complaint_id"
        f" ON CONFLICT (complaint_id) DO UPDATE SET {changes} RETURNING c.*)"
        f" {figures.CARRY}"
    )


_PROJECT = _projection()


def project(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Changes the given complaints, each at most once in `rows` (the shape of projection.fold), and the figures.

    Takes the figures' lock, which is kept until the transaction ends.
    """
    figures.lock(connection)
    connection.execute(_PROJECT, {"rows": json.dumps(rows, default=str)})


def newly_overdue(connection: sa.Connection, now: datetime, limit: int) -> list[uuid.UUID]:
    """Open complaints whose due time has passed and which are not marked as overdue yet, longest overdue first."""
    return list(
        connection.scalars(
            sa.text(f"SELECT complaint_id FROM complaint WHERE {NEWLY_OVERDUE} ORDER BY due_at LIMIT :limit"),
            {"now": now, "limit": limit},
        )
    )


def name_institutions(connection: sa.Connection, names: Mapping[str, Mapping[str, str]]) -> None:
    """Remembers the public names ({code: {ar, en}}). A name that is known already costs no write."""
    rows = [{"code": code, "ar": name["ar"], "en": name["en"]} for code, name in sorted(names.items())]
    connection.execute(
        sa.text(
            "INSERT INTO institution (code, name_ar, name_en)"
            " SELECT code, ar, en FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(code text, ar text, en text)"
            " WHERE NOT EXISTS (SELECT FROM institution i WHERE (i.code, i.name_ar, i.name_en) = (r.code, r.ar, r.en))"
            " ON CONFLICT (code) DO UPDATE SET name_ar = EXCLUDED.name_ar, name_en = EXCLUDED.name_en"
        ),
        {"rows": json.dumps(rows)},
    )


def institution_names(connection: sa.Connection) -> dict[str, dict[str, str]]:
    """{code: {ar, en}} of every institution that a fact has named."""
    return {
        row.code: {"ar": row.name_ar, "en": row.name_en} for row in connection.execute(sa.select(institution))
    }


def without_receipt(connection: sa.Connection) -> int:
    """How many complaints are known by later facts alone, since their ComplaintReceived has not come."""
    return connection.scalar(
        sa.select(sa.func.count()).select_from(complaint).where(complaint.c.received_at.is_(None))
    )
