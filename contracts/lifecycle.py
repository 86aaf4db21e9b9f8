"""docs/lifecycle.md: the life of a case as people read it, written from the table that routing obeys."""

from collections.abc import Iterable

from services.routing.cases import outcomes
from services.routing.cases import transitions as t
from services.routing.cases.occasions import OCCASIONS

_HEAD = """# The life of a case

Written by `python -m services.cli contracts generate` from `services/routing/cases/transitions.py`; a test keeps it true. What it does not
hold is refused, with the actions that are allowed now. `GET /v1/staff/cases/{complaint_id}` lists those of the caller, with their
fields; `POST /v1/staff/cases/{complaint_id}/actions/{action}` takes one.
"""

_CONDITIONS = {
    t.NOT_AUTHOR: "who did not write the reply",
    t.NOT_CLOSER: "who neither wrote nor approved the reply, nor declared the case inadmissible",
    t.OBJECTION_LEFT: "once per body",
    t.NO_ARBITER: f"before transfer {t.ARBITER_FROM}",
    t.DISPUTE_LEFT: "once per case",
    t.SAID_IN_TIME: "said before it closed",
}


def page() -> str:
    """The text of the page."""
    lines = [_HEAD, "```mermaid", t.diagram(), "```", ""]
    lines += ["| from | action | by | fields | to | facts |", "|---|---|---|---|---|---|"]
    lines += [_line(row) for row in (*t.TABLE, *t.BY_TIME)]
    lines += ["", f"Settled, nothing is owed any more: {_codes(s for s in t.STATES if s in t.SETTLED)}."]
    lines += ["", "Beside the facts of its row an action states, where there is cause:", ""]
    lines += ["| fact | where | action |", "|---|---|---|"]
    lines += [f"| {each.fact} | {each.why} | {_codes(sorted(each.actions))} |" for each in OCCASIONS]
    lines += ["", "## Codes", "", "| code | Arabic | English |", "|---|---|---|"]
    for names in (outcomes.OUTCOMES, outcomes.INADMISSIBLE, outcomes.OUTSIDE_BODIES):
        lines += [f"| `{code}` | {name['ar']} | {name['en']} |" for code, name in names.items()]
    return "\n".join(lines) + "\n"


def _line(row: t.Row) -> str:
    by = ", ".join(role.replace("_", " ") for role in row.by)
    conditions = "; ".join(_CONDITIONS[each] for each in row.conditions)
    fields = [*row.required, *(f"({name})" for name in row.optional)]
    if row.choice:
        fields = [f"{name}: {row.choice[1]}" if name == row.choice[0] else name for name in fields]
    who = f"{by} ({conditions})" if conditions else by
    return (
        f"| {row.source} | `{row.action}` | {who} | {', '.join(fields) or '–'} | {row.target} |"
        f" {', '.join(row.facts) or '–'} |"
    )


def _codes(states: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in states)
