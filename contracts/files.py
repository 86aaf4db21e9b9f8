"""Every generated file, its text as the code stands now, and what differs on disk."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contracts import asyncapi, catalogue, compatibility, facts, flow, json_schema, lifecycle, openapi
from contracts.facts import Published

ROOT = Path(__file__).resolve().parent
README = ROOT.parent / "README.md"
LIFECYCLE = ROOT.parent / "docs" / "lifecycle.md"
COMMAND = "python -m services.cli contracts generate"


class Breaking(Exception):
    """A schema changed inside its version in a way that breaks a reader. `changes` has one line for each."""

    def __init__(self, changes: Sequence[str]):
        super().__init__("; ".join(changes))
        self.changes = tuple(changes)


def generated_facts() -> dict[Path, str]:
    """The files about facts: path → text."""
    every = facts.published()
    found = {ROOT / "events" / f"{each.name}.json": text(json_schema.of(each)) for each in every}
    found[ROOT / "catalogue.json"] = text(catalogue.entries(every))
    found[ROOT / "facts.md"] = catalogue.page(every)
    found[ROOT / "asyncapi.json"] = text(
        asyncapi.document(every, {each.name: examples(each) for each in every})
    )
    found[LIFECYCLE] = lifecycle.page()
    readme = flow.redrawn(README, every)
    if readme is not None:
        found[README] = readme
    return found


def generated_http(service: str) -> dict[Path, str]:
    """The file about the HTTP interface of one service."""
    return {ROOT / "http" / f"{service}.json": text(openapi.of(service))}


def examples(each: Published, root: Path = ROOT) -> list[dict[str, Any]]:
    """The golden data of one fact, in the order of their file names."""
    return [json.loads(place.read_text(encoding="utf-8")) for place in example_files(each, root)]


def example_files(each: Published, root: Path = ROOT) -> list[Path]:
    """Where the golden data of one fact are."""
    return sorted((root / "events" / "examples").glob(f"{each.name}.*.json"))


def broken(every: Sequence[Published], root: Path = ROOT) -> list[str]:
    """One line for each change, against the schemas on disk, that a version may not hold."""
    changes = []
    for each in every:
        place = root / "events" / f"{each.name}.json"
        if place.exists():
            before = json.loads(place.read_text(encoding="utf-8"))
            changes += [
                f"{each.name}: {change}" for change in compatibility.breaking(before, json_schema.of(each))
            ]
    return changes


def differing(wanted: Mapping[Path, str]) -> list[str]:
    """The files whose text on disk is another, or that are missing, relative to the project."""
    return [
        str(place.relative_to(ROOT.parent))
        for place, text in wanted.items()
        if not place.exists() or place.read_text(encoding="utf-8") != text
    ]


def left_over(wanted: Mapping[Path, str]) -> list[str]:
    """Schemas on disk of facts that nobody publishes any more."""
    places = {place.name for place in wanted}
    return [
        str(each.relative_to(ROOT.parent)) for each in ROOT.glob("events/*.json") if each.name not in places
    ]


def write(wanted: Mapping[Path, str]) -> list[str]:
    """Writes what differs and says which files. Raises Breaking, and then writes nothing."""
    changes = broken(facts.published())
    if changes:
        raise Breaking(changes)
    changed = differing(wanted)
    for place, text in wanted.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        if str(place.relative_to(ROOT.parent)) in changed:
            place.write_text(text, encoding="utf-8")
    return changed


def text(value: Any) -> str:
    """JSON as it is written to a file."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
