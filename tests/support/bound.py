"""Processes of tests that end with the test run, also when the run itself is killed."""

import os
import shutil
import threading


def to_this_process(signal: str = "KILL") -> list[str]:
    """What to put before a command so that the kernel sends it `signal` when this process is gone.

    Nothing, where util-linux is not installed, and in any thread but the main one, since the kernel takes the end of the
    starting thread for the end of the parent. Such processes are ended by their fixtures alone.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal, "--"] if setpriv and in_main_thread() else []


def in_main_thread() -> bool:
    """Whether this is the main thread of the operating system's process, whatever eventlet makes of threads."""
    return threading.get_native_id() == os.getpid()
