"""The watchdog ends the process, so each test gives it one of its own."""

import subprocess
import sys

from services.chassis.hub import EXIT_BLOCKED

START = """
import eventlet
eventlet.monkey_patch()
import time, re, sys
from services.chassis import hub, metrics
hub.watch_hub(limit_seconds={limit})
eventlet.sleep(0.3)
blocking = eventlet.patcher.original("time").sleep
"""


def run(code: str, limit: float = 1.0) -> subprocess.CompletedProcess:
    program = START.format(limit=limit) + code
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_blocked_hub_ends_the_process():
    ended = run("""
def a_handler_that_blocks(secret):
    blocking(30)
a_handler_that_blocks("0791234567")
""")
    assert ended.returncode == EXIT_BLOCKED
    assert '"event": "hub_blocked"' in ended.stderr
    assert "in a_handler_that_blocks" in ended.stderr
    assert "0791234567" not in ended.stderr


def test_code_that_never_yields_ends_the_process():
    ended = run("""
def spin():
    while True:
        pass
spin()
""")
    assert ended.returncode == EXIT_BLOCKED
    assert "in spin" in ended.stderr


def test_a_busy_hub_that_still_turns_lives_and_is_watched_once():
    ended = run("""
hub.watch_hub(limit_seconds=0.01)
for _ in range(6):
    blocking(0.3)
    eventlet.sleep(0)
print("alive")
""")
    assert (ended.returncode, ended.stdout) == (0, "alive\n")


def test_a_suspended_process_is_not_taken_for_a_blocked_one():
    ended = run(
        """
import os, signal, subprocess
subprocess.Popen(["sh", "-c", f"sleep 3; kill -CONT {os.getpid()}"])
os.kill(os.getpid(), signal.SIGSTOP)
eventlet.sleep(1)
print("alive")
""",
        limit=2,
    )
    assert (ended.returncode, ended.stdout) == (0, "alive\n")


def test_the_lag_is_measured():
    ended = run(
        """
hub._WINDOW = 0.5
blocking(0.7)
eventlet.sleep(0.3)
print(metrics.hub_lag_seconds._value.get() > 0.4)
""",
        limit=10,
    )
    assert ended.stdout == "True\n", ended.stderr


def test_a_computation_off_the_hub_lets_others_go_on():
    import eventlet
    from eventlet import patcher

    from services.chassis import hub

    release = patcher.original("threading").Event()
    computing = eventlet.spawn(hub.off_the_hub, release.wait, 30)
    others = eventlet.spawn(release.set)
    others.wait()
    assert computing.wait() is True
