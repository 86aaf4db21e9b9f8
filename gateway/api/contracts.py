"""The OpenAPI documents that the services generate from their schemas (contracts/http/<service>.json), as the gateway reads them.

From files and not from running services: the public document is then the same on every replica and in every test,
is there while a service is away, and changes only with a commit that shows the change (docs/adr/0020).
"""

import functools
import json
from pathlib import Path
from typing import Any

PLACE = Path(__file__).resolve().parents[2] / "contracts" / "http"


@functools.cache
def document(service: str) -> dict[str, Any]:
    """The OpenAPI document of a service."""
    return json.loads((PLACE / f"{service}.json").read_text(encoding="utf-8"))


def schema(service: str, name: str) -> dict[str, Any]:
    """A named schema of a service. Raises KeyError."""
    return document(service)["components"]["schemas"][name]
