"""What staff may ask, with a staff token. Whether this person may see this case is for the owning service to say."""

from gateway.api.routes import Route

_OFFICERS = ("officer", "coordinator")
_COORDINATOR = ("coordinator",)
_OPERATIONS = ("coordinator", "operations")

ROUTES = (
    Route("GET", "/v1/dashboard", "reporting", "/dashboard", limit="staff", roles=_COORDINATOR, query=True),
    Route(
        "GET",
        "/v1/staff/complaints/{complaint_id}",
        "intake",
        "/staff/complaints/{complaint_id}",
        limit="staff",
        roles=_OFFICERS,
    ),
    Route(
        "GET",
        "/v1/staff/cases/{complaint_id}",
        "routing",
        "/staff/cases/{complaint_id}",
        limit="staff",
        roles=_OFFICERS,
    ),
    Route(
        "GET", "/v1/staff/unowned", "routing", "/staff/unowned", limit="staff", roles=_COORDINATOR, query=True
    ),
    Route(
        "GET",
        "/v1/staff/officers",
        "routing",
        "/staff/officers",
        limit="staff",
        roles=_COORDINATOR,
        query=True,
    ),
    Route(
        "POST",
        "/v1/staff/officers/{officer_id}/presence",
        "routing",
        "/staff/officers/{officer_id}/presence",
        limit="staff",
        roles=_COORDINATOR,
        repeatable=True,
    ),
    Route(
        "GET",
        "/v1/staff/calendar/overrides",
        "routing",
        "/staff/calendar/overrides",
        limit="staff",
        roles=_COORDINATOR,
    ),
    Route(
        "POST",
        "/v1/staff/calendar/overrides",
        "routing",
        "/staff/calendar/overrides",
        limit="staff",
        roles=_COORDINATOR,
        repeatable=True,
    ),
    Route(
        "POST",
        "/v1/staff/calendar/overrides/{override_id}/withdraw",
        "routing",
        "/staff/calendar/overrides/{override_id}/withdraw",
        limit="staff",
        roles=_COORDINATOR,
        repeatable=True,
    ),
    Route(
        "GET",
        "/v1/staff/calendar/days",
        "routing",
        "/staff/calendar/days",
        limit="staff",
        roles=_COORDINATOR,
        query=True,
    ),
    Route(
        "GET",
        "/v1/staff/complaints/{complaint_id}/notices",
        "notification",
        "/staff/complaints/{complaint_id}/notices",
        limit="staff",
        roles=_OPERATIONS,
    ),
    Route(
        "GET",
        "/v1/staff/messages/counts",
        "notification",
        "/staff/messages/counts",
        limit="staff",
        roles=_OPERATIONS,
        query=True,
    ),
    Route(
        "GET",
        "/v1/dashboard/definitions",
        "reporting",
        "/dashboard/definitions",
        limit="staff",
        roles=_COORDINATOR,
    ),
)
