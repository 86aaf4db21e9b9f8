"""What staff ask of their desks, with a staff token. Whose cases they show, and whose texts are to be changed, is for routing to say."""

from gateway.api.routes import Route

_READERS = ("officer", "approver", "head", "coordinator")
_LEADERS = ("main_officer", "approver", "head", "coordinator")
_AUTHORS = ("main_officer", "coordinator")

ROUTES = (
    Route("GET", "/v1/staff/desk", "routing", "/staff/desk", limit="staff", roles=_READERS),
    Route(
        "GET", "/v1/staff/worklist", "routing", "/staff/worklist", limit="staff", roles=_READERS, query=True
    ),
    Route(
        "GET",
        "/v1/staff/complaints",
        "intake",
        "/staff/complaints",
        limit="staff",
        roles=_READERS,
        query=True,
    ),
    Route("GET", "/v1/staff/team", "routing", "/staff/team", limit="staff", roles=_LEADERS, query=True),
    # Repeatable by nature: of who looks at what there is one row, of a name one list, and what is withdrawn stays so.
    Route(
        "POST",
        "/v1/staff/cases/{complaint_id}/viewing",
        "routing",
        "/staff/cases/{complaint_id}/viewing",
        limit="staff",
        roles=_READERS,
        repeatable=True,
    ),
    Route("GET", "/v1/staff/views", "routing", "/staff/views", limit="staff", roles=_READERS),
    Route(
        "POST", "/v1/staff/views", "routing", "/staff/views", limit="staff", roles=_READERS, repeatable=True
    ),
    Route(
        "DELETE",
        "/v1/staff/views/{view_id}",
        "routing",
        "/staff/views/{view_id}",
        limit="staff",
        roles=_READERS,
    ),
    Route(
        "GET",
        "/v1/staff/reply-templates",
        "routing",
        "/staff/reply-templates",
        limit="staff",
        roles=_READERS,
        query=True,
    ),
    Route(
        "POST",
        "/v1/staff/reply-templates",
        "routing",
        "/staff/reply-templates",
        limit="staff",
        roles=_AUTHORS,
    ),
    Route(
        "PUT",
        "/v1/staff/reply-templates/{template_id}",
        "routing",
        "/staff/reply-templates/{template_id}",
        limit="staff",
        roles=_AUTHORS,
    ),
    Route(
        "POST",
        "/v1/staff/reply-templates/{template_id}/withdraw",
        "routing",
        "/staff/reply-templates/{template_id}/withdraw",
        limit="staff",
        roles=_AUTHORS,
        repeatable=True,
    ),
)
