"""What staff may ask, with a staff token. Whether this person may see this case is for the owning service to say."""

from gateway.api.routes import Route

_ANY = ("officer", "approver", "coordinator", "operations")

ROUTES = (
    Route(
        "GET", "/v1/dashboard", "reporting", "/dashboard", limit="staff", roles=("coordinator",), query=True
    ),
    Route(
        "GET", "/v1/staff/cases/{complaint_id}", "routing", "/cases/{complaint_id}", limit="staff", roles=_ANY
    ),
    Route(
        "GET", "/v1/staff/unowned", "routing", "/unowned", limit="staff", roles=("coordinator",), query=True
    ),
    Route(
        "GET",
        "/v1/staff/complaints/{complaint_id}/notices",
        "notification",
        "/complaints/{complaint_id}/notices",
        limit="staff",
        roles=("coordinator", "operations"),
    ),
)
