"""`make run`: one process with everything in it, which can be ended in any way and leaves nothing behind."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from services.cli.postgres import free_port
from tests.support import journey
from tests.support.deployment import ROOT, status
from tests.support.poll import until


class Run:
    """One `make run` on a directory."""

    def __init__(self, directory: Path, environment: dict[str, str], port: int | None = None):
        self.port = port or free_port()
        self.gateway = f"http://127.0.0.1:{self.port}"
        self.output = directory / "output"
        self.var = directory / "var"
        with self.output.open("ab") as output:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "embedded"],
                env={**environment, "BEKHEDMETKOM_VAR": str(self.var), "GATEWAY_PORT": str(self.port)},
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_ready(self) -> "Run":
        def ready() -> bool:
            assert self.child.poll() is None, self.text
            return status(self.gateway + "/health/ready") == 200 and (self.var / "running.json").exists()

        until(ready, 120, every=0.1)
        return self

    @property
    def text(self) -> str:
        return self.output.read_text()

    def processes(self) -> list[psutil.Process]:
        """Whatever works on this directory."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(str(self.var) in part for part in process.info["cmdline"] or [])
        ]


@pytest.fixture
def bare(tmp_path):
    """An environment with nothing of ours in it, and a directory that a server's own user may enter."""
    tmp_path.chmod(0o755)
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}


def slowness(environment: dict[str, str]) -> float:
    """How many times longer than on a quiet machine it takes now to start a command that does nothing; 1 at least."""
    began = time.monotonic()
    command = [sys.executable, "-m", "services.cli", "--help"]
    subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, check=True, timeout=120)
    return max(1.0, (time.monotonic() - began) / 2)


def test_first_start_files_shows_and_stops_without_a_trace(tmp_path, bare):
    before = slowness(bare)
    began = time.monotonic()
    run = Run(tmp_path, bare).wait_ready()
    tracking = journey.file(run.gateway)
    taken = time.monotonic() - began
    assert taken < 15 * max(before, slowness(bare)), "from start to the first accepted complaint"
    seen = journey.wait_until_assigned(run.gateway, tracking)
    assert seen["institution"]
    for expected in (
        run.gateway,
        "filed on this first start",
        "300 officers",
        "approver's desk",
        "make demo",
        "Ctrl-C",
    ):
        assert expected in run.text
    state = json.loads((run.var / "running.json").read_text())
    assert state["pid"] == run.child.pid

    run.child.send_signal(signal.SIGTERM)
    assert run.child.wait(60) == 0, run.text
    until(lambda: not run.processes())
    assert not (run.var / "running.json").exists()

    again = Run(tmp_path, bare).wait_ready()
    assert journey.track(again.gateway, tracking)["status"]["code"] == "assigned"
    assert again.text.count("filed on this first start") == 1
    again.child.send_signal(signal.SIGINT)
    assert again.child.wait(60) == 0
    until(lambda: not again.processes())


def test_a_kill_loses_nothing_and_the_next_start_takes_over(tmp_path, bare):
    run = Run(tmp_path, bare).wait_ready()
    filed = [journey.file(run.gateway) for _ in range(10)]
    run.child.kill()
    run.child.wait(60)
    left = run.processes()
    assert left, "PostgreSQL is still there, as after any kill"

    again = Run(tmp_path, bare).wait_ready()
    for tracking in filed:
        journey.wait_until_assigned(again.gateway, tracking, 40)
    again.child.send_signal(signal.SIGTERM)
    assert again.child.wait(60) == 0
    until(lambda: not again.processes())


def test_a_taken_port_and_a_second_run_are_said_in_one_line(tmp_path, bare):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = Run(tmp_path, bare, port)
        assert run.child.wait(60) == 1
    assert (
        run.text.strip()
        == f"cannot run: port {port} is taken; choose another with GATEWAY_PORT=8010 make run"
    )

    first = Run(tmp_path, bare).wait_ready()
    second = Run(tmp_path, bare)
    assert second.child.wait(60) == 1
    assert "another process already runs" in second.text
    first.child.send_signal(signal.SIGTERM)
    assert first.child.wait(60) == 0


def test_a_stop_in_the_middle_of_starting_leaves_nothing(tmp_path, bare):
    run = Run(tmp_path, bare)
    until(lambda: "bringing the schemas" in run.text)
    run.child.send_signal(signal.SIGTERM)
    run.child.wait(60)
    until(lambda: not run.processes())
