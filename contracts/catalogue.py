"""The catalogue of facts, for programs (catalogue.json) and for people (facts.md)."""

from collections.abc import Sequence
from typing import Any

from contracts import json_schema
from contracts.facts import Published


def entries(facts: Sequence[Published]) -> list[dict[str, Any]]:
    """One entry for each version of a fact."""
    return [
        {
            "type": each.fact.type,
            "version": each.fact.version,
            "owner": each.owner,
            "description": each.fact.description,
            "ce_type": f"bekhedmetkom.{each.name}",
            "ce_source": f"/bekhedmetkom/{each.owner}",
            "exchange": f"{each.owner}.events",
            "routing_key": f"{each.name}.{{scope}}",
            "scope": SCOPES[each.owner],
            "personal_data": each.fact.personal,
            "consumers": {reader: sorted(reads.schema().fields) for reader, reads in each.readers.items()},
            "schema": f"events/{each.name}.json",
        }
        for each in facts
    ]


#: What the last word of the routing key is.
SCOPES = {
    "intake": "the code of the institution that holds the complaint, `-` while none is known",
    "routing": "the code of the institution that the fact concerns, `-` while there is none",
    "notification": "always `-`",
}


def page(facts: Sequence[Published]) -> str:
    """facts.md."""
    lines = [
        "# Facts",
        "",
        "Every fact that a service states, and who reads it. Written by `python -m services.cli contracts generate`.",
        "",
        "| fact | owner | says | personal data | read by |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| [{each.name}](#{each.name.lower().replace('.', '')}) | {each.owner} | {each.fact.description} |"
        f" {'sealed' if each.fact.personal else 'none'} | {', '.join(each.readers) or '–'} |"
        for each in facts
    ]
    for each in facts:
        lines += ["", *_section(each)]
    return "\n".join(lines) + "\n"


def _section(each: Published) -> list[str]:
    schema = json_schema.of(each)
    lines = [
        f"## {each.name}",
        "",
        f"{each.fact.description} Exchange `{each.owner}.events`, routing key `{each.name}.<scope>`; the scope is"
        f" {SCOPES[each.owner]}.",
        "",
        "| field | type | required | read by |",
        "|---|---|---|---|",
    ]
    for name, field in schema["properties"].items():
        readers = [reader for reader, reads in each.readers.items() if name in reads.schema().fields]
        required = "yes" if name in schema["required"] else "no"
        lines.append(f"| {name} | {_type(field)} | {required} | {', '.join(readers) or '–'} |")
    return lines


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        values = [str(value) for value in field["enum"] if value is not None]
        shown = ", ".join(values[:6]) + (f", … ({len(values)})" if len(values) > 6 else "")
        return f"one of {shown}" + (" or null" if None in field["enum"] else "")
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    words = [field.get("format", kind) if kind == "string" else kind for kind in types]
    return " or ".join(words)
