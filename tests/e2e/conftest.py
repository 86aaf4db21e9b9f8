"""These tests drive separate processes from outside, and a browser: this process stays as Python made it."""

import sys

import pytest

if "eventlet" in sys.modules:
    import eventlet.patcher

    if eventlet.patcher.is_monkey_patched("socket"):
        raise pytest.UsageError("tests/e2e run in a process of their own: pytest tests/e2e")
