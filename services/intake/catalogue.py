"""The lists that a complaint is filed under: categories in groups, the governorates (ISO 3166-2:JO), rights, and what is urgent."""

import json
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"


def _read(name: str) -> dict[str, dict[str, Any]]:
    rows = json.loads((_DATA / name).read_text(encoding="utf-8"))
    return {row["code"]: row for row in rows}


CATEGORIES = _read("categories.json")
"""By code, in the order in which people are shown them: {code, group, name: {ar, en}, kind_hint?}."""

GROUPS = _read("category_groups.json")
"""By code: {code, name: {ar, en}}."""

GOVERNORATES = _read("governorates.json")
"""By code: {code, name: {ar, en}}."""

RIGHTS_CODES = _read("rights_codes.json")
"""The rights that a complaint may be about, by code: {code, name: {ar, en}, constitution: articles, treaties: treaties with articles}."""

CONCERNED_GROUPS = _read("concerned_groups.json")
"""Groups of people whose rights have instruments of their own, in the same shape."""

URGENT_GROUNDS = _read("urgent_grounds.json")
"""What makes a complaint urgent, by code: {code, name: {ar, en}}."""


def rights() -> dict[str, list[dict[str, Any]]]:
    """The lists of rights, groups and grounds of urgency as they are published."""
    return {
        "codes": list(RIGHTS_CODES.values()),
        "groups": list(CONCERNED_GROUPS.values()),
        "urgent_grounds": list(URGENT_GROUNDS.values()),
    }


def categories() -> list[dict[str, Any]]:
    """The categories as they are published, each with the names of its group."""
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "group": GROUPS[row["group"]],
            "kind_hint": row.get("kind_hint", "complaint"),
        }
        for row in CATEGORIES.values()
    ]


def governorates() -> list[dict[str, Any]]:
    """The governorates as they are published."""
    return list(GOVERNORATES.values())
