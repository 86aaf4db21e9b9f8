"""What everybody may ask: file, track, and the lists that filing needs."""

from gateway.api.routes import Route

ROUTES = (
    Route("POST", "/v1/complaints", "intake", "/complaints", limit="complaints", repeatable=True),
    Route(
        "GET", "/v1/complaints/{tracking}", "intake", "/complaints/{tracking}", limit="lookups", misses=True
    ),
    *(
        Route(
            "POST",
            f"/v1/complaints/{{tracking}}/{what}",
            "intake",
            f"/complaints/{{tracking}}/{what}",
            limit="lookups",
            misses=True,
            repeatable=True,
        )
        for what in ("messages", "withdraw", "rating", "dispute")
    ),
    Route("GET", "/v1/categories", "intake", "/categories", limit="reading"),
    Route("GET", "/v1/rights-codes", "intake", "/rights-codes", limit="reading"),
    Route("GET", "/v1/governorates", "intake", "/governorates", limit="reading"),
    Route("GET", "/v1/bodies", "routing", "/institutions", limit="reading"),
    Route(
        "GET",
        "/v1/bodies/{code}/units",
        "routing",
        "/institutions/{code}/units",
        limit="reading",
        query=True,
    ),
)
