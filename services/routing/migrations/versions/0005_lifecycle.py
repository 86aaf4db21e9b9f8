"""The life of a case: all its states, replies, questions, transfers, what was written about it, and the chain of its history."""

import datetime
import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.routing.history import chain as history

revision = "0005"
down_revision = "0003"

_UTC = sa.DateTime(timezone=True)
_STATES = (
    "received",
    "assigned",
    "accepted",
    "reply_proposed",
    "answered",
    "closed",
    "awaiting_complainant",
    "in_transfer",
    "disputed",
    "referred",
    "withdrawn",
    "inadmissible",
    "merged",
)
_SETTLED = ("answered", "closed", "referred", "withdrawn", "inadmissible", "merged")
_CHUNK = 5000


def upgrade() -> None:
    _cases()
    _texts()
    _terms()
    _chain()


def _cases() -> None:
    op.drop_constraint("cases_status_check", "cases")
    op.create_check_constraint("cases_status_check", "cases", f"status IN {_STATES}")
    # A case that ends while nobody has it leaves the unowned desk and gets no officer.
    op.drop_constraint("owned_or_unowned", "cases")
    op.create_check_constraint(
        "owned_or_unowned",
        "cases",
        "(unowned_since IS NOT NULL) = (status = 'received')"
        " AND (status <> 'received' OR officer_id IS NULL)"
        " AND (officer_id IS NOT NULL OR status NOT IN"
        " ('assigned', 'accepted', 'reply_proposed', 'awaiting_complainant', 'in_transfer', 'answered'))",
    )
    for name, kind in (
        ("answered_at", _UTC),
        ("confirm_until", _UTC),
        ("closed_at", _UTC),
        ("close_reason", sa.Text),
        ("disputed_at", _UTC),
        ("awaiting_since", _UTC),
        ("awaiting_until", _UTC),
        ("receiver", sa.Text),
        ("merged_into", sa.Uuid),
    ):
        op.add_column("cases", sa.Column(name, kind))
    op.add_column("cases", sa.Column("transfers", sa.SmallInteger, nullable=False, server_default="0"))
    op.create_check_constraint(
        "receiver_in_transfer", "cases", "(receiver IS NOT NULL) = (status = 'in_transfer')"
    )
    # What has no due time comes last. A case is in one of the two indexes, so the list of what is open stays small.
    due = sa.text("coalesce(due_at, 'infinity'::timestamptz)")
    settled = f"status IN {_SETTLED}"
    op.create_index(
        "cases_open",
        "cases",
        ["institution", due, "complaint_id"],
        postgresql_where=sa.text(f"NOT ({settled})"),
    )
    op.create_index(
        "cases_settled",
        "cases",
        ["institution", "status", due, "complaint_id"],
        postgresql_where=sa.text(settled),
    )
    op.create_index(
        "cases_incoming",
        "cases",
        ["receiver", due, "complaint_id"],
        postgresql_where=sa.text("receiver IS NOT NULL"),
    )
    op.create_index(
        "cases_unconfirmed", "cases", ["confirm_until"], postgresql_where=sa.text("status = 'answered'")
    )
    op.create_index(
        "cases_awaiting",
        "cases",
        ["awaiting_until"],
        postgresql_where=sa.text("status = 'awaiting_complainant'"),
    )


def _texts() -> None:
    op.create_table(
        "reply",
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("cases.complaint_id"), primary_key=True),
        sa.Column("number", sa.SmallInteger, primary_key=True),
        sa.Column(
            "state",
            sa.Text,
            sa.CheckConstraint("state IN ('proposed', 'returned', 'approved', 'dropped')"),
            nullable=False,
        ),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("found", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
        sa.Column("legal_basis", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("proposed_at", _UTC, nullable=False),
        sa.Column("approver", sa.Text),
        sa.Column("decided_at", _UTC),
        sa.Column("return_reason", sa.Text),
        sa.CheckConstraint("state <> 'approved' OR approver <> author", name="approved_by_another"),
    )
    op.create_table(
        "question",
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("cases.complaint_id"), primary_key=True),
        sa.Column("number", sa.SmallInteger, primary_key=True),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("asked_at", _UTC, nullable=False),
        sa.Column("answer_by", _UTC, nullable=False),
        sa.Column("ended", sa.Text, sa.CheckConstraint("ended IN ('answered', 'no_answer', 'withdrawn')")),
        sa.Column("ended_at", _UTC),
        sa.CheckConstraint("(ended IS NULL) = (ended_at IS NULL)", name="ended_or_open"),
    )
    op.create_table(
        "transfer",
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("cases.complaint_id"), primary_key=True),
        sa.Column("number", sa.SmallInteger, primary_key=True),
        sa.Column("from_institution", sa.Text, nullable=False),
        sa.Column("to_institution", sa.Text, nullable=False),
        sa.Column("arbiter", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.Column(
            "ended", sa.Text, sa.CheckConstraint("ended IN ('accepted', 'objected', 'decided', 'withdrawn')")
        ),
        sa.Column("ended_at", _UTC),
        sa.Column("ended_reason", sa.Text),
        sa.CheckConstraint("(ended IS NULL) = (ended_at IS NULL)", name="ended_or_open"),
    )
    # What people wrote with an action that has no table of its own. Not in case_event: that is never altered, and texts must be erasable.
    op.create_table(
        "case_note",
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("cases.complaint_id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("texts", JSONB, nullable=False),
    )


def _terms() -> None:
    op.create_table(
        "case_term",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("valid_from", sa.Date, primary_key=True),
        sa.Column("days", sa.SmallInteger, sa.CheckConstraint("days > 0"), nullable=False),
    )
    # confirm: days of the calendar until silence closes an answered case. answer: working days that a question may wait.
    op.execute("INSERT INTO case_term VALUES ('confirm', '2020-01-01', 15), ('answer', '2020-01-01', 10)")


def _chain() -> None:
    """Binds the lines that are there. An index finds the newest line of a case by the primary key."""
    connection = op.get_bind()
    op.execute("ALTER TABLE case_event DISABLE TRIGGER append_only")
    after = "00000000-0000-0000-0000-000000000000"
    while True:
        cases = connection.execute(
            sa.text(
                "SELECT complaint_id::text FROM cases WHERE complaint_id > CAST(:after AS uuid) ORDER BY complaint_id LIMIT :most"
            ),
            {"after": after, "most": _CHUNK},
        ).scalars()
        ids = list(cases)
        if not ids:
            break
        after = ids[-1]
        rows = connection.execute(
            sa.text(
                "SELECT complaint_id::text, number, action, actor, at, details FROM case_event "
                "WHERE complaint_id = ANY(CAST(:ids AS uuid[])) ORDER BY complaint_id, number"
            ),
            {"ids": ids},
        )
        lines = [{**row._mapping, "at": row.at.astimezone(datetime.UTC).isoformat()} for row in rows]
        bound, _ = history.chained(lines, {})
        kept = [
            {name: line[name] for name in ("complaint_id", "number", "previous_hash", "hash")}
            for line in bound
        ]
        connection.execute(
            sa.text(
                "UPDATE case_event e SET previous_hash = r.previous_hash, hash = r.hash "
                "FROM json_to_recordset(CAST(:rows AS json)) AS r (complaint_id uuid, number integer, previous_hash bytea, hash bytea) "
                "WHERE e.complaint_id = r.complaint_id AND e.number = r.number"
            ),
            {"rows": json.dumps(kept)},
        )
    op.execute("ALTER TABLE case_event ENABLE TRIGGER append_only")
