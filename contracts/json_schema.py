"""JSON Schema 2020-12 of a fact's data, from the producer's marshmallow schema (apispec knows the fields and validators)."""

from typing import Any

import marshmallow
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from contracts.facts import Published

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def of(each: Published) -> dict[str, Any]:
    """The schema of one fact; what it does not name is refused, as the producer refuses it."""
    # OpenAPI 3.1's schemas are JSON Schema 2020-12. Without a name for nested schemas they are written in place.
    converter = OpenAPIConverter(openapi_version="3.1.0", schema_name_resolver=lambda _: None, spec=None)
    body = converter.schema2jsonschema(each.fact.schema(unknown=marshmallow.RAISE))
    return {
        "$schema": DIALECT,
        "$id": f"urn:bekhedmetkom:{each.owner}:{each.name}",
        "title": each.name,
        "description": each.fact.description,
        **_portable(body),
    }


def _portable(value: Any) -> Any:
    """Regular expressions of JSON Schema are ECMA's, which have no `\\A` and `\\Z`; `^` and `$` there mean the same."""
    if isinstance(value, list):
        return [_portable(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: each.replace(r"\A", "^").replace(r"\Z", "$") if name == "pattern" else _portable(each)
        for name, each in value.items()
    }
