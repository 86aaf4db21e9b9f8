"""The coordinator's desk: what nobody owns and for how long, what an arbiter must decide, what is disputed, escalated, urgent, overdue."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import flask

from gateway.admission import limited
from gateway.web import case_view, desk, officer_pages, render
from gateway.web.case_words import UNOWNED_BECAUSE
from gateway.web.render import N_
from services.chassis.actor import require
from services.chassis.clock import now

ROWS = 5
#: Nobody owning a case is a fault of ours: after so long it is late, and after a tenth of that it is seen.
UNOWNED_LATE = timedelta(hours=1)

#: view → (heading, what is said where it is empty, the action that settles it, what it is called)
SECTIONS = {
    "urgent": (N_("Urgent"), N_("Nothing urgent."), None, N_("Open it")),
    "unowned": (
        N_("Nobody owns it"),
        N_("Every case has an officer."),
        "assign",
        N_("Give it to an officer"),
    ),
    "arbiter": (
        N_("Two bodies do not agree"),
        N_("No transfer waits for a decision."),
        "decide_transfer",
        N_("Decide who answers"),
    ),
    "disputed": (
        N_("The complainant does not accept the answer"),
        N_("No dispute waits for a decision."),
        "resolve_dispute",
        N_("Decide the dispute"),
    ),
    "to_approve": (
        N_("Nobody of the body may approve it"),
        N_("No reply waits for approval."),
        "approve_reply",
        N_("Decide on the reply"),
    ),
    "escalated": (N_("Escalated to you"), N_("Nothing has been escalated."), None, N_("Open it")),
    "overdue": (N_("Overdue"), N_("Nothing is overdue."), None, N_("Open it")),
}


@limited("staff")
@require("coordinator")
def show() -> flask.Response:
    """What waits for the coordinator, first what nobody else can settle."""
    standing = desk.get("/staff/desk")
    counts, moment = desk.counted(standing), now()
    sections = []
    for view, (heading, empty, action, label) in SECTIONS.items():
        found = desk.get(desk.target("/staff/worklist", view=view, limit=ROWS)) if view in counts else None
        sections.append(
            {
                "view": view,
                "heading": render.words()(heading),
                "tile": render.words()(officer_pages.VIEWS[view][0]),
                "empty": render.words()(empty),
                "count": counts.get(view, ""),
                "address": render.url("/staff/cases") + f"?view={view}",
                "rows": [_row(each, view, action, moment) for each in case_view.rows(desk.items(found))],
                "label": render.words()(label),
                "more": bool(found and found["next"]),
            }
        )
    return desk.page(
        "staff/coordinator.html", standing=standing, sections=sections, saved=officer_pages.saved_views()
    )


def _row(row: Mapping[str, Any], view: str, action: str | None, moment: datetime) -> dict[str, Any]:
    """A line with where it is settled and, where nobody has the case, for how long."""
    address = render.url(desk.case_path(row["complaint_id"], action)) if action else row["address"]
    since = row.get("unowned_since") if view == "unowned" else None
    waited = moment - desk.instant(since) if since else timedelta(0)
    ends = row.get("decide_by") if view == "arbiter" else None
    return {
        **row,
        "settle": address,
        "since": desk.ago(since, moment) if since else "",
        "why": render.words()(UNOWNED_BECAUSE[row["reason"]]) if since else "",
        "mood": "late" if waited > UNOWNED_LATE else "soon",
        "decide_by": render.moment(ends) if ends else "",
        "undecided": bool(ends and desk.instant(ends) < moment),
        "receiver_name": case_view.body_name(row.get("receiver")) if view == "arbiter" else "",
    }
