"""Running services in this process until a signal ends it."""

import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from importlib import import_module
from importlib.util import find_spec

import eventlet
import eventlet.debug
from eventlet.hubs import trampoline
from nameko import config
from nameko.runners import ServiceRunner

from services.chassis import actor, broker, database, hub, logs, relay, schedule, settings, subscriber, web

log = logs.get()
PROOF_AGAIN_SECONDS = 2
STOP_SECONDS = 25
"""Time for requests and handlers to finish; below the 30 s after which supervisors kill."""


def run(classes: Iterable[type], started: Callable[[], None] = lambda: None) -> int:
    """Runs the services until SIGTERM or SIGINT, or until one of them fails; returns the exit code.

    `started` is called once all of them are up. A second signal, or work that does not end in time, ends the
    process at once: the outbox and the inbox make that safe.
    """
    # What a green thread raises is logged where it is handled; eventlet's own print of it would show its text.
    eventlet.debug.hub_exceptions(False)
    # nameko counts the threads of the chassis, which end by themselves, as threads that it had to kill.
    logging.getLogger("nameko.containers").setLevel(logging.ERROR)
    signals = _Signals()
    runner = ServiceRunner()
    classes = list(classes)
    # The chassis has its own connections; nameko's are never opened.
    config.setup({"AMQP_URI": os.environ.get("AMQP_URI", "memory://"), "serializers": {}})
    with settings.fail_at_start():
        for service in classes:
            check(service)
            runner.add_service(service)
        runner.start()
    _spare_the_collector()
    started()
    watchers = [eventlet.spawn(_wait, runner, signals.received)]
    owners = [service.name for service in classes if _has_database(service)]
    if owners:
        # One stands for all: how the driver waits is a matter of the process.
        watchers.append(eventlet.spawn(_prove, owners[0], signals.received))
    number = signals.received.wait()
    if number is None:
        log.error("service_failed")
        runner.kill()
        return 1
    log.info("stopping", signal=number)
    signals.on_second(lambda: os._exit(128 + number))
    try:
        with eventlet.Timeout(STOP_SECONDS):
            runner.stop()
    except eventlet.Timeout:
        log.error("stop_took_too_long", seconds=STOP_SECONDS)
        return 1
    for watcher in watchers:
        watcher.kill()
    log.info("stopped")
    return 0


def _spare_the_collector() -> None:
    """What was imported and built stays until the end: the cycle collector need not look at it again and again.

    Requests and batches make thousands of objects that go by themselves; looking for cycles every 700 of them cost a fiftieth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def check(service_class: type) -> None:
    """Reads all settings of a service, so that what is wrong is said in one line before anything has started.

    Raises SettingError.
    """
    service = service_class.name
    settings.load(hub.Settings)
    settings.load(web.Settings, service=service)
    if not _has_database(service_class):
        settings.load(actor.SigningSettings)
    else:
        settings.load(database.Settings, service=service)
        for each in (
            actor.VerifyingSettings,
            broker.Settings,
            relay.Settings,
            subscriber.Settings,
            schedule.Settings,
        ):
            settings.load(each)
    own = f"{service_class.__module__.rpartition('.')[0]}.settings"
    if find_spec(own) is not None:
        for value in vars(import_module(own)).values():
            if isinstance(value, type) and is_dataclass(value) and settings.describe(value):
                settings.load(value)


def _has_database(service_class: type) -> bool:
    return service_class.name != "gateway"


def _prove(service: str, received: eventlet.event.Event) -> None:
    """Ends the process if a query stops all others. Beside the start, since the database may be away: then the proof follows later."""
    with logs.context(service=service):
        while True:
            try:
                database.prove_concurrency(service)
                log.info("concurrency_proven")
                return
            except database.DriverBlocks:
                log.error("database_driver_blocks")
                if not received.ready():
                    received.send(None)
                return
            except Exception as error:
                log.warning("concurrency_not_proven", error=database.safe_text(error))
                eventlet.sleep(PROOF_AGAIN_SECONDS)


def _wait(runner: ServiceRunner, received: eventlet.event.Event) -> None:
    """A container that dies of something unforeseen ends the process; whoever supervises it starts it again."""
    try:
        runner.wait()
    except Exception:
        log.exception("container_died")
    if not received.ready():
        received.send(None)


class _Signals:
    """SIGTERM and SIGINT as an eventlet event.

    A handler that raised would hit whatever green thread runs, in the middle of its transaction, and one that
    only set a flag would not wake a hub that waits. So the signal comes through a pipe that a green thread reads.
    """

    def __init__(self) -> None:
        self.received = eventlet.event.Event()
        self._second: Callable[[], None] | None = None
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        eventlet.spawn(self._read, reader)

    def on_second(self, callback: Callable[[], None]) -> None:
        self._second = callback

    def _read(self, reader: int) -> None:
        while True:
            trampoline(reader, read=True)
            with contextlib.suppress(BlockingIOError):
                for number in os.read(reader, 64):
                    if not self.received.ready():
                        self.received.send(number)
                    elif self._second is not None:
                        self._second()
