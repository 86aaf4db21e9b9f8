"""A toy service in a process of its own, to be killed: `python -m tests.support.toy_process Ponger`.

Moods that only make sense where dying is allowed are defined here.
"""

import eventlet

eventlet.monkey_patch()

import os  # noqa: E402
import sys  # noqa: E402

from services.chassis import database, driver, logs  # noqa: E402
from services.cli import processes  # noqa: E402
from tests.support import toy  # noqa: E402


def die(_connection, _event) -> None:
    """The process ends in the middle of the handler."""
    os._exit(9)


def die_after_commit_once(connection, _event) -> None:
    """The process ends between the commit and the acknowledgement; the second delivery finds the effect done."""
    database.after_commit(connection, lambda: os._exit(9))


def slow(_connection, _event) -> None:
    """The handler takes two seconds and lets others run."""
    eventlet.sleep(2)  # a fault: it is slow


def block(_connection, _event) -> None:
    """The handler holds the whole process, longer than two heartbeats of two seconds."""
    eventlet.patcher.original("time").sleep(7)


MOODS = {"die": die, "die_after_commit": die_after_commit_once, "slow": slow, "block": block}

if __name__ == "__main__":
    logs.configure("toy")
    toy.MOODS.update(MOODS)
    if sys.argv[1:] == ["record-and-die"]:
        toys = toy.Toys.__new__(toy.Toys)
        print(toys.ping(["good", "good"]), flush=True)
        os._exit(9)
    names = sys.argv[1:]
    if names[0] == "blocking-driver":
        # The driver waits in C, as it does where nobody gives it a callback.
        driver.waiter = lambda _seconds: None
        names = names[1:]
    sys.exit(processes.run([getattr(toy, name) for name in names], lambda: print("started", flush=True)))
