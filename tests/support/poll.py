"""Waiting in tests: ask again until it is so, or fail at a deadline. No test sleeps for a guessed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(predicate: Callable[[], T], seconds: float = 60.0, every: float = 0.02) -> T:
    """The first truthy value of `predicate()`; after `seconds` AssertionError with the last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s; last value: {value!r}")
        time.sleep(every)
