"""The page that shows the OpenAPI document: rendered here, without scripts or addresses outside."""

import functools
import json
from typing import Any

import flask

from gateway.admission import limited
from gateway.api import docs
from gateway.settings import Settings
from gateway.web import render
from services.chassis import settings
from services.chassis.actor import require

_LONGEST_CHOICE = 12


@limited("reading")
@require("public")
def show() -> flask.Response:
    """Every operation for everybody with its parameters, body and answers; the schemas that they use with their fields."""
    return _page(False)


@limited("reading")
@require("public")
def show_staff() -> flask.Response:
    """The same of what staff may ask."""
    return _page(True)


def _page(staff: bool) -> flask.Response:
    base = settings.load(Settings).public_url.rstrip("/") or flask.request.host_url.rstrip("/")
    return render.page(
        "docs.html",
        staff=staff,
        operations=_operations(staff),
        schemas=_schemas(staff),
        example=_example(),
        base=base,
    )


@functools.cache
def _operations(staff: bool) -> list[dict[str, Any]]:
    found = []
    for path, item in docs.document()["paths"].items():
        for method, operation in item.items():
            if bool(operation["security"]) != staff:
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            found.append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "parameters": [
                        {**each, "type": _type(each.get("schema", {}))}
                        for each in operation.get("parameters", [])
                    ],
                    "body": _name(content.get("schema", {})),
                    "answers": [
                        _answer(status, each) for status, each in sorted(operation["responses"].items())
                    ],
                }
            )
    return found


def _answer(status: str, response: dict[str, Any]) -> dict[str, str]:
    if "$ref" in response:
        kind, name = response["$ref"].removeprefix("#/components/").split("/", 1)
        response = docs.document()["components"][kind][name]
    content = next(iter(response.get("content", {}).values()), {})
    return {
        "status": status,
        "description": response.get("description", ""),
        "schema": _name(content.get("schema", {})),
    }


@functools.cache
def _schemas(staff: bool) -> list[dict[str, Any]]:
    schemas = docs.document()["components"].get("schemas", {})
    waiting = {name for each in _operations(staff) for name in (each["body"], *_answered(each)) if name}
    used: set[str] = set()
    while waiting:
        used |= waiting
        waiting = {name for each in waiting for name in _referred(schemas[each])} - used
    found = []
    for name in sorted(used):
        schema = schemas[name]
        required = set(schema.get("required", ()))
        fields = [
            {
                "name": field,
                "type": _type(each),
                "refers": _name(each) or _name(each.get("items", {})),
                "required": field in required,
                "note": _note(each),
            }
            for field, each in schema.get("properties", {}).items()
        ]
        found.append({"name": name, "fields": fields})
    return found


def _answered(operation: dict[str, Any]) -> list[str]:
    return [each["schema"] for each in operation["answers"]]


def _referred(value: Any) -> set[str]:
    """The schemas that a schema refers to, however deep."""
    if isinstance(value, list):
        return {name for each in value for name in _referred(each)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"].rsplit("/", 1)[-1]} if isinstance(value.get("$ref"), str) else set()
    return own.union(*(_referred(each) for each in value.values()))


def _example() -> str:
    operation = docs.document()["paths"]["/v1/complaints"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    return json.dumps(content.get("example", {}), ensure_ascii=False, indent=2)


def _name(schema: dict[str, Any]) -> str:
    reference = schema.get("$ref") or schema.get("items", {}).get("$ref")
    if not reference:
        reference = next((each["$ref"] for each in schema.get("anyOf", ()) if "$ref" in each), "")
    return reference.rsplit("/", 1)[-1] if reference else ""


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = " | ".join(kind)
    if kind == "array":
        return f"{_type(schema.get('items', {}))}[]"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _note(schema: dict[str, Any]) -> str:
    parts = [schema["description"]] if "description" in schema else []
    choices = [str(each) for each in schema.get("enum", ()) if each is not None]
    if choices:
        shown = ", ".join(choices[:_LONGEST_CHOICE])
        parts.append(shown + (f", … ({len(choices)})" if len(choices) > _LONGEST_CHOICE else ""))
    parts += [
        f"{key} {schema[key]}" for key in ("minLength", "maxLength", "minimum", "maximum") if key in schema
    ]
    if schema.get("default") is not None:
        parts.append(f"default {schema['default']}")
    return "; ".join(parts)
