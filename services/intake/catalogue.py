"""The lists that a complaint is filed under: categories in groups, and the governorates (ISO 3166-2:JO)."""

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
