"""`make test`: every check with its time limit, and one line that sums up.

As many processes run side by side as there are processors, two at most. A long suite is shared out to that many. The suites that
start servers and hold them against deadlines run so too: mostly they wait, and no deadline of theirs is so tight that a second
process on the machine breaks it.

Nothing passes by being skipped: a skipped test fails the run.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as Tree
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LANES = min(2, os.cpu_count() or 1)
COUNTS = ("tests", "failures", "errors", "skipped")
#: Whoever runs the tests may end them at any moment; what was started ends then too.
RUNNING: set[subprocess.Popen] = set()


@dataclass(frozen=True)
class Check:
    """One part of the run. `limit` ends what hangs, in seconds. On two quiet cores each takes a third of it; on a machine that
    others use too, it must not fail for that.
    """

    name: str
    limit: int
    #: What to run; without it, the tests of the directory of that name.
    command: tuple[object, ...] = ()
    #: To how many processes its tests are shared out.
    shares: int = 1


CHECKS = (
    Check("unit", 900, shares=LANES),
    Check("e2e", 900, shares=LANES),
    Check("integration", 1200, shares=LANES),
    Check("system", 600),
    Check("contract", 180),
    Check("architecture", 180),
    Check("lint", 60, (BIN / "ruff", "check", ".")),
    Check("format", 60, (BIN / "ruff", "format", "--check", ".")),
)


@dataclass(frozen=True)
class Part:
    """What one process does of a check."""

    name: str
    limit: int
    command: tuple[object, ...] = ()
    places: tuple[str, ...] = ()
    #: How long it takes among the others, more or less.
    weight: float = 0.0


@dataclass
class Done:
    """What became of a part."""

    part: Part
    failed: bool
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    output: str = ""

    def __str__(self) -> str:
        word = "FAILED" if self.failed else "ok"
        tests = f"  {self.counts['tests']} tests" if self.counts else ""
        return f"{self.part.name:<16}{word:<8}{self.seconds:6.1f} s of {self.part.limit}{tests}"


def main(names: list[str]) -> int:
    """Runs what is named, or everything; returns the exit code."""
    unknown = set(names) - {check.name for check in CHECKS}
    if unknown:
        print(
            f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(check.name for check in CHECKS)}"
        )
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    chosen = [check for check in CHECKS if not names or check.name in names]
    try:
        todo = [part for check in chosen for part in parts(check)]
        # The longest come first, so that the short ones fill up what is left at the end.
        done = side_by_side(sorted(todo, key=lambda part: -part.weight))
    except KeyboardInterrupt:
        print("\nended before its end")
        return 130
    return summed_up(done, time.monotonic() - began)


def parts(check: Check) -> Iterator[Part]:
    """A check as what its processes do: its directories, with all that is below them, shared out so that each has about as much
    to read.

    The files that lie in none are kept together, since they share what takes long to start.
    """
    if check.shares == 1 or check.command:
        yield Part(check.name, check.limit, check.command, (f"tests/{check.name}",), check.limit)
        return
    home = Path(ROOT, "tests", check.name)
    groups = [sorted(home.glob("test_*.py"))]
    groups += [sorted(each.rglob("test_*.py")) for each in home.iterdir() if each.is_dir()]
    shares: list[list[Path]] = [[] for _ in range(check.shares)]
    for group in sorted(groups, key=size, reverse=True):
        min(shares, key=size).extend(group)
    for number, share in enumerate(filter(None, shares), 1):
        places = tuple(str(each.relative_to(ROOT)) for each in sorted(share))
        weight = check.limit * size(share) / sum(map(size, shares))
        yield Part(f"{check.name} {number}/{check.shares}", check.limit, (), places, weight)


def size(files: Sequence[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def side_by_side(todo: list[Part]) -> list[Done]:
    """Runs parts in lanes, in their order. What one prints is shown whole, once it has ended."""
    if len(todo) < 2:
        return [run(part) for part in todo]
    print("side by side: " + ", ".join(part.name for part in todo), flush=True)
    with ThreadPoolExecutor(LANES) as lanes:
        under_way = [lanes.submit(run, part, aside=True) for part in todo]
        try:
            for each in as_completed(under_way):
                done = each.result()
                print(f"\n===== {done.part.name} =====\n{done.output}", end="", flush=True)
        except KeyboardInterrupt:
            for each in under_way:
                each.cancel()
            end(list(RUNNING))
            raise
    return [each.result() for each in under_way]


def run(part: Part, *, aside: bool = False) -> Done:
    """Runs one part in a process of its own: some suites are patched by eventlet and some must not be. `aside`: it prints later."""
    if not aside:
        print(f"\n===== {part.name} =====", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        report, output = Path(directory, "report.xml"), Path(directory, "output")
        command = part.command or (
            *(sys.executable, "-m", "pytest", *part.places),
            *(f"--junitxml={report}", "--durations=5"),
        )
        with output.open("wb") as file:
            code = ended([str(each) for each in command], part, file.fileno() if aside else None)
        counts = counted(report)
        missing = not part.command and not counts
        return Done(
            part, bool(code) or missing, time.monotonic() - began, counts, output.read_text(errors="replace")
        )


def ended(command: list[str], part: Part, output: int | None) -> int:
    """The exit code of a command with a time limit; past it, the command and all that it started are ended."""
    child = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=output, stderr=output)  # noqa: S603
    RUNNING.add(child)
    try:
        return child.wait(part.limit)
    except subprocess.TimeoutExpired:
        print(f"{part.name} took longer than {part.limit} s", flush=True)
        return 124
    finally:
        end([child])
        RUNNING.discard(child)


def end(children: Sequence[subprocess.Popen]) -> None:
    """Has children end, with what they started: asked first, and made to if they do not."""
    for number, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 10)):
        alive = [child for child in children if child.poll() is None]
        for child in alive:
            os.killpg(child.pid, number)
        for child in alive:
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                continue


def counted(report: Path) -> dict[str, int]:
    """What pytest wrote of its tests; nothing if it did not come to that."""
    if not report.exists():
        return {}
    suites = list(Tree.parse(report).getroot().iter("testsuite"))  # noqa: S314 - pytest wrote it just now.
    return {key: sum(int(each.get(key, 0)) for each in suites) for key in COUNTS}


def summed_up(done: list[Done], seconds: float) -> int:
    print("\n" + "\n".join(map(str, done)))
    totals = {key: sum(each.counts.get(key, 0) for each in done) for key in COUNTS}
    bad = totals["failures"] + totals["errors"]
    passed = totals["tests"] - bad - totals["skipped"]
    words = [
        f"{count} {word}"
        for count, word in ((bad, "failed"), (passed, "passed"), (totals["skipped"], "skipped"))
        if count or word == "passed"
    ]
    print(f"===== {', '.join(words)} in {seconds:.2f}s =====")
    wrong = [each.part.name for each in done if each.failed]
    if totals["skipped"]:
        wrong.append(f"{totals['skipped']} skipped")
    if wrong:
        print("not well: " + ", ".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
