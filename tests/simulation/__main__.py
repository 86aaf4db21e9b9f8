"""`python -m tests.simulation --seed 1`: a year. Exit code 0 only if nothing was broken. The report goes to var/simulation/."""

import argparse
import logging
import os
import signal
import sys
import time
import warnings
from datetime import date
from pathlib import Path

# The process is no service: nothing of it needs to be green.
warnings.filterwarnings("ignore", category=DeprecationWarning)

from services.chassis import database  # noqa: E402 - what it imports warns.
from services.cli.keys import generate  # noqa: E402
from tests.simulation.invariants import Broken  # noqa: E402
from tests.simulation.run import Wish, begun  # noqa: E402
from tests.simulation.world import SETTINGS  # noqa: E402
from tests.support.databases import Template  # noqa: E402
from tests.support.deployment import ROOT  # noqa: E402
from tests.support.postgres import PrivatePostgres  # noqa: E402


def main() -> int:
    """Runs and returns the exit code."""
    # Whoever ends it wants the server that it started ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    usual = Wish()
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument(
        "--first-day",
        type=date.fromisoformat,
        default=usual.first_day,
        help="the calendar knows the year around it",
    )
    parser.add_argument("--days", type=int, default=usual.days)
    parser.add_argument("--per-day", type=float, default=usual.per_day, help="complaints on a usual day")
    parser.add_argument(
        "--officers",
        type=int,
        default=usual.officers,
        help="liaison officers on the roster, at least two for each body",
    )
    parser.add_argument(
        "--report", type=Path, default=ROOT / "var" / "simulation", help="directory of the reports"
    )
    given = parser.parse_args()
    wish = Wish(given.seed, given.first_day, given.days, given.per_day, given.officers)
    logging.disable(logging.INFO)
    os.environ.update({**generate(), **SETTINGS})
    server = PrivatePostgres().start()
    try:
        os.environ.update(Template(server.url).copy().environment)
        return _run(wish, given.report)
    finally:
        database.forget()
        server.close()


def _run(wish: Wish, place: Path) -> int:
    from tests.simulation import picture, report

    began = time.monotonic()
    with begun(wish, lambda line: print(line, flush=True)) as simulation:
        try:
            simulation.run()
        except Broken as broken:
            print(f"BROKEN: {broken}", flush=True)
            return 1
        text = report.write(simulation, time.monotonic() - began)
        place.mkdir(parents=True, exist_ok=True)
        stem = place / f"seed-{wish.seed}"
        stem.with_suffix(".txt").write_text(text, encoding="utf-8")
        stem.with_suffix(".svg").write_text(picture.draw(simulation), encoding="utf-8")
        print(f"\n{text}\nwritten to {stem}.txt and {stem}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
