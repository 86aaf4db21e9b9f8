"""A marshmallow schema as JSON Schema 2020-12: what is written into contracts, and what facts are checked by."""

from typing import Any

import marshmallow
from apispec.ext.marshmallow.openapi import OpenAPIConverter

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def of(schema: type[marshmallow.Schema]) -> dict[str, Any]:
    """The body of the schema (type, properties, required); what it does not name is refused. apispec knows the fields and validators."""
    # OpenAPI 3.1's schemas are JSON Schema 2020-12. Without a name for nested schemas they are written in place.
    converter = OpenAPIConverter(openapi_version="3.1.0", schema_name_resolver=lambda _: None, spec=None)
    return _portable(converter.schema2jsonschema(schema(unknown=marshmallow.RAISE)))


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
