"""The table: what must be reached, what is aimed at, what was measured, and its ratio to a floor of the same run."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """`must` and `aim` in `unit`; None where there is none. `more` says whether more is better."""

    text: str
    unit: str
    must: float | None
    aim: float | None
    more: bool = True
    floor: str | None = None


_COST = "… processor time for each, everything but load and sinks"

#: The floors first; then the figures in the order in which they are read.
TARGETS = {
    "insert_per_second": Target("floor: one-row transactions, 12 connections", "/s", None, None),
    "publish_per_second": Target("floor: confirmed publishes, py-amqp", "/s", None, None),
    "consume_per_second": Target("floor: consumed messages, py-amqp", "/s", None, None),
    "accept_rate": Target(
        "accepted through the gateway, 20 connections", "/s", 800, 1500, floor="insert_per_second"
    ),
    "accept_p99": Target("… p99", "ms", 100, None, more=False),
    "accept_keyed_rate": Target(
        "… each with an Idempotency-Key", "/s", None, None, floor="insert_per_second"
    ),
    "accept_cost": Target(_COST, "ms", None, None, more=False),
    "pipeline_rate": Target("whole pipeline, sustained", "/s", 300, 600, floor="insert_per_second"),
    "pipeline_p99": Target("… p99 of the answer", "ms", None, None, more=False),
    "pipeline_cost": Target(_COST, "ms", None, None, more=False),
    "drain_rate": Target("backlog drained by routing", "/s", 2000, 5000, floor="consume_per_second"),
    "drain_cost": Target(_COST, "ms", None, None, more=False),
    "timer_late_p99": Target("the clock with 100,000 open cases, 1 % due: late, p99", "s", 5, 2, more=False),
    "timer_late_max": Target("… the latest", "s", None, None, more=False),
    "escalation_rate": Target(
        "… all due after an outage: looked at and told", "/s", None, None, floor="insert_per_second"
    ),
    "recompute_seconds": Target(
        "100,000 promises counted again after a circular", "s", None, None, more=False
    ),
    "recompute_rate": Target("… promises", "/s", None, None, floor="insert_per_second"),
    "lag_p50": Target("accepted → in the dashboard's figures at 100/s, p50", "ms", None, None, more=False),
    "lag_p99": Target("… p99", "ms", 1000, 300, more=False),
    "lag_assigned_p99": Target("… shown with its institution, p99", "ms", None, None, more=False),
    "memory": Target("memory of a service process at rest, the largest", "MB", 150, 90, more=False),
    "first_accepted": Target("`make run` to the first accepted complaint", "s", 15, 5, more=False),
    "stored": Target("complaints stored for the figures below", "", None, None),
    "dashboard_p99": Target("dashboard query, p99", "ms", 100, 50, more=False),
    "worklist_p99": Target("list of work, p99 of the slowest", "ms", 50, None, more=False),
    "desk_p99": Target("what lies on a desk, p99 of the slowest", "ms", None, None, more=False),
    "search_p99": Target("search by words, p99 of the slowest", "ms", None, None, more=False),
    "accept_rate_stored": Target("accepted through the gateway", "/s", None, None, floor="insert_per_second"),
    "accept_growth": Target("… of the same with none stored", "%", 90, 98),
    "pipeline_rate_stored": Target("whole pipeline, sustained", "/s", None, None, floor="insert_per_second"),
    "pipeline_growth": Target("… of the same with none stored", "%", 90, 98),
    "drain_rate_stored": Target("backlog drained by routing", "/s", None, None, floor="consume_per_second"),
    "drain_growth": Target("… of the same with none stored", "%", 90, 98),
}


def verdict(target: Target, value: float) -> str:
    """ "aim", "must" or "short"; "" where nothing is asked for."""

    def reached(wanted: float | None) -> bool:
        return wanted is not None and (value >= wanted if target.more else value <= wanted)

    if reached(target.aim):
        return "aim"
    if target.must is None:
        return ""
    return "must" if reached(target.must) else "short"


def rows(measured: dict[str, float]) -> list[dict[str, Any]]:
    """What was measured beside what was asked for, JSON-safe."""
    found = []
    for code, target in TARGETS.items():
        if code not in measured:
            continue
        floor = measured.get(target.floor or "")
        found.append(
            {
                "code": code,
                **asdict(target),
                "value": measured[code],
                "verdict": verdict(target, measured[code]),
                "ratio_to_floor": round(measured[code] / floor, 3) if floor else None,
            }
        )
    return found


def table(measured: dict[str, float]) -> str:
    """For people."""
    lines = [f"{'figure':<62}{'measured':>12} {'unit':<5}{'must':>8}{'aim':>8}  {'':<7}{'to floor':>9}"]
    lines.append("-" * len(lines[0]))
    for row in rows(measured):
        must, aim = (_wanted(row[name], row["more"]) for name in ("must", "aim"))
        ratio = f"{row['ratio_to_floor']:.3f}" if row["ratio_to_floor"] is not None else ""
        line = f"{row['text']:<62}{row['value']:>12,.1f} {row['unit']:<5}{must:>8}{aim:>8}  {row['verdict']:<7}{ratio:>9}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def _wanted(value: float | None, more: bool) -> str:
    return "" if value is None else f"{'≥' if more else '≤'} {value:,.0f}"
