"""Everything in one process on this machine: the default of `make run`. Nothing to install but Python.

What it files lies below `var/` (BEKHEDMETKOM_VAR): the database, the keys, the log. A kill -9 loses nothing: the
next start takes over the PostgreSQL that was left running, and the outbox delivers what no consumer had finished.
"""

import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway import auth
from services.chassis import logs, migrate, settings
from services.cli import database, demo_staff, keys, processes, registry, sinks
from services.cli.postgres import HOST, PostgresError, Server, free_port

STATE = "running.json"
"""Where the running process says what it is and where; `make demo` reads it."""


class CannotRunError(Exception):
    """Why it does not start, in one line for a person."""


def run() -> int:
    """Runs until Ctrl-C or SIGTERM; returns the exit code. PostgreSQL ends with it."""
    directory = var()
    # Until the services stop in an orderly way, SIGTERM ends the start as Ctrl-C does, and PostgreSQL with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with _alone(directory), _log_to(directory / "log" / "services.log"):
            return _run(directory)
    except (CannotRunError, PostgresError) as error:
        click.echo(f"cannot run: {error}", err=True)
        return 1


def var() -> Path:
    """The directory of what a run files."""
    return Path(os.environ.get("BEKHEDMETKOM_VAR", "var")).absolute()


def state() -> dict | None:
    """What the running process wrote about itself; None when none runs."""
    try:
        found = json.loads((var() / STATE).read_text())
        with socket.create_connection((HOST, found["gateway_port"]), timeout=2):
            return found
    except (OSError, ValueError, KeyError):
        return None


def join() -> None:
    """Leads a command to the process that runs here, if one does: to its databases and keys, where the environment names no others."""
    found = state()
    if found is None:
        return
    for name, url in found.get("databases", {}).items():
        os.environ.setdefault(name, url)
    _keys(var())


def _run(directory: Path) -> int:
    gateway_port = _gateway_port()
    _keys(directory)
    server = Server(directory / "postgres", settings={"synchronous_commit": "on"})
    say("starting PostgreSQL …")
    try:
        server.start()
        _addresses(server, gateway_port)
        filed = _prepare(server, directory)
        with sinks.running(directory / "sinks") as ends, settings.fail_at_start():
            for name, value in ends.items():
                os.environ.setdefault(name, value)
            os.environ.setdefault("PUBLIC_URL", f"http://{HOST}:{gateway_port}")
            logs.configure("embedded")
            classes = [registry.service_class(name) for name in registry.CLASSES]
            databases = {f"DATABASE_URL_{name.upper()}": url for name, url in _urls().items()}
            where = {
                "pid": os.getpid(),
                "gateway_port": gateway_port,
                "sinks": ends,
                "databases": databases,
            }
            return processes.run(classes, started=lambda: _started(directory, where, filed))
    finally:
        (directory / STATE).unlink(missing_ok=True)
        server.stop()
        say("stopped; nothing is left running")


def _gateway_port() -> int:
    text = os.environ.get("GATEWAY_PORT") or "8000"
    try:
        port = int(text)
        if port < 1:
            raise ValueError
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
    except (ValueError, OverflowError):
        raise CannotRunError(f"GATEWAY_PORT is {text!r}, which is no port") from None
    except OSError:
        raise CannotRunError(
            f"port {text} is taken; choose another with GATEWAY_PORT=8010 make run"
        ) from None
    return port


def _keys(directory: Path) -> None:
    for name, place in keys.files(directory / "keys").items():
        if name not in os.environ:
            os.environ.setdefault(f"{name}_FILE", str(place))


def _addresses(server: Server, gateway_port: int) -> None:
    """Tells the services, through their environment, where everything is."""
    os.environ["GATEWAY_PORT"] = str(gateway_port)
    os.environ["AMQP_URI"] = "embedded://"
    for name in registry.OWNERS:
        upper = name.upper()
        os.environ[f"DATABASE_URL_{upper}"] = (
            f"postgresql+psycopg2://{name}@{HOST}:{server.port}/bekhedmetkom"
        )
        port = os.environ.setdefault(f"{upper}_PORT", str(free_port()))
        os.environ[f"{upper}_URL"] = f"http://{HOST}:{port}"


def _urls() -> dict[str, str]:
    return {name: os.environ[f"DATABASE_URL_{name.upper()}"] for name in registry.OWNERS}


def _prepare(server: Server, directory: Path) -> dict[str, str]:
    """Database, schemas and, on first start, what an installation begins with; says what was filed."""
    urls = _urls()
    say("bringing the schemas up to date …")
    database.create(server.url, urls)
    for name, url in urls.items():
        migrate.upgrade(name, url)
    mark = directory / "seeded"
    if mark.exists():
        return {}
    from services.cli.main import seed_all

    filed = seed_all(urls)
    mark.write_text(f"{datetime.now(UTC).isoformat()}\n")
    return filed


def _started(directory: Path, where: dict, filed: dict[str, str]) -> None:
    (directory / STATE).write_text(json.dumps(where))
    base = f"http://{HOST}:{where['gateway_port']}"
    say("")
    say(f"  Bekhedmetkom · بخدمتكم   is running (process {where['pid']})")
    say("")
    code = auth.entry_codes.new("demo", ["coordinator"])
    for label, place in (
        ("pages", f"{base}/   (English: {base}/en/)"),
        ("API and its document", f"{base}/docs   {base}/openapi.json"),
        ("coordinator's figures", f"{base}/staff/enter?code={code}   (signs in, once)"),
        *((label, f"{place}   (Salt; signs in, once)") for label, place in demo_staff.links(base)),
        ("messages that went out", f"{base}/demo/messages"),
        ("logs", f"{directory / 'log' / 'services.log'}"),
    ):
        say(f"    {label:<24}{place}")
    if filed:
        say("")
        say("  filed on this first start:")
        for name, what in filed.items():
            say(f"    {name:<24}{what}")
    say("")
    say("  make demo sends a few complaints and shows each one's way. Ctrl-C stops everything.")


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One process per directory. The lock falls with the process, however it ends."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRunError(f"another process already runs on {directory}") from None
        yield


@contextlib.contextmanager
def _log_to(place: Path) -> Iterator[None]:
    """The services' JSON lines go to a file, so that the terminal stays a page that one can read."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a", buffering=1) as file, contextlib.redirect_stdout(file):
        yield


def say(line: str) -> None:
    """A line for the person at the terminal."""
    sys.__stdout__.write(line + "\n")
    sys.__stdout__.flush()
