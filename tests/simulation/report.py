"""The report of a run as text: promises kept, fairness of loads, escalations, unowned time, and what people did."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from statistics import mean, median
from typing import Any

from services.chassis.clock import AMMAN
from tests.simulation.ledger import Case
from tests.simulation.measures import Measures, gini, kept
from tests.simulation.run import Simulation

_LEAST = 20


def write(simulation: Simulation, seconds: float) -> str:
    """All tables."""
    cases, now = list(simulation.ledger.cases.values()), simulation.clock.at
    wish = simulation.wish
    parts = [
        f"seed {wish.seed}: {wish.days} days from {wish.first_day}, {len(cases)} complaints, {simulation.checks.done} states of cases "
        f"checked in {simulation.checks.steps} steps, {simulation.checks.counted} due times counted with a finger, "
        f"nothing broken; {seconds:.0f} s",
        _whole(cases, now),
        _kept("by month of receipt", cases, now, lambda case: f"{case.received_at.astimezone(AMMAN):%Y-%m}"),
        _kept("by kind", cases, now, lambda case: case.kind),
        _kept("by flag", cases, now, lambda case: " + ".join(sorted(case.flags)) or "none"),
        _kept("by body", cases, now, lambda case: case.institution or "nobody", least=_LEAST),
        _fairness(simulation.measures),
        _table("What people did", ("act", "times"), sorted(simulation.doing.counts.items())),
        _table("Facts of routing", ("fact", "times"), sorted(_facts(cases).items())),
    ]
    return "\n\n".join(parts) + "\n"


def _whole(cases: Sequence[Case], now: datetime) -> str:
    done, due = kept(cases, now)
    unowned = [case for case in cases if case.unowned_seconds]
    hours = [case.unowned_seconds / 3600 for case in unowned]
    levels = Counter(level for case in cases for level in case.escalations)
    answered = [case for case in cases if case.answered_at]
    days = [
        (case.answered_at - case.received_at).total_seconds() / 86400 for case in answered if case.answered_at
    ]
    scores = [case.score for case in cases if case.score]
    rows = [
        ("promises kept", f"{done} of {due} ({_share(done, due)})"),
        (
            "days until the first answer",
            f"median {median(days):.1f}, mean {mean(days):.1f}, longest {max(days):.1f}" if days else "-",
        ),
        (
            "promises that moved",
            f"{sum(case.moved > 0 for case in cases)} cases, {sum(case.moved for case in cases)} times",
        ),
        ("questions asked", f"{sum(case.asked for case in cases)}"),
        ("replies returned", f"{sum(case.returned for case in cases)}"),
        (
            "transfers",
            f"{sum(case.transfers for case in cases)}, at most {max((case.transfers for case in cases), default=0)} of one case",
        ),
        (
            "disputed, reopened",
            f"{sum(case.disputed for case in cases)}, {sum(case.reopened for case in cases)}",
        ),
        (
            "unowned for a time",
            f"{len(unowned)} cases, median {median(hours):.1f} h, longest {max(hours):.1f} h"
            if hours
            else "0 cases",
        ),
        (
            "escalations",
            ", ".join(f"level {level}: {number}" for level, number in sorted(levels.items())) or "none",
        ),
        ("rated", f"{len(scores)}, {mean(scores):.2f} of 5" if scores else "0"),
    ]
    ends = Counter(case.status for case in cases)
    rows += [(f"at the end {state}", str(number)) for state, number in ends.most_common()]
    return _table("The whole", ("figure", "value"), rows)


def _kept(
    title: str, cases: Iterable[Case], now: datetime, key: Callable[[Case], str], least: int = 1
) -> str:
    groups: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[key(case)].append(case)
    rows, rest = [], []
    for name, group in sorted(groups.items()):
        if len(group) < least:
            rest += group
        else:
            rows.append(_kept_row(name, group, now))
    if rest:
        rows.append(_kept_row(f"(bodies with fewer than {least})", rest, now))
    return _table(
        f"Promises kept {title}",
        ("", "filed", "due or answered", "kept", "share", "reopened", "escalated"),
        rows,
    )


def _kept_row(name: str, group: Sequence[Case], now: datetime) -> tuple[Any, ...]:
    done, due = kept(group, now)
    return (
        name,
        len(group),
        due,
        done,
        _share(done, due),
        sum(case.reopened for case in group),
        sum(bool(case.escalations) for case in group),
    )


def _fairness(measures: Measures) -> str:
    rows = []
    for body, weeks in sorted(measures.spreads.items()):
        busy = [each for each in weeks if each.total]
        if not busy:
            continue
        rows.append(
            (
                body,
                round(mean(each.officers for each in busy), 1),
                f"{mean(each.smallest for each in busy):.1f}",
                f"{mean(each.greatest for each in busy):.1f}",
                max(each.greatest - each.smallest for each in busy),
                f"{mean(each.gini for each in busy):.2f}",
                f"{measures.given(body):.2f}",
            )
        )
    title = (
        "Fairness of loads: open load of the officers who are at work, each Thursday evening; "
        "the last column is the Gini of what each was given in all"
    )
    return _table(title, ("body", "officers", "least", "most", "widest", "Gini", "Gini given"), rows)


def _facts(cases: Iterable[Case]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for case in cases:
        found.update(case.facts)
    return found


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    texts = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  " + "  ".join(cells).rstrip()

    return "\n".join(
        [title, line(texts[0]), "  " + "  ".join("-" * width for width in widths), *map(line, texts[1:])]
    )


__all__ = ["gini", "write"]
