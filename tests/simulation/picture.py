"""The picture of a run as SVG: what was open day by day, promises kept by month, and how even the loads were."""

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from statistics import mean

from services.chassis.clock import AMMAN
from tests.simulation.measures import kept
from tests.simulation.run import Simulation

_WIDTH, _LEFT, _RIGHT = 960, 60, 30
_INK, _QUIET, _GRID = "#1d2b36", "#5b6b78", "#e3e8ec"
_OPEN, _OVERDUE, _UNOWNED, _KEPT = "#1f6fb2", "#c8553d", "#8a5fb0", "#2f8f6b"


def draw(simulation: Simulation) -> str:
    """The whole picture."""
    wish = simulation.wish
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 900" font-family="sans-serif" font-size="13" fill="{_INK}">',
        f'<rect width="{_WIDTH}" height="900" fill="white"/>',
        _text(
            _LEFT,
            34,
            f"A simulated year of {len(simulation.ledger.cases)} complaints (seed {wish.seed})",
            size=20,
            weight="bold",
        ),
        *_open(simulation, 70, 230),
        *_months(simulation, 370, 170),
        *_loads(simulation, 610, 220),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _open(simulation: Simulation, top: float, height: float) -> list[str]:
    days = simulation.measures.days
    series = (
        ("open", _OPEN, [each.open for each in days]),
        ("overdue", _OVERDUE, [each.overdue for each in days]),
        ("unowned", _UNOWNED, [each.unowned for each in days]),
    )
    highest = _round_up(max(max(values, default=1) for _, _, values in series))
    width = _WIDTH - _LEFT - _RIGHT
    found = [_text(_LEFT, top, "Cases that wait, at the end of each day", weight="bold")]
    found += _grid(top + 14, height, [f"{highest * step // 4}" for step in range(5)])

    def x(number: int) -> float:
        return _LEFT + width * number / max(1, len(days) - 1)

    for number, each in enumerate(days):
        if each.day.day == 1:
            found.append(_line(x(number), top + 14, x(number), top + 14 + height))
            found.append(_text(x(number) + 3, top + 30 + height, f"{each.day:%b}", colour=_QUIET))
    for place, (name, colour, values) in enumerate(series):
        points = " ".join(
            f"{x(n):.1f},{top + 14 + height * (1 - v / highest):.1f}" for n, v in enumerate(values)
        )
        found.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        found.append(
            f'<rect x="{_WIDTH - 300 + 90 * place}" y="{top - 10}" width="12" height="12" fill="{colour}"/>'
        )
        found.append(_text(_WIDTH - 284 + 90 * place, top, name, colour=_QUIET))
    return found


def _months(simulation: Simulation, top: float, height: float) -> list[str]:
    months: defaultdict[str, list] = defaultdict(list)
    for case in simulation.ledger.cases.values():
        months[f"{case.received_at.astimezone(AMMAN):%Y-%m}"].append(case)
    found = [_text(_LEFT, top, "Promises kept, by month of receipt", weight="bold")]
    found += _grid(top + 14, height, ["0 %", "25 %", "50 %", "75 %", "100 %"])
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(months))
    for number, (month, cases) in enumerate(sorted(months.items())):
        done, due = kept(cases, simulation.clock.at)
        share = done / due if due else 0.0
        left = _LEFT + step * number + step * 0.15
        found.append(
            f'<rect x="{left:.1f}" y="{top + 14 + height * (1 - share):.1f}" width="{step * 0.7:.1f}" '
            f'height="{height * share:.1f}" fill="{_KEPT}"/>'
        )
        label = f"{100 * share:.0f} %" if due else "-"
        found.append(_text(left + step * 0.35, top + 10 + height * (1 - share), label, anchor="middle"))
        found.append(_text(left + step * 0.35, top + 30 + height, month, colour=_QUIET, anchor="middle"))
    return found


def _loads(simulation: Simulation, top: float, height: float) -> list[str]:
    bodies = []
    for body, weeks in simulation.measures.spreads.items():
        busy = [each for each in weeks if each.total]
        if busy:
            low, high = (mean(getattr(each, name) for each in busy) for name in ("smallest", "greatest"))
            bodies.append((mean(each.total for each in busy), body, low, high))
    bodies = sorted(bodies, reverse=True)[:24]
    highest = _round_up(max((high for *_, high in bodies), default=1))
    title = "Open load of the officers of a body who are at work: least to most on a Thursday evening, on average (busiest bodies)"
    found = [_text(_LEFT, top, title, weight="bold")]
    found += _grid(
        top + 14,
        height,
        [f"{highest * step / 4:.0f}" if highest >= 4 else f"{highest * step / 4:.1f}" for step in range(5)],
    )
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(bodies))
    for number, (_, body, low, high) in enumerate(bodies):
        left = _LEFT + step * number + step * 0.3
        upper, lower = (top + 14 + height * (1 - value / highest) for value in (high, low))
        found.append(
            f'<rect x="{left:.1f}" y="{upper:.1f}" width="{step * 0.4:.1f}" height="{max(2.0, lower - upper):.1f}" rx="3" fill="{_OPEN}"/>'
        )
        x, y = left + step * 0.2, top + 24 + height
        found.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{_QUIET}" font-size="11" text-anchor="end" '
            f'transform="rotate(-45 {x:.1f} {y:.1f})">{escape(body)}</text>'
        )
    return found


def _grid(top: float, height: float, labels: Sequence[str]) -> list[str]:
    found = []
    for number, label in enumerate(labels):
        y = top + height * (1 - number / (len(labels) - 1))
        found += [
            _line(_LEFT, y, _WIDTH - _RIGHT, y),
            _text(_LEFT - 8, y + 4, label, colour=_QUIET, anchor="end"),
        ]
    return found


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{_GRID}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    colour: str = _INK,
    weight: str = "normal",
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _round_up(value: float) -> int:
    """A multiple of four that is easy to read."""
    step = 4
    while step * 5 < value:
        step *= 5 if str(step)[0] == "4" else 2
    return max(4, -(-int(value + 0.999) // step) * step)
