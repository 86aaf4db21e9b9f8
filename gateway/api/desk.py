"""What staff ask of their desks, with a staff token: lists of work, what is counted. Whose cases they show is for routing to say."""

from gateway.api.routes import Route

_READERS = ("officer", "approver", "head", "coordinator")

ROUTES = (
    Route("GET", "/v1/staff/desk", "routing", "/staff/desk", limit="staff", roles=_READERS),
    Route(
        "GET", "/v1/staff/worklist", "routing", "/staff/worklist", limit="staff", roles=_READERS, query=True
    ),
)
