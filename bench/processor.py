"""Processor time by process: what a rate costs. Unlike the rate itself, it says the same on a machine that does other things beside."""

import contextlib
import re
import time
from collections import Counter

import psutil

from bench.stack import Stack
from tests.support.deployment import Process

# As PostgreSQL names its processes: "postgres: test_routing <database> <client> idle".
_BACKEND = re.compile(r"\Apostgres: test_(\w+) ")


class Processor:
    """What each process spent between entering and leaving, by label: that of a service, or "postgres <service>" for its connections.

    "postgres" is the rest of the server (log, checkpoints, cleaning up), "rabbitmq" the node. `spent` is in seconds, `share` in cores.
    """

    def __init__(self, processes: dict[str, Process], stack: Stack):
        self._processes = {label: psutil.Process(each.pid) for label, each in processes.items()}
        self._postgres = stack.postgres.server.process
        self._rabbit = stack.broker.process
        self.spent: dict[str, float] = {}
        self.share: dict[str, float] = {}

    def __enter__(self) -> "Processor":
        self._start = time.monotonic()
        self._before = self._times()
        return self

    def __exit__(self, *_) -> None:
        taken = time.monotonic() - self._start
        for label, seconds in self._times().items():
            self.spent[label] = round(seconds - self._before[label], 3)
            self.share[label] = round(self.spent[label] / taken, 2)

    def each(self, count: int) -> dict[str, float]:
        """Milliseconds for each of `count` complaints, by label and together; the largest first."""
        costs = {label: round(1000 * seconds / count, 3) for label, seconds in self.spent.items()}
        costs = dict(sorted(costs.items(), key=lambda item: -item[1]))
        return costs | {"together": round(sum(costs.values()), 3)}

    def _times(self) -> Counter[str]:
        times = Counter({label: _with_children(each) for label, each in self._processes.items()})
        times["rabbitmq"] = _with_children(self._rabbit)
        # What a process spent that has ended meanwhile is in the times of the server itself.
        times["postgres"] = _with_children(self._postgres)
        for child in self._postgres.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if found := _BACKEND.match(" ".join(child.cmdline())):
                    seconds = _own(child)
                    times[f"postgres {found[1]}"] += seconds
                    times["postgres"] -= seconds
        return times


def _with_children(process: psutil.Process) -> float:
    """A process with all that it started, those too that have ended."""
    seconds = _own(process) + _reaped(process)
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            seconds += _own(child) + _reaped(child)
    return seconds


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _reaped(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.children_user + times.children_system
