"""The picture of the flow in the README, drawn from the catalogue."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from contracts.facts import Published

BEGIN = "<!-- flow: written by `python -m services.cli contracts generate` -->"
END = "<!-- /flow -->"


def mermaid(facts: Sequence[Published]) -> str:
    """A mermaid flowchart: people at the gateway, one arrow for the facts that one service reads of another."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in facts:
        for reader in each.readers:
            arrows[each.owner, reader].append(each.fact.type)
    services = list(dict.fromkeys(name for pair in arrows for name in pair))
    lines = ["```mermaid", "flowchart TD", "    people([people, officers, coordinator]) -->|HTTP| gateway"]
    lines += [f"    gateway -->|HTTP| {service}" for service in services]
    lines += [f"    {owner} ==>|{'<br/>'.join(names)}| {reader}" for (owner, reader), names in arrows.items()]
    return "\n".join([*lines, "```"])


def between_markers(text: str) -> str | None:
    """What stands between the markers; None when the text has none."""
    if BEGIN not in text or END not in text:
        return None
    return text.split(BEGIN, 1)[1].split(END, 1)[0].strip("\n")


def redrawn(page: Path, facts: Sequence[Published]) -> str | None:
    """The text of a page with the picture between its markers drawn anew; None when it has no markers."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    if between_markers(text) is None:
        return None
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n{mermaid(facts)}\n{END}{rest.split(END, 1)[1]}"
