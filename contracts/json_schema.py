"""The JSON Schema 2020-12 document of a fact's data, from the producer's marshmallow schema."""

from typing import Any

from contracts.facts import Published
from services.chassis import json_schema


def of(each: Published) -> dict[str, Any]:
    """The schema of one fact; what it does not name is refused, as the producer refuses it."""
    return {
        "$schema": json_schema.DIALECT,
        "$id": f"urn:bekhedmetkom:{each.owner}:{each.name}",
        "title": each.name,
        "description": each.fact.description,
        **json_schema.of(each.fact.schema),
    }
