"""What operations ask about ministries' providers of identity. No secret is among it."""

from gateway.api.routes import Route

_PATH = "/staff/identity-providers"
_KEEPERS = ("operations",)

ROUTES = (
    Route("GET", f"/v1{_PATH}", "routing", _PATH, limit="staff", roles=_KEEPERS),
    Route("POST", f"/v1{_PATH}", "routing", _PATH, limit="staff", roles=_KEEPERS),
    Route("PUT", f"/v1{_PATH}/{{code}}", "routing", f"{_PATH}/{{code}}", limit="staff", roles=_KEEPERS),
    Route(
        "POST",
        f"/v1{_PATH}/{{code}}/state",
        "routing",
        f"{_PATH}/{{code}}/state",
        limit="staff",
        roles=_KEEPERS,
    ),
)
