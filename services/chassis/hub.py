"""Watches eventlet's hub: how late it is, and whether something holds it. One process has one hub, whatever
services run on it.

A blocked hub answers no request, no heartbeat and no probe; the process looks alive and does nothing. It is
better dead: what it had
in hand is in the outbox and the inbox, and a supervisor starts it again.
"""

import contextlib
import faulthandler
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import eventlet
import eventlet.semaphore
from eventlet import patcher, tpool

from services.chassis import logs, metrics, settings
from services.chassis.settings import setting

T = TypeVar("T")

EXIT_BLOCKED = 70
"""EX_SOFTWARE of sysexits.h."""

_INTERVAL = 0.25
_LOOKS = 1.0
_WINDOW = 5.0
# A C call that holds the interpreter's lock stops our watching thread too; faulthandler's needs no lock. It
# cannot tell a process that
# was suspended from one that is stuck, so it is given far more time.
_LAST_RESORT = 10
# Long computations that may run beside the hub.
_AT_ONCE = 2

log = logs.get()
_watching = False
_beats = 0


@dataclass(frozen=True)
class Settings:
    """Settings of the watchdog."""

    blocked_seconds: float = setting(
        "HUB_BLOCKED_SECONDS",
        "How long the event loop may be blocked before the process ends itself with code 70.",
        default=60.0,
        kind=float,
        least=1,
    )


def watch_hub(limit_seconds: float | None = None) -> None:
    """Starts measuring the lag and guarding against a hub that is blocked for `limit_seconds`. The second
    call does nothing.
    """
    global _watching
    if _watching:
        return
    _watching = True
    limit = settings.load(Settings).blocked_seconds if limit_seconds is None else limit_seconds
    eventlet.spawn_n(_beat, limit)
    # A thread of the operating system: green ones stand still when the hub does.
    thread = patcher.original("threading").Thread(target=_guard, args=(limit,), name="hub-guard", daemon=True)
    thread.start()


def _beat(limit: float) -> None:
    global _beats
    worst, since, armed = 0.0, time.monotonic(), 0.0
    while True:
        before = time.monotonic()
        eventlet.sleep(_INTERVAL)
        after = time.monotonic()
        _beats += 1
        worst = max(worst, after - before - _INTERVAL)
        if after - since >= _WINDOW:
            metrics.hub_lag_seconds.set(worst)
            worst, since = 0.0, after
        if after - armed >= limit:
            with contextlib.suppress(RuntimeError, ValueError, OSError):
                faulthandler.dump_traceback_later(limit * _LAST_RESORT, exit=True, file=sys.__stderr__)
            armed = after


def _guard(limit: float) -> None:
    sleep, now = patcher.original("time").sleep, time.monotonic
    seen, silent, looked = -1, 0.0, now()
    pause = min(_LOOKS, limit / 4)
    while True:
        sleep(pause)
        moment = now()
        # Of a long gap only a part counts: the whole process, this thread included, was suspended then.
        silent = 0.0 if _beats != seen else silent + min(moment - looked, 2 * pause)
        seen, looked = _beats, moment
        if silent >= limit:
            _end(limit)


def _end(limit: float) -> None:
    """Says where every thread stands, names of code only, and ends the process."""
    os.write(2, b'{"level": "critical", "event": "hub_blocked", "seconds": %d}\n' % int(limit))
    # faulthandler prints files, lines and functions and never a value.
    with contextlib.suppress(Exception):
        faulthandler.dump_traceback(file=2)
    os._exit(EXIT_BLOCKED)


def give_up_after(seconds: float, error: Exception) -> eventlet.Timeout:
    """A block that `error` ends when it takes longer, wherever in it the time is lost."""
    return eventlet.Timeout(seconds, error)


_computing = eventlet.semaphore.Semaphore(_AT_ONCE)


def off_the_hub(function: Callable[..., T], *args: Any) -> T:
    """The result of a computation that lets go of the interpreter's lock: it runs in a thread of the system, and the hub goes on meanwhile.

    A few at once, so that neither the memory nor the processors of all others are used up by them; the rest wait for their turn.
    """
    with _computing:
        return tpool.execute(function, *args)
