"""Processes of tests that end with the test run, also when the run itself is killed."""

import shutil


def to_this_process(signal: str = "KILL") -> list[str]:
    """What to put before a command so that the kernel sends it `signal` when this process is gone.

    Nothing, where util-linux is not installed; such processes are then ended by the fixtures alone.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal, "--"] if setpriv else []
