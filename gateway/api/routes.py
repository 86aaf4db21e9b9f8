"""What a route of the API is. The tables of routes serve the requests, their limits and the OpenAPI document alike."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """A public address and the one service that answers there.

    `path` and `target` name parameters alike, as in OpenAPI ("/complaints/{tracking}"). Of `roles` the caller needs one.
    `limit` is the kind of limit that counts each request; `misses` counts answers of 404 against LIMIT_MISSES too.
    `query` lets the query string pass. `repeatable` says of a change that sending it twice is sending it once: its service
    keeps the Idempotency-Key, or the change is idempotent by nature (docs/adr/0021).
    """

    method: str
    path: str
    service: str
    target: str
    limit: str
    roles: tuple[str, ...] = ("public",)
    query: bool = False
    misses: bool = False
    repeatable: bool = False

    @property
    def name(self) -> str:
        """The name of the endpoint, unique by method and path."""
        return f"{self.method.lower()} {self.path}".replace(".", "_")

    @property
    def rule(self) -> str:
        """The path as Flask writes it. No parameter holds a slash."""
        return self.path.replace("{", "<").replace("}", ">")
