"""Where a process spends its time: py-spy looks into it from outside, and the functions are named."""

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOP = 25
WATCHDOG = "_guard (services/chassis/hub.py"


class NotInstalled(Exception):
    """py-spy is not there."""


def find() -> str:
    """The py-spy of this environment. Raises NotInstalled."""
    found = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if found is None:
        raise NotInstalled("--profile needs py-spy: .venv/bin/pip install py-spy")
    return found


@contextmanager
def looking(pid: int, place: Path) -> Iterator[None]:
    """While the block runs, samples the process; then writes a table of its functions to `place` and the stacks beside it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        raw = Path(directory, "stacks")
        command = [
            find(),
            "record",
            "--pid",
            str(pid),
            "--format",
            "raw",
            "--rate",
            "200",
            "--output",
            str(raw),
        ]
        # Without --duration it looks until it is told to stop, and then writes.
        child = subprocess.Popen(
            [*command, "--duration", "3600"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            child.send_signal(2)
            output, _ = child.communicate(timeout=60)
        if not raw.exists():
            raise AssertionError(f"py-spy wrote nothing: {output.decode(errors='replace')[-500:]}")
        stacks = raw.read_text()
    place.with_suffix(".stacks").write_text(stacks)
    place.write_text(summary(stacks))


def summary(stacks: str) -> str:
    """The functions with the most time of their own, and with the most time including what they call, from collapsed stacks."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    samples = 0
    for line in stacks.splitlines():
        frames, _, number = line.rpartition(" ")
        # The watchdog's thread sleeps in a call that py-spy takes for work.
        if not number.isdigit() or WATCHDOG in frames:
            continue
        names = [_without_line(frame) for frame in frames.split(";")]
        samples += int(number)
        own[names[-1]] += int(number)
        for name in set(names):
            whole[name] += int(number)
    lines = [f"{samples} samples while it was busy"]
    for title, counted in (("own time", own), ("with what it calls", whole)):
        lines += ["", title]
        lines += [
            f"{100 * number / max(1, samples):6.1f} %  {name}" for name, number in counted.most_common(TOP)
        ]
    return "\n".join(lines) + "\n"


def _without_line(frame: str) -> str:
    """ "send (socket.py:12)" → "send (socket.py)": a function counts once, whichever line it was at."""
    name, _, place = frame.partition(" (")
    return f"{name} ({place.rpartition(':')[0] or place.rstrip(')')})" if place else name
