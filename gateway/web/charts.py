"""Shapes of charts as numbers; templates draw them as SVG, without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000
HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Column:
    """One column, in units of a drawing of WIDTH × HEIGHT that is stretched to its place."""

    x: float
    y: float
    width: float
    height: float


def columns(values: Sequence[int]) -> list[Column]:
    """A column for each value, in order; the highest fills the height, a value above nothing is always seen."""
    most = max(values, default=0)
    if not most:
        return []
    room = WIDTH / len(values)
    found = []
    for index, value in enumerate(values):
        height = max(1.5, HEIGHT * value / most) if value else 0
        found.append(
            Column(
                round(index * room + room * 0.1, 2),
                round(HEIGHT - height, 2),
                round(room * 0.8, 2),
                round(height, 2),
            )
        )
    return found
