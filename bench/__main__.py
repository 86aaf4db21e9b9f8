"""`python -m bench`: the table of docs/performance.md in one run. Results go to bench/results/ as JSON."""

import argparse
import json
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import clock, desks, drain, figures, million, parts, profile
from bench.stack import Stack
from tests.support.deployment import ROOT

#: In this order: figures with nothing stored first, then the complaints are stored, then the same again.
PARTS: dict[str, Callable[[Stack, parts.Size], parts.Measured]] = {
    "floors": parts.floors,
    "start": parts.start,
    "memory": parts.memory,
    "accept": parts.accept,
    "pipeline": parts.pipeline,
    "lag": parts.lag,
    "drain": drain.drain,
    "escalation": clock.escalation,
    "recompute": clock.recompute,
}
STORED: dict[str, Callable[[Stack, parts.Size], parts.Measured]] = {
    "dashboard": parts.dashboard,
    "accept": parts.accept,
    "pipeline": parts.pipeline,
    "drain": drain.drain,
    # The last: it puts what is stored into other states.
    "worklist": desks.worklist,
}
SMALL = parts.Size(seconds=3, warm=1, backlog=2000, stored=2000, open=2000, floor_messages=2000, queries=20)
NAMES = (*PARTS, "stored", "dashboard", "worklist")
GROWTH = {"accept_rate": "accept_growth", "pipeline_rate": "pipeline_growth", "drain_rate": "drain_growth"}


def main() -> int:
    """Measures, prints, writes. Exit code 1 if a part failed; falling short of a target is a result and not a failure."""
    # Whoever ends it wants all that it started ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", help=f"parts, separated by commas: {', '.join(NAMES)}")
    parser.add_argument(
        "--small", action="store_true", help="seconds instead of minutes: to see whether it works"
    )
    parser.add_argument("--seconds", type=float, help="length of each measurement (default 20)")
    parser.add_argument(
        "--stored", type=int, help="complaints stored for the second half (default 1,000,000)"
    )
    parser.add_argument("--open", type=int, help="open cases for escalation and recompute (default 100,000)")
    parser.add_argument("--backlog", type=int, help="facts to be drained (default 100,000)")
    parser.add_argument(
        "--profile", metavar="PROCESS", help="look into this process (routing, gateway, …) with py-spy"
    )
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results")
    given = parser.parse_args()
    if given.profile:
        profile.find()
    wanted = given.only.split(",") if given.only else [*PARTS, "stored"]
    if unknown := set(wanted) - set(NAMES):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    run = Run(size(given), lambda text: print(text, flush=True))
    with Stack(run.log) as stack:
        run.parts(stack, {name: part for name, part in PARTS.items() if name in wanted})
        # What is measured with complaints stored alone is a part of "stored", and can be named by itself.
        alone = STORED.keys() - PARTS.keys()
        if not alone.isdisjoint(wanted) or "stored" in wanted:
            asked = {*wanted, *(alone if "stored" in wanted else ())}
            run.stored(stack, {name: part for name, part in STORED.items() if name in asked})
    print("\n" + figures.table(run.measured))
    given.results.mkdir(parents=True, exist_ok=True)
    place = given.results / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    place.write_text(json.dumps(run.result(), ensure_ascii=False, indent=1))
    print(f"\nwritten to {place}")
    for failure in run.failures:
        print(f"FAILED {failure}")
    return 1 if run.failures else 0


def size(given: argparse.Namespace) -> parts.Size:
    """The sizes that the options ask for."""
    base = SMALL if given.small else parts.Size()
    return parts.Size(
        seconds=given.seconds or base.seconds,
        warm=base.warm,
        backlog=given.backlog or base.backlog,
        stored=given.stored or base.stored,
        open=given.open or base.open,
        floor_messages=base.floor_messages,
        queries=base.queries,
        profiled=given.profile,
    )


class Run:
    """What was measured so far. A part that fails is noted, and the others go on."""

    def __init__(self, size: parts.Size, log: Callable[[str], None]):
        self.size, self.log = size, log
        self.measured: dict[str, float] = {}
        self.details: dict[str, dict] = {}
        self.failures: list[str] = []

    def parts(self, stack: Stack, chosen: dict, suffix: str = "") -> None:
        """Measures each part; `suffix` is added to the codes of what it finds."""
        for name, part in chosen.items():
            self.log(f"{name}{suffix} …")
            began = time.monotonic()
            try:
                found, details = part(stack, self.size)
            except Exception as error:
                traceback.print_exc()
                self.failures.append(f"{name}{suffix}: {type(error).__name__}: {str(error)[:500]}")
                continue
            for code, value in found.items():
                known = code + suffix if code + suffix in figures.TARGETS else code
                # Of a part that is measured twice, what has no line of its own is in the details.
                if known not in self.measured:
                    self.measured[known] = value
                if suffix and code in GROWTH and self.measured.get(code):
                    self.measured[GROWTH[code]] = round(100 * value / self.measured[code], 1)
            self.details[name + suffix] = {"figures": found, **details}
            self.log(
                f"    {', '.join(f'{code} {value}' for code, value in found.items())}  ({time.monotonic() - began:.0f} s)"
            )

    def stored(self, stack: Stack, chosen: dict) -> None:
        """Stores complaints, then measures again."""
        self.log(f"storing {self.size.stored:,} complaints …")
        try:
            self.details["stored"] = million.store(stack, self.size.stored, self.log)
        except Exception as error:
            traceback.print_exc()
            self.failures.append(f"storing: {type(error).__name__}: {str(error)[:500]}")
            return
        self.measured["stored"] = self.details["stored"]["complaints"]
        self.parts(stack, chosen, "_stored")

    def result(self) -> dict:
        """All of it, JSON-safe."""
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {
                "cores": len(os.sched_getaffinity(0)),
                "processor": platform.processor() or platform.machine(),
                "python": platform.python_version(),
                "load": os.getloadavg(),
            },
            "figures": figures.rows(self.measured),
            "details": self.details,
            "failures": self.failures,
        }


if __name__ == "__main__":
    sys.exit(main())
