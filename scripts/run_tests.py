"""`make test`: every check in its order of speed, each with its time limit, and one line that sums up.

Nothing passes by being skipped: a skipped test fails the run.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as Tree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: name, command, seconds.
CHECKS = (
    ("lint", [BIN / "ruff", "check", "."], 60),
    ("format", [BIN / "ruff", "format", "--check", "."], 60),
)
# Ends what hangs. On two quiet cores each takes a third of it; on a machine that others use too, it must not fail for that.
SUITES = (
    ("unit", 600),
    ("architecture", 180),
    ("contract", 180),
    ("system", 600),
    ("integration", 1200),
    ("e2e", 900),
)


def main(names: list[str]) -> int:
    """Runs what is named, or everything; returns the exit code."""
    began = time.monotonic()
    failed: list[str] = []
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    rows = []
    for name, command, limit in CHECKS:
        if not names or name in names:
            rows.append(run(name, command, limit, failed))
    for name, limit in SUITES:
        if not names or name in names:
            rows.append(suite(name, limit, failed, totals))
    print("\n" + "\n".join(rows))
    if totals["skipped"]:
        failed.append(f"{totals['skipped']} skipped")
    bad = totals["failures"] + totals["errors"]
    passed = totals["tests"] - bad - totals["skipped"]
    counts = ", ".join(
        f"{count} {word}"
        for count, word in ((bad, "failed"), (passed, "passed"), (totals["skipped"], "skipped"))
        if count or word == "passed"
    )
    print(f"===== {counts} in {time.monotonic() - began:.2f}s =====")
    if failed:
        print("not well: " + ", ".join(failed))
    return 1 if failed else 0


def suite(name: str, limit: int, failed: list[str], totals: dict[str, int]) -> str:
    """One directory of tests in a process of its own: some are patched by eventlet and some must not be."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.xml")
        command = [sys.executable, "-m", "pytest", f"tests/{name}", f"--junitxml={report}", "--durations=5"]
        row = run(name, command, limit, failed)
        if not report.exists():
            if name not in failed:
                failed.append(name)
            return row
        for each in Tree.parse(report).getroot().iter("testsuite"):  # noqa: S314 - pytest wrote it just now.
            for key in totals:
                totals[key] += int(each.get(key, 0))
            row += f"  {each.get('tests')} tests"
        return row


def run(name: str, command: list, limit: int, failed: list[str]) -> str:
    """Runs one command with a time limit; past it, the command and all it started are ended."""
    print(f"\n===== {name} =====", flush=True)
    began = time.monotonic()
    child = subprocess.Popen([str(part) for part in command], cwd=ROOT, start_new_session=True)  # noqa: S603
    try:
        code = child.wait(limit)
    except subprocess.TimeoutExpired:
        print(f"{name} took longer than {limit} s", flush=True)
        os.killpg(child.pid, 15)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            child.wait()
        code = 124
    if code:
        failed.append(name)
    return f"{name:<14}{'ok' if code == 0 else 'FAILED':<8}{time.monotonic() - began:6.1f} s of {limit}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
