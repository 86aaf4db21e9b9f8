"""What may change inside a version of a fact: optional fields may be added, and nothing else.

A consumer was built against the older schema and reads newer facts; and facts recorded under the older schema are
delivered again under the newer one. So a change must hold in both directions.
"""

from typing import Any

_CONSTRAINTS = (
    "format",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "const",
)


def breaking(old: dict[str, Any], new: dict[str, Any], path: str = "") -> list[str]:
    """One line for each change from `old` to `new` that breaks a reader of either; [] means that a version may hold both."""
    found: list[str] = []
    where = path or "the fact"
    if _types(old) != _types(new):
        found.append(f"{where}: type {_types(old)} became {_types(new)}")
    found += [
        f"{where}: {name} {old.get(name)!r} became {new.get(name)!r}"
        for name in _CONSTRAINTS
        if old.get(name) != new.get(name)
    ]
    found += _enumeration(old, new, where)
    found += _properties(old, new, path)
    if "items" in old or "items" in new:
        found += breaking(old.get("items", {}), new.get("items", {}), f"{path}[]")
    return found


def _types(schema: dict[str, Any]) -> list[str]:
    given = schema.get("type", [])
    return sorted([given] if isinstance(given, str) else given)


def _enumeration(old: dict[str, Any], new: dict[str, Any], where: str) -> list[str]:
    if "enum" not in new:
        # A list that became free text: a reader that knew the list would meet words that it cannot know.
        return [f"{where}: the list of values was given up"] if "enum" in old else []
    if "enum" not in old:
        return [f"{where}: values are limited to a list"]
    gone = [value for value in old["enum"] if value not in new["enum"]]
    return [f"{where}: {', '.join(map(str, gone))} no longer allowed"] if gone else []


def _properties(old: dict[str, Any], new: dict[str, Any], path: str) -> list[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    must_before, must_after = set(old.get("required", ())), set(new.get("required", ()))
    found = []
    for name in sorted(before.keys() | after.keys()):
        where = f"{path}.{name}" if path else name
        if name not in after:
            found.append(f"{where}: removed")
        elif name in must_after and name not in must_before:
            found.append(f"{where}: newly required")
        elif name in must_before and name not in must_after:
            found.append(f"{where}: no longer required")
        if name in before and name in after:
            found += breaking(before[name], after[name], where)
    return found
